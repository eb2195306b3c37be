import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { StepResult } from '../support/action.ts';
import type { KubeObject } from '../support/api/store.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';
import { type ArgocdServer, isStream, startArgocdServer } from '../support/argocd-server.ts';
import { startGithub } from '../support/github-server.ts';
import {
  type InsideMoment,
  type InsideRecording,
  readInside,
  renderedIn,
} from '../support/inside.ts';
import { A, B, manifest } from '../support/manifest.ts';
import { loadTrace } from '../support/replay.ts';
import { type Resource, resourcesOf } from '../support/results.ts';
import { runHere } from '../support/run-here.ts';

let argocd: ArgocdServer;
let cluster: ApiServer;
beforeEach(async () => {
  [argocd, cluster] = await Promise.all([startArgocdServer(), startApiServer()]);
});
afterEach(async () => {
  await Promise.all([argocd.close(), cluster.close()]);
});

type Given = Readonly<Record<string, string>>;
function byArgocd(): Given {
  return {
    source: 'argocd',
    'argocd-server': argocd.url,
    'argocd-token': argocd.token,
    'certificate-authority': argocd.ca,
  };
}

/** Both servers' certificates are of one authority. */
function byCluster(): Given {
  return {
    server: cluster.url,
    token: cluster.token,
    'certificate-authority': cluster.ca,
  };
}

function byBoth(): Given {
  return { ...byCluster(), 'argocd-server': argocd.url, 'argocd-token': argocd.token };
}

function put(object: KubeObject): void {
  argocd.put(object);
  cluster.put(object);
}

function resourcesIn({ outputs }: StepResult): readonly Resource[] {
  return JSON.parse(outputs['resources'] ?? '[]');
}

function pathsIn(result: StepResult): Readonly<Record<string, readonly string[] | undefined>> {
  return Object.fromEntries(
    resourcesIn(result).map(({ group, kind, name, fields }) => [
      `${group}/${kind}/${name}`,
      fields?.map(({ path }) => path),
    ]),
  );
}

/** What the recording says changed; the value of a Secret cannot be told from what is rendered. */
function expectedOf({ expect: paths }: InsideRecording) {
  const all = { ...paths, '/Secret/creds': ['data'] };
  return Object.fromEntries(Object.entries(all).map(([name, each]) => [name, [...each].sort()]));
}

function manifestRequests(): readonly string[] {
  return argocd.requests.filter(({ path }) => path.endsWith('/manifests')).map(({ path }) => path);
}

const RECORDINGS = ['fields-client-side', 'fields-server-side'];
const WAYS: readonly (readonly [string, () => Given])[] = [
  ['argocd', byArgocd],
  ['cluster with the Argo CD API beside it', byBoth],
];

describe.each(RECORDINGS)('%s', (name) => {
  const recording = readInside(name);
  const { before, after, revisions } = recording;
  beforeEach(() => {
    argocd.render = ([revision = '']) => renderedIn(recording, revision);
  });
  const inputs = { application: name, revision: revisions.to, timeout: '60s', fields: 'paths' };

  test.each(WAYS)('rendered, started late: %s', async (_way, access) => {
    put(after.application);
    const result = await runHere({ inputs: { ...access(), ...inputs } });
    expect(result.outputs).toMatchObject({ conclusion: 'success' });
    expect(pathsIn(result)).toMatchObject(expectedOf(recording));
  });

  test.each(WAYS)('rendered, watched: %s', async (_way, access) => {
    put(before.application);
    const running = runHere({ inputs: { ...access(), ...inputs } });
    await Promise.race([argocd.seen(isStream), cluster.seen(({ verb }) => verb === 'watch')]);
    put(after.application);
    const result = await running;
    expect(result.outputs).toMatchObject({ conclusion: 'success' });
    expect(pathsIn(result)).toMatchObject(expectedOf(recording));
  });
});

/** The objects of a recording as the API server has them. */
function liveIn({ objects }: InsideMoment): readonly KubeObject[] {
  return Object.entries(objects).flatMap(([plural, all]) =>
    ['events', 'pods'].includes(plural) ? [] : all,
  );
}

