import type { TreeNode } from '../../core/within/tree.js';
import { type Json, list, record, text } from '../../http/json.js';
import { conditionOf, metadataOf, podNode, shortText } from '../live-pod.js';
import { rolloutIn } from '../live-rollout.js';
import type { ResourceType } from './paths.js';

/** A kind whose state tells whether it is well, as the Kubernetes API has it. */
export interface WorkloadKind extends ResourceType {
  readonly kind: string;
  readonly node: (object: unknown) => TreeNode;
  /** Whether it owns pods that its selector finds. */
  readonly hasPods: boolean;
  /** There are many, and few of them are ever waited for: they are read where all else is well. */
  readonly seldom?: true;
}

type HealthOf = (
  object: WorkloadObject,
) => Partial<
  Pick<TreeNode, 'health' | 'healthMessage' | 'healthReason' | 'currentPodLabels' | 'rollout'>
>;

interface WorkloadObject {
  readonly metadata: Json;
  readonly spec: Json;
  readonly status: Json;
}

const HEALTHY = { health: 'Healthy' };

function progressing(healthMessage: string) {
  return { health: 'Progressing', healthMessage };
}

/** What stands in the way is said by a condition. */
function degraded(condition: Json) {
  return {
    health: 'Degraded',
    healthMessage: shortText(condition.message),
    healthReason: shortText(condition.reason),
  };
}

export const WORKLOADS: readonly WorkloadKind[] = [
  row('apps', 'v1', 'Deployment', 'deployments', deployment),
  row('apps', 'v1', 'StatefulSet', 'statefulsets', statefulSet),
  row('apps', 'v1', 'DaemonSet', 'daemonsets', daemonSet),
  row('apps', 'v1', 'ReplicaSet', 'replicasets', replicaSet),
  row('argoproj.io', 'v1alpha1', 'Rollout', 'rollouts', rollout),
  row('batch', 'v1', 'Job', 'jobs', job),
  { ...row('', 'v1', 'Pod', 'pods', () => HEALTHY, false), node: podNode },
  row('', 'v1', 'PersistentVolumeClaim', 'persistentvolumeclaims', claim, false),
  row('autoscaling', 'v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', scaler, false),
  { ...row('networking.k8s.io', 'v1', 'Ingress', 'ingresses', byAddress, false), seldom: true },
  { ...row('', 'v1', 'Service', 'services', service, false), seldom: true },
];

function row(
  group: string,
  version: string,
  kind: string,
  plural: string,
  healthOf: HealthOf,
  hasPods = true,
): WorkloadKind {
  const node = (object: unknown): TreeNode => {
    const { metadata, spec, status } = record(object);
    const parts = { metadata: record(metadata), spec: record(spec), status: record(status) };
    return {
      ...{ group, kind, healthMessage: '', healthReason: '', health: '' },
      ...metadataOf(parts.metadata),
      revision: revisionOf(parts.metadata),
      ...healthOf(parts),
    };
  };
  return { group, version, kind, plural, node, hasPods };
}

/** Of a Deployment, the one that its ReplicaSet of the present version has too. */
function revisionOf(metadata: Json): number {
  const annotations = record(metadata.annotations);
  const revision =
    annotations['deployment.kubernetes.io/revision'] ?? annotations['rollout.argoproj.io/revision'];
  return numberIn(text(revision));
}

function numberIn(value: unknown, absent = 0): number {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : absent;
}

/** The controller has not seen the present spec yet: its status is of the one before. */
function isBehind({ metadata, status }: WorkloadObject): boolean {
  return numberIn(status.observedGeneration) < numberIn(metadata.generation);
}

const BEHIND = progressing('its controller has not seen the present spec yet');

function deployment(object: WorkloadObject): ReturnType<HealthOf> {
  const { spec, status } = object;
  if (spec.paused === true) return { health: 'Suspended', healthMessage: 'it is paused' };
  if (isBehind(object)) return BEHIND;
  const failure = conditionOf(status, 'ReplicaFailure');
  if (failure?.status === 'True') return degraded(failure);
  const progress = conditionOf(status, 'Progressing');
  if (progress?.status === 'False') return degraded(progress);
  const wanted = numberIn(spec.replicas, 1);
  const updated = numberIn(status.updatedReplicas);
  if (updated < wanted) return progressing(`${updated} of ${wanted} pods are updated`);
  const old = numberIn(status.replicas) - updated;
  if (old > 0) return progressing(`${old} old pods are not gone yet`);
  return availability(numberIn(status.availableReplicas), updated);
}

function availability(available: number, wanted: number): ReturnType<HealthOf> {
  if (available >= wanted) return HEALTHY;
  return progressing(`${available} of ${wanted} pods are available`);
}

