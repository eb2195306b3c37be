import { afterEach, describe, expect, test } from '@jest/globals';
import {
  type ApiServer,
  type ApiServerOptions,
  type KubeObject,
  startApiServer,
} from './support/api-server.ts';
import { APPLICATIONS_PATH as APPS, type Ask, ask, lines } from './support/client.ts';
import { epochOf, loadTrace, replay, stateAt, traceNames } from './support/replay.ts';

const STREAM = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
const BOOKMARKS = 'allowWatchBookmarks=true';
const PARTIAL = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

let server: ApiServer;
afterEach(() => server.close());

async function start(options: ApiServerOptions = {}): Promise<ApiServer> {
  server = await startApiServer(options);
  return server;
}

function app(name: string, labels: Record<string, string> = {}, more: object = {}): KubeObject {
  return { metadata: { name, namespace: 'argocd', labels }, spec: {}, ...more };
}

interface Event {
  readonly type: string;
  readonly object: KubeObject & { readonly code?: number; readonly reason?: string };
}

interface List {
  readonly kind: string;
  readonly metadata: { readonly resourceVersion: string; readonly continue: string };
  readonly items: readonly KubeObject[];
}

/** The first events of a watch; `after` runs once that many have come. */
async function events(
  query: string,
  count: number,
  after: Readonly<Record<number, () => void>> = {},
): Promise<readonly Event[]> {
  const seen: Event[] = [];
  for await (const line of lines(server, `${APPS}?${query}`)) {
    seen.push(JSON.parse(line) as Event);
    after[seen.length]?.();
    if (seen.length === count) break;
  }
  return seen;
}

function story(seen: readonly Event[]): readonly string[] {
  return seen.map(({ type, object }) => `${type} ${object.metadata.name ?? '-'}`);
}

async function list(query = '', options: Ask = {}): Promise<List> {
  return JSON.parse((await ask(server, `${APPS}?${query}`, options)).text) as List;
}

const names = ({ items }: List): readonly string[] => items.map((item) => item.metadata.name);

describe('list', () => {
  test('has pages of one version, while the state moves on', async () => {
    await start({ objects: ['a', 'b', 'c'].map((name) => app(name)) });
    const first = await list('limit=2');
    server.remove('argocd', 'c');
    server.put(app('aa'));
    const second = await list(`limit=2&continue=${first.metadata.continue}`);
    expect([names(first), names(second)]).toEqual([['a', 'b'], ['c']]);
    expect(second.metadata).toEqual({
      continue: '',
      resourceVersion: first.metadata.resourceVersion,
    });
    server.compact();
    const late = await ask(server, `${APPS}?limit=2&continue=${first.metadata.continue}`);
    expect([late.code, JSON.parse(late.text)]).toMatchObject([410, { reason: 'Expired' }]);
  });

  test.each([
    ['tier=web', 'a'],
    ['tier==web,!beta', ''],
    ['tier!=web', 'b c'],
    ['tier in (web, api)', 'a b'],
    ['tier notin (web)', 'b c'],
    ['beta', 'a'],
    ['!beta', 'b c'],
    ['beta,tier in (api,web)', 'a'],
  ])('label selector %s', async (selector, expected) => {
    await start({
      objects: [app('a', { tier: 'web', beta: '' }), app('b', { tier: 'api' }), app('c')],
    });
    expect(names(await list(`labelSelector=${encodeURIComponent(selector)}`)).join(' ')).toBe(
      expected,
    );
  });

  test('field selectors name one; other fields are refused', async () => {
    await start({ objects: [app('a'), app('b')] });
    expect(names(await list('fieldSelector=metadata.name%3Db'))).toEqual(['b']);
    expect(names(await list('fieldSelector=metadata.name!%3Db'))).toEqual(['a']);
    expect((await ask(server, `${APPS}?fieldSelector=spec.x%3Db`)).code).toBe(400);
    expect((await ask(server, `${APPS}?labelSelector=a%20b`)).code).toBe(400);
  });

  test('is compressed when asked', async () => {
    await start({ objects: [app('a', {}, { spec: { text: 'x'.repeat(10_000) } })] });
    const answer = await ask(server, APPS, { headers: { 'accept-encoding': 'gzip' } });
    expect(answer.bytes).toBeLessThan(1000);
    expect(JSON.parse(answer.text)).toMatchObject({ kind: 'ApplicationList' });
    expect(server.requests[0]).toMatchObject({
      verb: 'list',
      status: 200,
      bytesSent: answer.bytes,
    });
  });
});

