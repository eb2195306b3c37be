import { afterEach, describe, expect, test } from '@jest/globals';
import type { Inspection } from '../../../src/sources/inspector.js';
import type {
  AccessRequest,
  ApiServer,
  ApiServerOptions,
  Fault,
  KubeObject,
} from '../../support/api-server.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { managing, NEVER, overKubernetes, read, told } from '../inspectors.js';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

type Over = Partial<KubeObject['metadata']> & Readonly<Record<string, unknown>>;

function object(apiVersion: string, kind: string, name: string, over: Over = {}): KubeObject {
  const { labels, annotations, ownerReferences, creationTimestamp, ...rest } = over;
  const metadata = { labels, annotations, ownerReferences, creationTimestamp };
  return {
    ...{ apiVersion, kind },
    metadata: { namespace: 'shop', name, uid: `uid-${name}`, ...metadata },
    ...rest,
  } as KubeObject;
}

function ownedBy(...names: readonly string[]) {
  return { ownerReferences: names.map((name) => ({ name, uid: `uid-${name}` })) };
}

function revision(number: number) {
  return { annotations: { 'deployment.kubernetes.io/revision': String(number) } };
}

const DEPLOYMENT = object('apps/v1', 'Deployment', 'web', {
  ...revision(2),
  spec: { replicas: 1, selector: { matchLabels: { app: 'web' } } },
  status: { replicas: 2, updatedReplicas: 1, availableReplicas: 1 },
});
const OLD = object('apps/v1', 'ReplicaSet', 'web-old', { ...revision(1), ...ownedBy('web') });
const NEW = object('apps/v1', 'ReplicaSet', 'web-new', { ...revision(2), ...ownedBy('web') });

function pod(name: string, set: string, reason: string, over: Over = {}): KubeObject {
  const hash = set.replace(/^web-/, '');
  return object('v1', 'Pod', name, {
    labels: { app: 'web', 'pod-template-hash': hash },
    ...ownedBy(set),
    creationTimestamp: set === 'web-new' ? '2026-03-01T12:00:00Z' : '2026-03-01T11:00:00Z',
    spec: { containers: [{ name: 'main', image: `web:${hash}` }] },
    status: {
      phase: 'Pending',
      containerStatuses: [{ name: 'main', state: { waiting: { reason } } }],
    },
    ...over,
  });
}

const OLD_POD = pod('web-old-1', 'web-old', 'CrashLoopBackOff');
const NEW_POD = pod('web-new-1', 'web-new', 'ImagePullBackOff');
const ROLLOUT = [DEPLOYMENT, OLD, NEW, OLD_POD, NEW_POD];

const WEB = { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name: 'web' };
const SHOP = managing([WEB]);
const PULL = 'Deployment/web cannot pull web:new (ImagePullBackOff, pod web-new-1)';

async function serve(live: readonly KubeObject[], over: ApiServerOptions = {}, shop = SHOP) {
  const clock = fakeClock();
  const { server, inspector, close } = await overKubernetes({ live, ...over }, clock);
  closing.push(close);
  const look = () => inspector.inspect(read(shop), NEVER);
  return { server, inspector, look, clock };
}

/** `get deployments.apps web`, `list pods app=web`, in order. */
function asked(server: ApiServer): readonly string[] {
  return server.requests.map(({ verb, resource, name, query }) =>
    [verb, resource, name, query['labelSelector'] ?? query['fieldSelector']]
      .filter((part) => part !== undefined && part !== '')
      .join(' '),
  );
}

function lacksOf(inspection: Inspection) {
  return inspection.kind === 'seen' ? inspection.lacks : [];
}

const REFUSES =
  (...resources: readonly string[]) =>
  ({ verb, resource }: AccessRequest) =>
    !resources.includes(`${verb} ${resource}`);