/** How many resources the Application has. */
function liveCount({ application }: InsideMoment): number {
  const { resources } = application['status'] as { readonly resources: readonly object[] };
  return resources.length;
}

/** As autoscalers, injectors and controllers leave an object: in none of the fields of Argo CD. */
function meddledWith(object: KubeObject): KubeObject {
  const { metadata, spec, data, kind } = structuredClone(object) as {
    readonly metadata: Record<'annotations' | 'labels', Record<string, string>>;
    readonly spec?: {
      replicas?: number;
      template?: { spec: { containers: { env?: object[] }[] } };
    };
    readonly data?: object;
    readonly kind: string;
  };
  metadata.annotations = { ...metadata.annotations, 'example.com/injected': 'yes' };
  metadata.labels = { ...metadata.labels, 'example.com/injected': 'yes' };
  const pods = spec?.template?.spec;
  pods?.containers.push({ ...pods.containers[0], ...{ name: 'injected', image: 'proxy:1' } });
  const [main] = pods?.containers ?? [];
  if (main) main.env = [{ name: 'INJECTED', value: '1' }, ...(main.env ?? [])];
  if (spec && object.metadata.name === 'api') spec.replicas = 7;
  return {
    ...object,
    metadata: { ...object.metadata, ...metadata },
    ...(spec ? { spec } : {}),
    ...(kind === 'ConfigMap' ? { data: { ...data, injected: '1' } } : {}),
    status: { ...(object['status'] as object), observedGeneration: 99 },
  };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Requests for live objects that were answered. */
function answeredGets(): number {
  return cluster.requests.filter(
    ({ verb, resource, status }) =>
      verb === 'get' && !resource.startsWith('applications.') && status !== undefined && status > 0,
  ).length;
}

describe.each(RECORDINGS)('%s, by the Kubernetes API alone', (name) => {
  const recording = readInside(name);
  const { before, after, revisions } = recording;
  const inputs = { application: name, revision: revisions.to, timeout: '60s', fields: 'paths' };
  const sorted = Object.fromEntries(
    Object.entries(recording.expect).map(([each, paths]) => [each, [...paths].sort()]),
  );
  const templates = Object.fromEntries(
    Object.entries(sorted).map(([each, paths]) => [
      each,
      paths.filter((path) => path.startsWith('spec.template.')),
    ]),
  );
  const { resources } = before.application['status'] as { readonly resources: readonly object[] };

  /** The wait begins with `first` in the cluster; once that was read, it becomes `then`. */
  async function watched(
    first: readonly KubeObject[],
    then: readonly KubeObject[],
    more: Given = {},
  ): Promise<StepResult> {
    cluster.setLive(first);
    put(before.application);
    const running = runHere({ inputs: { ...byCluster(), ...inputs, ...more } });
    await until(() => answeredGets() >= resources.length);
    cluster.setLive(then);
    put(after.application);
    return running;
  }

  test('live, watched', async () => {
    const keyed = (password: string) => (each: KubeObject) =>
      each.kind === 'Secret' ? { ...each, data: { password: btoa(password) } } : each;
    const objects = [
      liveIn(before).map(keyed('hunter1-of-before')),
      liveIn(after).map(keyed('hunter2-of-after')),
    ] as const;
    const result = await watched(...objects, { fields: 'values' });
    expect(pathsIn(result)).toMatchObject(sorted);
    expect(result.outputs['conclusion']).toBe('success');
    const all = [result.stdout, result.summary, JSON.stringify([result.outputs, result.results])];
    for (const secret of ['hunter1-of-before', 'hunter2-of-after']) {
      expect(all.join()).not.toContain(secret);
      expect(all.join()).not.toContain(btoa(secret));
    }
  });

  test('live, while other controllers write too', async () => {
    const meddled = liveIn(after).map(meddledWith);
    expect(pathsIn(await watched(liveIn(before), meddled))).toMatchObject(sorted);
  });

  test('live, in between: what was written already is not taken for what was before', async () => {
    const isConfig = ({ kind }: KubeObject) => kind === 'ConfigMap';
    const first = [
      ...liveIn(before).filter((each) => !isConfig(each)),
      ...liveIn(after).filter(isConfig),
    ];
    const { '/ConfigMap/settings': _lost, ...others } = sorted;
    const found = pathsIn(await watched(first, liveIn(after)));
    expect(found).toMatchObject(others);
    expect(found['/ConfigMap/settings']).toBeUndefined();
  });

  test('history, started late: of pod templates, and of nothing else', async () => {
    put(after.application);
    cluster.setLive(liveIn(after));
    const filters = `image: { pattern: '*/*', fields: 'spec.template.spec.containers[*].image' }
schedule: { pattern: 'CronJob/*', fields: spec.schedule }`;
    const result = await runHere({ inputs: { ...byCluster(), ...inputs, filters } });
    const found = pathsIn(result);
    expect(found['apps/Deployment/web']).toEqual(templates['apps/Deployment/web']);
    expect(found['apps/StatefulSet/db']).toEqual(templates['apps/StatefulSet/db']);
    expect(found['batch/CronJob/nightly']).toBeUndefined();
    expect(result.outputs).toMatchObject({ image: 'true', schedule: 'true', evidence: 'partial' });
  });

  test.each([
    ['configmaps', 'get', '/ConfigMap/settings'],
    ['deployments', 'get', 'apps/Deployment/web'],
  ])('403 on %s', async (resource, verb, lost) => {
    cluster.authorize = (asked) => asked.resource !== resource || asked.verb !== verb;
    const result = await watched(liveIn(before), liveIn(after));
    expect(result.outputs['conclusion']).toBe('success');
    const { [lost]: unknown, ...others } = pathsIn(result);
    const { [lost]: _unknown, ...expected } = sorted;
    expect(unknown).toBeUndefined();
    expect(others).toMatchObject(expected);
    expect(result.stdout).toContain(`resources: [${resource}]`);
  });

  test.each(['replicasets', 'controllerrevisions'])('403 on %s', async (resource) => {
    cluster.authorize = (asked) => asked.resource !== resource;
    put(after.application);
    cluster.setLive(liveIn(after));
    const result = await runHere({ inputs: { ...byCluster(), ...inputs } });
    expect(result.outputs['conclusion']).toBe('success');
    expect(result.stdout).toContain(`verbs: [list]`);
    expect(result.stdout.match(/::notice[^\n]*Which fields/g)).toHaveLength(1);
  });

  test('only what filters ask about is read', async () => {
    cluster.setLive(liveIn(before));
    put(before.application);
    const filters = "nginx: { pattern: 'ConfigMap/settings', fields: 'data[\"nginx.conf\"]' }";
    const running = runHere({ inputs: { ...byCluster(), ...inputs, fields: 'auto', filters } });
    await until(() => answeredGets() >= 1);
    cluster.setLive(liveIn(after));
    put(after.application);
    const result = await running;
    expect(result.outputs).toMatchObject({ nginx: 'true' });
    const whole = cluster.requests.filter(
      ({ verb, headers }) => verb === 'get' && headers.accept === 'application/json',
    );
    expect(new Set(whole.map(({ name: read }) => read))).toEqual(new Set(['settings']));
  });
});

/** A deployment of B after one of A, of which a later operation has replaced the results. */
const HEALED = { startedAt: '2026-11-21T07:00:06Z', finishedAt: '2026-11-21T07:00:06Z' };
const RESOURCE = { version: 'v1', kind: 'ConfigMap', namespace: 'shop', status: 'Synced' };
const SOURCE = {
  repoURL: 'https://github.com/acme/shop.git',
  targetRevision: 'main',
  path: 'shop',
};
const TIMES = { deployStartedAt: '2026-11-21T07:00:00Z', deployedAt: '2026-11-21T07:00:05Z' };
const EARLIER = { deployStartedAt: '2026-11-20T07:00:00Z', deployedAt: '2026-11-20T07:00:05Z' };
const HISTORY = [
  { revision: A, source: SOURCE, ...EARLIER },
  { revision: B, source: SOURCE, ...TIMES },
];

function healed(more: Parameters<typeof manifest>[1] = {}): KubeObject {
  return manifest('shop', {
    revision: B,
    history: HISTORY,
    ...HEALED,
    operation: { sync: { revision: B, resources: [{ kind: 'ConfigMap', name: 'edited' }] } },
    results: [{ ...RESOURCE, name: 'edited', message: 'configmap/edited configured' }],
    resources: ['edited', 'fresh', 'same'].map((name) => ({ ...RESOURCE, name })),
    ...more,
  });
}

const config = (name: string, data: object, annotations = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, annotations },
  data,
});
const BEFORE = [config('edited', { a: '1', b: '1' }), config('same', {}), config('gone', {})];
const AFTER = [config('edited', { a: '2', b: '1' }), config('same', {}), config('fresh', {})];

