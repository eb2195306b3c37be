import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { explain as command } from '../../src/cli/explain.js';
import { ROOT } from '../support/action.ts';
import { readInside } from '../support/inside.ts';
import { loadTrace, traceNames } from '../support/replay.ts';
import { resourceTreeOf } from '../support/resource-tree.ts';
import { abortedFor, FAILED_METRIC, FAILED_RUN, rollout } from '../support/rollouts.ts';

/** The local command, `argocd-post-sync explain …`, in this process. */

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function explain(args: readonly string[], stdin: string, directory = ROOT): Promise<Answer> {
  const [out, complaints]: [string[], string[]] = [[], []];
  const code = await command({
    args,
    directory,
    stdin: async () => stdin,
    readFile: (path) => readFileSync(path, 'utf8'),
    now: Date.now,
    print: (text) => out.push(text),
    complain: (text) => complaints.push(text),
  });
  return { code, stdout: out.join(''), stderr: complaints.join('') };
}

function recorded(name: string): string {
  return readFileSync(join(ROOT, '__tests__', 'traces', `${name}.jsonl`), 'utf8');
}

/** The last state of a recording, as `kubectl get -o json` prints it. */
function lastOf(name: string): unknown {
  return loadTrace(name).events.at(-1)?.object;
}

const WEB = ['explain', '--filters', 'web: Deployment/web'];

describe('recordings', () => {
  test.each(traceNames())('%s: what a run says of it', async (name) => {
    const { trace, expect: expected } = loadTrace(name);
    const more: Readonly<Record<string, readonly string[]>> = {
      'paused-rollout-resumed': ['--suspended', 'succeed'],
    };
    const args = ['explain', '--json', '--if-missing', 'wait', ...(more[trace] ?? [])];
    const { code, stdout, stderr } = await explain(args, recorded(name));
    expect([code, stderr]).toEqual([0, '']);
    const said = JSON.parse(stdout) as { readonly conclusion: string; readonly reason: string };
    expect(said.conclusion).toBe(expected.conclusion);
    if (expected.reason) expect(said.reason).toBe(expected.reason);
  });

  test('in words', async () => {
    const { code, stdout } = await explain(WEB, recorded('update-client-side'));
    expect(code).toBe(0);
    expect(stdout).toContain(`✅ shop-csa: synced
  shop-csa is at b97073ee: the revision is deployed
  conclusion success, reason synced, evidence complete; Synced Healthy Succeeded
`);
    expect(stdout).toMatch(/^ {2}updated +compared +apps\/Deployment\/shop-csa\/web +shop-csa /m);
    expect(stdout).toMatch(/^ {2}web {2}true {2}1 resource {2}Deployment\/web$/m);
    expect(stdout).toContain('Counted as changed: created, updated, pruned.');
  });

  test('of a filter that matches nothing, whether it could', async () => {
    const filters = 'paths: shop/**\ncdn: Ingress/*\napi: Deployment/api';
    const { stdout } = await explain(
      ['explain', '--filters', filters],
      recorded('update-client-side'),
    );
    const told = 'names none of the resources above, changed or not';
    expect(stdout).toMatch(new RegExp(`^  paths  false  0 resources  ${told}$`, 'm'));
    expect(stdout).toMatch(new RegExp(`^  cdn    false  0 resources  ${told}$`, 'm'));
    expect(stdout).toMatch(/^ {2}api {4}false {2}0 resources$/m);
  });

  test('what is in the way', async () => {
    const { stdout } = await explain(WEB, recorded('hook-failed'));
    expect(stdout).toMatch(/^Failed or blocking\n {2}operation for c3b0a1ca +Failed: one or more/m);
  });

  test('as the job summary', async () => {
    const { stdout } = await explain([...WEB, '--summary'], recorded('waves-and-hooks'));
    expect(stdout).toMatch(/^## ✅ <code>shop-waves<\/code>: synced\n/);
    expect(stdout).toContain('```mermaid\ngantt\n');
  });
});

describe('what kubectl prints', () => {
  const one = lastOf('update-client-side');
  const another = lastOf('degraded');
  const watch = loadTrace('update-client-side').events.map(({ type, object }) => {
    return JSON.stringify({ type, object }, null, 4);
  });

  test.each([
    ['one Application', JSON.stringify(one, null, 4), ['shop-csa']],
    ['a list', JSON.stringify({ kind: 'List', items: [one, another] }), ['shop-csa', 'degraded']],
    ['a watch', watch.join('\n'), ['shop-csa']],
    ['Windows', `\ufeff${JSON.stringify(one, null, 2).replaceAll('\n', '\r\n')}`, ['shop-csa']],
  ])('%s', async (_, stdin, names) => {
    const { code, stdout } = await explain([...WEB, '--json'], stdin);
    expect(code).toBe(0);
    const { applications } = JSON.parse(stdout) as {
      readonly applications: readonly { readonly application: string }[];
    };
    expect(applications.map(({ application }) => application)).toEqual(names);
  });

  test('a revision that is not there yet', async () => {
    const revision = ['--revision', '0123456789abcdef0123456789abcdef01234567'];
    const { code, stdout } = await explain([...WEB, ...revision], JSON.stringify(one));
    expect(code).toBe(0);
    expect(stdout).toContain('⌛ shop-csa: timed out');
    expect(stdout).toContain('Argo CD has not compared 0123456789');
  });

  test('Degraded for longer than it may be', async () => {
    const { stdout } = await explain(WEB, JSON.stringify(another));
    expect(stdout).toContain('conclusion failure, reason degraded');
  });

  test('filters from a file, below the working directory', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'explain-'));
    try {
      writeFileSync(join(directory, 'f.yml'), 'web: Deployment/web\ncdn: Ingress/*\n');
      const args = ['explain', '--filters', 'f.yml'];
      const { stdout } = await explain(args, JSON.stringify(one), directory);
      expect(stdout).toMatch(
        /^ {2}web {2}true {3}1 resource .*\n {2}cdn {2}false {2}0 resources .*$/m,
      );
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  test('hostile text does nothing to a terminal', async () => {
    const text = JSON.stringify(one).replaceAll('configured', '\\u001b[31m\\u202e::error::x\\nY');
    const { stdout } = await explain(WEB, text);
    expect(stdout).not.toMatch(/[\x1b\u202e]|^::/m);
  });

  test('as JSON neither, which says the same', async () => {
    const hostile = '\u001b[31m\u009b31m\u202e\u{e0041}';
    const text = JSON.stringify(one).replaceAll('configured', JSON.stringify(hostile).slice(1, -1));
    const { stdout } = await explain(['explain', '--json'], text);
    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u{e0041}]/u);
    const { resources } = JSON.parse(stdout) as { readonly resources: readonly object[] };
    expect(resources).toContainEqual(
      expect.objectContaining({ message: expect.stringContaining(hostile) }),
    );
  });
});

