import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './action.ts';
import { misfits, type Shape } from './shape.ts';

/** A fenced block of a document. */
export interface Block {
  readonly file: string;
  readonly line: number;
  readonly language: string;
  readonly text: string;
  /** The file of which the block is a copy, if the line before it names one. */
  readonly copyOf: string;
}

const MARKER = /^<!-- (examples\/\S+) -->$/;

/**
 * The fenced blocks of a document.
 * @throws Error for a fence of another form, which no check would look into
 */
export function blocksIn(file: string, markdown: string): readonly Block[] {
  const blocks: Block[] = [];
  let open: { line: number; language: string; copyOf: string; rows: string[] } | undefined;
  let marker = '';
  for (const [i, row] of markdown.split('\n').entries()) {
    const fence = /^\s*(?:```|~~~)(.*)$/.exec(row);
    if (fence && !/^```[a-z]*$/.test(row)) throw new Error(`${file}:${i + 1}: an odd fence`);
    if (!fence) {
      open?.rows.push(row);
      if (row.trim() !== '') marker = MARKER.exec(row)?.[1] ?? '';
    } else if (!open) {
      open = { line: i + 2, language: fence[1] ?? '', copyOf: marker, rows: [] };
    } else {
      const { line, language, copyOf, rows } = open;
      blocks.push({ file, line, language, copyOf, text: `${rows.join('\n')}\n` });
      open = undefined;
      marker = '';
    }
  }
  if (open) throw new Error(`${file}:${open.line}: a block that does not end`);
  return blocks;
}

const PROGRAMS =
  /^(?:aws|az|base64|cat|gcloud|git|gh|helm|jq|kubectl|node|npm|npx|oc|openssl|rm)$|^[a-z]+\(\)$|^[A-Za-z_]\w*=|^[{}]$/;