function renderAs(before: readonly object[], after: readonly object[]): void {
  argocd.render = ([revision]) => ({ [A]: before, [B]: after })[revision ?? ''];
}

const run = (inputs: Given) =>
  runHere({ inputs: { application: 'shop', revision: B, timeout: '60s', ...inputs } });

const classesIn = (result: StepResult) =>
  resourcesOf(result).map(({ change, evidence, namespace, name }) =>
    [change, evidence, namespace, name].join(' '),
  );

describe('results that were replaced before a late start', () => {
  test.each(WAYS)('are told by what is rendered: %s', async (_way, access) => {
    put(healed());
    renderAs(BEFORE, AFTER);
    const result = await run(access());
    expect(classesIn(result).sort()).toEqual([
      'created rendered shop fresh',
      'pruned rendered shop gone',
      'unchanged rendered shop same',
      'updated rendered shop edited',
    ]);
    expect(result.outputs['evidence']).toBe('complete');
  });

  test('a hook is told by no manifest, so it may be missing', async () => {
    put(healed());
    const hook = config('hook', {}, { 'argocd.argoproj.io/hook': 'PreSync' });
    renderAs(BEFORE, [...AFTER, hook]);
    const result = await run(byArgocd());
    expect(classesIn(result)).toContain('pruned rendered shop gone');
    expect(result.outputs['evidence']).toBe('partial');
  });

  test('an answer that lacks what the Application has proves nothing', async () => {
    const resources = ['edited', 'fresh', 'same', 'other'].map((name) => ({ ...RESOURCE, name }));
    put(healed({ resources }));
    renderAs(BEFORE, AFTER);
    const result = await run(byArgocd());
    expect(classesIn(result)).toContain('updated reported shop other');
    expect(result.outputs['evidence']).toBe('partial');
    // The live objects decide all of the classes, and still something pruned may be missing.
    const written = [{ manager: 'argocd-controller', time: '2026-11-01T00:00:00Z' }];
    const metadata = { creationTimestamp: '2026-11-01T00:00:00Z', managedFields: written };
    argocd.setLive(
      resources.map(({ namespace, name }) => ({
        ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name, ...metadata } },
      })),
    );
    renderAs([], []);
    const decided = await run(byArgocd());
    expect(classesIn(decided).join()).not.toContain('reported');
    expect(decided.outputs['evidence']).toBe('partial');
  });

  test('of two revisions in one wait, what came and went in between is not known', async () => {
    const C = 'c'.repeat(40);
    const at = (time: string) => ({ deployStartedAt: time, deployedAt: time });
    const history = [...HISTORY, { revision: C, source: SOURCE, ...at('2026-11-21T07:00:06Z') }];
    put(healed({ revision: C, synced: C, history, operation: { sync: { revision: C } } }));
    argocd.render = ([revision]) => ({ [A]: BEFORE, [C]: AFTER })[revision ?? ''];
    const result = await run(byArgocd());
    expect(result.outputs).toMatchObject({ reason: 'superseded', evidence: 'partial' });
    expect(classesIn(result)).toContain('pruned rendered shop gone');
  });

  test('what left Git and is still there is not pruned', async () => {
    const left = { ...RESOURCE, name: 'gone', status: 'OutOfSync', requiresPruning: true };
    const resources = [left, { ...RESOURCE, name: 'edited' }];
    put(healed({ resources, syncPolicy: { automated: { prune: false } } }));
    renderAs(BEFORE, AFTER);
    const result = await run(byArgocd());
    expect(classesIn(result).filter((each) => each.startsWith('pruned'))).toEqual([]);
  });

  test('live-evidence: off and fields: off ask nothing', async () => {
    put(healed());
    await run({ ...byArgocd(), 'live-evidence': 'off', fields: 'off' });
    expect(manifestRequests()).toEqual([]);
  });
});

