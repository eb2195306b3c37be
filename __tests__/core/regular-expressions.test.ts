import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, Script } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { parseSync } from '@swc/core';
import { ROOT } from '../support/action.ts';

/**
 * Messages, URLs, names and files are written by others, and a regular expression that goes back
 * and forth over them stops the step for minutes, deaf to signals. So every one in the sources has
 * to be linear on texts made of what it looks for.
 */

interface Found {
  readonly pattern: string;
  readonly flags: string;
  readonly files: readonly string[];
}

interface Literal {
  readonly pattern: string;
  readonly flags: string;
}

function literalsIn(node: unknown, found: Literal[] = []): readonly Literal[] {
  if (typeof node !== 'object' || node === null) return found;
  const { type, pattern, flags } = node as Record<string, unknown>;
  if (type === 'RegExpLiteral' && typeof pattern === 'string' && typeof flags === 'string') {
    found.push({ pattern, flags });
  }
  for (const each of Object.values(node)) literalsIn(each, found);
  return found;
}

const FILES = globSync('src/**/*.ts', { cwd: ROOT }).sort();
const SOURCES = new Map(FILES.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]));

function expressions(): readonly Found[] {
  const found = new Map<string, Found>();
  for (const [file, source] of SOURCES) {
    for (const { pattern, flags } of literalsIn(parseSync(source, { syntax: 'typescript' }))) {
      const key = `/${pattern}/${flags}`;
      const files = [...new Set([...(found.get(key)?.files ?? []), file])];
      found.set(key, { pattern, flags, files });
    }
  }
  return [...found.values()];
}

/** Enough to tell linear from quadratic by a factor of hundreds, and short enough for many. */
const LENGTH = 1_500;
/** For those that look bad at that length. */
const FULL_LENGTH = 5_000;

/** Samples of what classes stand for, and what none of them does. */
const SAMPLES = ['a', 'A', '0', ' ', '\n', '\t', '-', '.', '/', '"', ':', '#', '(', '[', '{', 'é'];

/** A text's characters by themselves, and all of them in turn: classes and escapes as they stand. */
function pumpsOf(pattern: string): readonly string[] {
  const literal = pattern
    .replace(/\\[nrtfv]/g, '\n')
    .replace(/\\[sd]/g, ' 0')
    .replace(/\\[wSDWpPbBux]/g, 'a')
    .replace(/[\\^$?*+]/g, '');
  const words = [...literal.split(/[|()[\]{}]/), ...(literal.match(/\w{2,}/g) ?? [])];
  const characters = [...new Set([...literal, ...SAMPLES])];
  return [...new Set([...characters, ...words, literal])].filter((each) => each !== '');
}

interface Attack {
  readonly begin: string;
  readonly pump: string;
  readonly end: string;
}

/** Of words there are more characters: an expression can begin at fewer of them. */
function textOf({ begin, pump, end }: Attack, length: number): string {
  const characters = pump.length > 1 ? 2 * length : length;
  return begin + pump.repeat(Math.ceil(characters / pump.length)) + end;
}

/** What an expression may want to see before what is pumped, so that it gets there at all. */
const BEGINNINGS = ['', 'a', 'a/a ', 'https://', '"'];
/** And after it, so that it does not match at once. */
const ENDS = ['', '\0', '\n\0', '/ \0'];

function attacksOf(pattern: string): readonly Attack[] {
  const [first = ''] = /[\w ]+/.exec(pattern) ?? [];
  const beginnings = [...new Set([...BEGINNINGS, first])];
  return pumpsOf(pattern).flatMap((pump) =>
    beginnings.flatMap((begin) => ENDS.map((end) => ({ begin, pump, end }))),
  );
}

/** One that is worse than quadratic is stopped; this is generous, and not what is measured. */
const TIMEOUT_MS = 60_000;

/** At the first length a linear expression needs some microseconds, a quadratic one more. */
const SUSPICIOUS_MS = 0.3;
/** At the full one the linear needs 0.5 ms at most, the quadratic more than 25. */
const LIMIT_MS = 8;

/** So many texts are measured together: looking at the clock takes as long as some of them. */
const BATCH = 8;