describe('what a look takes', () => {
  test('of what is well: each workload', async () => {
    const well = {
      ...DEPLOYMENT,
      status: { replicas: 1, updatedReplicas: 1, availableReplicas: 1 },
    };
    const { server, look } = await serve([well]);
    expect(told(SHOP, await look())).toEqual([]);
    expect(asked(server)).toEqual(['get deployments.apps web']);
  });

  test('of what is not well: its pods by its selector, and the ReplicaSet of the newest', async () => {
    const { server, look } = await serve(ROLLOUT);
    expect(told(SHOP, await look())).toEqual([PULL]);
    expect(asked(server)).toEqual([
      ...['get deployments.apps web', 'list pods app=web', 'get replicasets.apps web-new'],
    ]);
  });

  test('the new pods alone, where the Deployment says which ReplicaSet it rolls out', async () => {
    const message = 'ReplicaSet "web-new" is progressing.';
    const conditions = [{ type: 'Progressing', status: 'True', message }];
    const telling = { ...DEPLOYMENT, status: { ...(DEPLOYMENT['status'] as object), conditions } };
    const { server, look } = await serve([telling, ...ROLLOUT.slice(1)]);
    expect(told(SHOP, await look())).toEqual([PULL]);
    expect(asked(server)).toEqual([
      ...['get deployments.apps web', 'get replicasets.apps web-new'],
      'list pods app=web,pod-template-hash=new',
    ]);
    // What it says may be of the revision before.
    const stale = { ...telling, metadata: { ...telling.metadata, ...revision(3) } };
    server.setLive([stale, ...ROLLOUT.slice(1)]);
    expect(told(SHOP, await look())).toEqual([expect.stringContaining('Deployment/web is ')]);
    expect(asked(server).slice(3)).toContain('list pods app=web');
  });

  test('nothing of what the Application says is well, or of kinds that have no pods', async () => {
    const config = { version: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'settings' };
    const shop = managing([{ ...WEB, health: { status: 'Healthy' } }, config]);
    const { server, look } = await serve(ROLLOUT, {}, shop);
    expect(told(shop, await look())).toEqual([]);
    expect(server.requests).toEqual([]);
  });

  test('what the Application itself says of a resource of another kind', async () => {
    const health = { status: 'Degraded', message: 'no power' };
    const shop = managing([{ group: 'lab.dev', kind: 'Widget', name: 'w', health }]);
    const { look } = await serve([], {}, shop);
    expect(told(shop, await look())).toEqual(['Widget/w is Degraded: no power']);
  });

  test('Ingresses and Services, where all else is well and the Application does not tell', async () => {
    const ingress = { ...WEB, group: 'networking.k8s.io', kind: 'Ingress' };
    const service = { ...WEB, group: '', kind: 'Service' };
    const well = {
      ...DEPLOYMENT,
      status: { replicas: 1, updatedReplicas: 1, availableReplicas: 1 },
    };
    const { server, inspector } = await serve(ROLLOUT);
    const asksFor = async (resources: readonly object[], live: readonly KubeObject[]) => {
      const shop = managing(resources);
      const before = server.requests.length;
      server.setLive(live);
      const inspection = await inspector.inspect(read(shop), NEVER);
      const seldom = asked(server)
        .slice(before)
        .filter((each) => /ingresses|services/.test(each));
      return [told(shop, inspection), seldom.toSorted()];
    };
    expect(await asksFor([WEB, ingress, service], ROLLOUT)).toEqual([[PULL], []]);
    const lonely = object('networking.k8s.io/v1', 'Ingress', 'web', {});
    expect(await asksFor([WEB, ingress, service], [well, lonely])).toEqual([
      ['Service/web is Missing', 'Ingress/web is Progressing: it has no address yet'],
      ['get ingresses.networking.k8s.io web', 'get services web'],
    ]);
    const health = { status: 'Progressing' };
    expect(await asksFor([WEB, { ...ingress, health }], [well, lonely])).toEqual([
      ['Ingress/web is Progressing'],
      [],
    ]);
  });

  test('an autoscaler in the version that has conditions, whatever its manifest says', async () => {
    const metrics = { type: 'ScalingActive', status: 'False', reason: 'FailedGetResourceMetric' };
    const status = { conditions: [{ ...metrics, message: 'no metrics' }] };
    const scaler = object('autoscaling/v2', 'HorizontalPodAutoscaler', 'web', { status });
    const { kind } = scaler;
    const shop = managing([{ ...WEB, group: 'autoscaling', version: 'v1', kind }]);
    const { look } = await serve([scaler], {}, shop);
    expect(told(shop, await look())).toEqual([
      'HorizontalPodAutoscaler/web is Degraded (FailedGetResourceMetric): no metrics',
    ]);
  });

  test('nothing whose namespace is not known', async () => {
    const shop = managing([{ ...WEB, namespace: undefined }]);
    const nowhere = { ...shop, spec: { destination: { name: 'in-cluster' } } };
    const { server, look } = await serve(ROLLOUT, {}, nowhere);
    expect(told(nowhere, await look())).toEqual([]);
    expect(server.requests).toEqual([]);
  });

  test('of very many workloads: those that were applied, and no more than forty', async () => {
    const resources = Array.from({ length: 200 }, (_, i) => ({ ...WEB, name: `w${i}` }));
    const applied = { ...WEB, name: 'w150', status: 'Synced', message: 'configured' };
    const same = { ...WEB, name: 'w3', status: 'Synced', message: 'deployment.apps/w3 unchanged' };
    const operationState = { phase: 'Succeeded', syncResult: { resources: [same, applied] } };
    const health = { status: 'Degraded', message: 'Caused by apps/Deployment:shop/w199' };
    const shop = managing(resources, { status: { operationState, health } });
    const { server, look } = await serve([], {}, shop);
    expect(await look()).toMatchObject({ tree: { truncated: true } });
    expect(asked(server)).toHaveLength(40);
    expect(asked(server)).toContain('get deployments.apps w150');
    expect(asked(server)).toContain('get deployments.apps w199');
  });

  const crowd = (size: number, reason: (i: number) => string) =>
    Array.from({ length: size }, (_, i) =>
      pod(`web-new-${String(i).padStart(4, '0')}`, 'web-new', reason(i)),
    );
  const pages = (server: ApiServer) =>
    server.requests
      .filter(({ resource }) => resource === 'pods')
      .map(({ query }) => query['limit']);

  test('of thousands of pods that cannot start: a page', async () => {
    const { server, look } = await serve([DEPLOYMENT, NEW, ...crowd(5_000, () => 'ErrImagePull')]);
    const inspection = await look();
    expect(told(SHOP, inspection)).toEqual([
      'Deployment/web cannot pull web:new (ErrImagePull, at least 500 pods, such as web-new-0000)',
    ]);
    expect(inspection).toMatchObject({ tree: { truncated: true } });
    expect(pages(server)).toEqual(['500']);
  });

  test('of thousands of which one cannot: as many as it takes', async () => {
    const pods = crowd(1_200, (i) => (i === 1_100 ? 'ErrImagePull' : 'ContainerCreating'));
    const { server, look } = await serve([DEPLOYMENT, NEW, ...pods]);
    const inspection = await look();
    expect(told(SHOP, inspection)[0]).toBe(
      'Deployment/web cannot pull web:new (ErrImagePull, pod web-new-1100)',
    );
    expect(inspection).toMatchObject({ tree: { truncated: false } });
    expect(pages(server)).toEqual(['500', '500', '500']);
  });

  test('of thousands of which none is known to fail: no more than five thousand', async () => {
    const pods = crowd(5_200, () => 'ContainerCreating');
    const { server, look } = await serve([DEPLOYMENT, NEW, ...pods]);
    expect(await look()).toMatchObject({ tree: { truncated: true } });
    expect(pages(server)).toHaveLength(10);
  });

  test('an event of a pod, where its state does not tell why', async () => {
    const creating = pod('web-new-1', 'web-new', 'ContainerCreating');
    const mount = object('v1', 'Event', 'e1', {
      ...{ type: 'Warning', reason: 'FailedMount', message: 'secret "tls" not found' },
      involvedObject: { kind: 'Pod', uid: 'uid-web-new-1' },
    });
    const other = object('v1', 'Event', 'e2', {
      ...{ type: 'Warning', reason: 'FailedMount', message: 'another pod' },
      involvedObject: { kind: 'Pod', uid: 'uid-other' },
    });
    const { server, look } = await serve([DEPLOYMENT, NEW, creating, mount, other]);
    expect(told(SHOP, await look())).toEqual([
      'Deployment/web cannot mount a volume (FailedMount, pod web-new-1): secret "tls" not found',
    ]);
    expect(asked(server).at(-1)).toBe('list events involvedObject.uid=uid-web-new-1');
  });
});

