import { afterEach, describe, expect, test } from '@jest/globals';
import type { Inspector } from '../../src/sources/inspector.js';
import type { KubeObject } from '../support/api-server.ts';
import { eventsIn, resourceTreeOf } from '../support/resource-tree.ts';
import {
  CREATING,
  event,
  NEW_SET,
  OLD_SET,
  object,
  pod,
  RUNS,
  set,
  terminated,
  unscheduled,
  WEB,
  waiting,
  web,
} from '../support/workloads.ts';
import { managing, NEVER, overArgocd, overKubernetes, read, told } from './inspectors.ts';

/** What clusters say, in their own words, and what is made of it: the same by either API. */

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** What has no owner is what the Application manages. */
function shopOf(live: readonly KubeObject[]): KubeObject {
  const roots = live.filter(
    ({ kind, metadata }) => kind !== 'Event' && !metadata['ownerReferences'],
  );
  return managing(
    roots.map(({ apiVersion = '', kind, metadata }) => {
      const [version, group = ''] = apiVersion.split('/').reverse();
      return { group, version, kind, namespace: 'shop', name: metadata.name };
    }),
  );
}

async function byArgocd(shop: KubeObject, live: readonly KubeObject[]): Promise<Inspector> {
  const within = () => ({ tree: { ...resourceTreeOf(live) }, events: eventsIn(live) });
  const { inspector, close } = await overArgocd({ objects: [shop], live, within });
  closing.push(close);
  return inspector;
}

async function byKubernetes(shop: KubeObject, live: readonly KubeObject[]): Promise<Inspector> {
  const { inspector, close } = await overKubernetes({ objects: [shop], live });
  closing.push(close);
  return inspector;
}

const ROLLOUT = [WEB, OLD_SET, NEW_SET];
const NEW = 'web-6cf-x1';

function newPod(...containers: Parameters<typeof pod>[2]): KubeObject {
  return pod(NEW, NEW_SET, containers);
}

const BACK_OFF = waiting(
  'CrashLoopBackOff',
  'back-off 1m20s restarting failed container=main pod=web-6cf-x1_shop(0b1d)',
);
const CRASHED = { restartCount: 4, state: BACK_OFF, lastState: terminated(1) };
const QUOTA =
  'pods "web-6cf-7kq2f" is forbidden: exceeded quota: compute, requested: requests.cpu=2, used: requests.cpu=3, limited: requests.cpu=4';
const PODSECURITY =
  'pods "web-6cf-9x2bd" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "main" must set securityContext.allowPrivilegeEscalation=false)';
const WEBHOOK =
  'admission webhook "validate.kyverno.svc-fail" denied the request: resource Pod/shop/web was blocked';

/** A Deployment of which no new pod can be made. */
function withoutPods(message: string): readonly KubeObject[] {
  const failure = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message };
  return [
    web([{ type: 'Progressing', status: 'True', reason: 'NewReplicaSetCreated' }, failure], 0),
    OLD_SET,
    set('6cf', '2', { replicas: 0, conditions: [failure] }),
  ];
}

const DB = object('StatefulSet/db', undefined, {
  metadata: { generation: 2 },
  spec: { replicas: 3, selector: { matchLabels: { app: 'db' } } },
  status: {
    ...{ observedGeneration: 2, replicas: 1, readyReplicas: 0, updatedReplicas: 1 },
    ...{ updateRevision: 'db-2', currentRevision: 'db-2' },
  },
});
const DB_LABELS = { app: 'db', 'controller-revision-hash': 'db-2' };
const AGENT = object('DaemonSet/agent', undefined, {
  metadata: { annotations: { 'deprecated.daemonset.template.generation': '2' } },
  spec: { selector: { matchLabels: { app: 'agent' } } },
  status: { desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 2 },
});
const AGENT_LABELS = { app: 'agent', 'pod-template-generation': '2' };

function importJob(...conditions: readonly object[]): KubeObject {
  return object('Job/import', undefined, {
    spec: { selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'job' } } },
    status: { conditions },
  });
}

function importPod(name: string, state: object): KubeObject {
  return pod(name, importJob(), [{ name: 'import', state }], {
    ...{ labels: { 'batch.kubernetes.io/controller-uid': 'job' }, restartPolicy: 'Never' },
    phase: 'Failed',
  });
}

