import type { ContainerState, PodState, Termination, TreeNode } from '../core/within/tree.js';
import { type Json, list, record, text } from '../http/json.js';

/** What is read of objects within an Application is anybody's text: no more than this of each. */
const LONGEST = 2000;
/** A pod has a few containers; one of hundreds is a mistake or worse. */
const MOST_CONTAINERS = 50;
const MOST_VOLUMES = 50;

/** A text, cut. */
export function shortText(value: unknown): string {
  const all = text(value);
  return all.length > LONGEST ? all.slice(0, LONGEST) : all;
}

/** The fields of `metadata` that a node is made of. */
export function metadataOf(metadata: Json) {
  return {
    namespace: text(metadata.namespace),
    name: text(metadata.name),
    uid: text(metadata.uid),
    owners: list(metadata.ownerReferences).map((owner) => text(record(owner).uid)),
    createdAt: text(metadata.creationTimestamp),
  };
}

/** A Pod as the Kubernetes API has it, as a node of a tree. What is not of its type counts as absent. */
export function podNode(object: unknown): TreeNode {
  const { metadata, spec, status } = record(object);
  const pod = podState(record(metadata), record(spec), record(status));
  return {
    ...{ group: '', kind: 'Pod', revision: 0, healthReason: '' },
    ...metadataOf(record(metadata)),
    health: healthOf(pod, record(status)),
    healthMessage: pod.message,
    pod,
  };
}

function healthOf({ phase }: PodState, status: Json): string {
  if (phase === 'Failed') return 'Degraded';
  const ready = conditionOf(status, 'Ready')?.status === 'True';
  return phase === 'Succeeded' || ready ? 'Healthy' : 'Progressing';
}

/** The condition of a type in a `status`. */
export function conditionOf(status: Json, type: string): Json | undefined {
  return list(status.conditions)
    .map(record)
    .find((each) => each.type === type);
}

function podState(metadata: Json, spec: Json, status: Json): PodState {
  const scheduled = conditionOf(status, 'PodScheduled');
  return {
    labels: record(metadata.labels),
    deleting: text(metadata.deletionTimestamp) !== '',
    placed: text(spec.nodeName) !== '',
    claims: claimsIn(metadata, spec),
    phase: text(status.phase),
    reason: shortText(status.reason),
    message: shortText(status.message),
    containers: containersOf(spec, status),
    ...(scheduled?.status === 'False'
      ? {
          unschedulable: {
            reason: shortText(scheduled.reason),
            message: shortText(scheduled.message),
            since: text(scheduled.lastTransitionTime),
          },
        }
      : {}),
  };
}

/** The claim of an ephemeral volume is named after its pod. */
function claimsIn(metadata: Json, spec: Json): readonly string[] {
  return list(spec.volumes)
    .slice(0, MOST_VOLUMES)
    .map(record)
    .map(({ name, ephemeral, persistentVolumeClaim }) =>
      ephemeral
        ? `${text(metadata.name)}-${text(name)}`
        : text(record(persistentVolumeClaim).claimName),
    )
    .filter((claim) => claim !== '');
}

function containersOf(spec: Json, status: Json): readonly ContainerState[] {
  const ordinary = list(status.containerStatuses).map((each) =>
    containerState(record(each), specOf(spec.containers, each), 'container'),
  );
  const init = list(status.initContainerStatuses).map((each) => {
    const own = specOf(spec.initContainers, each);
    return containerState(record(each), own, own.restartPolicy === 'Always' ? 'sidecar' : 'init');
  });
  return [...init, ...ordinary].slice(0, MOST_CONTAINERS);
}

function specOf(containers: unknown, status: unknown): Json {
  const { name } = record(status);
  return (
    list(containers)
      .map(record)
      .find((each) => each.name === name) ?? {}
  );
}

function containerState(status: Json, spec: Json, role: ContainerState['role']): ContainerState {
  const state = record(status.state);
  const waiting = record(state.waiting);
  const { restartCount } = status;
  return {
    role,
    name: shortText(status.name),
    // Of what cannot be pulled, the status may have no image yet; of what runs, only its digest.
    image: shortText(spec.image) || shortText(status.image),
    ready: status.ready === true,
    running: state.running !== undefined && state.running !== null,
    restarts: typeof restartCount === 'number' ? restartCount : 0,
    ...(state.waiting
      ? { waiting: { reason: shortText(waiting.reason), message: shortText(waiting.message) } }
      : {}),
    ...ended('terminated', state),
    ...ended('lastTerminated', record(status.lastState)),
  };
}

function ended<K extends string>(key: K, state: Json): { readonly [_ in K]?: Termination } {
  if (!state.terminated) return {};
  const { exitCode, reason, message, finishedAt } = record(state.terminated);
  const termination: Termination = {
    reason: shortText(reason),
    ...(typeof exitCode === 'number' ? { exitCode } : {}),
    message: shortText(message),
    finishedAt: text(finishedAt),
  };
  return { [key]: termination } as { readonly [_ in K]?: Termination };
}
