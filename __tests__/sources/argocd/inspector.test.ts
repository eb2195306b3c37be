import { afterEach, describe, expect, test } from '@jest/globals';
import type { Inspection } from '../../../src/sources/inspector.js';
import type { Fault, KubeObject } from '../../support/api-server.ts';
import type { ArgocdServer, ArgocdServerOptions } from '../../support/argocd-server.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { liveIn, readInside, withinOf } from '../../support/inside.ts';
import { managing, NEVER, overArgocd, read, told } from '../inspectors.js';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const IMAGE = readInside('why-image-pull');
const SHOP = IMAGE.after.application;
const PULL =
  'Deployment/web cannot pull registry.example.com/shop/web:missing (ImagePullBackOff, pod web-6cfb658bb6-rlp65): ErrImagePull: not found';

async function serve(over: ArgocdServerOptions = {}, clock = fakeClock()) {
  const { server, inspector, close } = await overArgocd(
    {
      objects: [SHOP],
      live: liveIn(IMAGE.after),
      within: () => withinOf(IMAGE, IMAGE.after),
      ...over,
    },
    clock,
  );
  closing.push(close);
  const look = () => inspector.inspect(read(SHOP), NEVER);
  return { server, inspector, look, clock };
}

/** What was asked of the Application, in order. */
function asked(server: ArgocdServer): readonly string[] {
  return server.requests.map(({ path }) => path.replace(/.*\//, ''));
}

/** A fault of requests below the Application. */
function at(below: string, fault: Fault): ArgocdServerOptions {
  return { intercept: ({ path }) => (path.endsWith(below) ? fault : undefined) };
}

const FORBIDDEN: Fault = { kind: 'status', code: 403 };

describe('what a look takes', () => {
  test('of what is well: the tree alone', async () => {
    const { server, look } = await serve({ within: () => withinOf(IMAGE, IMAGE.before) });
    expect(told(SHOP, await look())).toEqual([]);
    expect(asked(server)).toEqual(['resource-tree']);
    expect(server.requests[0]?.query).toEqual({ appNamespace: 'argocd' });
  });

  test('of a pod that is not well: the pod itself, once while it does not change', async () => {
    const { server, look } = await serve();
    expect(told(SHOP, await look())).toEqual([PULL]);
    expect(asked(server)).toEqual(['resource-tree', 'resource']);
    expect(told(SHOP, await look())).toEqual([PULL]);
    expect(asked(server)).toEqual(['resource-tree', 'resource', 'resource-tree']);
    const { tree } = withinOf(IMAGE, IMAGE.after);
    const nodes = (tree['nodes'] as readonly object[]).map((each) => ({
      ...each,
      resourceVersion: 'next',
    }));
    server.within = () => ({ tree: { nodes } });
    await look();
    expect(asked(server).slice(3)).toEqual(['resource-tree', 'resource']);
  });

  test('another pod of the same name by now: the words of the tree', async () => {
    const live = liveIn(IMAGE.after).map((each) => {
      const { metadata } = each;
      return each.kind === 'Pod' ? { ...each, metadata: { ...metadata, uid: 'x' } } : each;
    });
    const { look } = await serve({ live });
    const inspection = await look();
    expect(told(SHOP, inspection)).toEqual([PULL]);
    const pods = inspection.kind === 'seen' ? inspection.tree.nodes : [];
    expect(pods.find(({ name }) => name === 'web-6cfb658bb6-rlp65')?.pod?.containers).toEqual([
      expect.objectContaining({ name: '' }),
    ]);
  });

  test('an event, where the state does not tell why', async () => {
    const { server, look } = await serve({ within: () => pending([SCHEDULING]) });
    expect(told(SHOP, await look())).toEqual([
      'StatefulSet/shop/db cannot be scheduled (Unschedulable, pod db-0): 0/3 nodes are available',
    ]);
    expect(asked(server).toSorted()).toEqual(['events', 'resource', 'resource-tree']);
    expect(server.requests.find(({ path }) => path.endsWith('/events'))?.query).toEqual({
      ...{ appNamespace: 'argocd', resourceUID: 'pod', resourceNamespace: 'shop' },
      resourceName: 'db-0',
    });
  });

  test('of thousands of pods with one cause: one pod', async () => {
    const { server, look } = await serve({ within: () => ({ tree: { nodes: crowd(5_000) } }) });
    expect(told(SHOP, await look())).toEqual([
      expect.stringMatching(
        /^ReplicaSet\/shop\/web cannot pull web:2 \(ImagePullBackOff, 5000 pods, /,
      ),
    ]);
    expect(asked(server)).toEqual(['resource-tree', 'resource']);
  });

  test('of many causes: a few of each', async () => {
    const nodes = Array.from({ length: 30 }, (_, i) => crowd(1, `web-${i}`)).flat();
    const { server, look } = await serve({ within: () => ({ tree: { nodes } }) });
    expect(told(SHOP, await look())).toHaveLength(30);
    expect(asked(server).filter((each) => each === 'resource')).toHaveLength(5);
  });
});

const SCHEDULING = {
  ...{ type: 'Warning', reason: 'FailedScheduling', message: '0/3 nodes are available' },
  involvedObject: { kind: 'Pod', uid: 'pod' },
};

/** A StatefulSet whose pod is not placed. */
function pending(events: readonly object[]) {
  const common = { version: 'v1', namespace: 'shop' };
  const health = { status: 'Progressing' };
  const parent = { group: 'apps', kind: 'StatefulSet', namespace: 'shop', name: 'db', uid: 'set' };
  const info = [{ name: 'Status Reason', value: 'Pending' }];
  const nodes = [
    { ...common, group: 'apps', kind: 'StatefulSet', name: 'db', uid: 'set', health },
    { ...common, kind: 'Pod', name: 'db-0', uid: 'pod', health, info, parentRefs: [parent] },
  ];
  return { tree: { nodes }, events: { pod: events } };
}

function crowd(size: number, name = 'web'): readonly object[] {
  const set = { group: 'apps', version: 'v1', kind: 'ReplicaSet', namespace: 'shop', name };
  const pods = Array.from({ length: size }, (_, i) => ({
    ...{ version: 'v1', kind: 'Pod', namespace: 'shop', name: `${name}-${i}`, uid: `${name}-${i}` },
    ...{ parentRefs: [{ ...set, uid: name }], images: ['web:2'], health: { status: 'Degraded' } },
    info: [{ name: 'Status Reason', value: 'ImagePullBackOff' }],
  }));
  return [{ ...set, uid: name, health: { status: 'Progressing' } }, ...pods];
}

describe('what goes wrong', () => {
  test('the tree is refused: told with the rule, and not asked for again', async () => {
    const { server, look } = await serve({ allow: () => false });
    const inspection = await look();
    expect(inspection).toMatchObject({ kind: 'unavailable', final: true });
    expect(inspection).toHaveProperty(
      'remedy',
      expect.stringContaining('p, role:ci, applications, get, default/why-image-pull, allow'),
    );
    expect(await look()).toEqual(inspection);
    expect(asked(server)).toEqual(['resource-tree']);
  });

  test('the pod is refused: the words of the tree, told once and not asked for again', async () => {
    const { server, look } = await serve(at('/resource', FORBIDDEN));
    const first = await look();
    expect(told(SHOP, first)).toEqual([PULL]);
    expect(lacksOf(first)).toHaveLength(1);
    expect(lacksOf(await look())).toEqual([]);
    expect(asked(server).filter((each) => each === 'resource')).toHaveLength(1);
  });

  test('events are refused: what is known without', async () => {
    const { server, look } = await serve({
      ...at('/events', FORBIDDEN),
      within: () => pending([SCHEDULING]),
    });
    for (const lacks of [1, 0]) {
      const inspection = await look();
      expect(told(SHOP, inspection)).toEqual([
        'StatefulSet/shop/db waits for a container to start (Pending, pod db-0)',
      ]);
      expect(lacksOf(inspection)).toHaveLength(lacks);
    }
    expect(asked(server).filter((each) => each === 'events')).toHaveLength(1);
  });

  test.each<[string, Fault]>([
    ['a server error', { kind: 'status', code: 500 }],
    ['a pod that is gone', { kind: 'status', code: 404 }],
    ['a reset', { kind: 'reset' }],
    ['garbage', { kind: 'garbage' }],
    ['a body cut short', { kind: 'close' }],
  ])('%s instead of the pod: the tree tells, and it is asked for again', async (_, fault) => {
    const { server, look } = await serve(at('/resource', fault));
    for (const count of [1, 2]) {
      const inspection = await look();
      expect(told(SHOP, inspection)).toEqual([PULL]);
      expect(lacksOf(inspection)).toEqual([]);
      expect(asked(server).filter((each) => each === 'resource')).toHaveLength(count);
    }
  });

  test.each<[string, Fault]>([
    ['a server error', { kind: 'status', code: 500 }],
    ['a reset', { kind: 'reset' }],
    ['garbage', { kind: 'garbage' }],
  ])('%s instead of the tree: nothing was seen, the next look may', async (_, fault) => {
    const { server, look } = await serve(at('/resource-tree', fault));
    expect(await look()).toMatchObject({ kind: 'unavailable', final: false });
    server.intercept = undefined;
    expect(told(SHOP, await look())).toEqual([PULL]);
  });

  test('a silent server: given up', async () => {
    const { server, look, clock } = await serve(at('/resource-tree', { kind: 'hang' }));
    const looking = look();
    await server.seen(({ path }) => path.endsWith('/resource-tree'));
    await clock.advance(8_000);
    expect(await looking).toMatchObject({
      kind: 'unavailable',
      message: 'No answer for 8 s.',
      final: false,
    });
  });

  test.each([
    ['/resource', 'waits for a container to start (Pending, pod db-0)'],
    ['/events', 'waits for its pod to start (Pending, pod db-0)'],
  ])('a server that is silent at %s: what was seen until then', async (below, said) => {
    const waits: KubeObject = {
      ...{ apiVersion: 'v1', kind: 'Pod' },
      metadata: { namespace: 'shop', name: 'db-0', uid: 'pod' },
      status: { phase: 'Pending' },
    };
    const { server, look, clock } = await serve({
      ...at(below, { kind: 'hang' }),
      ...{ live: [waits], within: () => pending([SCHEDULING]) },
    });
    const looking = look();
    await server.seen(({ path }) => path.endsWith(below));
    await clock.advance(8_000);
    expect(told(SHOP, await looking)).toEqual([`StatefulSet/shop/db ${said}`]);
  });

  test('the run ends: the look ends with it', async () => {
    const { server, inspector } = await serve(at('/resource-tree', { kind: 'hang' }));
    const stop = new AbortController();
    const looking = inspector.inspect(read(SHOP), stop.signal);
    await server.seen(() => true);
    stop.abort();
    expect(await looking).toMatchObject({ kind: 'unavailable', final: false });
  });
});

function lacksOf(inspection: Inspection) {
  return inspection.kind === 'seen' ? inspection.lacks : [];
}

describe('the last lines of a log', () => {
  const log = { namespace: 'shop', pod: 'web-1', uid: 'u', container: 'main', previous: true };
  const logs = { 'web-1/main/previous': ['one', 'two', 'x'.repeat(5_000)] };
  const object = managing([]);
  const serveLogs = (over: ArgocdServerOptions = {}) =>
    serve({ objects: [object], within: () => ({ tree: { nodes: [] }, logs }), ...over });

  test('no more than asked for, none of them long', async () => {
    const { server, inspector } = await serveLogs();
    expect(await inspector.logs(read(object), log, 2, NEVER)).toEqual({
      kind: 'read',
      lines: ['two', `${'x'.repeat(999)}…`],
    });
    expect(server.requests[0]?.query).toEqual({
      ...{ appNamespace: 'argocd', namespace: 'shop', podName: 'web-1', container: 'main' },
      ...{ tailLines: '2', follow: 'false', previous: 'true' },
    });
  });

  test('megabytes: not read, though a list may have them', async () => {
    const long = { 'web-1/main/previous': Array<string>(200).fill('x'.repeat(50_000)) };
    const within = () => ({ tree: { nodes: [] }, logs: long });
    const { inspector } = await serveLogs({ within });
    expect(await inspector.logs(read(object), log, 200, NEVER)).toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/sent a log of more than 8 MiB, the limit\.$/),
      remedy: expect.stringContaining('log-lines: 20'),
    });
  });

  test('the right that it takes, asked for once', async () => {
    const { server, inspector } = await serveLogs({ allow: (action) => action !== 'logs' });
    for (let look = 0; look < 2; look += 1) {
      expect(await inspector.logs(read(object), log, 2, NEVER)).toMatchObject({
        kind: 'unavailable',
        remedy: expect.stringContaining('p, role:ci, logs, get, default/shop, allow'),
      });
    }
    expect(server.requests).toHaveLength(1);
  });

  test.each([
    ['an error within the stream', { container: 'other' }, {}],
    ['a server error', {}, at('/logs', { kind: 'status', code: 500 })],
    ['garbage', {}, at('/logs', { kind: 'garbage' })],
  ])('%s: not read', async (_, over, options) => {
    const { inspector } = await serveLogs(options);
    const lines = await inspector.logs(read(object), { ...log, ...over }, 2, NEVER);
    expect(lines).toMatchObject({ kind: 'unavailable' });
  });
});