describe('whose pods they are', () => {
  test('pods of others with the same labels are not looked at', async () => {
    const stranger = pod('other-1', 'other-new', 'CrashLoopBackOff');
    const loose = pod('loose', 'web-new', 'CrashLoopBackOff', ownedBy());
    const { look } = await serve([DEPLOYMENT, NEW, stranger, loose]);
    expect(told(SHOP, await look())).toEqual([
      'Deployment/web is Progressing: 1 old pods are not gone yet',
    ]);
  });

  test('only old pods are there: the new ones cannot be made', async () => {
    const failing = {
      ...DEPLOYMENT,
      status: {
        conditions: [
          { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'no quota' },
        ],
      },
    };
    const { look } = await serve([failing, OLD, OLD_POD]);
    expect(told(SHOP, await look())).toEqual([
      'Deployment/web cannot create its pods (FailedCreate): no quota',
    ]);
  });

  test('a rollback: the ReplicaSet with the revision of the Deployment, not the newest', async () => {
    const back = { ...OLD, metadata: { ...OLD.metadata, ...revision(3) } };
    const deployment = { ...DEPLOYMENT, metadata: { ...DEPLOYMENT.metadata, ...revision(3) } };
    const { look } = await serve([deployment, back, NEW, OLD_POD, NEW_POD]);
    expect(told(SHOP, await look())).toEqual([
      expect.stringMatching(/^Deployment\/web: container main keeps crashing .*web-old-1/),
    ]);
  });

  test('a StatefulSet and a DaemonSet: the pods of their present revision', async () => {
    const labelled = (name: string, owner: string, label: string, reason: string) => {
      const [key = '', value = ''] = label.split('=');
      return pod(name, owner, reason, { labels: { app: owner, [key]: value } });
    };
    const set = object('apps/v1', 'StatefulSet', 'db', {
      spec: { replicas: 2, selector: { matchLabels: { app: 'db' } } },
      status: { readyReplicas: 1, updateRevision: 'db-2', currentRevision: 'db-1' },
    });
    const daemons = object('apps/v1', 'DaemonSet', 'agent', {
      annotations: { 'deprecated.daemonset.template.generation': '2' },
      spec: { selector: { matchLabels: { app: 'agent' } } },
      status: { desiredNumberScheduled: 2, updatedNumberScheduled: 1 },
    });
    const shop = managing([
      { ...WEB, kind: 'StatefulSet', name: 'db' },
      { ...WEB, kind: 'DaemonSet', name: 'agent' },
    ]);
    const live = [
      ...[set, daemons],
      labelled('db-0', 'db', 'controller-revision-hash=db-1', 'CrashLoopBackOff'),
      labelled('db-1', 'db', 'controller-revision-hash=db-2', 'ErrImagePull'),
      labelled('agent-a', 'agent', 'pod-template-generation=1', 'CrashLoopBackOff'),
      labelled('agent-b', 'agent', 'pod-template-generation=2', 'ErrImagePull'),
    ];
    const { server, look } = await serve(live, {}, shop);
    expect(told(shop, await look())).toEqual([
      'DaemonSet/agent cannot pull web:agent (ErrImagePull, pod agent-b)',
      'StatefulSet/db cannot pull web:db (ErrImagePull, pod db-1)',
    ]);
    expect(
      asked(server)
        .filter((each) => each.startsWith('list'))
        .toSorted(),
    ).toEqual([
      'list pods app=agent,pod-template-generation=2',
      'list pods app=db,controller-revision-hash=db-2',
    ]);
  });

  test('a hook of the operation and its pod; one that is gone is no cause', async () => {
    const job = object('batch/v1', 'Job', 'migrate', {
      spec: { selector: { matchLabels: { app: 'web' } } },
      status: { conditions: [{ type: 'Failed', status: 'True', message: 'limit' }] },
    });
    const terminated = { exitCode: 3, reason: 'Error' };
    const failed = pod('migrate-x', 'migrate', '', {
      status: {
        phase: 'Failed',
        containerStatuses: [{ name: 'main', state: { terminated } }],
      },
    });
    const hook = { group: 'batch', version: 'v1', kind: 'Job', namespace: 'shop' };
    const ran = { ...hook, hookType: 'PreSync', hookPhase: 'Failed', syncPhase: 'PreSync' };
    const resources = [
      { ...ran, name: 'migrate' },
      { ...ran, name: 'gone' },
      { ...ran, name: 'done', hookPhase: 'Succeeded' },
    ];
    const operationState = { phase: 'Running', syncResult: { resources } };
    const shop = managing([], { status: { operationState } });
    const { server, look } = await serve([job, failed], {}, shop);
    expect(told(shop, await look())).toEqual([
      'PreSync hook Job/migrate: container main failed (Error, exit code 3, pod migrate-x)',
    ]);
    expect(
      asked(server)
        .filter((each) => each.includes('jobs'))
        .sort(),
    ).toEqual(['get jobs.batch gone', 'get jobs.batch migrate']);
  });

  test('what is not there is Missing', async () => {
    const { look } = await serve([]);
    expect(told(SHOP, await look())).toEqual(['Deployment/web is Missing']);
  });
});

