import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Document, parseAllDocuments, stringify } from 'yaml';
import { withInputs, withTables } from '../scripts/readme-tables.ts';
import { explain } from '../src/cli/explain.js';
import { FIXED_OUTPUTS } from '../src/core/result/output-names.js';
import { parseFilters } from '../src/inputs/filters-file.js';
import { noDex } from '../src/sources/argocd/login-refusals.js';
import { policyFor } from '../src/sources/argocd/refusals.js';
import { ROOT, runAction, type StepResult } from './support/action.ts';
import { startApiServer } from './support/api-server.ts';
import {
  actionlint,
  audit,
  type Block,
  blocksIn,
  flowchartProblems,
  lint,
  shellProblems,
  workflowProblems,
  zizmor,
} from './support/blocks.ts';
import { type KubeObject, manifestProblems, rolesAmong } from './support/manifests.ts';
import { loadTrace, replay } from './support/replay.ts';
import {
  ACTION,
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

const GUIDES = ['README.md', ...globSync('docs/**/*.md', { cwd: ROOT }).sort()];
const DOCUMENTS = [...GUIDES, 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'];

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

const BLOCKS = DOCUMENTS.flatMap((file) => blocksIn(file, read(file)));

/** The blocks of a language, by where they are. */
function casesOf(language: string): readonly (readonly [string, Block])[] {
  const blocks = BLOCKS.filter((each) => each.language === language);
  return blocks.map((block) => [`${block.file}:${block.line}`, block] as const);
}

const CASES = casesOf('yaml');
const YAML_BLOCKS = CASES.map(([, block]) => block);

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
      return { job: { steps: [{ ...(value as Step), uses: ACTION }] } };
    default:
      return {};
  }
}

/** A workflow around what a block has of one; undefined: it has nothing of one. */
function wholeOf(value: unknown): unknown {
  if (kindOf(value) === 'workflow') return value;
  const jobs = Object.entries(jobsOf(value)).map(([name, job]) => {
    return [name, { 'runs-on': 'ubuntu-latest', ...job }] as const;
  });
  if (jobs.length === 0) return undefined;
  return { on: { push: {} }, permissions: {}, jobs: Object.fromEntries(jobs) };
}

/** Every test of a block looks at its documents. */
const documents = new Map<string, readonly Document[]>();

function documentsIn(text: string): readonly Document[] {
  const known = documents.get(text) ?? [...parseAllDocuments(text)];
  documents.set(text, known);
  return known;
}

function objectsIn({ text }: Block): readonly KubeObject[] {
  return documentsIn(text).map((document) => document.toJS() as KubeObject);
}

const ROLES = rolesAmong(
  YAML_BLOCKS.filter(({ text }) => /^kind: (?:Cluster)?Role$/m.test(text)).flatMap(objectsIn),
);

function stepsOf(value: unknown): readonly Step[] {
  return Object.values(jobsOf(value)).flatMap((job) => job.steps ?? []);
}