test('what cannot be read in one of several does not take the others with it', async () => {
  const good = lastOf('update-client-side') as Readonly<Record<string, unknown>>;
  const nameless = { ...good, metadata: { name: 7 } };
  const metadata = { namespace: 'argocd', name: 'odd' };
  const odd = { ...good, metadata, status: { operationState: { phase: 'Dancing' } } };
  const items = JSON.stringify({ items: [nameless, odd, good] });
  const { code, stdout, stderr } = await explain(['explain', '--json'], items);
  expect(code).toBe(0);
  expect(stderr).toContain('line 1.items[0].metadata.name must be a string, not number');
  const said = JSON.parse(stdout) as { readonly applications: readonly object[] };
  expect(said.applications).toMatchObject([
    { application: 'odd', reason: 'internal-error' },
    { application: 'shop-csa', reason: 'synced' },
  ]);
});

describe('mistakes', () => {
  test.each<[name: string, args: readonly string[], stdin: string, said: string]>([
    ['no input', WEB, ' \n', 'There is nothing on standard input: pipe an Application into it'],
    [
      'YAML',
      WEB,
      'apiVersion: v1\nkind: Application\n',
      'Line 1 of the standard input is no JSON:',
    ],
    ['cut off', WEB, '{"kind": "Application",\n "x": {', 'in the middle of an object: was it cut'],
    ['bad JSON', WEB, '{}\n{"a": }', 'The object on line 2 is no JSON ('],
    ['another kind', WEB, '{"kind":"Pod"}', 'line 1 is of kind Pod, it is no Application:'],
    ['an empty list', WEB, '{"kind":"List","items":[]}', 'There is no Application in the standard'],
    ['no name', WEB, '{"kind":"Application"}', 'The standard input cannot be read: line 1.'],
    [
      'a failed watch',
      WEB,
      '{"type":"ERROR","object":{"kind":"Status","message":"too old"}}',
      'the watch failed (too old)',
    ],
    [
      'a bad filter',
      ['explain', '--filters', 'web: Deployment'],
      '',
      'filters: line 1: filter "web": pattern "Deployment" has 1 segment:',
    ],
    ['no such file', ['explain', '--filters', 'nowhere.yml'], '', '"nowhere.yml" cannot be read'],
    ['a bad value', [...WEB, '--timeout', 'soon'], '', 'timeout: "soon"'],
    ['an unknown option', ['explain', '--filter', 'x'], '', "Unknown option '--filter'.\n"],
    ['an option without a value', ['explain', '--filters'], '', 'argument missing.\n'],
    ['a file as an argument', ['explain', 'app.json'], '', 'Unexpected argument "app.json": '],
    ['an unknown command', ['explian'], '', 'Unknown command "explian": the only one is explain.'],
    [
      'no such Application',
      [...WEB, '--application', 'api'],
      JSON.stringify(lastOf('degraded')),
      'application: no Application in the input matches, it has argocd/degraded',
    ],
  ])('%s', async (_, args, stdin, said) => {
    const { code, stdout, stderr } = await explain(args, stdin);
    expect(stderr).toContain(said);
    expect([code, stdout]).toEqual([1, '']);
  });

  test('--help', async () => {
    const { code, stdout } = await explain(['--help'], '');
    expect(code).toBe(0);
    expect(stdout).toContain('--filters FILE|YAML');
  });
});