describe('what goes wrong', () => {
  test('an Application of another cluster is not asked for', async () => {
    const shop = managing([WEB], { server: 'https://elsewhere.example.com' });
    const { server, look } = await serve(ROLLOUT, {}, shop);
    expect(await look()).toMatchObject({
      kind: 'unavailable',
      final: true,
      message: expect.stringContaining('deploys into another cluster'),
      remedy: expect.stringContaining('argocd-server'),
    });
    expect(server.requests).toEqual([]);
  });

  test.each<[string, readonly string[], number]>([
    ['list pods', ['Deployment/web is Progressing: 1 old pods are not gone yet'], 1],
    // Then the newest pods tell which the newest ReplicaSet is.
    ['get replicasets', [PULL], 1],
  ])('refused: %s', async (refused, expected, lacks) => {
    const { server, look } = await serve(ROLLOUT, { authorize: REFUSES(refused) });
    const first = await look();
    expect(told(SHOP, first)).toEqual(expected);
    expect(lacksOf(first)).toHaveLength(lacks);
    const second = await look();
    expect(told(SHOP, second)).toEqual(expected);
    expect(lacksOf(second)).toEqual([]);
    const [verb, plural = ''] = refused.split(' ');
    const again = server.requests.filter(
      (each) => each.verb === verb && each.resource.startsWith(plural),
    );
    expect(again).toHaveLength(lacks);
  });

  test('refused: events. What is known without', async () => {
    const creating = pod('web-new-1', 'web-new', 'ContainerCreating');
    const live = [DEPLOYMENT, NEW, creating];
    const { server, look } = await serve(live, { authorize: REFUSES('list events') });
    for (const lacks of [1, 0]) {
      const inspection = await look();
      expect(told(SHOP, inspection)).toEqual([
        'Deployment/web waits for container main to start (ContainerCreating, pod web-new-1)',
      ]);
      expect(lacksOf(inspection)).toHaveLength(lacks);
    }
    expect(asked(server).filter((each) => each.startsWith('list events'))).toHaveLength(1);
  });

  test('refused: all workloads. Nothing was seen, and each kind was asked for once', async () => {
    const resources = Array.from({ length: 12 }, (_, i) => ({ ...WEB, name: `w${i}` }));
    const shop = managing(resources);
    const { server, look } = await serve(ROLLOUT, { authorize: () => false }, shop);
    for (let looks = 0; looks < 2; looks += 1) {
      expect(await look()).toMatchObject({
        kind: 'unavailable',
        final: true,
        message: expect.stringMatching(
          /does not allow looking within Applications: get deployments\.apps in namespace "shop"\.$/,
        ),
      });
    }
    expect(server.requests).toHaveLength(1);
  });

  test('the rule that allows it all', async () => {
    const { look } = await serve(ROLLOUT, { authorize: REFUSES('list pods') });
    const [lack] = lacksOf(await look());
    expect(lack?.remedy).toMatchInlineSnapshot(`
"apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: argocd-post-sync-within, namespace: shop }
rules:
- { apiGroups: [""], resources: [pods], verbs: [get, list] }
- { apiGroups: [""], resources: [events], verbs: [list] }
- { apiGroups: [""], resources: [persistentvolumeclaims, services], verbs: [get] }
- { apiGroups: [apps], resources: [deployments, replicasets, statefulsets, daemonsets], verbs: [get] }
- { apiGroups: [batch], resources: [jobs], verbs: [get] }
- { apiGroups: [autoscaling], resources: [horizontalpodautoscalers], verbs: [get] }
- { apiGroups: [networking.k8s.io], resources: [ingresses], verbs: [get] }
- { apiGroups: [argoproj.io], resources: [rollouts], verbs: [get] }
- { apiGroups: [argoproj.io], resources: [analysisruns], verbs: [list] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: argocd-post-sync-within, namespace: shop }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: argocd-post-sync-within }
subjects:
- { apiGroup: rbac.authorization.k8s.io, kind: User, name: "github:acme/shop" }"
`);
  });

  test.each<[string, Fault]>([
    ['a server error', { kind: 'status', code: 500 }],
    ['a reset', { kind: 'reset' }],
    ['garbage', { kind: 'garbage' }],
    ['a body cut short', { kind: 'close' }],
  ])('%s: nothing was seen, which is no recovery', async (_, fault) => {
    for (const verb of ['get', 'list']) {
      const intercept = (request: { verb: string }) => (request.verb === verb ? fault : undefined);
      const { server, look } = await serve(ROLLOUT, { intercept });
      expect(await look()).toMatchObject({ kind: 'unavailable', final: false });
      server.intercept = undefined;
      expect(told(SHOP, await look())).toEqual([PULL]);
    }
  });

  test.each(['get', 'list'])('a silent server: %s is given up', async (verb) => {
    const intercept = (request: { verb: string }): Fault | undefined =>
      request.verb === verb ? { kind: 'hang' } : undefined;
    const { server, look, clock } = await serve(ROLLOUT, { intercept });
    const looking = look();
    await server.seen((request) => request.verb === verb);
    await clock.advance(8_000);
    expect(await looking).toMatchObject({ kind: 'unavailable', message: 'No answer for 8 s.' });
  });
});

