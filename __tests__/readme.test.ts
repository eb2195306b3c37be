import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { generate } from 'selfsigned';
import { parse, parseAllDocuments } from 'yaml';
import { withTables } from '../scripts/readme-tables.ts';
import { FIXED_OUTPUTS, outputsOf, parseFilters } from '../src/core/filters.js';
import { InputError } from '../src/errors.js';
import { readInputs } from '../src/inputs.js';
import { ROOT } from './support/action.ts';

/** What a reader copies out of the documents works: this reads them as a runner would. */

interface Block {
  readonly file: string;
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

interface Step {
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly needs?: string | readonly string[];
  readonly outputs?: Readonly<Record<string, string>>;
  readonly steps?: readonly Step[];
}

interface Workflow {
  readonly on?: unknown;
  readonly permissions?: unknown;
  readonly jobs?: Readonly<Record<string, Job>>;
}

const GUIDES = ['README.md', ...globSync('docs/*.md', { cwd: ROOT }).sort()];
const DOCUMENTS = [...GUIDES, 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'];
const ACTION = /^OWNER\/argocd-post-sync@/;

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
function jobsOf(value: unknown): readonly Job[] {
  switch (kindOf(value)) {
    case 'workflow':
      return Object.values((value as Workflow).jobs ?? {});
    case 'steps':
      return [Array.isArray(value) ? { steps: value as readonly Step[] } : (value as Job)];
    case 'with':
      return [{ steps: [{ ...(value as Step), uses: 'OWNER/argocd-post-sync@v1' }] }];
    default:
      return [];
  }
}

function stepsOf(value: unknown): readonly Step[] {
  return jobsOf(value).flatMap((job) => job.steps ?? []);
}

function isOurs(step: Step): boolean {
  return ACTION.test(step.uses ?? '');
}

const PEMS = await generate([{ name: 'commonName', value: 'docs-ca' }]);
const KUBECONFIG = 'apiVersion: v1\nkind: Config\nclusters: []\ncontexts: [{ name: production }]\n';

/** What an expression may stand for, by the input that it is given to. */
function standInFor(input: string, text: string): string {
  if (!text.includes('${{')) return text;
  switch (input) {
    case 'certificate-authority':
      return PEMS.cert;
    case 'kubeconfig':
      return KUBECONFIG;
    case 'server':
      return 'https://kubernetes.example.com';
    case 'revision':
      return '0123456789abcdef0123456789abcdef01234567';
    default:
      return 'word';
  }
}

/** The problems that the action would have with the inputs of a step. */
function problemsWith(step: Step): readonly string[] {
  const given = Object.entries({ ...step.with }).map(([name, value]) => {
    return [`INPUT_${name.toUpperCase()}`, standInFor(name, String(value))] as const;
  });
  const env: Record<string, string> = Object.fromEntries(given);
  // Blocks about the way in leave out what is waited for.
  if (!env['INPUT_SELECTOR']) env['INPUT_APPLICATION'] ??= 'shop';
  try {
    readInputs(env, () => 'web: Deployment/web');
    return [];
  } catch (thrown) {
    if (thrown instanceof InputError) return thrown.problems;
    throw thrown;
  }
}

/** Names of all outputs of a step of this action. */
function outputsIn(step: Step): readonly string[] {
  const { filters } = parseFilters(String(step.with?.['filters'] ?? ''));
  return [...FIXED_OUTPUTS, ...filters.flatMap((filter) => outputsOf(filter.name))];
}

const action = parse(read('action.yml')) as {
  readonly inputs: object;
  readonly outputs: object;
};

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
    expect(Object.keys(action.outputs)).toEqual([...FIXED_OUTPUTS]);
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
      expect(Object.keys(action.inputs)).toEqual(
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
    const value = firstOf(text);
    const steps = stepsOf(value);
    for (const [whole, id, output] of text.matchAll(/steps\.([\w-]+)\.outputs\.([\w-]+)/g)) {
      const step = steps.find((each) => each.id === id);
      expect([whole, step?.uses ?? step?.run]).toEqual([whole, expect.any(String)]);
      if (step && isOurs(step)) expect(outputsIn(step)).toContain(output);
    }
    const { jobs = {} } = isRecord(value) ? (value as Workflow) : {};
    for (const [, job = '', output] of text.matchAll(/needs\.([\w-]+)\.outputs\.([\w-]+)/g)) {
      expect(Object.keys(jobs[job]?.outputs ?? {})).toContain(output);
    }
  });

  test.each(CASES)('%s: outputs reach scripts through env only', (_, { text }) => {
    for (const step of stepsOf(firstOf(text))) {
      expect(step.run ?? '').not.toMatch(/\$\{\{[^}]*\b(?:outputs|matrix|event)\b/);
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
