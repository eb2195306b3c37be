import type { WaitFor } from '../core/decision/state.js';
import type { RevisionRequest } from '../core/decision/target.js';
import { isNamespace, parseApplicationName } from '../core/filters/application-names.js';
import { isLiteral } from '../core/filters/globs.js';
import { bad, good, type Parsed, parseAll, quoted } from '../core/filters/parsed.js';
import { type Pattern, parseClass, parsePatterns } from '../core/filters/patterns.js';
import type { ChangeClass } from '../core/result/vocabulary.js';
import type { SinceRequest } from './types.js';

/** Timers hold 2^31 milliseconds, a little more than 24 days. */
const MAX_DURATION_MS = 24 * 24 * 3600 * 1000;
const DURATIONS = 'accepted are 90s, 5m, 1h30m or plain seconds';

/** A duration in milliseconds. @param min the least one, in milliseconds */
export function parseDuration(value: string, min = 0): Parsed<number> {
  const seconds = /^\d+$/.test(value) ? Number(value) : secondsOf(value);
  if (seconds === undefined) return bad(`${quoted(value)} is not a duration: ${DURATIONS}`);
  const ms = seconds * 1000;
  if (ms > MAX_DURATION_MS) return bad(`${quoted(value)} is too long: accepted are up to 576h`);
  if (ms < min) return bad(`${quoted(value)} is too short: accepted is ${min / 1000}s or more`);
  return good(ms);
}