/** Where expressions run: only the code of a context can be stopped. */
const CONTEXT = createContext({ usage: process.threadCpuUsage.bind(process) });
/** Goes on from a text to the end of the first batch that took longer than is suspicious. */
const RUN = new Script(`((usage, { expression, texts, from, batch, limitMs }) => {
  for (let first = from; first < texts.length; first += batch) {
    const before = usage();
    for (const text of texts.slice(first, first + batch)) {
      expression.lastIndex = 0;
      expression.exec(text);
    }
    const { user, system } = usage(before);
    if (user + system > limitMs * 1000) return first;
  }
  return texts.length;
})(usage, given)`);

interface Given {
  readonly expression: RegExp;
  readonly texts: readonly string[];
  readonly from: number;
  readonly batch: number;
  readonly limitMs: number;
}

/**
 * The first batch of texts that takes more CPU time of this thread than a limit: a busy machine does
 * not count.
 * @returns the index of its first text; that after the last one where there is none; undefined where
 *   the expression had to be stopped
 */
function firstAbove(given: Given): number | undefined {
  Object.assign(CONTEXT, { given });
  try {
    return RUN.runInContext(CONTEXT, { timeout: TIMEOUT_MS });
  } catch {
    return undefined;
  }
}

/** The first text on which an expression is not linear. */
function weaknessOf({ pattern, flags }: Literal): string | undefined {
  const expression = new RegExp(pattern, flags);
  const attacks = attacksOf(pattern);
  const texts = attacks.map((each) => textOf(each, LENGTH));
  const batches = { expression, texts, batch: BATCH, limitMs: SUSPICIOUS_MS };
  for (let from = 0; from < texts.length; from += BATCH) {
    const found = firstAbove({ ...batches, from });
    if (found === undefined) return 'stopped';
    const weak = attacks.slice(found, found + BATCH).find((each) => isWeakTo(expression, each));
    if (weak) return JSON.stringify(weak);
    from = found;
  }
  return undefined;
}

/** What happens only once is no matter. */
function isWeakTo(expression: RegExp, attack: Attack): boolean {
  const isAbove = (length: number, limitMs: number): boolean => {
    const texts = [textOf(attack, length)];
    return firstAbove({ expression, texts, from: 0, batch: 1, limitMs }) !== 1;
  };
  return isAbove(LENGTH, SUSPICIOUS_MS) && [1, 2, 3].every(() => isAbove(FULL_LENGTH, LIMIT_MS));
}

describe('these checks notice', () => {
  test.each([
    ['/\\/+$/', '\\/+$'],
    ['two runs of the same', '^\\S+\\/\\S+ (created)'],
    ['a comment', ' +#.*$'],
    ['a run that anything may precede', '.*\\s(created)$'],
    ['a word that anything may follow', 'secret.*='],
  ])('%s', (_, pattern) => {
    expect(weaknessOf({ pattern, flags: '' })).toBeDefined();
  });

  test('and pass what is linear', () => {
    expect(weaknessOf({ pattern: '^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$', flags: '' })).toBeUndefined();
  });
});

/** What these see is short: it is refused before where it is longer. */
const OF_SHORT_TEXTS: ReadonlyMap<string, string> = new Map([
  // Globs, of at most 256 characters.
  [String.raw`\\.|\[[!^]?\]?(?:\[:\w+:\]|[^\]])*\]`, 'src/core/filters/globs.ts'],
]);

describe('every regular expression of the sources is linear', () => {
  const all = expressions();

  test('they are found', () => {
    expect(all.length).toBeGreaterThan(50);
  });

  test('and none is put together at run time', () => {
    const dynamic = [...SOURCES].filter(([, source]) => /\bRegExp\(/.test(source));
    expect(dynamic.map(([file]) => file)).toEqual([]);
  });

  test('those of short texts are where they were', () => {
    const known = all.filter(({ pattern }) => OF_SHORT_TEXTS.has(pattern));
    expect(known.map(({ pattern, files }) => [pattern, ...files])).toEqual([...OF_SHORT_TEXTS]);
  });

  const others = all.filter(({ pattern }) => !OF_SHORT_TEXTS.has(pattern));

  test.each(
    others.map((found) => [`/${found.pattern}/${found.flags}`, found.files[0], found] as const),
  )('%s in %s', (_, __, found) => {
    expect(weaknessOf(found)).toBeUndefined();
  });
});
