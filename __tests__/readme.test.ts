import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { withTables } from '../scripts/readme-tables.ts';
import { FIXED_OUTPUTS, parseFilters } from '../src/core/filters.js';
import { ROOT } from './support/action.ts';
import {
  declared,
  injections,
  isOurs,
  type Job,
  problemsWith,
  type Step,
  unknownOutputs,
  type Workflow,
} from './support/workflows.ts';

/** What a reader copies out of the documents works: this reads them as a runner would. */

interface Block {
  readonly file: string;
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

const GUIDES = ['README.md', ...globSync('docs/**/*.md', { cwd: ROOT }).sort()];
const DOCUMENTS = [...GUIDES, 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'];

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** The fenced blocks of a document. */
function blocksOf(file: string): readonly Block[] {
  const blocks: Block[] = [];
  let open: { line: number; language: string; rows: string[] } | undefined;
  for (const [i, row] of read(file).split('\n').entries()) {
    const fence = /^\s*```(\w*)\s*$/.exec(row);
    if (!fence) open?.rows.push(row);
    else if (!open) open = { line: i + 2, language: fence[1] ?? '', rows: [] };
    else {
      const { line, language, rows } = open;
      blocks.push({ file, line, language, text: rows.join('\n') });
      open = undefined;
    }
  }
  if (open) throw new Error(`${file}:${open.line}: a block that does not end`);
  return blocks;
}

const YAML_BLOCKS = DOCUMENTS.flatMap(blocksOf).filter((each) => each.language === 'yaml');
const CASES = YAML_BLOCKS.map((block) => [`${block.file}:${block.line}`, block] as const);

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

type Kind = 'workflow' | 'steps' | 'with' | 'manifest' | 'filters';

/** What a block is. What is nothing else must be filters, so that no block goes unchecked. */
function kindOf(value: unknown): Kind {
  if (Array.isArray(value)) return 'steps';
  if (!isRecord(value)) return 'filters';
  if ('apiVersion' in value && 'kind' in value) return 'manifest';
  if ('jobs' in value) return 'workflow';
  if ('steps' in value) return 'steps';
  return isRecord(value['with']) ? 'with' : 'filters';
}

/** The jobs of a block; steps alone, or the `with` of one, make a job of their own. */
function jobsOf(value: unknown): Readonly<Record<string, Job>> {
  switch (kindOf(value)) {
    case 'workflow':
      return (value as Workflow).jobs ?? {};
    case 'steps':
      return { job: Array.isArray(value) ? { steps: value as readonly Step[] } : (value as Job) };
    case 'with':
      return { job: { steps: [{ ...(value as Step), uses: 'OWNER/argocd-post-sync@v1' }] } };
    default:
      return {};
  }
}

function stepsOf(value: unknown): readonly Step[] {
  return Object.values(jobsOf(value)).flatMap((job) => job.steps ?? []);
}

describe('the tables', () => {
  test('say what action.yml says (else run `npx node scripts/readme-tables.ts`)', () => {
    expect(withTables(read('README.md'), read('action.yml'))).toBe(read('README.md'));
  });

  test('are noticed when they do not', () => {
    const other = read('action.yml').replace('default: 10m', 'default: 11m');
    expect(withTables(read('README.md'), other)).not.toBe(read('README.md'));
    expect(() => withTables('no markers', other)).toThrow('0 places for the inputs');
  });

  test('action.yml declares the outputs that are written', () => {
    expect(Object.keys(declared.outputs)).toEqual([...FIXED_OUTPUTS]);
  });
});

describe('every YAML block', () => {
  test('there are some', () => {
    expect(YAML_BLOCKS.length).toBeGreaterThan(10);
  });

  test.each(CASES)('%s parses', (_, { text }) => {
    for (const document of parseAllDocuments(text)) {
      expect([...document.errors, ...document.warnings].map((each) => each.message)).toEqual([]);
    }
  });

  test.each(CASES)('%s: the action accepts its inputs', (_, { text }) => {
    for (const step of stepsOf(firstOf(text)).filter(isOurs)) {
      expect(step.uses).toBe('OWNER/argocd-post-sync@v1');
      expect(Object.keys(declared.inputs)).toEqual(
        expect.arrayContaining(Object.keys(step.with ?? {})),
      );
      expect(problemsWith(step)).toEqual([]);
    }
  });

  test.each(CASES)('%s: filters are accepted', (_, { text }) => {
    const value = firstOf(text);
    if (kindOf(value) !== 'filters') return;
    const { filters, problems } = parseFilters(text);
    expect(problems).toEqual([]);
    expect(filters.length).toBeGreaterThan(0);
  });

  test.each(CASES)('%s: outputs that are used exist', (_, { text }) => {
    expect(unknownOutputs(text, jobsOf(firstOf(text)))).toEqual([]);
  });

  test.each(CASES)('%s: outputs reach scripts through env only', (_, { text }) => {
    for (const step of stepsOf(firstOf(text))) {
      expect(injections(step)).toEqual([]);
    }
  });

  test.each(CASES)('%s: a whole workflow says its permissions', (_, { text }) => {
    const value = firstOf(text);
    if (kindOf(value) !== 'workflow') return;
    expect(value).toMatchObject({ on: expect.anything(), permissions: expect.anything() });
  });

  test('a matrix is guarded against being empty', () => {
    const using = YAML_BLOCKS.filter(({ text }) => /fromJSON\([^)]*matrix/.test(text));
    expect(using.length).toBeGreaterThan(0);
    for (const { text } of using) expect(text).toMatch(/if: .*matched != '\[\]'/);
  });
});

function firstOf(text: string): unknown {
  return parseAllDocuments(text)[0]?.toJS();
}

describe('the words', () => {
  const sources = globSync('src/**/*.ts', { cwd: ROOT }).map(read).join('\n');
  const said = sources.replaceAll('\\`', '`');
  const troubles = section(read('README.md'), 'Troubleshooting');
  const messages = [...troubles.matchAll(/^\| `(.+?)` +\|/gm)].map(([, text]) => text ?? '');

  test.each(messages)('the sources have the message %s', (message) => {
    const fragments = message
      .split('…')
      .map((each) => each.trim())
      .filter((each) => each !== '');
    expect(fragments.length).toBeGreaterThan(0);
    expect(fragments.filter((each) => !said.includes(each))).toEqual([]);
  });

  const page = read('docs/troubleshooting.md');
  const explained = [...page.matchAll(/^### `(.+)`$/gm)].map(([, text]) => text ?? '');

  test.each(explained)('the sources have the explained message %s', (message) => {
    const fragments = message.split('…').map((each) => each.trim());
    expect(fragments.filter((each) => !said.includes(each))).toEqual([]);
  });

  test('every message of the README is explained in docs/troubleshooting.md', () => {
    expect(messages.filter((each) => !explained.includes(each))).toEqual([]);
  });

  test('Troubleshooting has messages', () => {
    expect(messages.length).toBeGreaterThan(10);
  });

  test('every reason is explained, and no other', () => {
    const [, union = ''] = /type Reason =([^;]+);/.exec(read('src/core/result.ts')) ?? [];
    const reasons = [...union.matchAll(/'([a-z-]+)'/g)].map(([, reason]) => reason);
    const table = section(read('docs/how-it-decides.md'), 'Reasons');
    const rows = [...table.matchAll(/^\| `([a-z-]+)` +\|/gm)].map(([, reason]) => reason);
    expect(rows.sort()).toEqual(reasons.sort());
  });

  test.each(DOCUMENTS)('the links of %s lead somewhere', (file) => {
    for (const [, path = '', anchor = ''] of read(file).matchAll(
      /\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g,
    )) {
      const target = path === '' ? file : join(dirname(file), path);
      expect([target, existsSync(join(ROOT, target))]).toEqual([target, true]);
      if (anchor !== '') expect(anchorsOf(read(target))).toContain(anchor);
    }
  });
});

/** The part of a document under a heading, up to the next of the same level. */
function section(text: string, heading: string): string {
  const [, content] = new RegExp(`^## ${heading}\\n([^]*?)(?=^## |(?![^]))`, 'm').exec(text) ?? [];
  if (content === undefined) throw new Error(`there is no section ${heading}`);
  return content;
}

function anchorsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