function secondsOf(value: string): number | undefined {
  const match = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(value);
  if (match === null || value === '') return undefined;
  const [, hours = '0', minutes = '0', seconds = '0'] = match;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

/** A duration, or Infinity for `never`. */
export function parseGrace(value: string): Parsed<number> {
  if (value === 'never') return good(Number.POSITIVE_INFINITY);
  const duration = parseDuration(value);
  return duration.ok ? duration : bad(...duration.problems.map((p) => `${p}, or never`));
}

const MOST_LOG_LINES = 200;

export function parseLogLines(value: string): Parsed<number> {
  const lines = /^\d{1,9}$/.test(value) ? Number(value) : Number.POSITIVE_INFINITY;
  return lines <= MOST_LOG_LINES
    ? good(lines)
    : bad(`${quoted(value)} is not a number of lines: accepted are 0 to ${MOST_LOG_LINES}`);
}

export function parseBoolean(value: string): Parsed<boolean> {
  if (value === 'true' || value === 'false') return good(value === 'true');
  return bad(`${quoted(value)} is not a boolean: accepted are true and false`);
}

/** More than a server would list. */
const MAX_COUNT = 100_000;

/** A whole number of 1 or more. */
export function parseCount(value: string): Parsed<number> {
  const count = /^\d{1,6}$/.test(value) ? Number(value) : 0;
  if (count >= 1 && count <= MAX_COUNT) return good(count);
  return bad(`${quoted(value)} is not a count: accepted are whole numbers from 1 to ${MAX_COUNT}`);
}

/** A parser of exactly these words. */
export function oneOf<T extends string>(...words: readonly T[]): (value: string) => Parsed<T> {
  return (value) => {
    const word = words.find((one) => one === value);
    return word === undefined
      ? bad(`${quoted(value)} is unknown: accepted are ${words.join(', ')}`)
      : good(word);
  };
}

/** Items between commas and line breaks, without repetitions; commas within `{…}` do not count. */
function listItems(value: string): readonly string[] {
  const items: string[] = [];
  let item = '';
  let depth = 0;
  for (const c of value) {
    if (c === '{') depth += 1;
    if (c === '}') depth -= 1;
    if (c === '\n' || (c === ',' && depth <= 0)) {
      items.push(item.trim());
      item = '';
      depth = 0;
    } else {
      item += c;
    }
  }
  items.push(item.trim());
  return [...new Set(items.filter((one) => one !== ''))];
}

/** A parser of lists of which every item is read by `parse`. An empty list has no problem. */
export function listOf<T>(
  parse: (item: string) => Parsed<T>,
): (value: string) => Parsed<readonly T[]> {
  return (value) => {
    const items = listItems(value);
    if (items.length === 0 && value !== '') {
      return bad(`${quoted(value)} is a list without items: accepted are items between commas`);
    }
    return parseAll(items, parse);
  };
}

export function parseApplications(value: string): Parsed<readonly string[]> {
  return listOf(parseApplicationName)(value);
}

/** Names of ApplicationSets: each is a wait of its own, so there are no globs. */
export function parseApplicationSets(value: string): Parsed<readonly string[]> {
  return listOf((item) => {
    const name = parseApplicationName(item);
    if (name.ok && isLiteral(item)) return name;
    return bad(
      `${quoted(item)} is not the name of an ApplicationSet: write name or namespace/name, without globs`,
    );
  })(value);
}

export function parseApplicationNamespace(value: string): Parsed<string> {
  if (value === '*' || isNamespace(value)) return good(value);
  return bad(`${quoted(value)} is not a namespace: accepted is one name, or * for all namespaces`);
}

export function parseContext(value: string): Parsed<string> {
  return /[\x00-\x1f\x7f]/.test(value)
    ? bad(`${quoted(value)} contains a line break: accepted is the name of one context`)
    : good(value);
}

/** `auto`, `none`, a commit's SHA, or a revision as Helm repositories and OCI registries have. */
export function parseRevision(value: string): Parsed<RevisionRequest> {
  const accepted = 'accepted are auto, none, a commit SHA of 7 or more digits, a tag or a version';
  if (value === 'auto' || value === 'none') return good({ kind: value });
  if (/[\s\x00-\x1f\x7f]/.test(value)) {
    return bad(`${quoted(value)} contains a space or control character: ${accepted}`);
  }
  if (value.startsWith('-')) return bad(`${quoted(value)} looks like an option: ${accepted}`);
  if (value.length > 255) return bad(`${quoted(value)} is too long for a revision: ${accepted}`);
  // Digits alone may be a version; with a letter among them, a short SHA is far likelier.
  if (/^[0-9a-f]{1,6}$/i.test(value) && /[a-f]/i.test(value)) {
    return bad(`${quoted(value)} is too short for a commit SHA: ${accepted}`);
  }
  return good({ kind: 'revision', text: value });
}

/** `last-success`, or a commit's SHA; empty: undefined. */
export function parseSince(value: string): Parsed<SinceRequest | undefined> {
  if (value === '') return good(undefined);
  if (value === 'last-success') return good({ kind: 'last-success' });
  if (/^[0-9a-f]{7,64}$/i.test(value)) return good({ kind: 'revision', text: value });
  return bad(
    `${quoted(value)} is unknown: accepted are last-success and a commit SHA of 7 or more digits`,
  );
}

/** What must be true at the end; `deletion` and `nothing` stand alone. */
export function parseWaitFor(value: string): Parsed<readonly WaitFor[]> {
  const words = listOf(oneOf<WaitFor>('operation', 'sync', 'health', 'deletion', 'nothing'))(value);
  if (!words.ok) return words;
  const alone = words.value.find((word) => word === 'deletion' || word === 'nothing');
  if (alone !== undefined && words.value.length > 1) {
    return bad(`${quoted(value)} joins ${alone} with others: accepted is ${alone} alone`);
  }
  return words;
}

export function parseChanges(value: string): Parsed<readonly ChangeClass[]> {
  return listOf(parseClass)(value);
}

/** Filter patterns without classes, as what is waited for has not changed yet. */
export function parseWaitResources(value: string): Parsed<readonly Pattern[]> {
  const items = listOf<string>(good)(value);
  const patterns = items.ok ? parsePatterns(items.value) : items;
  if (!patterns.ok) return patterns;
  const classed = patterns.value.find((pattern) => pattern.classes !== undefined);
  return classed === undefined
    ? patterns
    : bad(`pattern ${quoted(classed.text)} names a change class: accepted are patterns without`);
}