describe('two states of resources', () => {
  const deployment = (image: string, replicas: number) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { replicas, template: { spec: { containers: [{ name: 'main', image }] } } },
  });
  const before = { kind: 'List', items: [deployment('shop:1', 1)] };
  const after = `apiVersion: v1
kind: ConfigMap
metadata: { name: fresh }
---
${JSON.stringify(deployment('shop:2', 1))}
`;

  async function states(files: Readonly<Record<string, string>>, args: readonly string[]) {
    const directory = mkdtempSync(join(tmpdir(), 'states-'));
    try {
      for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
      const paths = args.map((each) =>
        each.startsWith('@') ? join(directory, each.slice(1)) : each,
      );
      return await explain(['explain', ...paths], '', directory);
    } finally {
      rmSync(directory, { recursive: true });
    }
  }
  const files = { before: JSON.stringify(before), after };
  const both = ['--before', '@before', '--after', '@after'];
  const filters = `image: { pattern: 'Deployment/*', fields: '**.image' }
scaled: { pattern: 'Deployment/*', fields: spec.replicas }`;

  test('in words', async () => {
    const { code, stdout } = await states(files, [...both, '--filters', filters]);
    expect([code, stdout]).toEqual([
      0,
      `Resources
  created  /ConfigMap//fresh
  updated  apps/Deployment/shop/web
    spec.template.spec.containers[main].image: shop:1 → shop:2

Filters
  image  true  1 resource  Deployment/web
  scaled  false  0 resources

0 unchanged.
`,
    ]);
  });

  test('as JSON', async () => {
    const { stdout } = await states(files, [...both, '--json']);
    expect(JSON.parse(stdout).resources[1].fields).toEqual([
      { path: 'spec.template.spec.containers[main].image', from: 'shop:1', to: 'shop:2' },
    ]);
  });

  test('live objects are narrowed to what Argo CD manages', async () => {
    const live = (image: string, replicas: number) => {
      const object = deployment(image, replicas);
      const f = (name: string, of: object) => ({ [`f:${name}`]: of });
      const main = { 'k:{"name":"main"}': { ...f('image', {}) } };
      const fieldsV1 = f('spec', f('template', f('spec', f('containers', main))));
      const managedFields = [{ manager: 'argocd-controller', operation: 'Apply', fieldsV1 }];
      return JSON.stringify({ ...object, metadata: { ...object.metadata, managedFields } });
    };
    const given = { before: live('shop:1', 1), after: live('shop:2', 5) };
    const { stdout } = await states(given, [...both, '--filters', filters]);
    expect(stdout).toContain('image  true');
    expect(stdout).toContain('scaled  false');
  });

  test.each([
    [['--before', '@before'], '--after is missing'],
    [['--before', '@before', '--after', '@none'], 'cannot be read'],
    [['--before', '@before', '--after', '@text'], 'has what is no object with a name'],
    [['--before', '@before', '--after', '@bad'], 'cannot be read'],
  ])('%j is refused', async (args, problem) => {
    const { code, stderr } = await states({ ...files, text: 'hello', bad: 'a: [' }, args);
    expect(code).toBe(1);
    expect(stderr).toContain(problem);
    expect(stderr).toContain('accepted is a file of manifests');
  });
});

