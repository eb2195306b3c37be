import { get } from 'node:https';
import { afterEach, describe, expect, test } from '@jest/globals';
import { parseApplication } from '../../../src/core/application/parse.js';
import { systemClock } from '../../../src/platform/clock.js';
import { argocdSource, connectArgocd } from '../../../src/sources/argocd/index.js';
import type {
  LiveQuery,
  PatchBody,
  Selection,
  Source,
  SourceOptions,
} from '../../../src/sources/source.js';
import type { Fault, KubeObject } from '../../support/api-server.ts';
import {
  type ArgocdServer,
  type ArgocdServerOptions,
  isStream,
  startArgocdServer,
} from '../../support/argocd-server.ts';
import { B, manifest } from '../../support/manifest.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { type Watching, watching } from '../kubernetes/harness.js';

/** Short enough for tests, long enough for a busy machine. */
const TIMING = { silenceTimeoutMs: 400, healthyAfterMs: 10_000, connectMs: 60_000, idleMs: 60_000 };
const ALL = new AbortController().signal;

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(options: ArgocdServerOptions = {}): Promise<ArgocdServer> {
  const server = await startArgocdServer(options);
  closing.push(server.close);
  return server;
}

type Over = Partial<SourceOptions> & {
  readonly token?: string;
  readonly ca?: string;
  readonly insecure?: boolean;
};

function sourceOf(server: ArgocdServer, over: Over = {}): Source {
  const { token = server.token, ca = server.ca, insecure = false, ...options } = over;
  const trust = { certificateAuthority: insecure ? '' : ca, insecureSkipTlsVerify: insecure };
  const dependencies = { env: {}, log: recordingLog(), mask: () => undefined };
  return argocdSource({
    connection: connectArgocd({ server: server.url, token, trust }, dependencies),
    selection: { namespace: 'argocd' },
    clock: systemClock(),
    log: recordingLog(),
    parse: parseApplication,
    pollIntervalMs: 100,
    random: () => 0.99,
    ...options,
    timing: { ...TIMING, ...options.timing },
  });
}

function watch(source: Source): Watching {
  const watched = watching(source);
  closing.push(watched.stop);
  return watched;
}