test('a server that is silent about events: what was seen until then', async () => {
  const creating = pod('web-new-1', 'web-new', 'ContainerCreating');
  const intercept = ({ resource }: { resource: string }): Fault | undefined =>
    resource === 'events' ? { kind: 'hang' } : undefined;
  const { server, look, clock } = await serve([DEPLOYMENT, NEW, creating], { intercept });
  const looking = look();
  await server.seen(({ resource }) => resource === 'events');
  await clock.advance(8_000);
  expect(told(SHOP, await looking)).toEqual([
    'Deployment/web waits for container main to start (ContainerCreating, pod web-new-1)',
  ]);
});

test.each([
  ['Job', 'batch/v1', 'jobs'],
  ['StatefulSet', 'apps/v1', 'statefulsets'],
  ['DaemonSet', 'apps/v1', 'daemonsets'],
  ['Rollout', 'argoproj.io/v1alpha1', 'rollouts'],
  ['PersistentVolumeClaim', 'v1', 'persistentvolumeclaims'],
  ['HorizontalPodAutoscaler', 'autoscaling/v2', 'horizontalpodautoscalers'],
  ['Ingress', 'networking.k8s.io/v1', 'ingresses'],
  ['Service', 'v1', 'services'],
])('refused: %s. Told once with the rule; the others are looked at', async (kind, api, plural) => {
  const [version, group = ''] = api.split('/').reverse();
  const shop = managing([WEB, { group, version, kind, namespace: 'shop', name: 'other' }]);
  // Some kinds are read only where all else is well.
  const well = { replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
  const seldom = kind === 'Ingress' || kind === 'Service';
  const live = seldom ? [{ ...DEPLOYMENT, status: well }] : ROLLOUT;
  const authorize = ({ verb, resource }: AccessRequest) =>
    verb !== 'get' || !resource.startsWith(plural);
  const { server, look } = await serve(live, { authorize }, shop);
  for (const lacks of [1, 0]) {
    const inspection = await look();
    expect(told(shop, inspection)).toEqual(seldom ? [] : [PULL]);
    expect(lacksOf(inspection)).toHaveLength(lacks);
    for (const { remedy } of lacksOf(inspection)) expect(remedy).toMatch(`${plural}`);
  }
  expect(server.requests.filter(({ resource }) => resource.startsWith(plural))).toHaveLength(1);
});

describe('the last lines of a log', () => {
  const log = { namespace: 'shop', pod: 'web-1', uid: 'u', container: 'main', previous: false };
  const logged = object('v1', 'Pod', 'web-1', {
    annotations: { 'log.test/main': 'one\ntwo\nthree', 'previous.test/main': 'before' },
  });

  test('of this run, and of the one before', async () => {
    const { server, inspector } = await serve([logged]);
    const lines = (previous: boolean) => inspector.logs(read(SHOP), { ...log, previous }, 2, NEVER);
    expect(await lines(false)).toEqual({ kind: 'read', lines: ['two', 'three'] });
    expect(await lines(true)).toEqual({ kind: 'read', lines: ['before'] });
    expect(server.requests[0]?.query).toEqual({
      ...{ tailLines: '2', limitBytes: '262144', container: 'main' },
    });
  });

  test('the right that it takes, asked for once', async () => {
    const { server, inspector } = await serve([logged], { authorize: REFUSES('get pods/log') });
    for (let look = 0; look < 2; look += 1) {
      expect(await inspector.logs(read(SHOP), log, 2, NEVER)).toMatchObject({
        kind: 'unavailable',
        remedy: expect.stringContaining('resources: [pods/log], verbs: [get]'),
      });
    }
    expect(server.requests).toHaveLength(1);
  });

  test('a container that never ran', async () => {
    const { inspector } = await serve([logged]);
    const other = { ...log, container: 'other' };
    expect(await inspector.logs(read(SHOP), other, 2, NEVER)).toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('not found'),
    });
  });
});