describe('sync windows', () => {
  const window = { kind: 'deny', schedule: '0 22 * * *', duration: '8h', manualSync: false };

  test('those that apply and those that are open, whatever manual syncs may do', async () => {
    const windows = { canSync: true, assignedWindows: [window, {}], activeWindows: [window] };
    const { server, inspector } = await serve({
      within: () => ({ ...withinOf(IMAGE, IMAGE.after), windows }),
    });
    const none = { kind: '', schedule: '', duration: '', manualSync: false };
    expect(await inspector.syncWindows(read(SHOP), NEVER)).toMatchObject({
      kind: 'seen',
      windows: { assigned: [window, none], active: [window] },
    });
    expect(asked(server)).toEqual(['syncwindows', 'detailed']);
    expect(server.requests[0]?.query).toEqual({ appNamespace: 'argocd' });
  });

  const blocking = { canSync: false, assignedWindows: [window], activeWindows: [window] };
  const within = () => ({ tree: {}, windows: blocking });
  const project = (...syncWindows: readonly object[]) => ({
    projects: [
      {
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'AppProject',
        metadata: { namespace: 'argocd', name: 'default' },
        spec: { syncWindows },
      },
    ],
  });
  const ofAll = { ...window, applications: ['*'] };

  test.each<[string, readonly object[], object]>([
    ['its own', [{ ...ofAll, timeZone: 'Europe/Berlin' }], { timeZone: 'Europe/Berlin' }],
    ['UTC where it has none', [ofAll], { timeZone: '' }],
    [
      'not that of another window',
      [
        { ...ofAll, duration: '1h', timeZone: 'Asia/Tokyo' },
        { ...ofAll, applications: ['other'], timeZone: 'Asia/Tokyo' },
        { ...ofAll, timeZone: 'Europe/Berlin' },
      ],
      { timeZone: 'Europe/Berlin' },
    ],
    ['unknown where two are alike', [ofAll, { ...ofAll, timeZone: 'Asia/Tokyo' }], {}],
    ['unknown where the AppProject does not have the window', [], {}],
  ])('the time zone, which the AppProject has: %s', async (_, windows, zone) => {
    const { inspector } = await serve({ within, ...project(...windows) });
    const told = { ...window, ...zone };
    expect(await inspector.syncWindows(read(SHOP), NEVER)).toEqual({
      kind: 'seen',
      windows: { assigned: [told], active: [told] },
      lacks: [],
    });
  });

  test('the AppProject may not be read: asked once, told once, and the windows are told', async () => {
    const allow = (_: string, object: string) => object !== 'default';
    const { server, inspector } = await serve({ within, allow, ...project(ofAll) });
    const [first, second] = [
      await inspector.syncWindows(read(SHOP), NEVER),
      await inspector.syncWindows(read(SHOP), NEVER),
    ];
    const windows = { assigned: [window], active: [window] };
    expect(first).toMatchObject({ windows, lacks: [{}] });
    expect(JSON.stringify(first)).toContain('p, role:ci, projects, get, default, allow');
    expect(second).toEqual({ kind: 'seen', windows, lacks: [] });
    expect(asked(server)).toEqual(['syncwindows', 'detailed', 'syncwindows']);
  });

  test('the AppProject cannot be read now', async () => {
    const fault = at('/detailed', { kind: 'status', code: 500 });
    const { inspector } = await serve({ within, ...fault, ...project(ofAll) });
    const windows = { assigned: [window], active: [window] };
    expect(await inspector.syncWindows(read(SHOP), NEVER)).toMatchObject({ windows, lacks: [] });
  });

  test('none that blocks: the AppProject is not asked for', async () => {
    const { server, inspector } = await serve();
    const windows = { assigned: [], active: [] };
    const seen = { kind: 'seen', windows, lacks: [] };
    expect(await inspector.syncWindows(read(SHOP), NEVER)).toEqual(seen);
    expect(asked(server)).toEqual(['syncwindows']);
  });

  test('refused: asked once', async () => {
    const { server, inspector } = await serve(at('/syncwindows', FORBIDDEN));
    for (const _ of [1, 2]) {
      const seen = await inspector.syncWindows(read(SHOP), NEVER);
      expect(seen).toMatchObject({ kind: 'unavailable', final: true });
    }
    expect(asked(server)).toEqual(['syncwindows']);
  });
});
