import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import { noReport } from '../../src/conclude/report.js';
import type { Change } from '../../src/core/result/vocabulary.js';
import { answerEvent } from '../../src/event/answer.js';
import { readInputs } from '../../src/inputs/index.js';
import { systemClock } from '../../src/platform/clock.js';
import type { Report } from '../../src/report/report.js';
import { type ApiServer, type ApiServerOptions, startApiServer } from '../support/api-server.ts';
import { type ArgocdServer, startArgocdServer } from '../support/argocd-server.ts';
import { manifest } from '../support/manifest.ts';
import {
  endedIn,
  eventOf,
  goldenPayloads,
  large,
  type Payload,
  payloadOf,
} from '../support/payloads.ts';
import { recordingLog } from '../support/recording-log.ts';
import { loadTrace, type Trace, traceNames } from '../support/replay.ts';

type Inputs = Readonly<Record<string, string>>;

const DIRECTORY = join(dirname(fileURLToPath(import.meta.url)), '..', 'payloads');
const GOLDEN = goldenPayloads();

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(options: ApiServerOptions): Promise<ApiServer> {
  const server = await startApiServer(options);
  closing.push(server.close);
  return server;
}

function accessTo({ url, token, ca }: ApiServer): Inputs {
  return { server: url, token, 'certificate-authority': ca };
}

function accessToArgocd({ url, token, ca }: ArgocdServer): Inputs {
  return { 'argocd-server': url, 'argocd-token': token, 'certificate-authority': ca };
}

interface Answer extends Report {
  readonly log: readonly string[];
}

