import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { TerminalError } from '../../../src/platform/errors.js';
import type { Selection } from '../../../src/sources/source.js';
import {
  type ApiServer,
  type ApiServerOptions,
  type Fault,
  type ServedRequest,
  startApiServer,
} from '../../support/api-server.js';
import { application, asked, recordingLog, sourceOf, type Watching, watching } from './harness.js';

const ALL = new AbortController().signal;
const open: Array<() => unknown> = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function serve(options: ApiServerOptions = {}): Promise<ApiServer> {
  const server = await startApiServer({ objects: [application('shop')], ...options });
  open.push(() => server.close());
  return server;
}

async function watch(
  server: ApiServer,
  over: Parameters<typeof sourceOf>[1] = {},
): Promise<Watching> {
  const running = watching(await sourceOf(server, over));
  open.push(() => running.stop().catch(() => undefined));
  return running;
}

/** A fault for the first request that is of a kind, none for those after it. */
function atFirst(of: (request: ServedRequest) => boolean, fault: Fault) {
  let done = false;
  return (request: ServedRequest) => {
    if (done || !of(request)) return undefined;
    done = true;
    return fault;
  };
}

const has = (wanted: string) => (said: readonly string[]) => said.includes(wanted);
const isStreamingList = ({ query }: ServedRequest) => query.sendInitialEvents === 'true';
const isWatch = (request: ServedRequest) => request.verb === 'watch' && !isStreamingList(request);

test('looks and watches in one request', async () => {
  const server = await serve();
  const running = await watch(server);
  await running.until(has('=argocd/shop'));
  server.put(application('shop'));
  await running.until(has('+argocd/shop@2'));
  expect(running.said).toEqual(['+argocd/shop@1', '=argocd/shop', '+argocd/shop@2']);
  expect(asked(server)).toEqual(['streaming-list']);
});

test('an Application that does not exist is an empty look', async () => {
  const server = await serve({ objects: [] });
  const running = await watch(server, { selection: { namespace: 'argocd', name: 'shop' } });
  await running.until(has('='));
  expect(running.said).toEqual(['=']);
});

test.each([
  ['rejected with 422', { streamingList: 'reject', rejectCode: 422 }],
  ['rejected with 400', { streamingList: 'reject', rejectCode: 400 }],
  ['ignored', { streamingList: 'ignore' }],
] as const)('a streaming list that is %s: lists, then watches', async (_, options) => {
  const server = await serve(options);
  const running = await watch(server);
  await running.until(has('=argocd/shop'));
  server.put(application('shop'));
  server.remove('argocd', 'shop');
  await running.until(has('-argocd/shop'));
  expect(running.said).toEqual([
    '+argocd/shop@1',
    '=argocd/shop',
    '+argocd/shop@2',
    '-argocd/shop',
  ]);
  expect(asked(server)).toEqual(['streaming-list', 'list', 'watch from 1']);
});

test('a streaming list that never ends on a busy server is given up too', async () => {
  const server = await serve({ streamingList: 'ignore' });
  const busy = setInterval(() => server.put(application('shop')), 20);
  open.push(() => clearInterval(busy));
  const running = await watch(server, { timing: { listDeadlineMs: 200 } });
  await running.until(has('=argocd/shop'));
  expect(asked(server).slice(0, 2)).toEqual(['streaming-list', 'list']);
});

test('a list comes in pages, packed', async () => {
  const objects = Array.from({ length: 501 }, (_, i) => application(`app-${i}`));
  const server = await serve({ objects, streamingList: 'reject' });
  const running = await watch(server);
  await running.until((said) => said.at(-1)?.startsWith('=') ?? false);
  expect(running.said).toHaveLength(502);
  const lists = server.requests.filter(({ verb }) => verb === 'list');
  expect(lists).toHaveLength(2);
  expect(lists[0]?.headers.acceptEncoding).toBe('gzip');
});