function statefulSet(object: WorkloadObject): ReturnType<HealthOf> {
  const { spec, status } = object;
  const revision = text(status.updateRevision);
  const labels =
    revision === '' ? {} : { currentPodLabels: { 'controller-revision-hash': revision } };
  if (isBehind(object)) return { ...labels, ...BEHIND };
  const strategy = record(spec.updateStrategy);
  const wanted = numberIn(spec.replicas, 1);
  const ready = numberIn(status.readyReplicas);
  if (strategy.type === 'OnDelete') return { ...labels, ...availability(ready, wanted) };
  const partition = numberIn(record(strategy.rollingUpdate).partition);
  const updating = Math.max(0, wanted - partition);
  const updated = numberIn(status.updatedReplicas);
  if (revision !== status.currentRevision && updated < updating) {
    return { ...labels, ...progressing(`${updated} of ${updating} pods are updated`) };
  }
  return { ...labels, ...availability(ready, wanted) };
}

function daemonSet(object: WorkloadObject): ReturnType<HealthOf> {
  const { metadata, spec, status } = object;
  // It has no revision in its status; its pods are labelled with the generation of the template.
  const generation = text(record(metadata.annotations)['deprecated.daemonset.template.generation']);
  const labels =
    generation === '' ? {} : { currentPodLabels: { 'pod-template-generation': generation } };
  if (isBehind(object)) return { ...labels, ...BEHIND };
  const wanted = numberIn(status.desiredNumberScheduled);
  const updated = numberIn(status.updatedNumberScheduled);
  const rolling = record(spec.updateStrategy).type !== 'OnDelete';
  if (rolling && updated < wanted) {
    return { ...labels, ...progressing(`${updated} of ${wanted} pods are updated`) };
  }
  return { ...labels, ...availability(numberIn(status.numberAvailable), wanted) };
}

function replicaSet(object: WorkloadObject): ReturnType<HealthOf> {
  const { spec, status } = object;
  if (isBehind(object)) return BEHIND;
  const failure = conditionOf(status, 'ReplicaFailure');
  if (failure?.status === 'True') return degraded(failure);
  return availability(numberIn(status.availableReplicas), numberIn(spec.replicas, 1));
}

/** Argo Rollouts says how it is. */
function rollout(object: WorkloadObject): ReturnType<HealthOf> {
  if (isRolloutBehind(object)) return { ...BEHIND, rollout: {} };
  const { status } = object;
  const phase = text(status.phase);
  return {
    health: phase === 'Paused' ? 'Suspended' : phase || 'Progressing',
    healthMessage: shortText(status.message),
    ...rolloutIn(object),
  };
}

/** Here the generation is a string; before Argo Rollouts 0.10 it was a hash, which may be digits. */
function isRolloutBehind({ metadata, status }: WorkloadObject): boolean {
  const generation = numberIn(metadata.generation);
  const observed = numberIn(status.observedGeneration, generation);
  return observed < generation;
}

function job({ spec, status }: WorkloadObject): ReturnType<HealthOf> {
  const failed = conditionOf(status, 'Failed');
  if (failed?.status === 'True') return degraded(failed);
  if (conditionOf(status, 'Complete')?.status === 'True') return HEALTHY;
  if (spec.suspend === true) return { health: 'Suspended', healthMessage: 'it is suspended' };
  return progressing('it has not ended yet');
}

function claim({ status }: WorkloadObject): ReturnType<HealthOf> {
  const phase = text(status.phase);
  if (phase === 'Bound') return HEALTHY;
  if (phase === 'Lost') return { health: 'Degraded', healthMessage: 'its volume is lost' };
  return progressing('it is not bound to a volume yet');
}

function service(object: WorkloadObject): ReturnType<HealthOf> {
  return object.spec.type === 'LoadBalancer' ? byAddress(object) : HEALTHY;
}

function byAddress({ status }: WorkloadObject): ReturnType<HealthOf> {
  const addresses = list(record(status.loadBalancer).ingress);
  return addresses.length > 0 ? HEALTHY : progressing('it has no address yet');
}

/** What Argo CD takes for a broken autoscaler. */
const BROKEN: ReadonlySet<string> = new Set([
  'FailedGetScale',
  'FailedUpdateScale',
  'FailedGetResourceMetric',
  'FailedGetObjectMetric',
  'FailedGetPodsMetric',
  'FailedGetExternalMetric',
  'FailedComputeMetricsReplicas',
  'InvalidSelector',
]);

function scaler({ status }: WorkloadObject): ReturnType<HealthOf> {
  const conditions = list(status.conditions).map(record);
  const broken = conditions.find((each) => BROKEN.has(text(each.reason)));
  if (broken) return degraded(broken);
  const works = conditions.some(
    ({ type, status }) =>
      status === 'True' && (type === 'AbleToScale' || type === 'ScalingLimited'),
  );
  return works ? HEALTHY : progressing('Waiting to Autoscale');
}

/** The name of the ReplicaSet that is rolled out, where the workload tells it; else empty. */
export function replicaSetIn(object: unknown): string {
  const { metadata, status } = record(object);
  const hash = text(record(status).currentPodHash);
  if (hash !== '') return `${text(record(metadata).name)}-${hash}`;
  const progress = conditionOf(record(record(object).status), 'Progressing');
  return /\breplica ?set "([^"]{1,253})"/i.exec(text(progress?.message))?.[1] ?? '';
}
