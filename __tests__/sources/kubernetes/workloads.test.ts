import { describe, expect, test } from '@jest/globals';
import { selectorOf } from '../../../src/sources/kubernetes/label-selector.js';
import { WORKLOADS } from '../../../src/sources/kubernetes/workloads.js';
import { podNode } from '../../../src/sources/live-pod.js';

interface Parts {
  readonly metadata?: object;
  readonly spec?: object;
  readonly status?: object;
}

function nodeOf(kind: string, parts: Parts) {
  return WORKLOADS.find((each) => each.kind === kind)?.node(parts);
}

function condition(type: string, status: string, reason = '', message = '') {
  return { conditions: [{ type, status, reason, message }] };
}

describe('whether a resource is well', () => {
  const whole = { replicas: 2, updatedReplicas: 2, availableReplicas: 2 };
  const daemons = { desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2 };

  test.each<[string, string, Parts, string, string]>([
    ['Deployment', 'rolled out', { spec: { replicas: 2 }, status: whole }, 'Healthy', ''],
    [
      'Deployment',
      'not seen by its controller',
      { metadata: { generation: 2 }, spec: { replicas: 2 }, status: whole },
      'Progressing',
      'its controller has not seen the present spec yet',
    ],
    [
      'Deployment',
      'in the middle',
      { spec: { replicas: 2 }, status: { ...whole, updatedReplicas: 1 } },
      'Progressing',
      '1 of 2 pods are updated',
    ],
    [
      'Deployment',
      'with old pods',
      { spec: { replicas: 2 }, status: { ...whole, replicas: 3 } },
      'Progressing',
      '1 old pods are not gone yet',
    ],
    [
      'Deployment',
      'not available',
      { spec: { replicas: 2 }, status: { ...whole, availableReplicas: 1 } },
      'Progressing',
      '1 of 2 pods are available',
    ],
    [
      'Deployment',
      'past its deadline',
      { status: condition('Progressing', 'False', 'ProgressDeadlineExceeded', 'timed out') },
      'Degraded',
      'timed out',
    ],
    [
      'Deployment',
      'over its quota',
      { status: condition('ReplicaFailure', 'True', 'FailedCreate', 'exceeded quota') },
      'Degraded',
      'exceeded quota',
    ],
    ['Deployment', 'paused', { spec: { paused: true } }, 'Suspended', 'it is paused'],
    ['Deployment', 'of no replicas', { spec: { replicas: 0 }, status: {} }, 'Healthy', ''],
    [
      'StatefulSet',
      'in the middle',
      {
        spec: { replicas: 2 },
        status: { readyReplicas: 2, updatedReplicas: 1, updateRevision: 'b', currentRevision: 'a' },
      },
      'Progressing',
      '1 of 2 pods are updated',
    ],
    [
      'StatefulSet',
      'up to its partition',
      {
        spec: { replicas: 2, updateStrategy: { rollingUpdate: { partition: 1 } } },
        status: { readyReplicas: 2, updatedReplicas: 1, updateRevision: 'b', currentRevision: 'a' },
      },
      'Healthy',
      '',
    ],
    [
      'StatefulSet',
      'updated by hand',
      {
        spec: { replicas: 2, updateStrategy: { type: 'OnDelete' } },
        status: { readyReplicas: 2, updateRevision: 'b', currentRevision: 'a' },
      },
      'Healthy',
      '',
    ],
    ['DaemonSet', 'rolled out', { status: daemons }, 'Healthy', ''],
    [
      'DaemonSet',
      'in the middle',
      { status: { ...daemons, updatedNumberScheduled: 1 } },
      'Progressing',
      '1 of 2 pods are updated',
    ],
    [
      'DaemonSet',
      'not available',
      { status: { ...daemons, numberAvailable: 0 } },
      'Progressing',
      '0 of 2 pods are available',
    ],
    ['ReplicaSet', 'complete', { spec: { replicas: 0 } }, 'Healthy', ''],
    ['Rollout', 'paused', { status: { phase: 'Paused', message: 'x' } }, 'Suspended', 'x'],
    [
      'Rollout',
      'not seen by its controller',
      { metadata: { generation: 12 }, status: { phase: 'Healthy', observedGeneration: '11' } },
      'Progressing',
      'its controller has not seen the present spec yet',
    ],
    [
      'Rollout',
      'of a controller that names a hash',
      { metadata: { generation: 12 }, status: { phase: 'Healthy', observedGeneration: '58b949' } },
      'Healthy',
      '',
    ],
    ['Rollout', 'broken', { status: { phase: 'Degraded', message: 'x' } }, 'Degraded', 'x'],
    ['Job', 'done', { status: condition('Complete', 'True') }, 'Healthy', ''],
    [
      'Job',
      'failed',
      { status: condition('Failed', 'True', 'BackoffLimitExceeded', 'limit') },
      'Degraded',
      'limit',
    ],
    ['Job', 'running', {}, 'Progressing', 'it has not ended yet'],
    ['Job', 'suspended', { spec: { suspend: true } }, 'Suspended', 'it is suspended'],
    ['PersistentVolumeClaim', 'bound', { status: { phase: 'Bound' } }, 'Healthy', ''],
    [
      'PersistentVolumeClaim',
      'pending',
      { status: { phase: 'Pending' } },
      'Progressing',
      'it is not bound to a volume yet',
    ],
    [
      'PersistentVolumeClaim',
      'lost',
      { status: { phase: 'Lost' } },
      'Degraded',
      'its volume is lost',
    ],
    ['HorizontalPodAutoscaler', 'new', {}, 'Progressing', 'Waiting to Autoscale'],
    [
      'HorizontalPodAutoscaler',
      'at work',
      { status: condition('AbleToScale', 'True', 'ReadyForNewScale') },
      'Healthy',
      '',
    ],
    [
      'HorizontalPodAutoscaler',
      'without metrics',
      { status: condition('ScalingActive', 'False', 'FailedGetResourceMetric', 'no metrics') },
      'Degraded',
      'no metrics',
    ],
    ['Pod', 'ready', { status: condition('Ready', 'True') }, 'Healthy', ''],
    ['Pod', 'failed', { status: { phase: 'Failed', message: 'x' } }, 'Degraded', 'x'],
    ['Pod', 'starting', { status: { phase: 'Pending' } }, 'Progressing', ''],
  ])('%s: %s', (kind, _, parts, health, healthMessage) => {
    expect(nodeOf(kind, parts)).toMatchObject({ health, healthMessage });
  });
});