const RESUMED: ReadonlyArray<readonly [string, Fault]> = [
  ['closed in good order', { kind: 'close', afterEvents: 2 }],
  ['cut in the middle of a line', { kind: 'resetMidLine', afterEvents: 2 }],
  ['silent for too long', { kind: 'silence', afterEvents: 2 }],
  ['disturbed by a page of a proxy', { kind: 'garbage', afterEvents: 2 }],
];

test.each(RESUMED)('a watch that is %s goes on where it was', async (_, fault) => {
  const server = await serve({ intercept: atFirst(isStreamingList, fault) });
  const running = await watch(server);
  await running.until(has('=argocd/shop'));
  server.put(application('shop'));
  server.put(application('shop'));
  await running.until(has('+argocd/shop@3'));
  expect(running.said).toEqual([
    '+argocd/shop@1',
    '=argocd/shop',
    '+argocd/shop@2',
    '+argocd/shop@3',
  ]);
  expect(asked(server)).toEqual(['streaming-list', 'watch from 1']);
});

test('bookmarks move the place where a watch goes on', async () => {
  const server = await serve();
  const running = await watch(server, { selection: { namespace: 'argocd', name: 'shop' } });
  await running.until(has('=argocd/shop'));
  server.put(application('other'));
  server.bookmark();
  server.put(application('shop'));
  await running.until(has('+argocd/shop@3'));
  server.put(application('other'));
  server.bookmark();
  server.endWatches();
  server.put(application('shop'));
  await running.until(has('+argocd/shop@5'));
  expect(asked(server)).toEqual(['streaming-list', 'watch from 4']);
});

test('a watch that has lived its time is taken up at once: its last bookmark tells where', async () => {
  const server = await serve();
  const timing = { watchMs: 4_000, silenceTimeoutMs: 10_000, staleAfterMs: 3_000 };
  const running = await watch(server, { timing });
  await running.until(has('=argocd/shop'));
  while (asked(server).length < 2) await sleep(10);
  server.put(application('shop'));
  await running.until(has('+argocd/shop@2'));
  expect(asked(server)).toEqual(['streaming-list', 'watch from 1']);
});

test('a watch that broke is no reason to say that the server is gone', async () => {
  const server = await serve();
  const running = await watch(server);
  await running.until(has('=argocd/shop'));
  server.dropWatches();
  server.put(application('shop'));
  await running.until(has('+argocd/shop@2'));
  expect(running.said).not.toContain('!');
});

test.each(['as an event', 'as a status'])(
  '410 %s: looks again, and tells the gaps',
  async (how) => {
    const server = await serve({
      objects: [application('shop'), application('same'), application('gone')],
    });
    const running = await watch(server);
    await running.until(has('=argocd/gone,argocd/same,argocd/shop'));
    const before = running.said.length;
    if (how === 'as a status') {
      server.intercept = atFirst(isWatch, { kind: 'status', code: 410 });
    }
    server.endWatches();
    server.put(application('shop'));
    server.remove('argocd', 'gone');
    server.put(application('new'));
    server.compact();
    await running.until(has('=argocd/new,argocd/same,argocd/shop'));
    expect(running.said.slice(before).sort()).toEqual([
      '=argocd/new,argocd/same,argocd/shop',
      '?+argocd/new@6',
      '?+argocd/shop@4',
    ]);
  },
);

test('an error that a watch reports: says so, and looks again', async () => {
  const event = { type: 'ERROR', object: { kind: 'Status', code: 500, message: 'etcd is away' } };
  const fault: Fault = { kind: 'event', afterEvents: 2, event };
  const server = await serve({ intercept: atFirst(isStreamingList, fault) });
  const running = await watch(server);
  await running.until((said) => said.filter((each) => each === '=argocd/shop').length === 2);
  expect(running.said).toEqual(['+argocd/shop@1', '=argocd/shop', '!', '=argocd/shop']);
  expect(running.events[2]).toMatchObject({ message: expect.stringContaining('etcd is away') });
});