describe('watch', () => {
  test('streams the state, the end of it, then the changes', async () => {
    await start({ objects: [app('a'), app('b')] });
    const seen = await events(`${STREAM}&${BOOKMARKS}`, 6, {
      3() {
        server.put(app('a', { new: 'yes' }));
        server.put(app('c'));
        server.remove('argocd', 'b');
      },
    });
    expect(story(seen)).toEqual([
      ...['ADDED a', 'ADDED b', 'BOOKMARK -'],
      ...['MODIFIED a', 'ADDED c', 'DELETED b'],
    ]);
    expect(seen[2]?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    expect(seen[5]?.object.metadata.resourceVersion).toBe(server.resourceVersion());
  });

  test('continues from a version', async () => {
    await start({ objects: [app('a')] });
    const version = server.resourceVersion();
    server.put(app('b'));
    const seen = await events(`watch=true&resourceVersion=${version}`, 2, {
      1: () => server.put(app('c')),
    });
    expect(story(seen)).toEqual(['ADDED b', 'ADDED c']);
  });

  test('says 410 within a 200 when the version is too old, and ends', async () => {
    await start({ objects: [app('a'), app('b')] });
    server.compact();
    const seen = await events('watch=1&resourceVersion=2', 9);
    expect(seen).toMatchObject([{ type: 'ERROR', object: { code: 410, reason: 'Expired' } }]);
  });

  test('is silent about a version of the future', async () => {
    await start({ objects: [app('a')] });
    expect(await events('watch=1&resourceVersion=900&timeoutSeconds=0.1', 1)).toEqual([]);
  });

  test('objects enter and leave a selection', async () => {
    await start({ objects: [app('a')] });
    const begun = server.seen(({ verb }) => verb === 'watch');
    const seen = events('watch=1&labelSelector=tier%3Dweb&resourceVersion=2', 3);
    await begun;
    for (const labels of [{ tier: 'web' }, { tier: 'web', more: 'yes' }, {}]) {
      server.put(app('a', labels));
    }
    expect(story(await seen)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
    expect((await seen)[2]?.object.metadata).toMatchObject({
      labels: { tier: 'web', more: 'yes' },
      resourceVersion: server.resourceVersion(),
    });
  });

  test('sends bookmarks to those who want them', async () => {
    await start({ objects: [app('a')], bookmarkIntervalMs: 20 });
    const seen = await events(`${STREAM}&${BOOKMARKS}`, 3);
    expect(story(seen)).toEqual(['ADDED a', 'BOOKMARK -', 'BOOKMARK -']);
    expect(seen[2]?.object.metadata.annotations).toBeUndefined();
  });

  test('sends one two seconds before it ends a watch', async () => {
    await start({ objects: [app('a')] });
    const seen = await events(`watch=1&${BOOKMARKS}&timeoutSeconds=2.2`, 3);
    // The stream ends after it: there is no third.
    expect(story(seen)).toEqual(['ADDED a', 'BOOKMARK -']);
  });

  test('old servers ignore or refuse the streaming list', async () => {
    await start({ objects: [app('a')], streamingList: 'ignore' });
    const seen = await events(`${STREAM}&${BOOKMARKS}&timeoutSeconds=0.1`, 9);
    expect(story(seen)).toEqual(['ADDED a']);
    server.streamingList = 'reject';
    const refused = await ask(server, `${APPS}?${STREAM}`);
    expect([refused.code, JSON.parse(refused.text)]).toMatchObject([422, { reason: 'Invalid' }]);
  });
});

describe('faults', () => {
  test.each([
    ['reset', { kind: 'reset' }, 0, /socket hang up|ECONNRESET/],
    ['mid-line', { kind: 'resetMidLine', afterEvents: 1 }, 1, /aborted|broke/],
    ['status', { kind: 'status', code: 429, retryAfter: 3 }, 1, undefined],
    ['close', { kind: 'close', afterEvents: 1 }, 1, undefined],
    ['garbage', { kind: 'garbage', afterEvents: 1, text: '<html>' }, 2, undefined],
  ] as const)('%s', async (_, fault, expected, error) => {
    await start({ objects: [app('a'), app('b')], intercept: () => fault });
    const seen: string[] = [];
    const read = async (): Promise<void> => {
      for await (const line of lines(server, `${APPS}?watch=1&timeoutSeconds=0.2`)) {
        seen.push(line);
        if (fault.kind === 'garbage' && seen.length === 2) return;
      }
    };
    if (error) await expect(read()).rejects.toThrow(error);
    else await read();
    expect(seen).toHaveLength(expected);
  });

  test('it can go away and come back', async () => {
    await start({ objects: [app('a')] });
    await server.stop();
    await expect(ask(server, APPS)).rejects.toThrow(/ECONNREFUSED/);
    await server.restart();
    expect(names(await list())).toEqual(['a']);
  });
});

describe('patch', () => {
  test('merges, moves the generation, and watches see it', async () => {
    const before = app('a', { keep: 'yes', drop: 'yes' });
    await start({ objects: [{ ...before, metadata: { ...before.metadata, generation: 4 } }] });
    const body = { metadata: { labels: { drop: null } }, operation: { sync: {} } };
    const patches: Promise<unknown>[] = [];
    const seen = await events('watch=1', 2, {
      1: () => patches.push(ask(server, `${APPS}/a`, { method: 'PATCH', body })),
    });
    await Promise.all(patches);
    expect(seen[1]).toMatchObject({
      type: 'MODIFIED',
      object: { metadata: { labels: { keep: 'yes' }, generation: 5 }, operation: { sync: {} } },
    });
    expect(seen[1]?.object.metadata.labels).toEqual({ keep: 'yes' });
  });

  test('a stale version is a conflict; a change of nothing is none', async () => {
    await start({ objects: [app('a')] });
    const version = server.resourceVersion();
    const same = await ask(server, `${APPS}/a`, { method: 'PATCH', body: { spec: {} } });
    expect([same.code, server.resourceVersion()]).toEqual([200, version]);
    server.put(app('a', { moved: 'yes' }));
    const body = { metadata: { resourceVersion: version }, spec: { x: 1 } };
    const answer = await ask(server, `${APPS}/a`, { method: 'PATCH', body });
    expect([answer.code, JSON.parse(answer.text)]).toMatchObject([409, { reason: 'Conflict' }]);
  });
});

describe('access', () => {
  test('tokens can be wrong, and revoked', async () => {
    await start();
    expect((await ask(server, APPS, { token: 'wrong' })).code).toBe(401);
    expect((await ask(server, APPS, { token: '' })).code).toBe(401);
    expect((await ask(server, APPS)).code).toBe(200);
    server.tokens.clear();
    expect((await ask(server, APPS)).code).toBe(401);
  });

  test('client certificates name the user', async () => {
    await start({ requestCert: true, authorize: ({ user }) => user === 'github:acme/shop' });
    expect((await ask(server, APPS, { token: '', client: server.client })).code).toBe(200);
  });

  test('a verb can be forbidden, in the words of Kubernetes', async () => {
    await start({ user: 'x', authorize: ({ verb }) => verb !== 'watch' });
    const answer = await ask(server, `${APPS}?watch=1`);
    expect([answer.code, JSON.parse(answer.text)]).toMatchObject([
      403,
      {
        message:
          'applications.argoproj.io is forbidden: User "x" cannot watch resource "applications" in API group "argoproj.io" in the namespace "argocd"',
      },
    ]);
    expect((await ask(server, APPS)).code).toBe(200);
  });
});

test('live objects are discovered and read as metadata', async () => {
  const { live } = loadTrace('create-server-side');
  await start({ live });
  const discovery = JSON.parse((await ask(server, '/apis/apps/v1')).text) as object;
  expect(discovery).toMatchObject({ kind: 'APIResourceList', groupVersion: 'apps/v1' });
  const path = '/apis/apps/v1/namespaces/ssa-new/deployments';
  const found = await ask(server, `${path}/api`, { headers: { accept: PARTIAL } });
  expect(JSON.parse(found.text)).toMatchObject({
    kind: 'PartialObjectMetadata',
    metadata: { name: 'api', creationTimestamp: '2026-11-21T07:57:46Z' },
  });
  expect((await ask(server, `${path}/none`)).code).toBe(404);
  expect((await ask(server, '/api/v1/namespaces/ssa-new')).code).toBe(200);
  expect((await ask(server, '/apis/none.dev/v1')).text).toBe('404 page not found\n');
});

describe('replay', () => {
  test.each(traceNames())('%s: every event in order, up to the same end', async (name) => {
    await start();
    const trace = loadTrace(name);
    const begin = server.seen((request) => request.verb === 'watch');
    const { done } = replay(server, trace, { speed: Number.POSITIVE_INFINITY, begin });
    const later = trace.events.filter(({ t }) => t > 0).map(({ type }) => type);
    const first = stateAt(trace, 0) ? ['ADDED', 'BOOKMARK'] : ['BOOKMARK'];
    const seen = await events(`${STREAM}&${BOOKMARKS}`, first.length + later.length);
    await done;
    expect(seen.map(({ type }) => type)).toEqual([...first, ...later]);
    const last = trace.events.at(-1)?.object.status;
    expect(seen.filter(({ type }) => type !== 'BOOKMARK').at(-1)?.object.status).toEqual(last);
  });

  test('starts in the middle, with the time of then', async () => {
    await start();
    const trace = loadTrace('update-client-side');
    const { done } = replay(server, trace, { startAt: 750, speed: Number.POSITIVE_INFINITY });
    expect(server.get('argocd', 'shop-csa')?.status).toEqual(stateAt(trace, 750)?.status);
    await done;
    expect(server.now()).toBeGreaterThanOrEqual(epochOf(trace) + 1999);
    const { date = '' } = (await ask(server, APPS)).headers;
    expect(date).toMatch(/^Sat, 21 Nov 2026 06:57:/);
  });
});