describe('which pods are of the present version', () => {
  test.each<[string, Parts, object | undefined]>([
    ['StatefulSet', { status: { updateRevision: 'db-2' } }, { 'controller-revision-hash': 'db-2' }],
    ['StatefulSet', {}, undefined],
    [
      'DaemonSet',
      { metadata: { annotations: { 'deprecated.daemonset.template.generation': '3' } } },
      { 'pod-template-generation': '3' },
    ],
    ['Rollout', { status: { currentPodHash: 'abc' } }, { 'rollouts-pod-template-hash': 'abc' }],
    ['Deployment', {}, undefined],
  ])('%s %#', (kind, parts, labels) => {
    expect(nodeOf(kind, parts)?.currentPodLabels).toEqual(labels);
  });

  test('the revision of a Deployment and of its ReplicaSets', () => {
    const metadata = { annotations: { 'deployment.kubernetes.io/revision': '12' } };
    expect(nodeOf('Deployment', { metadata })?.revision).toBe(12);
    expect(nodeOf('ReplicaSet', { metadata })?.revision).toBe(12);
    expect(nodeOf('ReplicaSet', { metadata: { annotations: 'x' } })?.revision).toBe(0);
  });
});

test.each([
  [{}, ''],
  [{ matchLabels: { app: 'web', tier: 'front' } }, 'app=web,tier=front'],
  [
    {
      matchLabels: { app: 'web' },
      matchExpressions: [
        { key: 'a', operator: 'In', values: ['x', 'y'] },
        { key: 'b', operator: 'NotIn', values: ['z'] },
        { key: 'c', operator: 'Exists' },
        { key: 'd', operator: 'DoesNotExist' },
      ],
    },
    'app=web,a in (x,y),b notin (z),c,!d',
  ],
])('a selector as a query has it: %j', (selector, query) => {
  expect(selectorOf({ spec: { selector } })).toBe(query);
});

describe('a pod', () => {
  test('its containers, init and sidecar ones by their role, with the images of its spec', () => {
    const { pod } = podNode({
      spec: {
        containers: [{ name: 'main', image: 'web:2' }],
        initContainers: [
          { name: 'migrate', image: 'web:2' },
          { name: 'proxy', image: 'proxy:1', restartPolicy: 'Always' },
        ],
      },
      status: {
        containerStatuses: [{ name: 'main', image: 'sha256:abc', restartCount: 2 }],
        initContainerStatuses: [{ name: 'migrate' }, { name: 'proxy' }],
      },
    });
    expect(pod?.containers.map(({ role, name, image }) => [role, name, image])).toEqual([
      ['init', 'migrate', 'web:2'],
      ['sidecar', 'proxy', 'proxy:1'],
      ['container', 'main', 'web:2'],
    ]);
  });

  test('the claims that it mounts, those of ephemeral volumes by the name of the pod', () => {
    const volumes = [
      { name: 'data', persistentVolumeClaim: { claimName: 'shop-data' } },
      { name: 'scratch', ephemeral: { volumeClaimTemplate: {} } },
      { name: 'config', configMap: { name: 'web' } },
    ];
    const { pod } = podNode({ metadata: { name: 'web-1' }, spec: { volumes } });
    expect(pod?.claims).toEqual(['shop-data', 'web-1-scratch']);
  });

  test.each([
    undefined,
    7,
    { metadata: [], spec: 'x', status: null },
    { status: { containerStatuses: [null, { state: 'x', lastState: 7, name: [] }] } },
    { status: { conditions: {}, initContainerStatuses: 7 } },
  ])('of no shape: %j', (object) => {
    expect(podNode(object)).toMatchObject({ kind: 'Pod', namespace: '', name: '' });
  });
});