/** A stream is open: what comes now is told. */
async function streaming(server: ArgocdServer): Promise<void> {
  while (server.streams.size === 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

const ends = (text: string) => (said: readonly string[]) => said.join(' ').endsWith(text);
/** Without listings that tell nothing new: on a busy machine a stream may seem silent. */
const newsIn = (said: readonly string[]) =>
  said.filter((each, i) => !each.startsWith('=') || said.indexOf(each) === i);
const has = (text: string) => (said: readonly string[]) => said.includes(text);

describe('what is there and what changes', () => {
  test('a list, then the stream, then its changes', async () => {
    const server = await serve({ objects: [manifest('a'), manifest('b')] });
    const { said, until } = watch(sourceOf(server));
    await streaming(server);
    server.put(manifest('a', { health: 'Degraded' }));
    await until(has('+argocd/a@3'));
    server.remove('argocd', 'b');
    await until(has('-argocd/b'));
    server.put(manifest('c'));
    await until(has('+argocd/c@5'));
    expect(newsIn(said)).toEqual([
      ...['+argocd/a@1', '+argocd/b@2', '=argocd/a,argocd/b'],
      ...['+argocd/a@3', '-argocd/b', '+argocd/c@5'],
    ]);
  });

  test('what cannot be read in one Application or resource does not take the others with it', async () => {
    const broken = { ...manifest('a'), status: { operationState: { phase: 'Dancing' } } };
    const resources = [{ kind: 'ConfigMap', name: 7, version: 'v1', status: 'Synced' }];
    const partly = { ...manifest('b'), status: { resources } };
    const server = await serve({ objects: [broken, partly, manifest('c')] });
    const log = recordingLog();
    const { events, until } = watch(sourceOf(server, { log }));
    await until(has('=argocd/a,argocd/b,argocd/c'));
    const [a, b, c] = events.flatMap((each) =>
      each.kind === 'application' ? [each.application] : [],
    );
    expect(a?.unreadable).toMatch(/argocd\/a.*phase must be one of/);
    expect(b?.comparison.resources).toMatchObject([{ name: '', kind: 'ConfigMap' }]);
    expect(c).not.toHaveProperty('unreadable');
    await streaming(server);
    server.put({ ...broken, spec: { project: 'other' } });
    await until(has('+argocd/a@4'));
    expect(log.of('warning')).toEqual([
      expect.stringMatching(/argocd\/b.*\.name must be a string/),
    ]);
  });

  test('one that is not there yet: the stream says nothing, not even headers, until it is', async () => {
    const server = await serve();
    const selection = { namespace: 'argocd', name: 'shop' };
    const { said, until } = watch(sourceOf(server, { selection, timing: { idleMs: 300 } }));
    await server.seen(isStream);
    await new Promise((resolve) => setTimeout(resolve, 700));
    server.put(manifest('shop'));
    await until(has('+argocd/shop@1'));
    expect(said.filter((each) => each === '!')).toEqual([]);
    expect(server.requests.filter(isStream)).toHaveLength(1);
  });

  test.each<[string, Selection, readonly string[], string, string]>([
    ['teams/a', { namespace: 'teams', name: 'a' }, ['+teams/a@2', '=teams/a'], 'teams', 'a'],
    ['every a', { name: 'a' }, ['+argocd/a@1', '+teams/a@2', '=argocd/a,teams/a'], 'teams', 'a'],
    ['labels', { labelSelector: 'team=blue' }, ['+argocd/b@3', '=argocd/b'], 'argocd', 'b'],
  ])('only what is asked for: %s', async (_, selection, expected, namespace, name) => {
    const objects = [
      manifest('a'),
      manifest('a', { namespace: 'teams' }),
      manifest('b', { labels: { team: 'blue' } }),
    ];
    const server = await serve({ objects });
    const { said, until } = watch(sourceOf(server, { selection }));
    await streaming(server);
    await until((all) => all.length >= expected.length);
    server.put(manifest('other', { namespace: 'elsewhere' }));
    server.put(manifest(name, { namespace, health: 'Degraded', labels: { team: 'blue' } }));
    await until(ends(`+${namespace}/${name}@5`));
    expect(said.slice(0, expected.length)).toEqual(expected);
    expect(newsIn(said)).toHaveLength(expected.length + 1);
  });

  test('what renders a source is left out, unless whole sources are asked for', async () => {
    const plain = await serve();
    watch(sourceOf(plain));
    expect((await plain.seen(isStream)).query['fields']).toContain('.comparedTo.source.helm,');
    const whole = await serve();
    watch(sourceOf(whole, { selection: { wholeSources: true } }));
    const { query } = await whole.seen(isStream);
    expect(query['fields']).toMatch(/managedFields/);
    expect(query['fields']).not.toMatch(/helm|kustomize/);
  });

  test('what is large is left out, and nothing that is looked at', async () => {
    const large = { helm: { values: 'x'.repeat(10_000) } };
    const object = manifest('shop', { sources: [{ repoURL: 'https://a', ...large }] });
    const server = await serve({ objects: [object] });
    const { events, until } = watch(sourceOf(server));
    const { query } = await server.seen(isStream);
    expect(query['fields']).toMatch(/^-result\.application\.metadata\.managedFields,/);
    await streaming(server);
    const next = server.put({ ...object, spec: { ...(object['spec'] as object), project: 'x' } });
    await until(has('+argocd/shop@2'));
    const [application] = events.flatMap((each) =>
      each.kind === 'application' &&
      each.application.resourceVersion === next.metadata.resourceVersion
        ? [each.application]
        : [],
    );
    expect(application).toEqual(parseApplication(next));
  });
});

describe('what the stream does not tell', () => {
  test('a change between its present state and its first one is found by a check', async () => {
    const server = await serve({ objects: [manifest('shop')], deafMs: 100 });
    const { until } = watch(sourceOf(server));
    await server.seen(isStream);
    await new Promise((resolve) => setTimeout(resolve, 30));
    server.put(manifest('shop', { health: 'Degraded' }));
    await until(has('?+argocd/shop@2'));
  });

  test('a silent stream is checked, and kept where there is no news', async () => {
    const server = await serve({ objects: [manifest('shop')] });
    const { said, until } = watch(sourceOf(server));
    await until((all) => all.filter((each) => each === '=argocd/shop').length >= 3);
    expect(said.filter((each) => each.startsWith('+'))).toEqual(['+argocd/shop@1']);
    expect(server.requests.filter(isStream)).toHaveLength(1);
  });

  test('a stream that went deaf is replaced', async () => {
    const server = await serve({
      objects: [manifest('shop')],
      intercept: (request) => (isStream(request) ? { kind: 'silence', afterEvents: 1 } : undefined),
    });
    const { until } = watch(sourceOf(server));
    await server.seen(isStream);
    server.put(manifest('shop', { health: 'Degraded' }));
    await until(has('?+argocd/shop@2'));
    server.intercept = undefined;
    await until((all) => all.length > 4);
    server.put(manifest('shop', { health: 'Healthy' }));
    await until((all) => all.some((each) => each.endsWith('+argocd/shop@3')));
  });

  test('negative control: a stream from a version of the future is silent', async () => {
    const server = await serve({ objects: [manifest('shop')] });
    const selection = { namespace: 'argocd', name: 'shop' };
    const watched = watch(sourceOf(server, { selection }));
    const { query, url } = await server.seen(isStream);
    expect(Object.keys(query)).not.toContain('resourceVersion');
    await watched.stop();
    const future = `${server.url}${url}&resourceVersion=1000`;
    expect(await firstLine(future, server, 150)).toBeUndefined();
    expect(await firstLine(`${server.url}${url}&resourceVersion=1`, server, 2000)).toContain(
      'shop',
    );
  });
});

/** The first line of a stream, within a time. */
function firstLine(url: string, server: ArgocdServer, ms: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${server.token}` };
    const request = get(url, { ca: server.ca, headers, agent: false }, (response) => {
      response.once('data', (chunk) => done(String(chunk)));
    });
    const done = (line?: string) => {
      clearTimeout(timer);
      request.destroy();
      resolve(line);
    };
    request.on('error', () => done());
    const timer = setTimeout(done, ms);
  });
}

describe('faults that pass', () => {
  const FAULTS = [
    ['the stream ends', { kind: 'close', afterEvents: 1 }],
    ['it breaks in a line', { kind: 'resetMidLine', afterEvents: 0 }],
    ['a proxy puts in a page', { kind: 'garbage', afterEvents: 1 }],
    ['an error in the stream', { kind: 'event', afterEvents: 1, event: streamError(500) }],
    ['503', { kind: 'status', code: 503 }],
    ['429', { kind: 'status', code: 429, retryAfter: 0 }],
    ['a reset', { kind: 'reset' }],
  ] as const;

  test.each(FAULTS)('%s: followed again', async (_, fault) => {
    let left = 2;
    const server = await serve({
      objects: [manifest('shop')],
      intercept: (request) => (isStream(request) && left-- > 0 ? fault : undefined),
    });
    const { until } = watch(sourceOf(server));
    while (server.requests.filter(isStream).length < 3) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    server.put(manifest('shop', { health: 'Degraded' }));
    await until((all) => all.some((each) => each.endsWith('+argocd/shop@2')));
  });

  test('the server goes away and comes back', async () => {
    const server = await serve({ objects: [manifest('shop')] });
    const { until } = watch(sourceOf(server));
    await server.seen(isStream);
    await server.stop();
    await until(has('!'));
    server.put(manifest('shop', { health: 'Degraded' }));
    await server.restart();
    await until(has('?+argocd/shop@2'));
  });

  test('where there are no streams, it looks now and then', async () => {
    const server = await serve({
      objects: [manifest('shop')],
      intercept: (request) => (isStream(request) ? { kind: 'status', code: 405 } : undefined),
    });
    const { until } = watch(sourceOf(server));
    await server.seen(isStream);
    server.put(manifest('shop', { health: 'Degraded' }));
    await until(has('?+argocd/shop@2'));
    server.remove('argocd', 'shop');
    await until(ends('='));
  });
});

function streamError(httpCode: number, message = 'transport is closing') {
  return { error: { grpc_code: 14, http_code: httpCode, message, http_status: 'x' } };
}

describe('faults that do not pass', () => {
  test.each<[string, Over, ArgocdServerOptions, string, RegExp]>([
    ['a bad token', { token: 'wrong' }, {}, 'unauthorized', /no session information/],
    ['an authority that did not sign', { ca: '' }, {}, 'unreachable', /certificate/i],
    [
      'a token that ends within the stream',
      {},
      {
        intercept: isStreamed({
          kind: 'event',
          afterEvents: 1,
          event: streamError(401, 'expired'),
        }),
      },
      'unauthorized',
      /expired/,
    ],
    [
      'a login page',
      {},
      { intercept: () => ({ kind: 'status', code: 302 }) },
      'unreachable',
      /a redirect to/,
    ],
    [
      'a path that is not that of the API',
      {},
      { intercept: () => ({ kind: 'status', code: 404, body: '404 page not found' }) },
      'invalid-input',
      /404 page not found/,
    ],
  ])('%s', async (_, over, options, reason, message) => {
    const server = await serve({ objects: [manifest('shop')], ...options });
    const source = sourceOf(server, over);
    const failed = { reason, message: expect.stringMatching(message) };
    await expect(source.watch(() => undefined, ALL)).rejects.toMatchObject(failed);
  });

  test('a wrong path may show the UI in place of the API, which may pass', async () => {
    const server = await serve({ intercept: () => ({ kind: 'garbage' }) });
    await expect(sourceOf(server).relist(ALL)).rejects.toMatchObject({
      name: 'TransientError',
      message: expect.stringMatching(/not JSON.*--rootpath/),
    });
  });

  test('the certificate is not looked at where one says so', async () => {
    const server = await serve({ objects: [manifest('shop')] });
    expect(await sourceOf(server, { insecure: true }).relist(ALL)).toHaveLength(2);
  });
});

function isStreamed(fault: Fault): NonNullable<ArgocdServerOptions['intercept']> {
  return (request) => (isStream(request) ? fault : undefined);
}

test('what may not be seen is as if it were not there, and the source says so', async () => {
  const server = await serve({ objects: [manifest('shop')], allow: () => false });
  const source = sourceOf(server, { selection: { namespace: 'argocd', name: 'shop' } });
  expect(await source.relist(ALL)).toEqual([{ kind: 'listed', present: new Set() }]);
  expect(source.absenceHint).toContain('p, role:ci, applications, get, PROJECT/shop, allow');
});

test('names, and the address of the UI', async () => {
  const objects = [manifest('a'), manifest('b', { namespace: 'teams' })];
  const server = await serve({ objects, rootPath: '/argocd' });
  const source = sourceOf(server);
  expect(await source.names('argocd', ALL)).toEqual(['a']);
  expect(await source.names('*', ALL)).toEqual(['argocd/a', 'teams/b']);
  expect(await source.uiAddress('argocd', ALL)).toBe(server.url);
  server.tokens.clear();
  expect(await source.names('argocd', ALL)).toEqual([]);
});

describe('live evidence', () => {
  const MADE = '2026-11-21T07:00:00Z';
  const WROTE = '2026-11-21T08:00:00Z';
  const managedFields = [
    { manager: 'argocd-controller', time: WROTE },
    { manager: 'kubectl', time: '2026-11-21T09:00:00Z' },
  ];
  const live = (kind: string, name: string, more: object = {}): KubeObject => ({
    apiVersion: kind === 'Deployment' ? 'apps/v1' : 'v1',
    kind,
    metadata: { name, namespace: 'shop', creationTimestamp: MADE, managedFields, ...more },
  });
  const object = manifest('shop', {
    destination: { server: 'https://far.example.com', namespace: 'shop' },
    resources: [
      { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'web', status: 'Synced' },
      { kind: 'ConfigMap', namespace: 'shop', name: 'settings', status: 'Synced' },
      { kind: 'ConfigMap', namespace: 'shop', name: 'gone', status: 'Synced' },
    ],
  });
  const query = (kind: string, name: string, namespace = 'shop'): LiveQuery => ({
    application: { namespace: 'argocd', name: 'shop' },
    group: kind === 'Deployment' ? 'apps' : '',
    version: 'v1',
    ...{ kind, namespace, name, defaultNamespace: 'shop' },
  });
  const objects = [live('Deployment', 'web'), live('ConfigMap', 'settings')];

  test('in whatever cluster, by the manifest', async () => {
    const server = await serve({ objects: [object], live: objects });
    const source = sourceOf(server);
    expect(source.reaches(parseApplication(object))).toBe(true);
    const queries = [
      query('Deployment', 'web'),
      query('ConfigMap', 'settings', ''),
      query('ConfigMap', 'gone'),
    ];
    const found = { kind: 'found', creationTimestamp: MADE, lastWrite: WROTE };
    expect(await source.live(queries, ALL)).toEqual([found, found, { kind: 'absent' }]);
    expect(server.requests.filter((each) => each.path.endsWith('/resource-tree'))).toHaveLength(1);
  });

  test('of an Application whose tree is as large as a list', async () => {
    const path = `/${'x'.repeat(1_000)}`;
    const crowd = Array.from({ length: 9_000 }, (_, i) => ({
      ...{ version: 'v1', kind: 'ConfigMap', namespace: 'shop', name: `${i}`, uid: `${i}` },
      ...{ createdAt: MADE, info: [{ name: 'path', value: path }] },
    }));
    const gone = { kind: 'ConfigMap', namespace: 'shop', name: 'gone', version: 'v1' };
    const within = () => ({ tree: { nodes: [...crowd, gone] } });
    const server = await serve({ objects: [object], within });
    const queries = [query('ConfigMap', '8999'), query('ConfigMap', 'gone')];
    const found = { kind: 'found', creationTimestamp: MADE, lastWrite: '' };
    expect(await sourceOf(server).live(queries, ALL)).toEqual([found, { kind: 'absent' }]);
  });

  test('where the manifest cannot be had, the tree knows when it was made', async () => {
    const server = await serve({
      objects: [object],
      live: objects,
      intercept: ({ path }) =>
        path.endsWith('/resource') ? { kind: 'status', code: 403 } : undefined,
    });
    const found = { kind: 'found', creationTimestamp: MADE, lastWrite: '' };
    expect(await sourceOf(server).live([query('Deployment', 'web')], ALL)).toEqual([found]);
  });

  test('what may not be read is said with the policy', async () => {
    const server = await serve({ objects: [object], allow: () => false });
    const [answer] = await sourceOf(server).live([query('Deployment', 'web')], ALL);
    expect(answer).toMatchObject({
      kind: 'unreadable',
      remedy: expect.stringContaining('p, role:ci, applications, get, PROJECT/shop, allow'),
    });
  });
});

describe('trigger', () => {
  const REFRESH = 'argocd.argoproj.io/refresh';
  const of = (body: PatchBody) => ({ namespace: 'argocd', name: 'shop', body });
  const refresh = (kind: string) => of({ metadata: { annotations: { [REFRESH]: kind } } });
  const operation = {
    initiatedBy: { username: 'github:octocat' },
    info: [{ name: 'Run', value: 'https://github.com/acme/shop/actions/runs/1' }],
    retry: { limit: 2 },
    sync: { revision: B, prune: true, syncOptions: ['ServerSideApply=true'] },
  };
  const MANUAL = manifest('shop', { syncPolicy: {} });

  async function seenBy(server: ArgocdServer): Promise<Source> {
    const source = sourceOf(server);
    await source.relist(ALL);
    return source;
  }

  test.each(['normal', 'hard'])('a %s refresh is answered when it is done', async (kind) => {
    const server = await serve({ objects: [manifest('shop')] });
    const after = await sourceOf(server).patch(refresh(kind), ALL);
    expect(after).toMatchObject({ name: 'shop', refreshing: false, resourceVersion: '4' });
    expect(server.requests.at(-1)?.query).toMatchObject({ refresh: kind, appNamespace: 'argocd' });
  });

  test('a sync, with all that the operation says', async () => {
    const server = await serve({ objects: [MANUAL] });
    const after = await (await seenBy(server)).patch(of({ operation }), ALL);
    expect(after).toMatchObject({ requested: { revisions: { resolved: [B] } } });
    expect(JSON.parse(server.requests.at(-1)?.body ?? '')).toEqual({
      ...{ name: 'shop', appNamespace: 'argocd', revision: B, prune: true },
      syncOptions: { items: ['ServerSideApply=true'] },
      retryStrategy: { limit: 2 },
      infos: operation.info,
    });
  });

  test('of several sources, each by its position', async () => {
    const server = await serve({ objects: [MANUAL] });
    const sync = { revisions: [B, 'HEAD'] };
    await (await seenBy(server)).patch(of({ operation: { ...operation, sync } }), ALL);
    expect(JSON.parse(server.requests.at(-1)?.body ?? '')).toMatchObject({
      revisions: [B, 'HEAD'],
      sourcePositions: [1, 2],
    });
  });

  test('with auto-sync no revision is named, as Argo CD refuses any but the tracked one', async () => {
    const server = await serve({ objects: [manifest('shop')] });
    await (await seenBy(server)).patch(of({ operation }), ALL);
    expect(JSON.parse(server.requests.at(-1)?.body ?? '')).not.toHaveProperty('revision');
  });

  test('another operation is a conflict', async () => {
    const server = await serve({ objects: [{ ...MANUAL, operation: { sync: {} } }] });
    expect(await (await seenBy(server)).patch(of({ operation }), ALL)).toBe('conflict');
  });

  test('what else the state does not allow is final', async () => {
    const server = await serve({
      objects: [MANUAL],
      intercept: ({ method }) =>
        method === 'POST'
          ? { kind: 'status', code: 400, body: '{"message":"application is deleting","code":9}' }
          : undefined,
    });
    await expect((await seenBy(server)).patch(of({ operation }), ALL)).rejects.toMatchObject({
      reason: 'invalid-input',
      message: expect.stringContaining('application is deleting'),
    });
  });

  test('permission denied says which policy is missing', async () => {
    const object = { ...MANUAL, spec: { ...(MANUAL['spec'] as object), project: 'web' } };
    const server = await serve({ objects: [object], allow: (action) => action === 'get' });
    await expect((await seenBy(server)).patch(of({ operation }), ALL)).rejects.toMatchObject({
      reason: 'forbidden',
      remedy: expect.stringContaining('p, role:ci, applications, sync, web/shop, allow'),
    });
  });
});