/** What is wrong with commands: their syntax, programs that nobody knows, files and scripts that are not there. */
export function shellProblems(text: string): readonly string[] {
  const { status, stderr } = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' });
  if (status !== 0) return [stderr.trim()];
  const commands = withoutHereDocuments(text)
    .replaceAll('\\\n', ' ')
    .replaceAll(/'[^']*'|"(?:[^"\\]|\\.)*"/g, '_')
    .replaceAll(/(?<=^|\s)#.*$/gm, '')
    .split(/\n|;|\|\|?|&&|\$\(/)
    .map((each) => each.trim().split(/\s+/)[0] ?? '')
    .filter((each) => each !== '');
  const unknown = commands.filter((each) => !PROGRAMS.test(each));
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const absent = [...text.matchAll(/npm run ([\w-]+)/g)]
    .map(([, script = '']) => script)
    .filter((script) => !Object.hasOwn(scripts, script));
  const lost = (text.match(/\b(?:scripts|examples|dist|__tests__)\/[\w./-]+/g) ?? []).filter(
    (path) => !existsSync(join(ROOT, path)),
  );
  return [
    ...unknown.map((each) => `${each}: an unknown program`),
    ...absent.map((each) => `npm run ${each}: no such script`),
    ...lost.map((path) => `${path}: no such file`),
  ];
}

function withoutHereDocuments(text: string): string {
  return text.replaceAll(/<<(\w+)\n[\s\S]*?\n\1$/gm, '');
}

const NODE = /^([a-z]+)(?:\["([^"]+)"\]|\(\["([^"]+)"\]\)|\{"([^"]+)"\})?/;
const ARROW = /^ (?:-->|-- (?:"[^"]+"|[a-z ]+) -->) /;

/** What is wrong with a flowchart of the few forms that the documents use. */
export function flowchartProblems(text: string): readonly string[] {
  const [head = '', ...rows] = text.trimEnd().split('\n');
  const problems = /^flowchart (?:TD|LR)$/.test(head) ? [] : [`${head}: no flowchart`];
  const labelled = new Map<string, number>();
  const used = new Set<string>();
  for (const row of rows) {
    let rest = row.replace(/^ {2}/, '');
    for (;;) {
      const [whole, id = '', ...labels] = NODE.exec(rest) ?? [];
      if (whole === undefined || id === 'end') {
        problems.push(`${row}: no node`);
        break;
      }
      used.add(id);
      if (labels.some(Boolean)) labelled.set(id, (labelled.get(id) ?? 0) + 1);
      rest = rest.slice(whole.length);
      if (rest === '') break;
      const arrow = ARROW.exec(rest);
      if (!arrow) {
        problems.push(`${row}: neither an arrow nor an end at "${rest}"`);
        break;
      }
      rest = rest.slice(arrow[0].length);
    }
  }
  const odd = [...used].filter((id) => labelled.get(id) !== 1);
  return [...problems, ...odd.map((id) => `${id}: not with one label`)];
}

const STEP: Shape = {
  'name?': 'string',
  'id?': 'string',
  'if?': 'any',
  'uses?': 'string',
  'with?': { '*': 'any' },
  'run?': 'string',
  'env?': { '*': 'any' },
  'continue-on-error?': 'any',
  'background?': 'boolean',
  'wait?': 'string',
  'cancel?': 'string',
};

const JOB: Shape = {
  'name?': 'string',
  'needs?': 'any',
  'if?': 'string',
  'runs-on': 'string',
  'permissions?': { '*': 'string' },
  'environment?': 'string',
  'timeout-minutes?': 'integer',
  'outputs?': { '*': 'string' },
  'strategy?': { 'fail-fast?': 'boolean', 'max-parallel?': 'integer', matrix: 'any' },
  'continue-on-error?': 'boolean',
  steps: [STEP],
};

const WORKFLOW: Shape = {
  'name?': 'string',
  on: {
    'push?': { 'branches?': ['string'], 'paths?': ['string'], 'tags?': ['string'] },
    'pull_request?': { 'types?': ['string'], 'branches?': ['string'] },
    'repository_dispatch?': { types: ['string'] },
    'workflow_dispatch?': { 'inputs?': { '*': 'any' } },
    'workflow_run?': { workflows: ['string'], 'types?': ['string'] },
    'schedule?': [{ cron: 'string' }],
  },
  permissions: { '*': 'string' },
  'concurrency?': { group: 'string', 'cancel-in-progress?': 'boolean', 'queue?': 'string' },
  'env?': { '*': 'string' },
  jobs: { '*': JOB },
};

const STEP_KINDS = ['uses', 'run', 'wait', 'cancel'];

/** What is wrong with the form of a workflow, as far as the documents use what GitHub knows. */
export function workflowProblems(value: unknown): readonly string[] {
  const form = misfits(value, WORKFLOW);
  if (form.length > 0) return form;
  const { jobs } = value as {
    readonly jobs: Readonly<Record<string, { readonly steps: readonly object[] }>>;
  };
  return [
    ...Object.values(jobs)
      .flatMap(({ steps }) => steps)
      .filter((step) => STEP_KINDS.filter((kind) => kind in step).length !== 1)
      .map((step) => `${JSON.stringify(step)}: not one of ${STEP_KINDS.join(', ')}`),
    ...expressionsIn(value).flatMap(expressionProblems),
  ];
}

function expressionsIn(value: unknown, key = ''): readonly string[] {
  if (typeof value === 'string') {
    const inner = [...value.matchAll(/\$\{\{([\s\S]*?)\}\}/g)].map(([, each = '']) => each);
    return key === 'if' && inner.length === 0 ? [value] : inner;
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => expressionsIn(each, name));
}

function expressionProblems(expression: string): readonly string[] {
  const bare = expression.replaceAll(/'(?:[^']|'')*'/g, '');
  const depth = [...bare].reduce((open, char) => {
    if (open < 0) return open;
    return open + (char === '(' ? 1 : char === ')' ? -1 : 0);
  }, 0);
  const wrong = depth !== 0 || /['"]|(?<![=!<>])=(?!=)|===/.test(bare);
  return wrong ? [`${expression.trim()}: no expression`] : [];
}

/** Where actionlint is; undefined: not on PATH. */
export function actionlint(): string | undefined {
  const { status } = spawnSync('actionlint', ['-version']);
  return status === 0 ? 'actionlint' : undefined;
}

/** What actionlint says of files, a line each. */
export function lint(program: string, files: readonly string[]): readonly string[] {
  const config = join(ROOT, '.github/actionlint.yaml');
  const args = ['-oneline', '-no-color', '-config-file', config, ...files];
  const { stdout, stderr } = spawnSync(program, args, { cwd: ROOT, encoding: 'utf8' });
  return `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
}

/** Where zizmor is; undefined: not on PATH. */
export function zizmor(): string | undefined {
  const { status } = spawnSync('zizmor', ['--version']);
  return status === 0 ? 'zizmor' : undefined;
}

/**
 * What zizmor finds in files that is not of low severity, a line each: "where: what".
 * @param examples actions may be taken by tag, as they are to be read
 */
export function audit(
  program: string,
  files: readonly string[],
  { examples }: { readonly examples: boolean },
): readonly string[] {
  const config = examples
    ? ['--config', join(ROOT, '__tests__/support/zizmor.yml')]
    : ['--no-config'];
  const args = [
    '--offline',
    '--no-progress',
    '--quiet',
    '--format',
    'json',
    '--min-severity',
    'medium',
  ];
  const { stdout, stderr } = spawnSync(program, [...args, ...config, ...files], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (stdout.trim() === '') return [stderr];
  const findings = JSON.parse(stdout) as readonly Finding[];
  return findings.map(({ ident, desc, locations: [place] }) => {
    const name = place?.symbolic.key.Local?.verbatim_path ?? '';
    return `${name}:${(place?.concrete.location.start_point.row ?? 0) + 1}: ${ident}: ${desc}`;
  });
}

interface Finding {
  readonly ident: string;
  readonly desc: string;
  readonly locations: readonly {
    readonly symbolic: { readonly key: { readonly Local?: Readonly<Record<string, string>> } };
    readonly concrete: {
      readonly location: { readonly start_point: { readonly row: number } };
    };
  }[];
}