test.each([
  ['an older version', 'MODIFIED', { resourceVersion: '1' }],
  ['the end of an earlier one of that name', 'DELETED', { uid: 'earlier', resourceVersion: '9' }],
])('%s that is sent late changes nothing', async (_, type, late) => {
  const uid = 'present';
  const metadata = { ...application('shop', { uid }).metadata, ...late };
  const event = { type, object: { ...application('shop'), metadata } };
  const fault: Fault = { kind: 'event', afterEvents: 2, event };
  const objects = [application('shop', { uid })];
  const server = await serve({ objects, intercept: atFirst(isStreamingList, fault) });
  const running = await watch(server);
  await running.until(has('=argocd/shop'));
  server.put(application('shop', { uid }));
  await running.until(has('+argocd/shop@2'));
  expect(running.said).toEqual(['+argocd/shop@1', '=argocd/shop', '+argocd/shop@2']);
});

test('a look that broke off is begun again, and what it had delivered is not repeated', async () => {
  const objects = [application('a'), application('b')];
  const cut: Fault = { kind: 'resetMidLine', afterEvents: 1 };
  const server = await serve({ objects, intercept: atFirst(isStreamingList, cut) });
  const running = await watch(server);
  await running.until(has('=argocd/a,argocd/b'));
  expect(running.said).toEqual(['+argocd/a@1', '!', '+argocd/b@2', '=argocd/a,argocd/b']);
});

test('where watching is not allowed it polls, and says so once', async () => {
  const log = recordingLog();
  const server = await serve({ authorize: ({ verb }) => verb !== 'watch' });
  const running = await watch(server, { log });
  await running.until((said) => said.filter((each) => each === '=argocd/shop').length >= 3);
  server.put(application('shop'));
  await running.until(has('?+argocd/shop@2'));
  server.remove('argocd', 'shop');
  await running.until(has('='));
  expect(running.said.filter((each) => each.includes('+'))).toEqual([
    '+argocd/shop@1',
    '?+argocd/shop@2',
  ]);
  expect(log.lines).toHaveLength(1);
  expect(log.lines[0]).toMatch(
    /^info: Cannot watch, so Applications are listed every 0.05 s instead: .*watch/,
  );
});

test('403 to a list is final, with the rule that is missing', async () => {
  const server = await serve({ authorize: () => false });
  const running = await watch(server);
  const error = await running.ended.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TerminalError);
  const { reason, message, remedy } = error as TerminalError;
  expect(reason).toBe('forbidden');
  expect(message).toContain('list applications.argoproj.io in namespace "argocd"');
  expect(message).toContain('User "github:acme/shop" cannot list');
  expect(remedy).toContain('apiGroups: ["argoproj.io"]');
  expect(remedy).toContain('verbs: [list, watch]');
  expect(remedy).toContain('namespace: argocd');
  expect(remedy).toContain('name: "github:acme/shop"');
});

test('all namespaces need a ClusterRole', async () => {
  const server = await serve({ authorize: () => false });
  const running = await watch(server, { selection: {} });
  const error = await running.ended.catch((thrown: unknown) => thrown);
  expect((error as TerminalError).remedy).toMatch(/^kind: ClusterRole$/m);
});

test('401 is final after the credentials were read anew', async () => {
  const server = await serve();
  const running = await watch(server, { access: { token: 'wrong' } });
  await expect(running.ended).rejects.toMatchObject({ reason: 'unauthorized' });
  expect(server.requests).toHaveLength(2);
});

test('a cluster without Argo CD is final', async () => {
  const server = await serve({ installed: false, objects: [] });
  const running = await watch(server);
  await expect(running.ended).rejects.toMatchObject({ reason: 'missing' });
});

test('a selector that the server does not understand is the mistake of the user', async () => {
  const server = await serve({ intercept: () => ({ kind: 'status', code: 400 }) });
  const running = await watch(server, { selection: { labelSelector: '=' } });
  await expect(running.ended).rejects.toMatchObject({
    reason: 'invalid-input',
    remedy: expect.stringContaining('selector'),
  });
});

