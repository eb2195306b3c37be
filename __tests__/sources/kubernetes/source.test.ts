import { afterEach, describe, expect, test } from '@jest/globals';
import type { LiveQuery } from '../../../src/sources/source.js';
import {
  type ApiServer,
  type ApiServerOptions,
  type KubeObject,
  startApiServer,
} from '../../support/api-server.js';
import { application, sourceOf } from './harness.js';

const ALL = new AbortController().signal;
const open: Array<() => unknown> = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function serve(options: ApiServerOptions = {}): Promise<ApiServer> {
  const server = await startApiServer(options);
  open.push(() => server.close());
  return server;
}

const CREATED = '2026-01-01T00:00:00Z';

function live(apiVersion: string, kind: string, namespace: string, name: string): KubeObject {
  const entry = (manager: string, time: string) => ({ manager, operation: 'Update', time });
  return {
    apiVersion,
    kind,
    metadata: {
      ...(namespace === '' ? {} : { namespace }),
      name,
      creationTimestamp: CREATED,
      managedFields: [
        entry('argocd-controller', '2026-01-02T00:00:00Z'),
        entry('argocd-controller', '2026-01-03T00:00:00Z'),
        entry('kube-controller-manager', '2026-01-04T00:00:00Z'),
      ],
    },
  };
}

function query(over: Partial<LiveQuery>): LiveQuery {
  return {
    application: { namespace: 'argocd', name: 'shop' },
    group: '',
    version: 'v1',
    kind: 'ConfigMap',
    namespace: 'shop',
    name: 'settings',
    defaultNamespace: 'shop',
    ...over,
  };
}

const OBJECTS = [
  live('v1', 'ConfigMap', 'shop', 'settings'),
  live('v1', 'Namespace', '', 'shop'),
  live('apps/v1', 'Deployment', 'shop', 'web'),
];

const FOUND = { kind: 'found', creationTimestamp: CREATED, lastWrite: '2026-01-03T00:00:00Z' };

test.each([
  ['of the core group', query({}), FOUND],
  ['in the default namespace', query({ namespace: '' }), FOUND],
  ['of another group', query({ group: 'apps', kind: 'Deployment', name: 'web' }), FOUND],
  ['in no namespace', query({ kind: 'Namespace', name: 'shop' }), FOUND],
  ['that is not there', query({ name: 'other' }), { kind: 'absent' }],
  ['of an unknown kind', query({ kind: 'Gadget' }), { kind: 'unreadable' }],
  ['of an unknown group', query({ group: 'x.example.com' }), { kind: 'unreadable' }],
  ['in no known namespace', query({ namespace: '', defaultNamespace: '' }), { kind: 'unreadable' }],
])('metadata of an object %s', async (_, asked, answer) => {
  const source = await sourceOf(await serve({ live: OBJECTS }));
  expect(await source.live([asked], ALL)).toMatchObject([answer]);
});

test('metadata alone is asked for, and discovery once for each group', async () => {
  const server = await serve({ live: OBJECTS });
  const source = await sourceOf(server);
  const queries = Array.from({ length: 20 }, (_, i) => query({ name: i % 2 ? 'no' : 'settings' }));
  const answers = await source.live(queries, ALL);
  expect(answers.map(({ kind }) => kind)).toEqual(
    queries.map(({ name }) => (name === 'no' ? 'absent' : 'found')),
  );
  expect(server.requests.filter(({ verb }) => verb === 'discovery')).toHaveLength(1);
  const gets = server.requests.filter(({ verb }) => verb === 'get');
  expect(gets).toHaveLength(20);
  expect(gets[0]?.headers.accept).toContain('as=PartialObjectMetadata');
});

test.each([
  [5, 1],
  [6, 2],
  [100, 8],
])('of %i objects metadata is read over as many connections as %i', async (objects, most) => {
  const server = await serve({ live: OBJECTS });
  const source = await sourceOf(server);
  await source.live(Array<LiveQuery>(objects).fill(query({})), ALL);
  const used = new Set(server.requests.map(({ connection }) => connection));
  expect(used.size).toBe(most);
});

test('what may not be read comes with the rule that would allow it', async () => {
  const server = await serve({ live: OBJECTS, authorize: ({ verb }) => verb !== 'get' });
  const source = await sourceOf(server);
  const [answer, cluster] = await source.live(
    [query({}), query({ kind: 'Namespace', name: 'shop' })],
    ALL,
  );
  expect(answer).toMatchObject({ kind: 'unreadable' });
  expect(answer).toHaveProperty('remedy', expect.stringContaining('resources: [configmaps]'));
  expect(answer).toHaveProperty('remedy', expect.stringContaining('verbs: [get]'));
  expect(answer).toHaveProperty('remedy', expect.stringMatching(/^kind: Role$/m));
  expect(cluster).toHaveProperty('remedy', expect.stringMatching(/^kind: ClusterRole$/m));
});