describe('what is within the Application', () => {
  const IMAGE = readInside('why-image-pull');
  const shop = JSON.stringify(IMAGE.after.application);
  const dir = mkdtempSync(join(tmpdir(), 'within-'));
  afterAll(() => rmSync(dir, { recursive: true }));
  const saved = (name: string, value: unknown): string => {
    writeFileSync(join(dir, name), JSON.stringify(value));
    return name;
  };
  const tree = saved('tree.json', IMAGE.after.argocd['resource-tree']);
  const pods = saved('pods.json', { items: IMAGE.after.objects['pods'] });
  const owners = saved('owners.json', { items: Object.values(IMAGE.after.objects).flat() });
  const rollouts = [rollout({ status: abortedFor(`analysis: ${FAILED_METRIC}`) }), FAILED_RUN];
  const aborted = saved('aborted.json', { items: rollouts });
  const abortedTree = saved('aborted-tree.json', resourceTreeOf(rollouts));
  const PULL = 'cannot pull registry.example.com/shop/web:missing (ImagePullBackOff';

  test.each([
    ['a resource tree', ['--tree', tree], `failed: Deployment/web ${PULL}`],
    ['a list of pods', ['--pods', pods], `failed: Pod/web-6cfb658bb6-rlp65 ${PULL}`],
    ['both', ['--tree', tree, '--pods', pods], `failed: Deployment/web ${PULL}`],
    ['pods and what owns them', ['--pods', owners], `failed: Deployment/web ${PULL}`],
    ['a Rollout and its AnalysisRun', ['--pods', aborted], 'metric success-rate of AnalysisRun'],
    ['a tree with both', ['--tree', abortedTree, '--pods', aborted], '(last value [0.87])'],
  ])('the cause by %s', async (_, files, message) => {
    const { code, stdout, stderr } = await explain(['explain', ...files], shop, dir);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(message);
    expect(stdout).toMatch(/^Why$/m);
    expect(stdout).not.toContain(' is Progressing');
  });

  test.each([
    ['a file that is not there', ['--tree', 'none.json'], /^--tree: cannot read none\.json: /],
    ['another JSON', ['--pods', saved('other.json', {})], /^--pods: there is nothing in it/],
  ])('%s is told', async (_, files, problem) => {
    const { code, stderr } = await explain(['explain', ...files], shop, dir);
    expect(code).toBe(1);
    expect(stderr).toMatch(problem);
  });

  test('of one Application only', async () => {
    const other = { ...IMAGE.after.application, metadata: { name: 'other', namespace: 'argocd' } };
    const items = { kind: 'List', items: [IMAGE.after.application, other] };
    const { code, stderr } = await explain(['explain', '--tree', tree], JSON.stringify(items), dir);
    expect([code, stderr]).toEqual([
      1,
      '--tree and --pods are of one Application: name it with --application\n',
    ]);
  });
});

describe('complaints show what a recording has, and never as codes of the terminal', () => {
  const CLEAR = '\u001b[2J\u009b2J\u202e';
  const application = (metadata: object) =>
    JSON.stringify({ apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata });
  const object = (more: object) => JSON.stringify({ metadata: { name: 'shop' }, ...more });

  test.each<[string, string, readonly string[]]>([
    ['another kind', object({ kind: `Pod${CLEAR}` }), []],
    ['a watch that failed', object({ type: 'ERROR', object: { message: CLEAR } }), []],
    ['no JSON', `{"kind": ${CLEAR}}`, []],
    ['another name', application({ name: `shop${CLEAR}`, namespace: 'argocd' }), ['shop']],
    ['an argument', '', [`--shop${CLEAR}`]],
    ['a file', '', ['--before', `file${CLEAR}`, '--after', 'other']],
  ])('%s', async (_, stdin, args) => {
    const more = args[0] === 'shop' ? ['--application', 'web'] : args;
    const { code, stderr } = await explain(['explain', ...more], stdin);
    expect(code).toBe(1);
    expect(stderr).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
    expect(stderr).toContain('[U+202E]');
  });
});