test.each([
  ['500', { kind: 'status', code: 500 }],
  ['429', { kind: 'status', code: 429 }],
  ['503', { kind: 'status', code: 503 }],
  ['a reset', { kind: 'reset' }],
  ['no answer', { kind: 'hang' }],
] as ReadonlyArray<readonly [string, Fault]>)('%s passes', async (_, fault) => {
  const server = await serve({ intercept: atFirst(() => true, fault) });
  const running = await watch(server, { timing: { idleMs: 200 } });
  await running.until(has('=argocd/shop'));
  expect(running.said).toEqual(['!', '+argocd/shop@1', '=argocd/shop']);
});

test('waits as long as the server asks', async () => {
  const fault: Fault = { kind: 'status', code: 429, retryAfter: 1 };
  const server = await serve({ intercept: atFirst(() => true, fault) });
  const running = await watch(server);
  await running.until(has('=argocd/shop'));
  const [first, second] = server.requests;
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(950);
});

test('a server that goes away and comes back, in the middle of a watch', async () => {
  const server = await serve();
  const running = await watch(server);
  await running.until(has('=argocd/shop'));
  await server.stop();
  await running.until(has('!'));
  server.put(application('shop'));
  await server.restart();
  await running.until(has('+argocd/shop@2'));
  expect(running.said.filter((each) => each !== '!')).toEqual([
    '+argocd/shop@1',
    '=argocd/shop',
    // Before any event: a server that has nothing new is back as well.
    '=argocd/shop',
    '+argocd/shop@2',
  ]);
});

test('a server that is not there yet', async () => {
  const server = await serve();
  await server.stop();
  const running = await watch(server);
  await running.until(has('!'));
  expect(running.events[0]).toMatchObject({ message: expect.stringContaining('ECONNREFUSED') });
  await server.restart();
  await running.until(has('=argocd/shop'));
});

test('a deleted Application, and another one of its name', async () => {
  const server = await serve();
  const running = await watch(server);
  await running.until(has('=argocd/shop'));
  server.remove('argocd', 'shop');
  server.put(application('shop', { uid: 'another' }));
  await running.until((said) => said.length >= 4);
  expect(running.said.slice(2)).toEqual(['-argocd/shop', '+argocd/shop@3']);
});

const SELECTIONS: ReadonlyArray<readonly [string, Selection, string]> = [
  ['a name', { namespace: 'argocd', name: 'web' }, '=argocd/web'],
  ['labels', { namespace: 'argocd', labelSelector: 'team=a' }, '=argocd/shop'],
  ['all namespaces', {}, '=argocd/shop,argocd/web,teams/web'],
  ['a filter', { accepts: (namespace) => namespace === 'teams' }, '=teams/web'],
];

test.each(SELECTIONS)('selects by %s, also by the watch', async (_, selection, found) => {
  const objects = [
    application('shop', { labels: { team: 'a' } }),
    application('web'),
    application('web', { namespace: 'teams' }),
  ];
  for (const streamingList of ['yes', 'reject'] as const) {
    const server = await serve({ objects, streamingList });
    const running = await watch(server, { selection });
    await running.until((said) => said.includes(found));
    for (const object of objects) server.put(object);
    const count = found.split(',').length;
    await running.until((said) => said.length === 2 * count + 1);
    expect(running.said.slice(count + 1).map((each) => each.replace(/^\+|@.*/g, ''))).toEqual(
      found.slice(1).split(','),
    );
    await running.stop();
  }
});

test('an Application of megabytes is nothing special', async () => {
  const server = await serve();
  const running = await watch(server);
  await running.until(has('=argocd/shop'));
  server.put({ ...application('shop'), status: { padding: 'ä'.repeat(2_500_000) } });
  await running.until(has('+argocd/shop@2'));
});

test('an Application that cannot be read does not take the others with it', async () => {
  const broken = { ...application('shop'), status: { operationState: { phase: 'Dancing' } } };
  const server = await serve({ objects: [broken, application('web')] });
  const running = await watch(server);
  await running.until(has('=argocd/shop,argocd/web'));
  const [shop, web] = running.events.flatMap((each) =>
    each.kind === 'application' ? [each.application] : [],
  );
  expect(shop?.unreadable).toMatch(/argocd\/shop.*phase must be one of/);
  expect(web).not.toHaveProperty('unreadable');
});

