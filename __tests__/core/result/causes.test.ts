import { describe, expect, test } from '@jest/globals';
import { type Cause, causesOf } from '../../../src/core/result/causes.js';
import type { ContainerState, ResourceTree, TreeNode } from '../../../src/core/within/tree.js';
import {
  container,
  ended,
  event,
  NEW,
  node,
  OLD,
  pod,
  RUNNING,
  rollout,
  tree,
  WEB,
  waits,
} from '../support/tree.ts';

const OPTIONS = {
  application: 'shop',
  namespace: 'shop',
  hooks: new Map([['batch/Job/shop/migrate', 'PreSync']]),
};

function causes(of: ResourceTree): readonly Cause[] {
  return causesOf(of, OPTIONS);
}

function messages(of: ResourceTree): readonly string[] {
  return causes(of).map(({ message }) => message);
}

/** The one cause in a pod of the new version with these containers. */
function causeIn(...containers: readonly ContainerState[]): Cause | undefined {
  return causes(tree(rollout(pod('web-new-1', NEW, containers))))[0];
}

const BACK_OFF = 'Back-off pulling image "registry.example.com/web:2": ErrImagePull: not found';
const CRASHES = 'back-off 5m0s restarting failed container=main pod=web-new-1_shop(uid)';
const OOM = { reason: 'OOMKilled', exitCode: 137, message: '', finishedAt: '2026-03-01T12:01:00Z' };