describe('filters on fields', () => {
  const filters = `a: { pattern: 'ConfigMap/*', change: updated, fields: data.a }
b: { pattern: 'ConfigMap/*', change: updated, fields: data.b }
two: { pattern: 'ConfigMap/*', change: updated, fields: { path: data.a, from: '1', to: '2' } }`;

  test('match what changed', async () => {
    put(healed());
    renderAs(BEFORE, AFTER);
    const result = await run({ ...byArgocd(), filters });
    expect(result.outputs).toMatchObject({ a: 'true', b: 'false', two: 'true' });
    expect(result.outputs['evidence']).toBe('complete');
    expect(JSON.parse(result.outputs['a-resources'] ?? '')).toMatchObject([
      { name: 'edited', fields: [{ path: 'data.a' }] },
    ]);
    expect(result.outputs['resources']).not.toContain('"from"');
  });

  const refusal = { kind: 'status', code: 403, message: 'permission denied' } as const;
  test.each([
    ['the manifests are refused', healed(), { deny: true }, 'applications, get, default/shop'],
    [
      'no deployment before is on record',
      healed({ history: HISTORY.slice(1) }),
      {},
      'no deployment before',
    ],
    [
      'the sources are other ones',
      healed({
        history: [{ ...HISTORY[0], source: { ...SOURCE, path: 'old' } }, HISTORY[1] ?? {}],
      }),
      {},
      'are not those that it was deployed from',
    ],
    ['the revision cannot be rendered', healed(), { gone: true }, 'could not render'],
  ] as const)('match where %s, and one notice says why', async (_what, object, how, why) => {
    put(object);
    renderAs(BEFORE, AFTER);
    if ('gone' in how) argocd.render = () => undefined;
    if ('deny' in how) {
      argocd.intercept = ({ path }) => (path.endsWith('/manifests') ? refusal : undefined);
    }
    const result = await run({ ...byBoth(), filters });
    expect(result.outputs).toMatchObject({ conclusion: 'success', a: 'true', b: 'true' });
    expect(result.outputs['evidence']).toBe('partial');
    const notices = result.stdout.split('\n').filter((line) => line.startsWith('::notice'));
    expect(notices.filter((each) => each.includes('Which fields'))).toHaveLength(1);
    expect(notices.join()).toContain(why);
  });

  test('live through Argo CD, where the sources are other ones: all but Secrets', async () => {
    const recording = readInside('fields-server-side');
    const { before, after, revisions } = recording;
    const other = { ...(after.application['spec'] as object), source: { ...SOURCE, path: 'new' } };
    argocd.setLive(liveIn(before));
    argocd.put(before.application);
    const application = 'fields-server-side';
    const asked = { application, revision: revisions.to, fields: 'paths', timeout: '60s' };
    const running = runHere({ inputs: { ...byArgocd(), ...asked } });
    const reads = () =>
      argocd.requests.filter(({ path, status }) => path.endsWith('/resource') && status === 200);
    // All that it manages but the Secret.
    await until(() => reads().length >= liveCount(before) - 1);
    argocd.setLive(liveIn(after));
    argocd.put({ ...after.application, spec: other });
    const result = await running;
    const { '/Secret/creds': masked, ...others } = pathsIn(result);
    const { '/Secret/creds': _secret, ...expected } = recording.expect;
    expect(masked).toBeUndefined();
    expect(others).toMatchObject(
      Object.fromEntries(Object.entries(expected).map(([name, all]) => [name, [...all].sort()])),
    );
  });

  test('access that is refused is told, though no filter asks', async () => {
    put(healed());
    const result = await run({ ...byBoth(), 'argocd-token': 'wrong' });
    expect(result.outputs['conclusion']).toBe('success');
    expect(result.stdout).toMatch(/::notice[^\n]*Which fields[^\n]*does not accept argocd-token/);
  });

  test('of several sources, each revision goes by its position', async () => {
    const sources = [SOURCE, { ...SOURCE, path: 'base' }];
    const [C, D] = ['c'.repeat(40), 'd'.repeat(40)];
    const history = [
      { revisions: [A, C], sources, ...EARLIER },
      { revisions: [B, D], sources, ...TIMES },
    ];
    put(healed({ sources, history }));
    argocd.render = (revisions) =>
      ({ [[A, C].join()]: BEFORE, [[B, D].join()]: AFTER })[revisions.join()];
    const result = await run({ ...byArgocd(), filters });
    expect(result.outputs).toMatchObject({ a: 'true', b: 'false' });
  });
});