test('what cannot be told which Application it is, is passed over with a warning', async () => {
  const { metadata, ...rest } = application('shop');
  const broken = { ...rest, metadata: { ...metadata, uid: 7 as unknown as string } };
  const server = await serve({ objects: [broken, application('web')] });
  const log = recordingLog();
  const running = await watch(server, { log });
  await running.until(has('=argocd/web'));
  expect(log.lines).toEqual([
    expect.stringMatching(/^warning: .*metadata\.uid must be a string.* passed over/),
  ]);
});

test('what cannot be read in one resource is told once', async () => {
  const resources = [{ kind: 'ConfigMap', name: 7, version: 'v1', status: 'Synced' }];
  const broken = { ...application('shop'), status: { resources } };
  const server = await serve({ objects: [broken] });
  const log = recordingLog();
  const running = await watch(server, { log });
  await running.until(has('=argocd/shop'));
  server.put({ ...broken, spec: { project: 'other' } });
  await running.until(has('+argocd/shop@2'));
  const place = /argocd\/shop\.status\.resources\[0\]\.name must be a string.* counts as absent/;
  expect(log.lines).toEqual([expect.stringMatching(place)]);
});

test('an Application that is none does not matter when it was not asked for', async () => {
  const broken = { ...application('other'), status: { operationState: { phase: 'Dancing' } } };
  const server = await serve({ objects: [application('shop'), broken] });
  const accepts = (_: string, name: string) => name === 'shop';
  const running = await watch(server, { selection: { accepts } });
  await running.until(has('=argocd/shop'));
});

const HOUR = 3_600_000;

test.each([
  ['while it watches', undefined, '=argocd/shop'],
  ['while nothing is answered', { kind: 'hang' }, ''],
  ['while it waits to try again', { kind: 'status', code: 429, retryAfter: 60 }, '!'],
] as ReadonlyArray<readonly [string, Fault | undefined, string]>)(
  'ends at once when aborted %s',
  async (_, fault, after) => {
    const server = await serve({ intercept: () => fault });
    // Nothing but the abort can end it.
    const timing = {
      idleMs: HOUR,
      idleTimeoutMs: HOUR,
      silenceTimeoutMs: HOUR,
      listDeadlineMs: HOUR,
    };
    const running = await watch(server, { timing });
    if (after !== '') await running.until(has(after));
    else await server.seen(() => true);
    await running.stop();
  },
);

test('a last look comes by a connection of its own, and tells what was missed', async () => {
  const server = await serve();
  const source = await sourceOf(server);
  const running = watching(source);
  await running.until(has('=argocd/shop'));
  server.intercept = (request) => (request.verb === 'watch' ? { kind: 'hang' } : undefined);
  server.dropWatches();
  server.put(application('shop'));
  const events = await source.relist(ALL);
  expect(events).toMatchObject([
    { kind: 'application', gap: true, application: { resourceVersion: '3' } },
    { kind: 'listed', present: new Set(['argocd/shop']) },
  ]);
  const connections = new Set(server.requests.map(({ connection }) => connection));
  expect(connections.size).toBeGreaterThan(1);
  await running.stop();
});

test('a look does not try again', async () => {
  const server = await serve({ intercept: () => ({ kind: 'status', code: 500 }) });
  const source = await sourceOf(server);
  await expect(source.relist(ALL)).rejects.toMatchObject({ name: 'TransientError' });
  expect(server.requests).toHaveLength(1);
});

test('a page that is no JSON is not taken for an empty list', async () => {
  const page: Fault = { kind: 'status', code: 200, body: '<html>Log in</html>' };
  const server = await serve({ intercept: () => page });
  const source = await sourceOf(server);
  await expect(source.relist(ALL)).rejects.toThrow(/is `server` the Kubernetes API/);
});