/** @param event the text of GITHUB_EVENT_PATH, or what it is to hold */
async function answer(event: unknown, inputs: Inputs = {}, more: Inputs = {}): Promise<Answer> {
  const given = Object.entries({ source: 'event', ...inputs });
  const env = {
    GITHUB_EVENT_NAME: 'repository_dispatch',
    GITHUB_EVENT_PATH: '/event.json',
    ...Object.fromEntries(given.map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
    ...more,
  };
  const text = typeof event === 'string' ? event : JSON.stringify(event);
  const log = recordingLog();
  const console = { ...log, mask: () => undefined };
  const readFile = () => text;
  const cancelled = new AbortController().signal;
  const clock = systemClock();
  const world = { env, console, clock, random: () => 0.5, readFile, cancelled };
  const report = await readInputs(env, readFile)
    .then((inputs) => answerEvent(inputs, world))
    .catch((thrown) => noReport(thrown));
  return { ...report, log: log.lines };
}

function golden(name: string): Payload {
  const found = GOLDEN.get(name);
  if (!found) throw new Error(`there is no payload ${name}`);
  return found;
}

/** A payload of one resource, changed as a test needs it. */
function payload(over: Payload = {}, resources: readonly Payload[] = [resource()]): Payload {
  return {
    ...golden('update-client-side-1'),
    application: 'shop',
    total: 12,
    resources,
    ...over,
  };
}

function operation(over: Payload = {}): Payload {
  return { operation: { ...(payload()['operation'] as Payload), ...over } };
}

function resource(over: Payload = {}): Payload {
  return {
    ...{ group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'web', status: 'Synced' },
    ...{ message: 'deployment.apps/web configured', hookType: '', hookPhase: '', ...over },
  };
}

function changesOf({ applications }: Report): readonly Change[] {
  return applications.flatMap((each) => each.changes);
}

function classesOf(report: Report): readonly string[] {
  return changesOf(report)
    .filter((each) => !['unchanged', 'hook'].includes(each.change))
    .map((each) => `${each.change} ${each.group}/${each.kind}/${each.namespace}/${each.name}`)
    .sort();
}

describe('golden payloads', () => {
  test('are what the recordings give', () => {
    const files = readdirSync(DIRECTORY).map((file) => file.replace(/\.json$/, ''));
    expect(files.sort()).toEqual([...GOLDEN.keys()].sort());
    for (const [name, made] of GOLDEN) {
      expect(JSON.parse(readFileSync(join(DIRECTORY, `${name}.json`), 'utf8'))).toEqual(made);
    }
  });

  test('200 resources fit into an event of GitHub', () => {
    expect(golden('two-hundred')).toMatchObject({ truncated: false, total: 200 });
    expect(Buffer.byteLength(JSON.stringify(golden('two-hundred')))).toBeLessThan(64 * 1024);
    expect(golden('truncated')).toMatchObject({ truncated: true, total: 500, resources: [] });
  });

  test.each([...GOLDEN.keys()].filter((name) => name !== 'truncated'))(
    '%s is answered as its phase says',
    async (name) => {
      const { phase } = golden(name)['operation'] as { readonly phase: string };
      const report = await answer(eventOf(golden(name)));
      expect(report).toMatchObject(
        phase === 'Succeeded'
          ? { conclusion: 'success', reason: 'synced' }
          : { conclusion: 'failure', reason: 'sync-failed' },
      );
    },
  );
});

/** The payloads of the operations of the target, and of what took its place. */
function payloadsOf(trace: Trace): readonly Payload[] {
  const own = [...GOLDEN].filter(([name]) => name.replace(/-\d+$/, '') === trace.trace);
  const revisions: readonly unknown[] = [trace.revision, trace.expect.deployed];
  return own.map(([, each]) => each).filter(({ revision }) => revisions.includes(revision));
}

describe('what the recordings know to have changed', () => {
  const told = traceNames()
    .map(loadTrace)
    .filter(({ expect: truth }) => truth.changes !== null && truth.changes !== undefined)
    .filter((trace) => payloadsOf(trace).some(isFull));

  test.each(told.map((trace) => [trace.trace, trace] as const))(
    '%s: the events miss nothing of it',
    async (_, trace) => {
      const reports = await Promise.all(payloadsOf(trace).map((each) => answer(eventOf(each))));
      const names = reports.flatMap(classesOf).map((each) => each.replace(/^\w+ /, ''));
      const changed = new Set(names.map(withoutScope));
      const missed = (trace.expect.changes ?? []).filter(
        (each) => !changed.has(withoutScope(each.replace(/^\w+ /, ''))),
      );
      expect(missed).toEqual([]);
    },
  );

  test.each(['create-server-side', 'started-late', 'update-create-prune-server-side', 'rollback'])(
    '%s: with access to the cluster, the classes are right',
    async (name) => {
      const trace = loadTrace(name);
      const server = await serve({ objects: [lastOf(trace)], live: trace.live });
      const full = payloadsOf(trace).filter(isFull).at(-1);
      const report = await answer(eventOf(full), accessTo(server));
      expect(classesOf(report)).toEqual([...(trace.expect.changes ?? [])].sort());
      expect(report.applications.map((each) => each.evidence)).toEqual(['complete']);
    },
  );

  test('with access to the cluster, a custom kind has no namespace where it is cluster-scoped', async () => {
    const trace = loadTrace('cluster-scoped-3.6');
    const server = await serve({ objects: [lastOf(trace)] });
    const full = payloadsOf(trace).filter(isFull).at(-1);
    const report = await answer(eventOf(full), accessTo(server));
    expect(classesOf(report)).toContain('updated s-1.example.com/Issuer//one');
  });
});

function lastOf({ events }: Trace): Trace['events'][number]['object'] {
  const last = events.findLast((each) => each.type !== 'DELETED');
  if (!last) throw new Error('nothing was recorded');
  return last.object;
}

/** An event cannot tell that a custom kind has no namespace: it has that of the destination. */
function withoutScope(name: string): string {
  return name.replace(/^(\S+\.example\.com\/\w+)\/[^/]*\//, '$1//');
}

function isFull(each: Payload): boolean {
  return (each['operation'] as { readonly selective: boolean }).selective === false;
}

describe('what an event comes to', () => {
  test.each<[string, Payload, string, string]>([
    ['a dry run', operation({ dryRun: true }), 'skipped', 'dry-run'],
    ['Running', operation({ phase: 'Running', finishedAt: '' }), 'failure', 'operation-running'],
    ['Terminating', operation({ phase: 'Terminating' }), 'failure', 'operation-running'],
    ['Failed', operation({ phase: 'Failed' }), 'failure', 'sync-failed'],
    ['Error', operation({ phase: 'Error' }), 'failure', 'sync-failed'],
    ['truncated', { truncated: true, resources: [] }, 'failure', 'truncated'],
    ['Degraded', { health: 'Degraded', sync: 'OutOfSync' }, 'success', 'synced'],
  ])('%s', async (_, over, conclusion, reason) => {
    const report = await answer(eventOf(payload(over)));
    expect(report).toMatchObject({ conclusion, reason });
    if (conclusion === 'skipped') expect(changesOf(report)).toEqual([]);
    expect(report.remedy === '').toBe(conclusion !== 'failure');
  });

  test('everything is told that the payload tells', async () => {
    const filters = 'web: apps/Deployment/shop/web';
    const report = await answer(eventOf(payload()), { filters, 'argocd-server': 'argocd.test' });
    expect(report.applications[0]).toMatchObject({
      ...{ application: 'shop', revision: payload()['revision'], operationPhase: 'Succeeded' },
      ...{ syncStatus: 'Synced', healthStatus: 'Healthy', evidence: 'partial' },
      ...{ startedAt: '2026-11-21T06:56:37Z', finishedAt: '2026-11-21T06:56:37Z' },
      url: 'https://argocd.test/applications/argocd/shop',
    });
    expect(report.matched.get('web')).toMatchObject([{ change: 'updated', evidence: 'reported' }]);
  });

  test.each([
    ['shop', 'success'],
    ['sh*', 'success'],
    ['argocd/shop, blog', 'success'],
    ['blog', 'skipped'],
    ['teams/shop', 'skipped'],
    ['teams/*', 'skipped'],
  ])('application: %s → %s', async (application, conclusion) => {
    const report = await answer(eventOf(payload()), { application });
    expect(report.conclusion).toBe(conclusion);
    if (conclusion === 'skipped') expect(report.reason).toBe('other-application');
    expect(changesOf(report)).toHaveLength(conclusion === 'skipped' ? 0 : 1);
  });

  test('images are not told, so a filter that asks for them is warned of', async () => {
    const filters = "web: { pattern: 'Deployment/*', image: 'shop/*' }";
    const { log, matched } = await answer(eventOf(payload()), { filters });
    expect(log.join()).toMatch(/warning: An event tells no images.*web/);
    expect(matched.get('web')).toEqual([]);
  });

  test("a cluster-scoped resource has no namespace, though Argo CD tells the destination's", async () => {
    const role = { group: 'rbac.authorization.k8s.io', kind: 'ClusterRole', namespace: 'shop' };
    const report = await answer(eventOf(payload({}, [resource({ ...role, name: 'reader' })])));
    expect(changesOf(report)).toMatchObject([
      { kind: 'ClusterRole', namespace: '', name: 'reader' },
    ]);
  });

  const LONG = 'x'.repeat(100);
  const middle = (text: string) => `${text.slice(0, 60)}…${text.slice(-59)}`;
  const RBAC = 'clusterrole.rbac.authorization.k8s.io/reader reconciled. reconciliation required';
  test.each([
    ['created', 'applied', `configmap/${LONG} created`],
    ['updated', 'reported', `deployment.apps/${LONG} configured`],
    ['unchanged', 'applied', `deployment.apps/${LONG} unchanged`],
    ['updated', 'reported', `${RBAC} create\n\tmissing rules added:\n\t\t${LONG}`],
    ['updated', 'reported', `${LONG} is healthy, ${LONG}`],
  ])('a message without its middle: %s by %s', async (change, evidence, message) => {
    const report = await answer(eventOf(payload({}, [resource({ message: middle(message) })])));
    expect(changesOf(report)).toMatchObject([{ change, evidence }]);
  });

  test('negative control: the same RBAC message as a whole tells', async () => {
    const message = `${RBAC} create`;
    const report = await answer(eventOf(payload({}, [resource({ message })])));
    expect(changesOf(report)).toMatchObject([{ change: 'created', evidence: 'applied' }]);
  });

  test('unchanged proves nothing after a retry, nor in a part of a deployment', async () => {
    const unchanged = [resource({ message: 'deployment.apps/web unchanged' })];
    const first = await answer(eventOf(payload({}, unchanged)));
    expect(changesOf(first)).toMatchObject([{ change: 'unchanged' }]);
    const message = 'successfully synced (all tasks run) (retried 2 times).';
    const retried = await answer(eventOf(payload(operation({ message }), unchanged)));
    const part = operation({ selective: true, startedAt: '2026-11-21T06:56:37Z' });
    const selective = await answer(
      eventOf(payload({ ...part, deployStartedAt: '2026-11-21T06:56:36Z' }, unchanged)),
    );
    for (const report of [retried, selective]) {
      expect(changesOf(report)).toMatchObject([{ change: 'updated', evidence: 'reported' }]);
    }
  });
});

describe('with access to the cluster', () => {
  const OPERATION = operation({
    startedAt: '2026-11-21T07:00:00Z',
    finishedAt: '2026-11-21T07:00:05Z',
  });
  const START: Payload = { ...OPERATION, deployStartedAt: '2026-11-21T07:00:00Z' };
  const application = (over: Payload = {}) => ({
    metadata: { name: 'shop', namespace: 'argocd' },
    spec: { destination: { server: 'https://kubernetes.default.svc', namespace: 'shop', ...over } },
    status: {
      resources: [{ ...resource(), version: 'v1' }],
      operationState: {
        ...{ phase: 'Succeeded', startedAt: '2026-11-21T07:00:00Z' },
        ...{ finishedAt: '2026-11-21T07:00:05Z', operation: { sync: {} } },
        syncResult: {
          revision: payload()['revision'],
          resources: [{ ...resource(), version: 'v1' }],
        },
      },
      history: [{ deployStartedAt: '2026-11-21T07:00:00Z', deployedAt: '2026-11-21T07:00:05Z' }],
    },
  });
  const web = (time: string, creationTimestamp = '2026-11-21T06:00:00Z') => ({
    ...{ apiVersion: 'apps/v1', kind: 'Deployment' },
    metadata: {
      ...{ name: 'web', namespace: 'shop', creationTimestamp },
      managedFields: [{ manager: 'argocd-controller', time }],
    },
  });

  test.each([
    ['created', 'serverside-applied', web('2026-11-21T07:00:01Z', '2026-11-21T07:00:01Z')],
    // It was there to be configured: it was deleted and created again.
    ['updated', 'configured', web('2026-11-21T07:00:01Z', '2026-11-21T07:00:01Z')],
    ['updated', 'configured', web('2026-11-21T07:00:01Z')],
    ['unchanged', 'configured', web('2026-11-21T06:00:00Z')],
  ])('the live object tells: %s, of %s', async (change, verb, live) => {
    const server = await serve({ objects: [application()], live: [live] });
    const told = payload(START, [resource({ message: `deployment.apps/web ${verb}` })]);
    const report = await answer(eventOf(told), accessTo(server));
    expect(changesOf(report)).toMatchObject([{ change, evidence: 'live' }]);
    expect(report.applications[0]?.evidence).toBe('complete');
  });

  test('a part of a deployment: what was written since the deployment began', async () => {
    const live = [web('2026-11-21T06:59:30Z')];
    const part = { operation: { ...(START['operation'] as object), selective: true } };
    const server = await serve({ objects: [application()], live });
    const since = (deployStartedAt: string) =>
      answer(eventOf(payload({ ...part, deployStartedAt })), accessTo(server));
    expect(changesOf(await since('2026-11-21T06:59:00Z'))).toMatchObject([{ change: 'updated' }]);
    expect(changesOf(await since(''))).toMatchObject([{ change: 'unchanged' }]);
  });

  test('a failed operation is none of the deployment before', async () => {
    const server = await serve({ objects: [application()], live: [web('2026-11-21T06:30:00Z')] });
    const failed = { operation: { ...(START['operation'] as object), phase: 'Failed' } };
    const event = eventOf(payload({ ...failed, deployStartedAt: '2026-11-21T06:00:00Z' }));
    const report = await answer(event, accessTo(server));
    expect(report).toMatchObject({ conclusion: 'failure', reason: 'sync-failed' });
    expect(changesOf(report)).toMatchObject([{ change: 'unchanged', evidence: 'live' }]);
  });

  test('a truncated event: the Application itself is read', async () => {
    const live = [web('2026-11-21T07:00:01Z')];
    const server = await serve({ objects: [application()], live });
    const event = eventOf(payload({ ...START, truncated: true, resources: [] }));
    const report = await answer(event, accessTo(server));
    expect(report).toMatchObject({ conclusion: 'success', reason: 'synced' });
    expect(changesOf(report)).toMatchObject([{ change: 'updated', evidence: 'live' }]);
  });

  test('a truncated event whose operation is not the last any more', async () => {
    const server = await serve({ objects: [application()] });
    const report = await answer(
      eventOf(payload({ truncated: true, resources: [] })),
      accessTo(server),
    );
    expect(report).toMatchObject({ conclusion: 'failure', reason: 'truncated' });
    expect(report.remedy).toContain('Another operation');
    expect(report.applications[0]?.evidence).toBe('partial');
  });

  test.each<[string, ApiServerOptions]>([
    ['in another cluster', { objects: [application({ server: 'https://far.example.com' })] }],
    ['not allowed', { objects: [application()], authorize: () => false }],
    ['not there any more', { objects: [] }],
  ])('%s: it stays reported', async (_, options) => {
    const server = await serve({ live: [web('2026-11-21T06:00:00Z')], ...options });
    const report = await answer(eventOf(payload(START)), accessTo(server));
    expect(report.conclusion).toBe('success');
    expect(changesOf(report)).toMatchObject([{ change: 'updated', evidence: 'reported' }]);
  });

  test.each<[string, Payload, Inputs, Inputs]>([
    ["the runner's own kubeconfig does not count", payload(START), {}, { KUBECONFIG: '/k' }],
    [
      'nothing is open',
      payload(START, [resource({ message: 'deployment.apps/web created' })]),
      { server: 'https://127.0.0.1:1', token: 't' },
      {},
    ],
    [
      'live evidence is off',
      payload(START),
      { server: 'https://127.0.0.1:1', token: 't', 'live-evidence': 'off' },
      {},
    ],
    [
      'it is not ours',
      payload({ ...START, truncated: true, resources: [] }),
      { server: 'https://127.0.0.1:1', token: 't', application: 'blog' },
      {},
    ],
  ])('nothing is contacted where %s', async (_, of, inputs, env) => {
    const { log, conclusion } = await answer(eventOf(of), inputs, env);
    expect(['success', 'skipped']).toContain(conclusion);
    expect(log.filter((line) => !line.startsWith('info: An event of'))).toEqual([]);
  });
});

describe('what is no event of ours', () => {
  const wrong = (over: Payload, resources?: readonly Payload[]) =>
    eventOf(payload(over, resources));
  const without = (key: string) => {
    const { [key]: _, ...rest } = payload();
    return eventOf(rest);
  };
  const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;

  test.each<[string, unknown, string]>([
    ['no JSON', '{', 'is not JSON'],
    ['no object', '[]', 'event_type "argocd-post-sync", and this one has none'],
    ['another event_type', { action: 'deploy' }, 'this one has "deploy"'],
    ['no payload', { action: 'argocd-post-sync' }, 'client_payload must be an object'],
    ['a list', eventOf([]), 'client_payload must be an object, not a list'],
    ['a key too few', without('health'), 'client_payload.health is missing'],
    ['a key too many', wrong({ run: 'rm -rf' }), 'client_payload.run must be none'],
    ['a name of another type', wrong({ application: 1 }), 'application must be a string, not 1'],
    ['a name that is null', wrong({ application: null }), 'application must be a string, not null'],
    ['a name that is true', wrong({ application: true }), 'application must be a string, not true'],
    [
      'a name that is an object',
      wrong({ application: {} }),
      'application must be a string, not an object',
    ],
    [
      'a key too few of the operation',
      wrong(operation({ message: undefined })),
      'client_payload.operation.message is missing',
    ],
    [
      'another time than UTC',
      wrong(operation({ startedAt: 'noon' })),
      'operation.startedAt must be a time such as 2026-11-21T07:57:46Z, not "noon"',
    ],
    [
      'another time than UTC, where there may be none',
      wrong({ deployStartedAt: 'noon' }),
      'deployStartedAt must be a time such as 2026-11-21T07:57:46Z, or empty, not "noon"',
    ],
    ['half a resource', wrong({ total: 1.5 }), 'total must be a whole number'],
    ['a name that is a path', wrong({ application: '../a' }), 'application must be an App'],
    ['a namespace that is none', wrong({ namespace: 'a/b' }), 'namespace must be a namespace'],
    ['an unknown phase', wrong(operation({ phase: 'Done' })), 'operation.phase must be one of'],
    ['no start', wrong(operation({ startedAt: '' })), 'operation.startedAt must be a time'],
    ['a time of no calendar', wrong({ deployStartedAt: '2026-13-41T00:00:00Z' }), 'a time'],
    [
      'an end before the start',
      wrong(operation({ finishedAt: '2020-01-01T00:00:00Z' })),
      'operation.finishedAt must be not before',
    ],
    ['an operation that is a text', wrong({ operation: 'x' }), 'operation must be an object'],
    ['a boolean as text', wrong({ truncated: 'false' }), 'truncated must be true or false'],
    ['an unknown health', wrong({ health: 'Fine' }), 'health must be one of'],
    ['a revision with a command', wrong({ revision: 'a\n::error::b' }), 'revision must be a text'],
    ['revisions without end', wrong({ revision: Array(1000).fill('a') }), 'a list of 1 to 100'],
    ['a revision before that is none', wrong(operation({ previous: 7 })), 'previous must be a str'],
    [
      'a revision before with a command',
      wrong(operation({ previous: ['a', 'b\n::error::c'] })),
      'operation.previous.1 must be a text',
    ],
    ['revisions before, none', wrong(operation({ previous: [] })), 'previous must be a revision'],
    ['a negative count', wrong({ total: -1 }), 'total must be a whole number'],
    ['a count that is none', wrong({ total: 1e300 }), 'total must be a whole number'],
    [
      'fewer in all than told',
      wrong({ total: 0 }),
      'total must be at least 1, the length of resources',
    ],
    ['too many', wrong({ total: 9999 }, Array(1001).fill(resource())), '1000 at most'],
    ['truncated, and yet told', wrong({ truncated: true }), 'resources must be empty'],
    ['resources as an object', wrong({ resources: { length: 1 } }), 'resources must be a list'],
    [
      'a prototype',
      JSON.stringify(wrong({})).replace('"total"', '"__proto__":{"polluted":1},"total"'),
      'client_payload.__proto__ must be none',
    ],
    [
      'a nest',
      JSON.stringify(wrong({ sync: 'NEST' })).replace('"NEST"', deep),
      'sync must be a string, not a list of 1',
    ],
    ['a flood', JSON.stringify(eventOf('x'.repeat(2_000_000))), 'larger than any of GitHub'],
  ])('%s', async (_, event, message) => {
    const report = await answer(event);
    expect(report).toMatchObject({ conclusion: 'failure', reason: 'invalid-input' });
    expect(report.message).toContain(message);
    expect(report.message.length).toBeLessThan(300);
    expect(report.message).not.toMatch(/[\x00-\x1f]/);
    expect(report.remedy).not.toBe('');
  });

  const settings = { kind: 'ConfigMap', group: '', name: 'settings' };
  const good = resource({ ...settings, message: 'configmap/settings created' });

  test.each<[string, Payload | null, string]>([
    ['resources that are none', null, 'resources[0] must be an object'],
    ['a kind with markup', { kind: '<img>' }, 'resources[0].kind must be a kind'],
    ['no kind', { kind: undefined }, 'resources[0].kind must be a string, not missing'],
    ['a name that climbs', { name: '..' }, "resources[0].name must be a resource's name"],
    ['a name with a path', { name: 'a/../b' }, "resources[0].name must be a resource's name"],
    ['an endless name', { name: 'a'.repeat(300) }, 'resources[0].name must be 253'],
    ['an endless message', { message: 'a'.repeat(5000) }, 'resources[0].message must be 4000'],
    ['an unknown status', { status: 'Deleted' }, 'resources[0].status must be one of'],
    ['an unknown phase of a hook', { hookPhase: 'Sad' }, 'resources[0].hookPhase must be'],
  ])('%s does not take the other resources with it', async (_, over, message) => {
    const resources = [over === null ? null : resource(over), good];
    const report = await answer(eventOf(payload({ resources })));
    expect(report).toMatchObject({ conclusion: 'success', reason: 'synced' });
    expect(report.applications[0]?.evidence).toBe('partial');
    expect(changesOf(report)).toMatchObject([{ name: 'settings', change: 'created' }]);
    const warnings = report.log.filter((each) => each.startsWith('warning: '));
    expect(warnings).toEqual([expect.stringContaining(message)]);
    expect(warnings.join().length).toBeLessThan(600);
    expect(warnings.join()).not.toMatch(/[\x00-\x1f]/);
  });

  test('a resource with a generateName has no name', async () => {
    const nameless = resource({ name: '', status: 'SyncFailed', message: 'forbidden' });
    const report = await answer(eventOf(payload({}, [nameless, good])));
    expect(changesOf(report)).toMatchObject([
      { name: '', change: 'failed' },
      { name: 'settings', change: 'created' },
    ]);
    expect(report.applications[0]?.evidence).toBe('complete');
  });

  test.each(['push', 'workflow_dispatch', ''])('a run of %j', async (name) => {
    const report = await answer(eventOf(payload()), {}, { GITHUB_EVENT_NAME: name });
    expect(report).toMatchObject({ conclusion: 'failure', reason: 'invalid-input' });
    expect(report.remedy).toContain('repository_dispatch:');
  });

  test('whatever is empty may be left out of a resource', async () => {
    const { hookType: _, hookPhase: __, ...rest } = resource();
    expect(changesOf(await answer(eventOf(payload({}, [rest]))))).toHaveLength(1);
  });
});

test('a large event is cut where it must be', () => {
  expect(payloadOf(large(250))).toMatchObject({ truncated: false });
  expect(payloadOf(large(400))).toMatchObject({ truncated: true, total: 400 });
});

describe('with the Argo CD API', () => {
  const filters = `web: { pattern: 'Deployment/*', fields: spec.replicas }
other: { pattern: 'Deployment/*', fields: spec.paused }`;
  const source = {
    repoURL: 'https://github.com/acme/shop.git',
    targetRevision: 'main',
    path: 'shop',
  };

  const BEFORE = 'a'.repeat(40);

  /** @param told of the operation, beside what a payload has; its end was `agoMs` before now */
  async function fields(more: Inputs = {}, told: Payload = {}, agoMs = 0) {
    const sent = payload(operation(told));
    const { startedAt, finishedAt } = sent['operation'] as Readonly<Record<string, string>>;
    const now = String(sent['revision']);
    const history = [
      {
        revision: BEFORE,
        source,
        deployStartedAt: '2020-01-01T00:00:00Z',
        deployedAt: '2020-01-01T00:00:01Z',
      },
      { revision: now, source, deployStartedAt: startedAt, deployedAt: startedAt },
    ];
    const namespace = String(sent['namespace']);
    const argocd = await startArgocdServer({
      objects: [manifest('shop', { namespace, revision: now, history })],
      render: ([asked]) => [
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'web', namespace: 'shop' },
          spec: { replicas: asked === BEFORE ? 1 : 2 },
        },
      ],
    });
    closing.push(argocd.close);
    argocd.now = () => Date.parse(finishedAt ?? '') + agoMs;
    const report = await answer(eventOf(sent), { ...accessToArgocd(argocd), filters, ...more });
    return { report, requests: argocd.requests, paths: argocd.requests.map(({ path }) => path) };
  }

  test('fields are rendered, the revision before is that of the history', async () => {
    const { report } = await fields();
    expect(report.conclusion).toBe('success');
    expect(report.matched.get('web')).toHaveLength(1);
    expect(report.matched.get('other')).toEqual([]);
    expect(changesOf(report)).toMatchObject([
      { change: 'updated', evidence: 'rendered', fields: { evidence: 'rendered' } },
    ]);
  });

  const APPLICATION = '/api/v1/applications/shop';
  const MANIFESTS = `${APPLICATION}/manifests`;

  test('where the event tells the revision before, the history is not asked', async () => {
    const { report, requests, paths } = await fields({}, { previous: BEFORE });
    expect(paths).toEqual([MANIFESTS, MANIFESTS]);
    expect(requests.map(({ query }) => query)).toMatchObject([
      { appNamespace: 'argocd', revision: BEFORE },
      { appNamespace: 'argocd', revision: payload()['revision'] },
    ]);
    expect(report.matched.get('web')).toHaveLength(1);
    expect(report.matched.get('other')).toEqual([]);
    expect(changesOf(report)).toMatchObject([{ change: 'updated', evidence: 'rendered' }]);
    expect(report.applications[0]?.evidence).toBe('complete');
  });

  test.each<[string, Payload, number]>([
    ['the event is too old to say that the sources are the same', {}, 301_000],
    ['what was pruned before has to be told too', { selective: true }, 0],
    ['there is a revision too many', { previous: [BEFORE, BEFORE] }, 0],
    ['there is a list without a revision', { previous: [''] }, 0],
  ])('the history is asked all the same where %s', async (_, told, agoMs) => {
    const { report, paths } = await fields({}, { previous: BEFORE, ...told }, agoMs);
    expect(paths).toContain(APPLICATION);
    expect(changesOf(report)).toMatchObject([{ evidence: 'rendered' }]);
  });

  const TOLD = traceNames()
    .flatMap((trace) =>
      endedIn(trace).map(({ object }, i) => [`${trace}-${i + 1}`, object] as const),
    )
    .filter(([name]) => 'previous' in (golden(name)['operation'] as Payload));

  test.each(TOLD)('%s: the history tells the same revision before', async (name, object) => {
    const asked = async (sent: Payload) => {
      const argocd = await startArgocdServer({ objects: [object], render: () => [] });
      closing.push(argocd.close);
      argocd.now = () => Date.parse((sent['operation'] as { finishedAt: string }).finishedAt);
      await answer(eventOf(sent), { ...accessToArgocd(argocd), fields: 'paths' });
      const rendered = argocd.requests.filter(({ path }) => path.endsWith('/manifests'));
      return { urls: rendered.map(({ url }) => url), all: argocd.requests.length };
    };
    const { previous: _, ...rest } = golden(name)['operation'] as Payload;
    // Of each, one resource is left open: else nobody would ask.
    const open: Payload = { ...golden(name), total: 1, resources: [resource()] };
    const [told, untold] = [await asked(open), await asked({ ...open, operation: rest })];
    expect(told.urls).toEqual(untold.urls);
    expect(told.urls.length).toBeGreaterThan(0);
    // Of a part of a deployment, and after a retry, what was pruned before has to be told too.
    const { phase, startedAt, selective, message } = rest;
    const isWhole = phase !== 'Succeeded' || startedAt === open['deployStartedAt'];
    const isOnly = selective === false && isWhole && !String(message).includes('(retried ');
    if (isOnly) expect(told.all).toBe(told.urls.length);
  });

  test('nothing is asked with fields: off and live-evidence: off', async () => {
    const { report, requests } = await fields({ fields: 'off', 'live-evidence': 'off' });
    expect(report.matched.get('other')).toHaveLength(1);
    expect(requests).toEqual([]);
  });
});
