import type { KubeObject } from './api-server.ts';

/**
 * Objects of Argo Rollouts, made by hand: nobody recorded them. Fields and messages are those of
 * pkg/apis/rollouts/v1alpha1, utils/rollout and analysis of argoproj/argo-rollouts (9f8d111).
 */

const NEW = '6cfb658bb6';
const OLD = '5676558db';
const OWNER = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'web', uid: 'uid-web' };

interface RolloutOptions {
  readonly steps?: readonly object[];
  readonly blueGreen?: object;
  readonly paused?: boolean;
  readonly generation?: number;
  readonly spec?: object;
  readonly status: object;
}

/** A Rollout of revision 2, in the middle of its steps. */
export function rollout({ status, ...options }: RolloutOptions): KubeObject {
  const { steps = STEPS, blueGreen, paused, generation = 5, spec } = options;
  const strategy = blueGreen ? { blueGreen } : { canary: { steps } };
  return {
    ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout' },
    metadata: {
      ...{ namespace: 'shop', name: 'web', uid: 'uid-web', generation },
      ...{ creationTimestamp: '2026-03-01T10:00:00Z', resourceVersion: '100' },
      annotations: { 'rollout.argoproj.io/revision': '2' },
    },
    spec: {
      ...{ replicas: 5, selector: { matchLabels: { app: 'web' } }, strategy },
      ...(paused === undefined ? {} : { paused }),
      ...spec,
    },
    status: {
      ...{ currentPodHash: NEW, stableRS: OLD, observedGeneration: '5' },
      ...{ replicas: 5, updatedReplicas: 1, availableReplicas: 5, readyReplicas: 5 },
      ...status,
    },
  };
}

export const STEPS = [
  { setWeight: 20 },
  { pause: {} },
  { analysis: { templates: [{ templateName: 'success-rate' }] } },
  { setWeight: 60 },
  { pause: { duration: '10m' } },
];

/** The status of a Rollout that the controller paused. */
export function pausedFor(reason: string, currentStepIndex?: number) {
  return {
    ...{ phase: 'Paused', message: reason, controllerPause: true, currentStepIndex },
    pauseConditions: [{ reason, startTime: '2026-03-01T12:00:00Z' }],
  };
}

/** The status of a Rollout that was aborted. */
export function abortedFor(why = '') {
  const message = `Rollout aborted update to revision 2${why === '' ? '' : `: ${why}`}`;
  return {
    ...{ phase: 'Degraded', message: `RolloutAborted: ${message}`, currentStepIndex: 0 },
    ...{ abort: true, abortedAt: '2026-03-01T12:05:00Z', updatedReplicas: 0 },
    conditions: [
      {
        ...{ type: 'Progressing', status: 'False', reason: 'RolloutAborted', message },
        ...{ lastTransitionTime: '2026-03-01T12:05:00Z', lastUpdateTime: '2026-03-01T12:05:00Z' },
      },
    ],
  };
}

/** A ReplicaSet of the Rollout: the new one of revision 2, or the old one. */
export function replicaSet(version: 'new' | 'old'): KubeObject {
  const [hash, revision] = version === 'new' ? [NEW, '2'] : [OLD, '1'];
  return {
    ...{ apiVersion: 'apps/v1', kind: 'ReplicaSet' },
    metadata: {
      ...{ namespace: 'shop', name: `web-${hash}`, uid: `uid-web-${hash}` },
      ...{ creationTimestamp: '2026-03-01T12:00:00Z', ownerReferences: [OWNER] },
      annotations: { 'rollout.argoproj.io/revision': revision },
    },
    spec: { replicas: version === 'new' ? 1 : 4 },
    status: { replicas: 1, availableReplicas: version === 'new' ? 0 : 4 },
  };
}

/** A pod of a ReplicaSet of the Rollout. */
export function pod(version: 'new' | 'old', containerStatus: object): KubeObject {
  const hash = version === 'new' ? NEW : OLD;
  const set = replicaSet(version).metadata;
  return {
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: {
      ...{ namespace: 'shop', name: `web-${hash}-x`, uid: `uid-web-${hash}-x` },
      labels: { app: 'web', 'rollouts-pod-template-hash': hash },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: set.name, uid: set.uid ?? '' },
      ],
    },
    spec: { containers: [{ name: 'main', image: `registry.example.com/web:${version}` }] },
    status: { phase: 'Pending', containerStatuses: [{ name: 'main', ...containerStatus }] },
  };
}

interface RunOptions {
  readonly name?: string;
  readonly revision?: number;
  readonly createdAt?: string;
  readonly message?: string;
  readonly metricResults?: readonly object[];
}

/** An AnalysisRun that the Rollout made for its step 3. */
export function analysisRun(phase: string, options: RunOptions = {}): KubeObject {
  const { name = `web-${NEW}-2-2`, revision = 2, message, metricResults = [] } = options;
  const hash = revision === 2 ? NEW : OLD;
  return {
    ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisRun' },
    metadata: {
      ...{ namespace: 'shop', name, uid: `uid-${name}`, ownerReferences: [OWNER] },
      ...{ creationTimestamp: options.createdAt ?? '2026-03-01T12:03:00Z' },
      labels: { 'rollout-type': 'Step', 'step-index': '2', 'rollouts-pod-template-hash': hash },
      annotations: { 'rollout.argoproj.io/revision': String(revision) },
    },
    spec: { metrics: [] },
    status: { phase, ...(message === undefined ? {} : { message }), metricResults },
  };
}

export const FAILED_METRIC =
  'Metric "success-rate" assessed Failed due to failed (1) > failureLimit (0)';

/** One metric that failed, and a dry run that did too. */
export const METRICS = [
  {
    name: 'latency',
    phase: 'Failed',
    dryRun: true,
    measurements: [{ phase: 'Failed', value: '[900]' }],
  },
  { name: 'errors', phase: 'Successful', measurements: [{ phase: 'Successful', value: '[0]' }] },
  {
    ...{ name: 'success-rate', phase: 'Failed', count: 1, failed: 1 },
    measurements: [{ phase: 'Failed', value: '[0.87]' }],
  },
];

export const FAILED_RUN = analysisRun('Failed', {
  message: FAILED_METRIC,
  metricResults: METRICS,
});