test('of a hydrated Application, what the hydrator wrote is rendered', async () => {
  const trace = loadTrace('hydrated-change');
  const last = trace.events.at(-1)?.object;
  if (!last) throw new Error('an empty recording');
  argocd.put(last);
  const { history } = last['status'] as { readonly history: readonly { revision: string }[] };
  const asked: string[] = [];
  argocd.render = ([revision = '']) => {
    asked.push(revision);
    return [];
  };
  const { application, revision } = trace;
  await runHere({ inputs: { ...byArgocd(), application, revision, timeout: '60s' } });
  expect(asked.sort()).toEqual(
    history
      .slice(-2)
      .map((each) => each.revision)
      .sort(),
  );
});

describe('values', () => {
  test('only where they are asked for, and never those of a Secret', async () => {
    const secret = (password: string) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'edited' },
      stringData: { password },
    });
    const resources = [{ ...RESOURCE, kind: 'Secret', name: 'edited' }];
    put(healed({ resources, results: [{ ...resources[0], message: 'secret/edited configured' }] }));
    renderAs([secret('hunter1')], [secret('hunter2')]);
    const result = await run({ ...byArgocd(), fields: 'values' });
    expect(pathsIn(result)).toEqual({ '/Secret/edited': ['data.password'] });
    const all = [result.stdout, result.summary, JSON.stringify([result.outputs, result.results])];
    expect(all.join()).not.toContain('hunter');
  });

  const HOSTILE = [
    'x\n::error::pwned`<img src=x>|',
    '::set-output name=a::forged\r::add-mask::a\u0085##[error]forged',
    '</code></summary></details>\n\n# heading\n| a | b |',
    '```\n````\n~~~\n# heading\n<!-- <script>alert(1)</script>',
    '\u001b[31mred\u001b]0;title\u0007\u202e\u2028\u0000',
    '$(id) \';"\\ %0A $' + '{{ secrets.A }} @octocat #1 https://evil.example',
    '__proto__',
    'k'.repeat(10_000),
    '`|</details>\n'.repeat(1000),
  ];

  const named = (fields: string, text: string) =>
    [fields, JSON.stringify(text.slice(0, 60)), text] as const;

  /** The summary without its block of `diff`, where a text stays what it is. */
  function splitDiff(summary: string): readonly [outside: string, diff: string] {
    const block = /^(`{3,})diff\n([\s\S]*?)\n\1\n/m.exec(summary);
    if (!block) return [summary, ''];
    const runs = (block[2] ?? '').match(/`+/g) ?? [];
    expect(block[1]?.length).toBeGreaterThan(Math.max(2, ...runs.map((run) => run.length)));
    return [summary.replace(block[0], ''), block[2] ?? ''];
  }

  function expectHarmless({ stdout, summary, outputs }: StepResult, key: string): void {
    const commands = stdout.split('\n').filter((line) => /^\s*::|##\[/.test(line));
    expect(commands.filter((each) => /pwned|forged|set-output/.test(each))).toEqual([]);
    expect(stdout + summary).not.toMatch(/[\u0000\u0007\u001b\u0085\u2028\u202e]/);
    const [outside] = splitDiff(summary);
    expect(outside).not.toMatch(/<img|<script|<!--|^# heading|^\| a \||@octocat|https:\/\/evil/m);
    const count = (tag: string) => outside.split(tag).length;
    expect(count('<details>')).toBe(count('</details>'));
    expect(summary.length).toBeLessThan(30_000);
    expect(Object.keys(outputs)).not.toContain('a');
    const path = key === '__proto__' ? 'data.__proto__' : `data[${JSON.stringify(key)}]`;
    const named = /^k+$/.test(key) ? `data.${key}` : path;
    expect(JSON.parse(outputs['resources'] ?? '')[0].fields).toMatchObject([{ path: named }]);
    expect(JSON.parse(outputs['matrix'] ?? '').include[0].fields).toBe(named);
  }

  test.each(HOSTILE.flatMap((text) => [named('paths', text), named('values', text)]))(
    'hostile keys and values stay what they are: %s %s',
    async (fields, _, text) => {
      put(healed({ resources: [{ ...RESOURCE, name: 'edited' }] }));
      const data = (value: string) =>
        JSON.parse(`{${JSON.stringify(text)}:${JSON.stringify(value)}}`);
      renderAs([config('edited', {})], [config('edited', data(`1${text}`))]);
      const result = await run({ ...byArgocd(), fields, filters: "all: '*/*'" });
      expect(result.outputs).toMatchObject({ conclusion: 'success', all: 'true' });
      expectHarmless(result, text);
      const [edited] = resourcesIn(result);
      const to = String(edited?.fields?.[0]?.to ?? '');
      expect(to.slice(0, 5)).toBe(fields === 'values' ? `1${text}`.slice(0, 5) : '');
      expect(to.length).toBeLessThanOrEqual(200);
      expect(splitDiff(result.summary)[1] !== '').toBe(fields === 'values');
      expect(resourcesOf(result)[0]?.fields?.[0]?.to).toBe(
        fields === 'values' ? `1${text}` : undefined,
      );
    },
  );

  test.each(HOSTILE.map((text) => named('paths', text)))(
    'so do names of containers and images: %s %s',
    async (_fields, _, text) => {
      const workload = (image: string) => ({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'edited' },
        spec: { template: { spec: { containers: [{ name: text, image }] } } },
      });
      const resource = { ...RESOURCE, group: 'apps', kind: 'Deployment', name: 'edited' };
      const results = [{ ...resource, message: 'deployment.apps/edited configured' }];
      put(healed({ resources: [resource], results }));
      renderAs([workload('web:1')], [workload(text)]);
      const { summary, stdout } = await run({ ...byArgocd(), fields: 'paths' });
      expect(summary).toContain('web&#58;1');
      expect(summary).not.toMatch(/<img|<script|<!--|^# heading|^\| a \||@octocat|https:\/\/evil/m);
      expect(stdout + summary).not.toMatch(/[\u0000\u0007\u001b\u0085\u2028\u202e]/);
      const rows = summary.split('\n').filter((line) => line.includes('web&#58;1'));
      expect(rows.map((each) => each.split(' | ').length)).toEqual([4]);
      expect(summary.length).toBeLessThan(20_000);
    },
  );
});