test.each([
  ['twice', 2, 'found'],
  ['for good', 9, 'unreadable'],
] as const)('a server that fails %s', async (_, faults, kind) => {
  const server = await serve({ live: OBJECTS });
  const source = await sourceOf(server);
  let left: number = faults;
  server.intercept = ({ verb }) => {
    if (verb !== 'get' || left === 0) return undefined;
    left -= 1;
    return { kind: 'status', code: 500 };
  };
  expect(await source.live([query({})], ALL)).toMatchObject([{ kind }]);
  expect(server.requests.filter(({ verb }) => verb === 'get')).toHaveLength(3);
});

test('live metadata never rejects, also when aborted', async () => {
  const server = await serve({ live: OBJECTS, intercept: () => ({ kind: 'hang' }) });
  const source = await sourceOf(server);
  const abort = new AbortController();
  const answers = source.live([query({}), query({})], abort.signal);
  abort.abort();
  expect(await answers).toMatchObject([{ kind: 'unreadable' }, { kind: 'unreadable' }]);
});

test('names of Applications, of one namespace or all', async () => {
  const objects = [application('a'), application('b', { namespace: 'teams' })];
  const server = await serve({ objects });
  const source = await sourceOf(server);
  expect(await source.names('argocd', ALL)).toEqual(['a']);
  expect(await source.names('*', ALL)).toEqual(['argocd/a', 'teams/b']);
  server.authorize = () => false;
  expect(await source.names('argocd', ALL)).toEqual([]);
});

const PATCH = {
  namespace: 'argocd',
  name: 'shop',
  body: { metadata: { annotations: { 'argocd.argoproj.io/refresh': 'normal' } } },
};

test('a patch is merged', async () => {
  const server = await serve({ objects: [application('shop')] });
  const source = await sourceOf(server);
  expect(await source.patch(PATCH, ALL)).toMatchObject({ name: 'shop' });
  const { metadata } = server.get('argocd', 'shop') ?? {};
  expect(metadata).toMatchObject(PATCH.body.metadata);
  expect(server.requests[0]?.headers.contentType).toBe('application/merge-patch+json');
});

test('a patch of a version that is not the last one is a conflict', async () => {
  const server = await serve({ objects: [application('shop')] });
  const source = await sourceOf(server);
  const body = { metadata: { resourceVersion: '1' } };
  expect(await source.patch({ ...PATCH, body }, ALL)).toBe('conflict');
});

test.each([
  ['403', { authorize: () => false }, { reason: 'forbidden', remedy: /verbs: \[.*patch\]/ }],
  ['404', { objects: [] }, { reason: 'missing', remedy: /if-missing: wait/ }],
  [
    '422',
    { intercept: () => ({ kind: 'status', code: 422 }) },
    { reason: 'invalid-input', remedy: /remove `trigger`/ },
  ],
] as ReadonlyArray<readonly [string, ApiServerOptions, { reason: string; remedy: RegExp }]>)(
  'a patch answered by %s is final',
  async (_, options, { reason, remedy }) => {
    const server = await serve({ objects: [application('shop')], ...options });
    const source = await sourceOf(server);
    await expect(source.patch(PATCH, ALL)).rejects.toMatchObject({
      reason,
      remedy: expect.stringMatching(remedy),
    });
  },
);

describe('a list that is too large', () => {
  const padding = 'x'.repeat(1000);
  const many = Array.from({ length: 120 }, (_, i) =>
    application(`shop-${i}`, { annotations: { padding } }),
  );

  test('is asked for in smaller pages', async () => {
    const server = await serve({ objects: many });
    const source = await sourceOf(server, { limits: { list: 75_000 } });
    const events = await source.relist(ALL);
    expect(events.filter(({ kind }) => kind === 'application')).toHaveLength(120);
    const pages = server.requests.map((request) => request.query.limit);
    expect(pages).toEqual(['500', '50', '50', '50']);
  });

  test('even by the smallest pages, is an error with the server, the kind and the limit', async () => {
    const server = await serve({ objects: many });
    const source = await sourceOf(server, { limits: { list: 2000 } });
    await expect(source.relist(ALL)).rejects.toMatchObject({
      reason: 'unreachable',
      message: `the Kubernetes API at ${new URL(server.url).host} sent a list of more than 1 KiB, the limit.`,
      remedy: expect.stringContaining('`selector`'),
    });
    expect(server.requests.map((request) => request.query.limit)).toEqual(['500', '50', '5']);
  });
});