const LIMIT = {
  ...{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' },
  message: 'Job has reached the specified backoff limit',
};

function claim(phase = 'Pending'): KubeObject {
  return object('PersistentVolumeClaim/data', undefined, { status: { phase } });
}

function scaler(reason: string, message: string): KubeObject {
  const conditions = [
    { type: 'AbleToScale', status: 'True', reason: 'SucceededGetScale', message: 'able' },
    { type: 'ScalingActive', status: 'False', reason, message },
  ];
  return object('HorizontalPodAutoscaler/web', undefined, { status: { conditions } });
}

type Expected = readonly (string | RegExp)[];

const TABLE: readonly (readonly [string, readonly KubeObject[], Expected])[] = [
  [
    'a container that crashes',
    [...ROLLOUT, newPod({ name: 'main', ...CRASHED })],
    [
      'Deployment/web: container main keeps crashing (CrashLoopBackOff, exit code 1, 4 restarts, pod web-6cf-x1)',
    ],
  ],
  [
    'one that crashes, in the seconds in which it runs again',
    [
      ...ROLLOUT,
      pod(NEW, NEW_SET, [{ name: 'main', ...CRASHED, state: RUNS }], { phase: 'Running' }),
    ],
    [
      'Deployment/web: container main ended, runs again and is not ready (NotReady, exit code 1, 4 restarts, pod web-6cf-x1)',
    ],
  ],
  [
    'one that a liveness probe restarts',
    (() => {
      const lastState = terminated(137);
      const restarted = pod(
        NEW,
        NEW_SET,
        [{ name: 'main', restartCount: 2, state: RUNS, lastState }],
        { phase: 'Running' },
      );
      const probe =
        'Liveness probe failed: Get "http://10.0.0.7:8080/healthz": context deadline exceeded';
      return [...ROLLOUT, restarted, event(restarted, 'Unhealthy', probe)];
    })(),
    [
      /container main ended, runs again and is not ready \(Unhealthy, exit code 137, 2 restarts, pod web-6cf-x1\): Liveness probe failed: Get /,
    ],
  ],
  [
    'one with too little memory',
    [...ROLLOUT, newPod({ name: 'main', ...CRASHED, lastState: terminated(137, 'OOMKilled') })],
    [
      'Deployment/web: container main runs out of memory (CrashLoopBackOff, OOMKilled, exit code 137, 4 restarts, pod web-6cf-x1)',
    ],
  ],
  [
    'a Secret that is missing',
    [
      ...ROLLOUT,
      newPod({
        name: 'main',
        state: waiting('CreateContainerConfigError', 'secret "db" not found'),
      }),
    ],
    [
      'Deployment/web cannot configure container main (CreateContainerConfigError, pod web-6cf-x1): secret "db" not found',
    ],
  ],
  [
    'a key that a ConfigMap lacks',
    [
      ...ROLLOUT,
      newPod({
        name: 'main',
        state: waiting('CreateContainerConfigError', "couldn't find key URL in ConfigMap shop/web"),
      }),
    ],
    [
      /\(CreateContainerConfigError, pod web-6cf-x1\): couldn't find key URL in ConfigMap shop\/web$/,
    ],
  ],
  [
    'a command that does not exist',
    [
      ...ROLLOUT,
      newPod({
        ...{ name: 'main', restartCount: 2, state: BACK_OFF },
        lastState: terminated(
          128,
          'StartError',
          'failed to create containerd task: OCI runtime create failed: exec: "serve": executable file not found in $PATH: unknown',
        ),
      }),
    ],
    [
      /keeps crashing \(CrashLoopBackOff, exit code 128, 2 restarts, pod web-6cf-x1\): failed to create .*\$PATH: unknown$/,
    ],
  ],
  [
    'an image that one of two containers cannot pull',
    [
      ...ROLLOUT,
      newPod(
        { name: 'main', ready: true, state: RUNS },
        {
          name: 'proxy',
          state: waiting(
            'ImagePullBackOff',
            'Back-off pulling image "registry.example.com/proxy:2": ErrImagePull: rpc error: code = NotFound desc = not found',
          ),
        },
      ),
    ],
    [
      'Deployment/web cannot pull registry.example.com/proxy:2 (ImagePullBackOff, pod web-6cf-x1): ErrImagePull: rpc error: code = NotFound desc = not found',
    ],
  ],
  [
    'an init container that crashes',
    [
      ...ROLLOUT,
      newPod(
        { name: 'migrate', role: 'init', ...CRASHED },
        { name: 'main', state: waiting('PodInitializing') },
      ),
    ],
    [
      'Deployment/web: init container migrate keeps crashing (CrashLoopBackOff, exit code 1, 4 restarts, pod web-6cf-x1)',
    ],
  ],
  [
    'an init container at work',
    [
      ...ROLLOUT,
      newPod(
        { name: 'migrate', role: 'init', state: RUNS },
        { name: 'main', state: waiting('PodInitializing') },
      ),
    ],
    ['Deployment/web waits for init container migrate to finish (PodInitializing, pod web-6cf-x1)'],
  ],
  [
    'a sidecar that crashes',
    [
      ...ROLLOUT,
      newPod(
        { name: 'proxy', role: 'sidecar', started: false, ...CRASHED },
        { name: 'main', state: waiting('PodInitializing') },
      ),
    ],
    [
      'Deployment/web: sidecar container proxy keeps crashing (CrashLoopBackOff, exit code 1, 4 restarts, pod web-6cf-x1)',
    ],
  ],
  [
    'a volume with a Secret that is missing',
    (() => {
      const creating = newPod({ name: 'main', state: CREATING });
      const message = 'MountVolume.SetUp failed for volume "tls" : secret "tls" not found';
      return [...ROLLOUT, creating, event(creating, 'FailedMount', message)];
    })(),
    [
      'Deployment/web cannot mount a volume (FailedMount, pod web-6cf-x1): MountVolume.SetUp failed for volume "tls" : secret "tls" not found',
    ],
  ],
  [
    'a disk that another node holds: the first words, not that it timed out',
    (() => {
      const creating = newPod({ name: 'main', state: CREATING });
      const held =
        'Multi-Attach error for volume "pvc-1f" Volume is already used by pod(s) web-567-y';
      const late =
        'Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[]: timed out waiting for the condition';
      return [
        ...[...ROLLOUT, creating],
        event(creating, 'FailedAttachVolume', held, { at: '2026-03-01T12:00:30Z' }),
        event(creating, 'FailedMount', late, { at: '2026-03-01T12:02:30Z' }),
      ];
    })(),
    [
      'Deployment/web cannot mount a volume (FailedAttachVolume, pod web-6cf-x1): Multi-Attach error for volume "pvc-1f" Volume is already used by pod(s) web-567-y',
    ],
  ],
  [
    'a volume that was mounted at the second attempt, while the image is pulled',
    (() => {
      const creating = newPod({ name: 'main', state: CREATING });
      const cache =
        'MountVolume.SetUp failed for volume "kube-api-access-8x" : failed to sync configmap cache: timed out waiting for the condition';
      const pulling = 'Pulling image "registry.example.com/main:2"';
      return [
        ...[...ROLLOUT, creating],
        event(creating, 'FailedMount', cache, { at: '2026-03-01T12:00:01Z' }),
        event(creating, 'Pulling', pulling, { type: 'Normal', at: '2026-03-01T12:00:03Z' }),
      ];
    })(),
    [
      'Deployment/web waits for container main to start (ContainerCreating, pod web-6cf-x1): Pulling image "registry.example.com/main:2"',
    ],
  ],
  [
    'a network that is not set up',
    (() => {
      const creating = newPod({ name: 'main', state: CREATING });
      const message =
        'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "2f": plugin type="calico" failed (add): no IPs available';
      return [...ROLLOUT, creating, event(creating, 'FailedCreatePodSandBox', message)];
    })(),
    [
      /^Deployment\/web waits for container main to start \(FailedCreatePodSandBox, pod web-6cf-x1\): Failed to create pod sandbox: .* no IPs available$/,
    ],
  ],
  [
    'a pod that fits on no node',
    [
      ...ROLLOUT,
      pod(NEW, NEW_SET, [{ name: 'main' }], {
        nodeName: '',
        conditions: [
          unscheduled(
            '0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.',
          ),
        ],
      }),
    ],
    [
      'Deployment/web cannot be scheduled (Unschedulable, pod web-6cf-x1): 0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.',
    ],
  ],
  [
    'a pod that has a node by now, whatever an old event says',
    (() => {
      const creating = newPod({ name: 'main', state: CREATING });
      const message = '0/3 nodes are available: 3 Insufficient cpu.';
      const pulling = 'Pulling image "registry.example.com/main:2"';
      return [
        ...[...ROLLOUT, creating],
        event(creating, 'FailedScheduling', message, { at: '2026-03-01T12:00:01Z' }),
        event(creating, 'Pulling', pulling, { type: 'Normal', at: '2026-03-01T12:00:40Z' }),
      ];
    })(),
    [
      'Deployment/web waits for container main to start (ContainerCreating, pod web-6cf-x1): Pulling image "registry.example.com/main:2"',
    ],
  ],
  [
    'a pod of which its node has said nothing yet',
    [...ROLLOUT, pod(NEW, NEW_SET, [], {})],
    ['Deployment/web waits for its pod to start (Pending, pod web-6cf-x1)'],
  ],
  [
    'a readiness probe that fails',
    (() => {
      const runs = pod(NEW, NEW_SET, [{ name: 'main', state: RUNS }], { phase: 'Running' });
      const probe = 'Readiness probe failed: HTTP probe failed with statuscode: 503';
      return [...ROLLOUT, runs, event(runs, 'Unhealthy', probe)];
    })(),
    [
      'Deployment/web: container main runs but is not ready (Unhealthy, pod web-6cf-x1): Readiness probe failed: HTTP probe failed with statuscode: 503',
    ],
  ],
  ...[QUOTA, PODSECURITY, WEBHOOK].flatMap((message) => [
    [
      `no pod, refused: ${message.slice(0, 60)}`,
      withoutPods(message),
      [`Deployment/web cannot create its pods (FailedCreate): ${message}`],
    ] as const,
    [
      `no pod, refused, with its event: ${message.slice(0, 60)}`,
      [...withoutPods(message), event(NEW_SET, 'FailedCreate', `Error creating: ${message}`)],
      [
        /^Deployment\/web cannot create its pods \(FailedCreate\): (Error creating: )?(pods|admission) /,
      ],
    ] as const,
  ]),
  [
    'a deadline that is over, with no cause to see',
    [
      web([
        {
          ...{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' },
          message: 'ReplicaSet "web-6cf" has timed out progressing.',
        },
      ]),
      ...[OLD_SET, NEW_SET],
    ],
    [
      /^Deployment\/web is Degraded.*: (ReplicaSet "web-6cf" has timed out progressing\.|Deployment "web" exceeded its progress deadline)$/,
    ],
  ],
  [
    'a StatefulSet that waits for its first pod',
    [DB, pod('db-0', DB, [{ name: 'main', ...CRASHED }], { labels: DB_LABELS })],
    [
      'StatefulSet/db: container main keeps crashing (CrashLoopBackOff, exit code 1, 4 restarts, pod db-0)',
    ],
  ],
  [
    'a StatefulSet whose pods are refused',
    [
      DB,
      event(
        DB,
        'FailedCreate',
        'create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=5, limited: pods=5',
      ),
    ],
    [
      /^StatefulSet\/db cannot create its pods \(FailedCreate\): create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden: exceeded quota/,
    ],
  ],
  [
    'a DaemonSet of which one pod fails',
    [
      AGENT,
      pod('agent-a', AGENT, [{ name: 'main', ready: true, state: RUNS }], {
        ...{ labels: AGENT_LABELS, phase: 'Running' },
        conditions: [{ type: 'Ready', status: 'True' }],
      }),
      pod('agent-b', AGENT, [{ name: 'main', ...CRASHED }], { labels: AGENT_LABELS }),
    ],
    [
      'DaemonSet/agent: container main keeps crashing (CrashLoopBackOff, exit code 1, 4 restarts, pod agent-b)',
    ],
  ],
  [
    'a Job that used up its attempts',
    [importJob(LIMIT), importPod('import-a', terminated(2)), importPod('import-b', terminated(2))],
    ['Job/import: container import failed (Error, exit code 2, 2 pods, such as import-a)'],
  ],
  [
    'a Job that used up its attempts, whose pods are gone',
    [importJob(LIMIT)],
    [/^Job\/import is Degraded.*: Job has reached the specified backoff limit$/],
  ],
  [
    'a Job whose pods are refused',
    [
      importJob(),
      event(
        importJob(),
        'FailedCreate',
        'Error creating: pods "import-x" is forbidden: exceeded quota: compute',
      ),
    ],
    [
      'Job/import cannot create its pods (FailedCreate): Error creating: pods "import-x" is forbidden: exceeded quota: compute',
    ],
  ],
  [
    'a claim whose storage class does not exist',
    [claim(), event(claim(), 'ProvisioningFailed', 'storageclass.storage.k8s.io "fast" not found')],
    [
      'PersistentVolumeClaim/data has no volume (ProvisioningFailed): storageclass.storage.k8s.io "fast" not found',
    ],
  ],
  [
    'a claim of a StatefulSet, for which its pod is not scheduled: the claim first',
    (() => {
      const message =
        '0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found';
      const waits = pod('db-0', DB, [{ name: 'main' }], {
        ...{ labels: DB_LABELS, nodeName: '', conditions: [unscheduled(message)] },
        spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-db-0' } }] },
      });
      // Argo CD finds its owner by its name.
      const data = object('PersistentVolumeClaim/data-db-0', DB, { status: { phase: 'Pending' } });
      const missing = 'storageclass.storage.k8s.io "fast" not found';
      return [DB, waits, data, event(data, 'ProvisioningFailed', missing)];
    })(),
    [
      'StatefulSet/db: PersistentVolumeClaim/data-db-0 has no volume (ProvisioningFailed): storageclass.storage.k8s.io "fast" not found',
      /^StatefulSet\/db cannot be scheduled \(Unschedulable, pod db-0\): 0\/1 nodes are available: pod has unbound/,
    ],
  ],
  [
    'a claim of the Application itself, for which its pod is not scheduled: told once',
    (() => {
      const waits = pod(NEW, NEW_SET, [{ name: 'main' }], {
        nodeName: '',
        conditions: [unscheduled('persistentvolumeclaim "data" bound to non-existent volume')],
        spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] },
      });
      const failed = 'failed to provision volume: insufficient quota';
      return [...ROLLOUT, waits, claim(), event(claim(), 'ProvisioningFailed', failed)];
    })(),
    [
      'PersistentVolumeClaim/data has no volume (ProvisioningFailed): failed to provision volume: insufficient quota',
      /^Deployment\/web cannot be scheduled/,
    ],
  ],
  [
    'a claim without a storage class, of which a normal event tells',
    [
      claim(),
      event(
        claim(),
        'FailedBinding',
        'no persistent volumes available for this claim and no storage class is set',
        { type: 'Normal' },
      ),
    ],
    [
      'PersistentVolumeClaim/data has no volume (FailedBinding): no persistent volumes available for this claim and no storage class is set',
    ],
  ],
  [
    'a claim that waits for its first pod, which is no fault',
    [
      claim(),
      event(
        claim(),
        'WaitForFirstConsumer',
        'waiting for first consumer to be created before binding',
        { type: 'Normal' },
      ),
      ...[...ROLLOUT, newPod({ name: 'main', ...CRASHED })],
    ],
    [
      /^Deployment\/web: container main keeps crashing/,
      'PersistentVolumeClaim/data is Progressing (WaitForFirstConsumer): waiting for first consumer to be created before binding',
    ],
  ],
  ...[
    ['FailedGetResourceMetric', 'failed to get cpu utilization: missing request for cpu'],
    ['FailedGetPodsMetric', 'unable to get metric http_requests: no custom metrics API'],
    [
      'FailedGetExternalMetric',
      'unable to get external metric shop/queue/nil: no metrics returned',
    ],
    ['FailedComputeMetricsReplicas', 'invalid metrics (1 invalid out of 1)'],
  ].map(
    ([reason = '', message = '']) =>
      [
        `an autoscaler: ${reason}`,
        [scaler(reason, message)],
        [
          new RegExp(
            `^HorizontalPodAutoscaler/web is Degraded.*: ${message.replace(/[()]/g, '\\$&')}$`,
          ),
        ],
      ] as const,
  ),
  [
    'an Ingress without an address',
    [object('Ingress/web', undefined, { status: { loadBalancer: {} } })],
    [/^Ingress\/web is Progressing/],
  ],
  [
    'a Service without an address, and its event',
    (() => {
      const service = object('Service/web', undefined, { spec: { type: 'LoadBalancer' } });
      const message = 'Error syncing load balancer: failed to ensure load balancer: quota exceeded';
      return [service, event(service, 'SyncLoadBalancerFailed', message)];
    })(),
    [
      'Service/web is Progressing (SyncLoadBalancerFailed): Error syncing load balancer: failed to ensure load balancer: quota exceeded',
    ],
  ],
  [
    'a Service inside the cluster',
    [object('Service/web', undefined, { spec: { type: 'ClusterIP' } })],
    [],
  ],
];

describe.each([
  ['argocd', byArgocd],
  ['kubernetes', byKubernetes],
] as const)('by the API of %s', (_, open) => {
  test.each(TABLE)('%s', async (_name, live, expected) => {
    const shop = shopOf(live);
    const inspector = await open(shop, live);
    const messages = told(shop, await inspector.inspect(read(shop), NEVER));
    expect(messages).toEqual(
      expected.map((each) => (typeof each === 'string' ? each : expect.stringMatching(each))),
    );
  });
});