describe('sync windows', () => {
  const window = { kind: 'deny', schedule: '0 22 * * *', duration: '8h', manualSync: false };
  const scope = { applications: ['shop'], clusters: [], namespaces: ['other'] };
  const project = (name: string, namespace: string, syncWindows: unknown = []): KubeObject => ({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { namespace, name },
    spec: { syncWindows },
  });
  const shop = (spec: object, status: object = {}): KubeObject => {
    const application = managing([], { status });
    return { ...application, spec: { ...(application['spec'] as object), ...spec } };
  };
  const own = shop({ project: 'shops' });

  async function windows(live: readonly KubeObject[], of: KubeObject, over: ApiServerOptions = {}) {
    const { server, inspector } = await serve(live, over);
    return { server, inspector, seen: () => inspector.syncWindows(read(of), NEVER) };
  }

  test('those of its AppProject that are for it', async () => {
    const all = [
      { ...window, ...scope, timeZone: 'Europe/Berlin' },
      { ...window, ...scope, applications: ['web'] },
      { ...window, ...scope, andOperator: true },
      {
        kind: 'allow',
        namespaces: ['shop'],
        schedule: '* * * * *',
        duration: '1h',
        manualSync: true,
      },
    ];
    const { server, seen } = await windows([project('shops', 'argocd', all)], own);
    const allow = { kind: 'allow', schedule: '* * * * *', duration: '1h', manualSync: true };
    const assigned = [
      { ...window, timeZone: 'Europe/Berlin' },
      { ...allow, timeZone: '' },
    ];
    expect(await seen()).toEqual({ kind: 'seen', windows: { assigned }, lacks: [] });
    expect(asked(server)).toEqual(['get appprojects.argoproj.io shops']);
  });

  test('of the project default, in the namespace of the Argo CD that manages it', async () => {
    const elsewhere = shop({}, { controllerNamespace: 'gitops' });
    const live = [
      project('default', 'gitops', [{ ...window, ...scope }]),
      project('default', 'argocd'),
    ];
    const { seen } = await windows(live, elsewhere);
    expect(await seen()).toMatchObject({ windows: { assigned: [window] } });
  });

  test.each<[string, readonly KubeObject[]]>([
    ['a project without windows', [project('shops', 'argocd')]],
    ['no such project', []],
    ['what is no list', [project('shops', 'argocd', {})]],
  ])('none: %s', async (_, live) => {
    const { seen } = await windows(live, own);
    expect(await seen()).toEqual({ kind: 'seen', windows: { assigned: [] }, lacks: [] });
  });

  test('refused: asked once for each project, with the role that it takes', async () => {
    const authorize = ({ name }: AccessRequest) => name !== 'shops';
    const live = [project('shops', 'argocd'), project('default', 'argocd')];
    const { server, inspector, seen } = await windows(live, own, { authorize });
    for (const _ of [1, 2]) {
      expect(await seen()).toMatchObject({
        kind: 'unavailable',
        final: true,
        message: expect.stringContaining(
          'does not allow reading sync windows: get appprojects.argoproj.io "shops" in namespace "argocd"',
        ),
        remedy: expect.stringContaining(
          '- { apiGroups: [argoproj.io], resources: [appprojects], verbs: [get] }',
        ),
      });
    }
    expect(await inspector.syncWindows(read(shop({})), NEVER)).toMatchObject({ kind: 'seen' });
    expect(asked(server)).toEqual([
      'get appprojects.argoproj.io shops',
      'get appprojects.argoproj.io default',
    ]);
  });

  test.each<[string, Fault]>([
    ['a server error', { kind: 'status', code: 500 }],
    ['garbage', { kind: 'garbage' }],
  ])('%s: not known now', async (_, fault) => {
    const { seen } = await windows([project('shops', 'argocd')], own, { intercept: () => fault });
    expect(await seen()).toMatchObject({ kind: 'unavailable' });
  });
});