test('no request is added where nobody asks', async () => {
  put(healed());
  const paths = async (inputs: Given) => {
    const before = cluster.requests.length;
    await run({ ...byCluster(), ...inputs });
    return cluster.requests.slice(before).map(({ verb, path }) => `${verb} ${path}`);
  };
  expect(await paths({})).toEqual(await paths({ fields: 'off' }));
  expect(argocd.requests).toEqual([]);
});

test('the comment on the pull request has the diff', async () => {
  const github = await startGithub();
  try {
    github.repository.commits.add(B);
    const base = { repo: { full_name: 'acme/shop' } };
    const times = { merged_at: '2026-11-21T06:59:00Z', merge_commit_sha: B };
    github.repository.pulls.set(B, [{ number: 7, state: 'closed', base, ...times }]);
    put(healed());
    renderAs(BEFORE, AFTER);
    const inputs = { application: 'shop', revision: B, timeout: '60s', ...byArgocd() };
    const env = { GITHUB_API_URL: github.url, GITHUB_SHA: B };
    const comment = async (fields: string) => {
      const given = { ...inputs, fields, report: 'comment' };
      await runHere({ inputs: given, githubToken: 'ghs_token', env });
      return github.repository.comments.map(({ issue, body }) => ({ issue, body }));
    };
    expect(await comment('values')).toEqual([
      { issue: 7, body: expect.stringContaining('```diff\n@ data.a\n- 1\n+ 2\n```') },
    ]);
    const [paths, ...more] = await comment('paths');
    expect(more).toEqual([]);
    expect(paths?.body).toContain('<code>data.a</code>');
    expect(paths?.body).not.toContain('```');
  } finally {
    await github.close();
  }
});