describe('the tables', () => {
  test('say what action.yml says (else run `npx node scripts/readme-tables.ts`)', () => {
    expect(withTables(read('README.md'), read('action.yml'))).toBe(read('README.md'));
    expect(withInputs(read('docs/inputs.md'), read('action.yml'))).toBe(read('docs/inputs.md'));
  });

  test('are noticed when they do not', () => {
    const other = read('action.yml').replace('default: 10m', 'default: 11m');
    expect(withTables(read('README.md'), other)).not.toBe(read('README.md'));
    expect(() => withTables('no markers', other)).toThrow('0 places for the inputs');
  });

  test('have every input once', () => {
    for (const page of ['README.md', 'docs/inputs.md']) {
      const rows = [...read(page).matchAll(/^\| `([a-z-]+)` +\| (?:`[^`]+`)? +\| /gm)];
      const names = rows.map(([, name = '']) => name);
      expect(names.sort()).toEqual(Object.keys(declared.inputs).sort());
    }
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
    for (const document of documentsIn(text)) {
      expect([...document.errors, ...document.warnings].map((each) => each.message)).toEqual([]);
    }
  });

  test.each(CASES)('%s: the action accepts its inputs', async (_, { text }) => {
    for (const step of stepsOf(firstOf(text)).filter(isOurs)) {
      expect(step.uses).toBe(ACTION);
      expect(Object.keys(declared.inputs)).toEqual(
        expect.arrayContaining(Object.keys(step.with ?? {})),
      );
      expect(await problemsWith(step)).toEqual([]);
    }
  });

  test.each(CASES)('%s: filters are accepted', async (_, { text }) => {
    const value = firstOf(text);
    if (kindOf(value) !== 'filters') return;
    const { filters, problems } = await parseFilters(text);
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

  test.each(CASES)('%s: it is of the form of a workflow', (_, { text }) => {
    const whole = wholeOf(firstOf(text));
    if (whole) expect(workflowProblems(whole)).toEqual([]);
  });

  test.each(CASES)('%s: objects are of the form that Kubernetes reads', (_, block) => {
    // What is a file of examples/ is checked there.
    if (kindOf(firstOf(block.text)) !== 'manifest' || block.copyOf !== '') return;
    for (const object of objectsIn(block)) expect(manifestProblems(object, ROLES)).toEqual([]);
  });

  test('a matrix is guarded against being empty', () => {
    const using = YAML_BLOCKS.filter(({ text }) => /fromJSON\([^)]*matrix/.test(text));
    expect(using.length).toBeGreaterThan(0);
    for (const { text } of using) expect(text).toMatch(/if: .*matched != '\[\]'/);
  });
});

function firstOf(text: string): unknown {
  return documentsIn(text)[0]?.toJS();
}

describe('every other block', () => {
  test('is of a language that is looked into', () => {
    const languages = new Set(BLOCKS.map((each) => each.language));
    expect([...languages].sort()).toEqual(['csv', 'json', 'mermaid', 'sh', 'text', 'yaml']);
  });

  test.each(casesOf('sh'))('%s: commands', (_, { text }) => {
    expect(shellProblems(text)).toEqual([]);
  });

  test.each(casesOf('mermaid'))('%s: a flowchart', (_, { text }) => {
    expect(flowchartProblems(text)).toEqual([]);
  });

  test.each(casesOf('csv'))('%s: the policy that messages tell to add', (_, { text }) => {
    const told = policyFor({ action: 'sync', what: 'shop', object: 'default/shop' });
    expect(text.trim().split('\n')).toEqual(told.match(/^p, .*$/gm));
  });

  test.each(CASES.filter(([, { text }]) => text.includes('connectors:')))(
    '%s: the connector that messages tell to add',
    (_, { text }) => {
      const told = noDex({ connectors: [], oidcConfig: '' }, 'the server', '').remedy;
      const [, config = ''] =
        /^ *(?:dex\.)?config: \|\n((?: +.*\n)*? +claimMapping:.*)/m.exec(text) ?? [];
      expect(config).toContain('issuer: ');
      const indent = / */.exec(config)?.[0].length ?? 0;
      const rows = config.split('\n').map((row) => `  ${row.slice(indent)}`);
      expect(told).toContain(rows.join('\n'));
    },
  );

  test.each(casesOf('json'))('%s parses', (_, { text }) => {
    expect(() => JSON.parse(text)).not.toThrow();
  });

  const printed = casesOf('text');

  test('there is one that a command has printed', () => {
    expect(printed.map(([, { file }]) => file)).toEqual(['docs/filters.md']);
  });

  test.each(printed)('%s: it is what the command prints', async (_, { file, text }) => {
    const filters = YAML_BLOCKS.find((each) => each.text.startsWith('# yaml-language-server'));
    expect(filters?.file).toBe(file);
    const recording = read('__tests__/traces/update-client-side.jsonl');
    const out: string[] = [];
    await explain({
      args: ['explain', '--filters', filters?.text ?? ''],
      stdin: async () => recording.replaceAll('shop-csa', 'shop'),
      readFile: () => '',
      directory: ROOT,
      now: Date.now,
      print: (line) => out.push(line),
      complain: (line) => out.push(line),
    });
    expect(out.join('')).toBe(text);
  });

  test('an odd fence is noticed', () => {
    for (const fence of ['~~~', '   ```sh', '```sh title', '````']) {
      expect(() => blocksIn('x.md', `${fence}\nnpm ci\n${fence}\n`)).toThrow('x.md:1');
    }
    expect(() => blocksIn('x.md', '```sh\nnpm ci\n')).toThrow('does not end');
  });

  test('mistakes in commands are noticed', () => {
    expect(shellProblems("kubectl get x -o 'jsonpath={.data}\n")[0]).toContain('unexpected EOF');
    expect(shellProblems('npm ci && npm run dmeo\n')).toEqual(['npm run dmeo: no such script']);
    expect(shellProblems('kubeclt get x | jq .\n')).toEqual(['kubeclt: an unknown program']);
    expect(shellProblems('node scripts/none.ts\n')).toEqual(['scripts/none.ts: no such file']);
  });

  test('mistakes in flowcharts are noticed', () => {
    const good = 'flowchart LR\n  a["A"] --> b(["B<br>b"])\n  b -- "no, or" --> a\n';
    expect(flowchartProblems(good)).toEqual([]);
    for (const [right, wrong] of [
      ['"A"]', '"A"'],
      ['LR', 'RL2'],
      ['-->', '->'],
      ['b -- ', 'c -- '],
      ['a["A"]', 'end["A"]'],
    ] as const) {
      expect(flowchartProblems(good.replace(right, wrong))).not.toEqual([]);
    }
  });

  test('mistakes in workflows are noticed', () => {
    const workflow = 'on: {push: {}}\npermissions: {}\njobs: {a: {runs-on: x, steps: [{run: y}]}}';
    expect(workflowProblems(firstOf(workflow))).toEqual([]);
    for (const [right, wrong] of [
      ['push', 'psuh'],
      ['permissions: {}', ''],
      ['runs-on', 'run-on'],
      ['{run: y}', '{}'],
      ['{run: y}', '{run: y, iff: z}'],
      ['{run: y}', '{run: y, uses: z}'],
      ['{run: y}', "{run: y, if: steps.a.outputs.b = 'true'}"],
      ['{run: y}', `{run: "\${{ fromJSON(a }}"}`],
    ] as const) {
      expect(workflowProblems(firstOf(workflow.replace(right, wrong)))).not.toEqual([]);
    }
  });

  test('mistakes in manifests are noticed', () => {
    const role = CASES.find(([, { text }]) => /^kind: Role$/m.test(text))?.[1] as Block;
    const problems = (text: string) =>
      objectsIn({ ...role, text }).flatMap((object) => manifestProblems(object, ROLES));
    expect(problems(role.text)).toEqual([]);
    for (const [right, wrong] of [
      ['verbs: [get, list', 'verbs: [get, lsit'],
      ['resources:', 'resource:'],
      ['kind: Role, name: argocd', 'kind: Role, name: argdoc'],
      ['kind: ServiceAccount\n', 'kind: ServiceAcount\n'],
    ] as const) {
      expect(problems(role.text.replace(right, wrong))).not.toEqual([]);
    }
  });
});

describe('what the blocks have of workflows', () => {
  const directory = mkdtempSync(join(tmpdir(), 'blocks-'));
  let files: readonly string[] = [];
  const linter = actionlint();
  const auditor = zizmor();

  beforeAll(() => {
    files = YAML_BLOCKS.flatMap((block) => {
      const value = firstOf(block.text);
      const whole = wholeOf(value);
      if (!whole) return [];
      const file = join(directory, `${block.file.replaceAll('/', '-')}-${block.line}.yml`);
      writeFileSync(file, whole === value ? block.text : stringify(whole));
      return [file];
    });
  });

  afterAll(() => rmSync(directory, { recursive: true }));

  /** A file with a fault, to see that it is found. */
  function broken(text: string): string {
    const file = join(directory, 'broken.yml');
    writeFileSync(file, text);
    return file;
  }

  test('can be checked where it must be', () => {
    expect(files.length).toBeGreaterThan(20);
    if (process.env.ACTIONLINT === 'required') expect(linter).toBeDefined();
    if (process.env.ZIZMOR === 'required') expect(auditor).toBeDefined();
  });

  if (linter !== undefined) {
    test('actionlint accepts', () => {
      expect(lint(linter, files)).toEqual([]);
      const file = broken('on: push\njobs: { a: { steps: [{ run: x }] } }\n');
      expect(lint(linter, [file])).not.toEqual([]);
    });
  }

  if (auditor !== undefined) {
    test('zizmor accepts', () => {
      expect(audit(auditor, files, { examples: true })).toEqual([]);
      const run = `run: "echo \${{ github.event.issue.title }}"`;
      const job = `{ runs-on: ubuntu-latest, steps: [{ ${run} }] }`;
      const file = broken(`on: issues\npermissions: {}\njobs:\n  a: ${job}\n`);
      expect(audit(auditor, [file], { examples: true }).join()).toContain('template-injection');
    });
  }
});

/** Copies what README.md says, in its order, with stand-ins for kubectl, gh and git. */
describe('a newcomer', () => {
  const ofReadme = (language: string) =>
    BLOCKS.filter((each) => each.file === 'README.md' && each.language === language);
  const containing = (language: string, text: string) =>
    ofReadme(language).find((block) => block.text.includes(text))?.text;
  const workflow = containing('yaml', 'name: After deployment');
  const access = containing('yaml', 'kind: ServiceAccount');
  const kubeconfig = containing('sh', 'kubectl apply -f access.yaml');
  const push = containing('sh', 'gh secret set KUBECONFIG');
  const trace = loadTrace('update-client-side');

  const KUBECTL = `#!/bin/bash
case "$*" in
  'apply -f access.yaml') test -s access.yaml ;;
  'config view --raw --flatten --minify -o jsonpath={.clusters[0].cluster.server}') printf %s "$SERVER" ;;
  'config view --raw --flatten --minify -o jsonpath={.clusters[0].cluster.certificate-authority-data}') printf %s "$CA" ;;
  '-n argocd create token argocd-post-sync --duration=2160h') printf %s "$TOKEN" ;;
  '--kubeconfig post-sync.kubeconfig -n argocd get applications') test -s post-sync.kubeconfig ;;
  *) echo "kubectl $*: not expected" >&2; exit 1 ;;
esac
`;
  const GH = `#!/bin/bash
case "$*" in
  'secret set KUBECONFIG') cat > secret ;;
  'run watch') ;;
  *) echo "gh $*: not expected" >&2; exit 1 ;;
esac
`;
  const GIT = `#!/bin/bash
if [ "$1" = add ]; then test -s "$2"; fi
`;

  const directory = mkdtempSync(join(tmpdir(), 'newcomer-'));
  const left = (path: string) => join(directory, path);
  let server: Awaited<ReturnType<typeof startApiServer>>;
  let result: StepResult;

  beforeAll(async () => {
    server = await startApiServer();
    for (const [name, text = ''] of [
      ['kubectl', KUBECTL],
      ['gh', GH],
      ['git', GIT],
      ['access.yaml', access],
    ] as const) {
      writeFileSync(left(name), text, { mode: 0o755 });
    }
    const path = '.github/workflows/after-deployment.yml';
    spawnSync('mkdir', ['-p', dirname(left(path))]);
    writeFileSync(left(path), workflow ?? '');
    const env = {
      PATH: `${directory}:${process.env['PATH']}`,
      SERVER: server.url,
      CA: Buffer.from(server.ca).toString('base64'),
      TOKEN: server.token,
    };
    const done = spawnSync('bash', ['-e'], {
      cwd: directory,
      env,
      input: `${kubeconfig}${push}`,
      encoding: 'utf8',
    });
    expect([done.stderr, done.status]).toEqual(['', 0]);
    const [step] = stepsOf(firstOf(workflow ?? '')).filter(isOurs);
    replay(server, trace, { begin: server.seen(({ verb }) => verb !== 'get') });
    result = await runAction({
      inputs: {
        ...(step?.with as Record<string, string>),
        kubeconfig: readFileSync(left('secret'), 'utf8'),
        application: trace.application,
        revision: trace.revision,
      },
    });
  });

  afterAll(async () => {
    rmSync(directory, { recursive: true });
    await server.close();
  });

  test('fills in two values, and no more', () => {
    const values = [...(workflow ?? '').matchAll(/application: (\S+)|\$\{\{ secrets\.(\w+)/g)];
    expect(values.map(([, application, secret]) => application ?? secret)).toEqual([
      'KUBECONFIG',
      'shop',
    ]);
    // Nothing of the repository is needed.
    expect(stepsOf(firstOf(workflow ?? '')).filter(({ run }) => run?.includes('./'))).toEqual([]);
  });

  test('leaves no token behind', () => {
    expect(existsSync(left('post-sync.kubeconfig'))).toBe(false);
  });

  test('has a run that waits, and says what changed', () => {
    expect(result.outputs).toMatchObject({ conclusion: 'success', reason: 'synced' });
    expect(result.outputs['filter-results']).toBe('{"cdn":false,"web":true,"config":true}');
    expect(result.exitCode).toBe(0);
  });

  test('finds resources as README.md shows one', () => {
    const [shown] = ofReadme('json').map(({ text }) => JSON.parse(text) as object);
    const [resource] = JSON.parse(result.outputs['resources'] ?? '[]') as readonly object[];
    expect(Object.keys(shown ?? {})).toEqual(Object.keys(resource ?? {}));
  });
});

describe('the words', () => {
  const sources = globSync('src/**/*.ts', { cwd: ROOT }).map(read).join('\n');
  const said = sources.replaceAll('\\`', '`');
  const page = read('docs/troubleshooting.md');
  const explained = [...page.matchAll(/^### `(.+)`$/gm)].map(([, text]) => text ?? '');

  test.each(explained)('the sources have the explained message %s', (message) => {
    const fragments = message.split('…').map((each) => each.trim());
    expect(fragments.filter((each) => !said.includes(each))).toEqual([]);
  });

  test('Troubleshooting has messages', () => {
    expect(explained.length).toBeGreaterThan(10);
  });

  /** The rows of the table of commits in README.md, each as a recording that has such a commit. */
  test.each(
    [
      ['many-kinds-2.14', 'Ingress/*'],
      ['update-client-side', 'Ingress/*'],
      ['prune-and-create', 'pruned:ConfigMap/*'],
      ['no-op-commit', 'Ingress/*'],
      ['superseded', 'ConfigMap/*'],
      ['hook-failed', 'Ingress/*'],
      ['degraded', 'Ingress/*'],
    ].map(([name = '', cdn = ''], row) => [row, name, cdn] as const),
  )('row %i of "Your commit" is what %s gives', async (row, name, cdn) => {
    const rows =
      section(read('README.md'), 'Outputs').match(/^\| \w.*\| `[a-z-]+` .*e +\|$/gm) ?? [];
    expect(rows).toHaveLength(7);
    const trace = loadTrace(name);
    const out: string[] = [];
    await explain({
      args: [
        ...['explain', '--json', '--filters', `cdn: '${cdn}'`],
        ...['--revision', trace.revision, '--application', trace.application],
      ],
      stdin: async () => read(`__tests__/traces/${name}.jsonl`),
      readFile: () => '',
      directory: ROOT,
      now: Date.now,
      print: (line) => out.push(line),
      complain: (line) => out.push(line),
    });
    const results = JSON.parse(out.join('')) as Readonly<Record<string, unknown>>;
    const filters = results['filter-results'] as { readonly cdn: boolean };
    expect(
      rows[row]
        ?.split('|')
        .slice(2, -1)
        .map((cell) => cell.trim()),
    ).toEqual([`\`${results['reason']}\``, String(results['changed']), String(filters.cdn)]);
  });

  test('every reason is explained, and no other', () => {
    const [, union = ''] =
      /type Reason =([^;]+);/.exec(read('src/core/result/vocabulary.ts')) ?? [];
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