describe('a container of the new version', () => {
  test.each<[string, ContainerState, Readonly<Record<string, unknown>>]>([
    [
      'whose image cannot be pulled',
      waits('ImagePullBackOff', BACK_OFF),
      {
        reason: 'ImagePullBackOff',
        message:
          'Deployment/web cannot pull registry.example.com/web:2 (ImagePullBackOff, pod web-new-1): ErrImagePull: not found',
        image: 'registry.example.com/web:2',
        container: 'main',
      },
    ],
    [
      'whose image name only the kubelet tells',
      waits('ErrImagePull', 'failed to pull image "x/y:1": denied', { image: '', name: '' }),
      {
        reason: 'ErrImagePull',
        message:
          'Deployment/web cannot pull x/y:1 (ErrImagePull, pod web-new-1): failed to pull image "x/y:1": denied',
        image: 'x/y:1',
      },
    ],
    [
      'with no image that there could be',
      waits('InvalidImageName', 'couldn\'t parse image name "A/B"'),
      { message: expect.stringMatching(/^Deployment\/web cannot pull .*InvalidImageName/) },
    ],
    [
      'that must not pull',
      waits('ErrImageNeverPull', 'Container image "x" is not present with pull policy of Never'),
      { reason: 'ErrImageNeverPull' },
    ],
    [
      'with a secret that is missing',
      waits('CreateContainerConfigError', 'secret "db" not found'),
      {
        reason: 'CreateContainerConfigError',
        message:
          'Deployment/web cannot configure container main (CreateContainerConfigError, pod web-new-1): secret "db" not found',
      },
    ],
    [
      'that cannot be created',
      waits('CreateContainerError', 'no command specified'),
      { message: expect.stringMatching(/cannot create container main .*: no command specified$/) },
    ],
    [
      'that cannot be run',
      waits('RunContainerError', 'exec: "x": not found', { restarts: 2 }),
      {
        message: expect.stringMatching(
          /cannot run container main \(RunContainerError, 2 restarts, /,
        ),
        restarts: 2,
      },
    ],
    [
      'that crashes again and again',
      waits('CrashLoopBackOff', CRASHES, {
        restarts: 5,
        lastTerminated: { ...OOM, reason: 'Error', exitCode: 3, message: 'no config' },
      }),
      {
        reason: 'CrashLoopBackOff',
        message:
          'Deployment/web: container main keeps crashing (CrashLoopBackOff, exit code 3, 5 restarts, pod web-new-1): no config',
        exitCode: 3,
        restarts: 5,
        since: '2026-03-01T12:01:00Z',
        log: expect.objectContaining({ pod: 'web-new-1', container: 'main', previous: true }),
      },
    ],
    [
      'that has too little memory',
      waits('CrashLoopBackOff', CRASHES, { restarts: 1, lastTerminated: OOM }),
      {
        reason: 'CrashLoopBackOff',
        message:
          'Deployment/web: container main runs out of memory (CrashLoopBackOff, OOMKilled, exit code 137, 1 restart, pod web-new-1)',
        exitCode: 137,
      },
    ],
    [
      'that has just been killed',
      ended(137, 'OOMKilled'),
      {
        reason: 'OOMKilled',
        message:
          'Deployment/web: container main runs out of memory (OOMKilled, exit code 137, pod web-new-1)',
        log: expect.objectContaining({ previous: false }),
      },
    ],
    [
      'that ended by a signal, of which no code is known',
      container({ terminated: { reason: 'Signal:9', message: '', finishedAt: '' } }),
      { reason: 'Signal:9', message: expect.stringContaining('container main failed (Signal:9') },
    ],
    [
      'of the init kind',
      waits('ImagePullBackOff', BACK_OFF, { role: 'init', name: 'migrate' }),
      { message: expect.stringContaining('web:2 for init container migrate (') },
    ],
    [
      'of the sidecar kind',
      waits('CrashLoopBackOff', CRASHES, { role: 'sidecar', name: 'proxy', restarts: 3 }),
      { message: expect.stringContaining(': sidecar container proxy keeps crashing (') },
    ],
    [
      'that is about to start',
      waits('ContainerCreating'),
      {
        reason: 'ContainerCreating',
        message:
          'Deployment/web waits for container main to start (ContainerCreating, pod web-new-1)',
      },
    ],
    [
      'that runs and is not ready',
      container({ running: true }),
      {
        reason: 'NotReady',
        message: 'Deployment/web: container main runs but is not ready (NotReady, pod web-new-1)',
      },
    ],
  ])('%s', (_, state, expected) => {
    expect(causeIn(state)).toMatchObject({ application: 'shop', subject: 'Deployment/web' });
    expect(causeIn(state)).toMatchObject(expected);
  });

  test('that did its work is no cause', () => {
    const done = ended(0, 'Completed', { role: 'init', name: 'migrate' });
    expect(causeIn(done, waits('ImagePullBackOff', BACK_OFF))?.reason).toBe('ImagePullBackOff');
    expect(causes(tree(rollout(pod('web-new-1', NEW, [done, RUNNING]))))).toEqual([
      expect.objectContaining({ reason: 'Progressing' }),
    ]);
  });
});

describe('one cause', () => {
  const crowd = Array.from({ length: 10 }, (_, i) =>
    pod(`web-new-${i}`, NEW, [
      waits(i % 2 ? 'ImagePullBackOff' : 'ErrImagePull', BACK_OFF, { restarts: i }),
    ]),
  );

  test('of ten pods, whatever the order', () => {
    const expected = [
      expect.objectContaining({
        message:
          'Deployment/web cannot pull registry.example.com/web:2 (ErrImagePull, 9 restarts, 10 pods, such as web-new-0): ErrImagePull: not found',
        count: 10,
      }),
    ];
    expect(causes(tree(rollout(...crowd)))).toEqual(expected);
    expect(causes(tree(rollout(...crowd.toReversed())))).toEqual(expected);
  });

  test('of pods of which one was asked for its events: its words', () => {
    const pods = ['a', 'b', 'c'].map((name) => pod(name, NEW, [waits('ContainerCreating')]));
    const [, asked = NEW] = pods;
    const sandbox = event(asked, 'FailedCreatePodSandBox', 'no IPs available');
    expect(messages(tree(rollout(...pods), [sandbox]))).toEqual([
      'Deployment/web waits for container main to start (FailedCreatePodSandBox, 3 pods, such as b): no IPs available',
    ]);
  });

  test('that a Deployment and its ReplicaSet tell of is counted once', () => {
    const refused = { health: 'Degraded', healthReason: 'FailedCreate', healthMessage: 'no quota' };
    const told = causes(tree([{ ...WEB, ...refused }, OLD, { ...NEW, ...refused }]));
    expect(told).toEqual([
      expect.objectContaining({
        message: 'Deployment/web cannot create its pods (FailedCreate): no quota',
      }),
    ]);
    expect(told[0]).not.toHaveProperty('count');
  });

  test('of pods of which only some were looked at closely', () => {
    const crashing = (name: string, exitCode: number) =>
      waits('CrashLoopBackOff', '', {
        name,
        lastTerminated: { ...OOM, reason: 'Error', exitCode },
      });
    const vague = container({ name: '', waiting: { reason: 'CrashLoopBackOff', message: '' } });
    const pods = [
      ...[pod('web-new-1', NEW, [vague]), pod('web-new-2', NEW, [vague])],
      pod('web-new-3', NEW, [crashing('main', 3)]),
    ];
    expect(causes(tree(rollout(...pods)))).toEqual([
      expect.objectContaining({
        message:
          'Deployment/web: container main keeps crashing (CrashLoopBackOff, exit code 3, 3 pods, such as web-new-3)',
        ...{ container: 'main', exitCode: 3, count: 3 },
      }),
    ]);
    expect(messages(tree(rollout(...pods.slice(0, 2))))).toEqual([
      'Deployment/web: a container keeps crashing (CrashLoopBackOff, 2 pods, such as web-new-1)',
    ]);
  });

  test('for each image, container and exit code', () => {
    const other = waits('ImagePullBackOff', '', { image: 'other:1' });
    const pods = [pod('web-new-1', NEW, [waits('ImagePullBackOff'), other, ended(1), ended(2)])];
    expect(causes(tree(rollout(...pods)))).toHaveLength(4);
  });
});

describe('only of what belongs to the new version', () => {
  const broken = [waits('CrashLoopBackOff', CRASHES)];

  test('old pods of a Deployment are none of its causes', () => {
    const nodes = rollout(pod('web-old-1', OLD, broken), pod('web-new-1', NEW, [RUNNING]));
    expect(messages(tree(nodes))).toEqual(['Deployment/web is Progressing']);
  });

  test('where no ReplicaSet has the revision of the Deployment, all that are seen are old', () => {
    const nodes = [WEB, OLD, pod('web-old-1', OLD, broken)];
    expect(messages(tree(nodes))).toEqual(['Deployment/web is Progressing']);
  });

  test('without revisions the ReplicaSet made last is the new one', () => {
    const web = node('Deployment/web');
    const first = node('ReplicaSet/a', { owner: web, createdAt: '2026-03-01T11:00:00Z' });
    const second = node('ReplicaSet/b', { owner: web, createdAt: '2026-03-01T12:00:00Z' });
    const pods = [pod('a-1', first, broken), pod('b-1', second, [waits('ErrImagePull')])];
    expect(causes(tree([web, first, second, ...pods])).map(({ reason }) => reason)).toEqual([
      'ErrImagePull',
    ]);
  });

  test.each<[string, TreeNode, readonly TreeNode[], string, string]>([
    [
      'a StatefulSet that names its revision',
      node('StatefulSet/db', { currentPodLabels: { 'controller-revision-hash': 'db-2' } }),
      [],
      ...(['db-1', 'db-2'] as const),
    ],
    [
      'a StatefulSet with its revisions',
      node('StatefulSet/db'),
      [
        node('ControllerRevision/db-1', { revision: 1, health: '' }),
        node('ControllerRevision/db-2', { revision: 2, health: '' }),
      ],
      ...(['db-1', 'db-2'] as const),
    ],
    [
      'a DaemonSet with its revisions, whose hashes label the pods',
      node('DaemonSet/agent'),
      [
        node('ControllerRevision/agent-bbb', { revision: 2, health: '' }),
        node('ControllerRevision/agent-aaa', { revision: 1, health: '' }),
      ],
      ...(['aaa', 'bbb'] as const),
    ],
  ])('%s', (_, owner, revisions, old, current) => {
    const labelled = (name: string, hash: string, reason: string) =>
      pod(name, owner, [waits(reason)], { labels: { 'controller-revision-hash': hash } });
    const nodes = [
      ...[owner, ...revisions.map((each) => ({ ...each, owners: [owner.uid] }))],
      ...[labelled('p-1', old, 'CrashLoopBackOff'), labelled('p-2', current, 'ErrImagePull')],
    ];
    expect(causes(tree(nodes)).map(({ reason }) => reason)).toEqual(['ErrImagePull']);
  });

  test('a pod on its way out, and one that is done', () => {
    const leaving = pod('web-new-1', NEW, broken, { deleting: true });
    const done = pod('web-new-2', NEW, [ended(0, 'Completed')], { phase: 'Succeeded' });
    expect(messages(tree(rollout(leaving, done)))).toEqual(['Deployment/web is Progressing']);
  });

  test('what is well, or has no health, keeps nobody waiting', () => {
    for (const health of ['Healthy', '']) {
      const web = node('Deployment/web', { health });
      const set = node('ReplicaSet/web-1', { owner: web });
      expect(causes(tree([web, set, pod('web-1-1', set, broken)]))).toEqual([]);
    }
  });
});

describe('beside its containers', () => {
  const waiting = pod('web-new-1', NEW, []);

  test('a pod that cannot be scheduled: the words of the scheduler', () => {
    const message = '0/3 nodes are available: 3 Insufficient cpu.';
    const unschedulable = { reason: 'Unschedulable', message, since: '2026-03-01T12:00:05Z' };
    expect(causes(tree(rollout(pod('web-new-1', NEW, [], { unschedulable }))))).toEqual([
      {
        application: 'shop',
        subject: 'Deployment/web',
        reason: 'Unschedulable',
        message: `Deployment/web cannot be scheduled (Unschedulable, pod web-new-1): ${message}`,
        since: '2026-03-01T12:00:05Z',
      },
    ]);
    const byEvent = tree(rollout(waiting), [event(waiting, 'FailedScheduling', message)]);
    expect(messages(byEvent)).toEqual([
      `Deployment/web cannot be scheduled (Unschedulable, pod web-new-1): ${message}`,
    ]);
  });

  test('an old event of a pod that has been scheduled since says nothing', () => {
    const runs = pod('web-new-1', NEW, [container({ running: true })]);
    const late = tree(rollout(runs), [event(runs, 'FailedScheduling', 'no nodes')]);
    expect(messages(late)).toEqual([expect.stringContaining('runs but is not ready')]);
  });

  test('a volume or secret that is missing', () => {
    const creating = pod('web-new-1', NEW, [waits('ContainerCreating')]);
    const message = 'MountVolume.SetUp failed for volume "tls" : secret "tls" not found';
    expect(causes(tree(rollout(creating), [event(creating, 'FailedMount', message)]))).toEqual([
      expect.objectContaining({
        reason: 'FailedMount',
        message: `Deployment/web cannot mount a volume (FailedMount, pod web-new-1): ${message}`,
      }),
    ]);
  });

  test('a volume that was late, of a pod that runs by now', () => {
    const runs = pod('web-new-1', NEW, [container({ running: true })]);
    const late = tree(rollout(runs), [event(runs, 'FailedMount', 'timed out')]);
    expect(messages(late)).toEqual([expect.stringContaining('runs but is not ready')]);
  });

  test('an init container at work is waited for', () => {
    const init = container({ role: 'init', name: 'migrate', running: true });
    const waiting = pod('web-new-1', NEW, [init, waits('PodInitializing')]);
    expect(messages(tree(rollout(waiting)))).toEqual([
      'Deployment/web waits for init container migrate to finish (PodInitializing, pod web-new-1)',
    ]);
  });

  test('a probe that fails', () => {
    const runs = pod('web-new-1', NEW, [container({ running: true })]);
    const events = [
      event(runs, 'Unhealthy', 'connection refused', '2026-03-01T12:00:10Z'),
      event(runs, 'Unhealthy', 'HTTP 503', '2026-03-01T12:00:20Z'),
    ];
    expect(messages(tree(rollout(runs), events))).toEqual([
      'Deployment/web: container main runs but is not ready (Unhealthy, pod web-new-1): HTTP 503',
    ]);
  });

  test('pods that cannot be made', () => {
    const message = 'pods "web-new-" is forbidden: exceeded quota';
    const refused = { ...NEW, health: 'Degraded' };
    const told = [event(NEW, 'FailedCreate', message)];
    expect(causes(tree([WEB, OLD, refused], told))).toEqual([
      expect.objectContaining({
        subject: 'Deployment/web',
        reason: 'FailedCreate',
        message: `Deployment/web cannot create its pods (FailedCreate): ${message}`,
      }),
    ]);
    // They can be made by now.
    expect(messages(tree(rollout(), told))).toEqual(['Deployment/web is Progressing']);
  });

  test('a pod that was evicted', () => {
    const gone = { phase: 'Failed', reason: 'Evicted', message: 'The node was low on memory.' };
    expect(messages(tree(rollout(pod('web-new-1', NEW, [], gone))))).toEqual([
      'Deployment/web: a pod failed (Evicted, pod web-new-1): The node was low on memory.',
    ]);
  });
});

describe('which events tell of the present', () => {
  type Told = readonly [reason: string, message: string];
  const creating = [waits('ContainerCreating')];
  const STARTS = 'waits for container main to start (ContainerCreating, pod web-new-1)';
  const MISSING = 'secret "db" not found';
  const LATE = 'Unable to attach or mount volumes: timed out waiting for the condition';

  /** @param told the oldest first */
  function causeOf(
    containers: readonly ContainerState[],
    told: readonly Told[],
    over: Parameters<typeof pod>[3] = {},
  ) {
    const at = pod('web-new-1', NEW, containers, over);
    const events = told.map((each, i) => event(at, ...each, `2026-03-01T12:00:1${i}Z`));
    // In no particular order.
    return messages(tree(rollout(at), [...events].reverse()));
  }

  test.each<[string, readonly Told[], string]>([
    [
      'the volume was mounted in the end, as the image is pulled',
      [
        ['FailedMount', MISSING],
        ['Pulling', 'Pulling image "web:2"'],
      ],
      `${STARTS}: Pulling image "web:2"`,
    ],
    [
      'it could not be mounted again',
      [
        ['Pulled', 'Pulled image "web:2"'],
        ['FailedMount', MISSING],
      ],
      `cannot mount a volume (FailedMount, pod web-new-1): ${MISSING}`,
    ],
    [
      'why it cannot be mounted, not since when',
      [
        ['FailedMount', MISSING],
        ['FailedMount', LATE],
      ],
      `cannot mount a volume (FailedMount, pod web-new-1): ${MISSING}`,
    ],
    [
      'since when, where nothing says why',
      [['FailedAttachVolume', LATE]],
      `cannot mount a volume (FailedAttachVolume, pod web-new-1): ${LATE}`,
    ],
  ])('%s', (_, told, message) => {
    expect(causeOf(creating, told)).toEqual([`Deployment/web ${message}`]);
  });

  test('a pod that was started before had its volumes', () => {
    const again = [waits('ContainerCreating', '', { restarts: 1 })];
    expect(causeOf(again, [['FailedMount', MISSING]])).toEqual([
      'Deployment/web waits for container main to start (ContainerCreating, 1 restart, pod web-new-1)',
    ]);
    const one = [container({ role: 'sidecar', name: 'proxy', running: true, ready: true })];
    expect(causeOf([...one, ...creating], [['FailedMount', MISSING]])).toEqual([
      `Deployment/web ${STARTS}`,
    ]);
  });

  test('a pod that has a node, or had a container run, was scheduled', () => {
    const told: readonly Told[] = [['FailedScheduling', 'no nodes']];
    const done = ended(0, 'Completed', { role: 'init', name: 'migrate' });
    expect(causeOf(creating, told, { placed: true })).toEqual([`Deployment/web ${STARTS}`]);
    expect(causeOf([done, ...creating], told)).toEqual([`Deployment/web ${STARTS}`]);
    expect(causeOf(creating, told)).toEqual([
      'Deployment/web cannot be scheduled (Unschedulable, pod web-new-1): no nodes',
    ]);
  });

  test('of what is not ready, its probe', () => {
    const told: readonly Told[] = [
      ['Unhealthy', 'HTTP 503'],
      ['BackOff', 'Back-off restarting'],
    ];
    const lastTerminated = { ...OOM, reason: 'Error', exitCode: 3 };
    const runs = container({ running: true, restarts: 1, lastTerminated });
    expect(causeOf([runs], told)).toEqual([
      'Deployment/web: container main ended, runs again and is not ready (Unhealthy, exit code 3, 1 restart, pod web-new-1): HTTP 503',
    ]);
  });
});

describe('other resources', () => {
  test.each<[string, string, string, string]>([
    [
      'PersistentVolumeClaim',
      'FailedBinding',
      'none fits',
      'has no volume (FailedBinding): none fits',
    ],
    [
      'PersistentVolumeClaim',
      'WaitForFirstConsumer',
      'no pod yet',
      'is Progressing (WaitForFirstConsumer): no pod yet',
    ],
    ['PersistentVolumeClaim', 'Resizing', 'grows', 'is Progressing'],
    [
      'HorizontalPodAutoscaler',
      'FailedGetResourceMetric',
      'no metrics',
      'is Progressing (FailedGetResourceMetric): no metrics',
    ],
    ['HorizontalPodAutoscaler', 'SuccessfulRescale', 'New size: 3', 'is Progressing'],
    ['Job', 'SuccessfulCreate', 'Created pod', 'is Progressing'],
    ['Ingress', 'NoBackend', 'no pods', 'is Progressing (NoBackend): no pods'],
  ])('%s told of %s', (kind, reason, said, message) => {
    const at = node(`${kind}/web`);
    expect(messages(tree([at], [event(at, reason, said)]))).toEqual([`${kind}/web ${message}`]);
  });

  test('a Job that failed, and its pod', () => {
    const health = { health: 'Degraded', healthMessage: 'Job has reached the backoff limit' };
    const job = node('Job/import', health);
    expect(messages(tree([job]))).toEqual([
      'Job/import is Degraded: Job has reached the backoff limit',
    ]);
    expect(messages(tree([job, pod('import-x', job, [ended(1)], { phase: 'Failed' })]))).toEqual([
      'Job/import: container main failed (Error, exit code 1, pod import-x)',
    ]);
    const hook = node('Job/migrate', health);
    expect(messages(tree([hook, pod('migrate-x', hook, [ended(2)])]))).toEqual([
      'PreSync hook Job/migrate: container main failed (Error, exit code 2, pod migrate-x)',
    ]);
  });

  test('what is under a resource that the Application manages is told of that resource', () => {
    const database = node('Postgres/db', { group: 'example.com' });
    const set = node('StatefulSet/db', { owner: database });
    expect(causes(tree([database, set, pod('db-0', set, [waits('ErrImagePull')])]))).toEqual([
      expect.objectContaining({ subject: 'Postgres/db', reason: 'ErrImagePull' }),
    ]);
  });

  test.each([
    [
      node('Widget/w', { group: 'lab.dev', health: 'Degraded', healthMessage: 'no power' }),
      'Widget/w is Degraded: no power',
    ],
    [
      node('HorizontalPodAutoscaler/web', { healthMessage: 'Waiting to Autoscale' }),
      'HorizontalPodAutoscaler/web is Progressing: Waiting to Autoscale',
    ],
    [node('Service/web', { uid: '', health: 'Missing' }), 'Service/web is Missing'],
    [
      node('Deployment/web', {
        health: 'Degraded',
        healthReason: 'ProgressDeadlineExceeded',
        healthMessage: 'ReplicaSet "web-new" has timed out progressing.',
      }),
      'Deployment/web is Degraded (ProgressDeadlineExceeded): ReplicaSet "web-new" has timed out progressing.',
    ],
    [node('Deployment/web', { namespace: 'other' }), 'Deployment/other/web is Progressing'],
    [node('ClusterRole/web', { namespace: '' }), 'ClusterRole/web is Progressing'],
  ])('what its health says, %#', (each, message) => {
    expect(messages(tree([each]))).toEqual([message]);
  });

  test('what is degraded below a resource, where nothing tells more', () => {
    const group = 'cert-manager.io';
    const certificate = node('Certificate/web', { group, healthMessage: 'Issuing certificate' });
    const challenge = node('Challenge/web-1', {
      ...{ group: 'acme.cert-manager.io', owner: certificate, health: 'Degraded' },
      healthMessage: 'wrong status code 404',
    });
    const said = 'Certificate/web: Challenge/web-1 is Degraded: wrong status code 404';
    expect(messages(tree([certificate, challenge]))).toEqual([said]);
    expect(messages(tree([certificate, { ...challenge, healthMessage: '' }]))).toEqual([
      'Certificate/web is Progressing: Issuing certificate',
    ]);
    const set = node('StatefulSet/db', { owner: certificate });
    const broken = pod('db-0', set, [waits('ErrImagePull')]);
    expect(messages(tree([certificate, challenge, set, broken]))).toEqual([
      expect.stringContaining('Certificate/web cannot pull'),
    ]);
  });

  test('an event that says why', () => {
    const claim = node('PersistentVolumeClaim/data');
    const scaler = node('HorizontalPodAutoscaler/web', { health: 'Degraded' });
    const events = [
      event(claim, 'ProvisioningFailed', 'storageclass "fast" not found'),
      event(scaler, 'FailedGetResourceMetric', 'no metrics'),
      event(claim, 'Other', 'nothing to do with it'),
    ];
    expect(messages(tree([claim, scaler], events))).toEqual([
      'PersistentVolumeClaim/data has no volume (ProvisioningFailed): storageclass "fast" not found',
      'HorizontalPodAutoscaler/web is Degraded (FailedGetResourceMetric): no metrics',
    ]);
  });
});

test('the most telling first', () => {
  const slow = node('Deployment/slow');
  const nodes = [
    ...[node('Widget/a'), node('Widget/b', { health: 'Degraded' })],
    ...[slow, pod('slow-1', slow, [container({ running: true })])],
    ...rollout(
      pod('web-new-1', NEW, [ended(1)]),
      pod('web-new-2', NEW, [waits('ImagePullBackOff')]),
      pod('web-new-3', NEW, [], { unschedulable: { reason: '', message: 'none', since: '' } }),
    ),
  ];
  const told = ['ImagePullBackOff', 'Error', 'Unschedulable', 'Degraded', 'NotReady'];
  for (const order of [nodes, nodes.toReversed()]) {
    const reasons = causes(tree(order)).map(({ reason }) => reason);
    expect(reasons).toEqual([...told, 'Progressing']);
  }
});

test('what is missing, as a later wave is, comes after what is waited for', () => {
  const runs = pod('web-new-1', NEW, [container({ running: true })]);
  const missing = node('Deployment/api', { uid: '', health: 'Missing' });
  expect(messages(tree([missing, ...rollout(runs)]))).toEqual([
    expect.stringMatching(/^Deployment\/web: container main runs but is not ready/),
    'Deployment/api is Missing',
  ]);
});

describe('whatever a cluster says', () => {
  test('owners in a circle, two nodes with one uid', () => {
    const a = node('Widget/a', { owners: ['uid-Widget-b'] });
    const b = node('Widget/b', { owners: ['uid-Widget-a'] });
    expect(causes(tree([a, b]))).toEqual([]);
    expect(causes(tree([WEB, WEB])).length).toBe(1);
  });

  test('a message without end is cut, and stays in one line', () => {
    const [cause] = causes(
      tree(rollout(pod('web-new-1', NEW, [waits('RunContainerError', 'a\n'.repeat(10_000))]))),
    );
    expect(cause?.message.length).toBeLessThan(500);
    expect(cause?.message).not.toContain('\n');
  });

  test('thousands of broken resources: the first fifty, soon', () => {
    const nodes = Array.from({ length: 5_000 }, (_, i) => node(`Widget/w${i}`));
    expect(causes(tree(nodes))).toHaveLength(50);
  });
});