describe('very much', () => {
  /** So many ConfigMaps, each with so many keys that changed. */
  async function much(count: number, data: (revision: string) => object, fields: string) {
    const names = Array.from({ length: count }, (_, i) => `c${i}`);
    const of = (name: string) => ({ ...RESOURCE, name });
    const results = names.map((name) => ({ ...of(name), message: `configmap/${name} configured` }));
    put(healed({ results, resources: names.map(of), operation: { sync: { revision: B } } }));
    const rendered = (revision: string) => names.map((name) => config(name, data(revision)));
    renderAs(rendered('1'), rendered('2'));
    return run({ ...byArgocd(), fields, filters: "all: '*/*'" });
  }

  function keys(count: number, value: string): object {
    return Object.fromEntries(Array.from({ length: count }, (_, i) => [`key-${i}`, value]));
  }

  function expectWithinLimits({ outputs, summary }: StepResult): void {
    const units = Object.entries(outputs).map(([name, value]) => name.length + value.length);
    expect(units.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(500_000);
    expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(1024 * 1024);
    expect(outputs['conclusion']).toBe('success');
  }

  test.each(['paths', 'values'])('3,000 fields of one resource: %s', async (fields) => {
    const result = await much(1, (revision) => keys(3000, revision.repeat(400)), fields);
    expectWithinLimits(result);
    expect(resourcesOf(result)[0]?.fields).toHaveLength(3000);
    expect(result.summary).toContain('key-0');
    expect(result.outputs).toMatchObject({ all: 'true', 'all-count': '1' });
    expect(resourcesIn(result)[0]).toMatchObject({ name: 'c0', change: 'updated' });
  });

  test('a ConfigMap of 1 MB in which one line changed', async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i} ${'x'.repeat(40)}`);
    const text = (revision: string) => lines.with(12_345, `changed ${revision}`).join('\n');
    const data = (revision: string) => ({ file: text(revision) });
    const result = await much(1, data, 'values');
    expectWithinLimits(result);
    expect(result.summary).toContain('@ data.file\n- changed 1\n+ changed 2\n```');
    expect(resourcesIn(result)[0]?.fields?.[0]?.path).toBe('data.file');
    expect(resourcesOf(result)[0]?.fields).toEqual([
      { path: 'data.file', from: data('1').file, to: data('2').file },
    ]);
  });

  test('1,000 resources', async () => {
    const result = await much(1000, (revision) => keys(5, revision.repeat(300)), 'values');
    expectWithinLimits(result);
    expect(resourcesOf(result)).toHaveLength(1000);
    expect(resourcesOf(result).every((each) => each.fields?.length === 5)).toBe(true);
    expect(result.outputs).toMatchObject({ 'all-count': '1000', 'changed-count': '1000' });
    expect(resourcesIn(result).length).toBeGreaterThan(0);
    expect(result.stdout).toMatch(/::warning[^\n]*Output resources has only the first/);
    expect(manifestRequests()).toHaveLength(2);
  });
});
