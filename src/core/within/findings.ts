import { splitMessage } from './rollout-state.js';
import { stoppedRollout } from './rollouts.js';
import {
  type ContainerState,
  type Family,
  familyOf,
  type PodState,
  type ResourceEvent,
  type ResourceTree,
  type Termination,
  type TreeNode,
} from './tree.js';

/**
 * Something that keeps a resource from being well, found in one pod or resource: the same in ten
 * pods is ten findings and one cause. `wordingOf` puts it into words.
 */
export interface Finding {
  readonly symptom: Symptom;
  /** The resource that the Application manages. */
  readonly root: TreeNode;
  /** Findings of a root with the same symptom and likeness are one cause. */
  readonly likeness: string;
  readonly reason: string;
  /** What the cluster says to it, as it says it. */
  readonly said: string;
  readonly since: string;
  /** Where it is: a pod, or what cannot make pods. */
  readonly at: TreeNode;
  readonly container?: ContainerState;
  /** How a container of it ended. */
  readonly termination?: Termination;
  /** The AnalysisRun for which a Rollout stopped. */
  readonly analysis?: TreeNode;
}

/** The most telling first. */
const SYMPTOMS = [
  'cannot pull',
  'cannot start',
  'crashes',
  'has no volume',
  'cannot be scheduled',
  'cannot mount',
  'cannot create pods',
  'pod failed',
  'was aborted',
  'is paused',
  'warned of',
  'is degraded',
  'is not ready',
  'is progressing',
  'is starting',
  'is waiting',
] as const;
export type Symptom = (typeof SYMPTOMS)[number];

/** The most telling first. */
export function compareSymptoms(a: Symptom, b: Symptom): number {
  return SYMPTOMS.indexOf(a) - SYMPTOMS.indexOf(b);
}

const PULLS: ReadonlySet<string> = new Set([
  'ImagePullBackOff',
  'ErrImagePull',
  'InvalidImageName',
  'ErrImageNeverPull',
]);
const STARTS: ReadonlySet<string> = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);
const CRASH_LOOP = 'CrashLoopBackOff';

/** Reasons for which a container waits that only a change can end. */
export function isHopeless(reason: string): boolean {
  return PULLS.has(reason) || STARTS.has(reason) || reason === CRASH_LOOP;
}

/** Whether a run of a container ended badly, as far as that is known. */
export function isFailure({ reason, exitCode }: Termination): boolean {
  return exitCode === undefined ? reason !== 'Completed' && reason !== '' : exitCode !== 0;
}

export function isOutOfMemory({ reason, termination }: Finding): boolean {
  return reason === 'OOMKilled' || termination?.reason === 'OOMKilled';
}

const found = new WeakMap<ResourceTree, readonly Finding[]>();

/**
 * All that keeps the present versions of resources from being well. None of what is well, or has no
 * health: Argo CD does not wait for it either.
 */
export function findingsIn(tree: ResourceTree): readonly Finding[] {
  const family = familyOf(tree);
  const findings = found.get(tree) ?? family.roots.flatMap((root) => findingsOf(family, root));
  found.set(tree, findings);
  return findings;
}

function findingsOf(family: Family, root: TreeNode): readonly Finding[] {
  if (root.health === 'Healthy' || root.health === '') return [];
  const below = family.currentBelow(root);
  const all = below.flatMap((node) => {
    const events = family.eventsOf(node);
    const { pod } = node;
    if (!pod) return [...rolloutFindings(family, root, node), ...warnings(root, node, events)];
    return pod.deleting ? [] : podFindings(root, node, pod, events);
  });
  if (all.length > 0) return all;
  const degraded = below.filter((node) => node !== root && isDegraded(node));
  // What a workload says of itself is that its pods are not ready yet.
  return degraded.length > 0
    ? degraded.map((at) => degradedBelow(root, at))
    : [healthFinding(root)];
}

type Events = readonly ResourceEvent[];

function podFindings(
  root: TreeNode,
  at: TreeNode,
  pod: PodState,
  events: Events,
): readonly Finding[] {
  const found = pod.containers.flatMap((each) => stopped(root, at, each) ?? []);
  const whole = scheduling(root, at, pod, events) ?? mounting(root, at, pod, events);
  if (whole) return [...found, whole];
  if (found.length > 0) return found;
  if (pod.containers.length === 0 && pod.phase === 'Pending')
    return [unmade(root, at, pod, events)];
  if (pod.reason !== '' && pod.message !== '') {
    const { reason, message: said } = pod;
    return [
      { symptom: 'pod failed', root, likeness: reason, reason, said, since: at.createdAt, at },
    ];
  }
  const [first] = pod.containers.flatMap((each) => unready(root, at, each, events) ?? []);
  return first ? [first] : [];
}

/** Its node has not told of any container yet. */
function unmade(root: TreeNode, at: TreeNode, { phase }: PodState, events: Events): Finding {
  const about = { symptom: 'is starting', root, at, since: at.createdAt } as const;
  return { ...about, likeness: phase, ...startWords(phase, events) };
}

/** What a pod that is about to start waits for, as far as events tell. */
function startWords(reason: string, events: Events): Pick<Finding, 'reason' | 'said'> {
  const event = events.find((each) => each.reason !== 'FailedScheduling' && !isMount(each));
  if (!event) return { reason, said: '' };
  return { reason: isPull(event) ? reason : event.reason, said: event.message };
}

/** A container that cannot start, or that ended badly. */
function stopped(root: TreeNode, at: TreeNode, container: ContainerState): Finding | undefined {
  const { waiting, terminated, lastTerminated } = container;
  if (waiting && isHopeless(waiting.reason)) {
    return waiting.reason === CRASH_LOOP
      ? crash(root, at, container, CRASH_LOOP, lastTerminated)
      : notStarted(root, at, container, waiting);
  }
  if (!terminated || !isFailure(terminated)) return undefined;
  return crash(root, at, container, terminated.reason || 'Error', terminated);
}

function notStarted(
  root: TreeNode,
  at: TreeNode,
  container: ContainerState,
  { reason, message: said }: NonNullable<ContainerState['waiting']>,
): Finding {
  const about = { root, reason, said, since: at.createdAt, at };
  if (!PULLS.has(reason)) {
    const likeness = `${reason} ${container.name}`;
    return { ...about, symptom: 'cannot start', likeness, container };
  }
  const image = container.image || imageIn(said);
  const known = image === container.image ? container : { ...container, image };
  return { ...about, symptom: 'cannot pull', likeness: image, container: known };
}

/** The kubelet names the image that it cannot pull. */
function imageIn(message: string): string {
  return /\bimage "([^"]{1,500})"/.exec(message)?.[1] ?? '';
}

function crash(
  root: TreeNode,
  at: TreeNode,
  container: ContainerState,
  reason: string,
  termination: Termination | undefined,
): Finding {
  return {
    ...{ symptom: 'crashes', root, reason, at, container },
    likeness: `${container.name} ${termination?.exitCode}`,
    said: termination?.message || container.waiting?.message || '',
    since: termination?.finishedAt || at.createdAt,
    ...(termination ? { termination } : {}),
  };
}

function scheduling(
  root: TreeNode,
  at: TreeNode,
  { unschedulable, placed, containers }: PodState,
  events: Events,
): Finding | undefined {
  const event = events.find((each) => each.reason === 'FailedScheduling');
  // An event stays when its cause is gone.
  const isPlaced = placed || containers.some((each) => each.running || each.terminated);
  if (!unschedulable && (!event || isPlaced)) return undefined;
  const said = unschedulable?.message || event?.message || '';
  const reason = unschedulable?.reason || 'Unschedulable';
  const since = unschedulable?.since || at.createdAt;
  return { symptom: 'cannot be scheduled', root, likeness: said, reason, said, since, at };
}

/** Whether a pod cannot be scheduled for want of a volume, of which its claims tell more. */
export function waitsForClaims({ pod }: TreeNode, said: string): boolean {
  return pod !== undefined && /persistentvolumeclaim/i.test(said);
}

const MOUNTS: ReadonlySet<string> = new Set([
  'FailedMount',
  'FailedAttachVolume',
  'FailedMapVolume',
]);

function mounting(
  root: TreeNode,
  at: TreeNode,
  { containers }: PodState,
  events: Events,
): Finding | undefined {
  const event = mountIn(events);
  const started = containers.some((each) => each.running || each.restarts > 0);
  if (!event || started) return undefined;
  // Volumes are the same in all pods, but for tokens with a name made up for each.
  const { reason, message: said } = event;
  return { symptom: 'cannot mount', root, likeness: reason, reason, said, since: at.createdAt, at };
}

/** The newest that says why a volume is missing; none that a later attempt has made good. */
function mountIn(events: Events): ResourceEvent | undefined {
  const pulled = events.findIndex(isPull);
  const mounts = events.slice(0, pulled < 0 ? events.length : pulled).filter(isMount);
  // The kubelet also warns of how long it has waited for what another warning explains.
  return mounts.find(({ message }) => !MOUNT_TIMEOUT.test(message)) ?? mounts[0];
}

const MOUNT_TIMEOUT = /\btimed out waiting for the condition\b|\bcontext deadline exceeded\b/;

function isMount({ reason }: ResourceEvent): boolean {
  return MOUNTS.has(reason);
}

/** Images are pulled when all volumes are there. */
function isPull({ reason }: ResourceEvent): boolean {
  return reason === 'Pulling' || reason === 'Pulled';
}

/** What runs and is not ready, or what is about to start. */
function unready(
  root: TreeNode,
  at: TreeNode,
  container: ContainerState,
  events: Events,
): Finding | undefined {
  const { ready, running, waiting, role, name } = container;
  const about = { root, at, container, since: at.createdAt };
  if (running && role === 'init') {
    const reason = 'PodInitializing';
    return { ...about, symptom: 'is starting', likeness: `${reason} ${name}`, reason, said: '' };
  }
  if (running && !ready) return notReady(about, container, events);
  if (!waiting) return undefined;
  const reason = waiting.reason || 'Pending';
  const { message: said } = waiting;
  const words = said === '' ? startWords(reason, events) : { reason, said };
  return { ...about, symptom: 'is starting', likeness: reason, ...words };
}

/** It has not been ready yet, or it ended and was started again. */
function notReady(
  about: Pick<Finding, 'root' | 'at' | 'container' | 'since'>,
  { name, lastTerminated }: ContainerState,
  events: Events,
): Finding {
  const probe = events.find((each) => each.reason === 'Unhealthy');
  const reason = probe?.reason ?? 'NotReady';
  const said = probe?.message ?? lastTerminated?.message ?? '';
  const failed = lastTerminated && isFailure(lastTerminated) ? { termination: lastTerminated } : {};
  return { ...about, ...failed, symptom: 'is not ready', likeness: name, reason, said };
}

/** Of what cannot make its pods, or get what it needs: a quota, an admission policy, a volume. */
function warnings(root: TreeNode, at: TreeNode, events: Events): readonly Finding[] {
  const event = events.find((each) => isTelling(each.reason, at)) ?? refusalIn(at);
  if (!event) return [];
  const { reason, message: said, at: since } = event;
  const about = { root, reason, said, since, at };
  // A Deployment and its ReplicaSet tell of the same.
  if (reason === FAILED_CREATE) {
    return [{ ...about, symptom: 'cannot create pods', likeness: reason }];
  }
  return [{ ...about, symptom: warnedOf(reason, at), likeness: `${at.kind} ${reason}` }];
}

function warnedOf(reason: string, { kind }: TreeNode): Symptom {
  if (WAITS_FOR.has(reason)) return 'is waiting';
  return kind === 'PersistentVolumeClaim' ? 'has no volume' : 'warned of';
}

const FAILED_CREATE = 'FailedCreate';

/** Of a claim that waits for what comes by itself. */
const WAITS_FOR: ReadonlySet<string> = new Set([
  'WaitForFirstConsumer',
  'WaitForPodScheduled',
  'ExternalProvisioning',
]);

function isTelling(reason: string, { kind, health }: TreeNode): boolean {
  switch (kind) {
    case 'PersistentVolumeClaim':
      return /^(ProvisioningFailed|FailedBinding)$/.test(reason) || WAITS_FOR.has(reason);
    case 'HorizontalPodAutoscaler':
      return reason.startsWith('Failed');
    // Every controller of addresses has reasons of its own.
    case 'Ingress':
    case 'Service':
      return true;
    // An event stays when its cause is gone; here health tells whether it is.
    case 'ReplicaSet':
      return reason === FAILED_CREATE && health === 'Degraded';
    default:
      return reason === FAILED_CREATE;
  }
}

/** Health says it too, and longer than events are kept. */
function refusalIn({ group, kind, health, ...node }: TreeNode): ResourceEvent | undefined {
  const told =
    node.healthReason || (group === 'apps' && kind === 'ReplicaSet' ? FAILED_CREATE : '');
  if (health !== 'Degraded' || told !== FAILED_CREATE) return undefined;
  return { about: node.uid, reason: told, message: node.healthMessage, at: node.createdAt };
}

/** Of a Rollout that does not go on, whatever its pods are. */
function rolloutFindings(family: Family, root: TreeNode, at: TreeNode): readonly Finding[] {
  const stopped = stoppedRollout(family, at);
  if (!stopped) return [];
  const since = stopped.since || at.createdAt;
  return [{ ...stopped, root, likeness: `${at.kind}/${at.name}`, since, at }];
}

/** By a health script or the like: of a certificate, say, its challenge knows why. */
function isDegraded({ health, healthMessage, pod, analysis }: TreeNode): boolean {
  return !pod && !analysis && health === 'Degraded' && healthMessage !== '';
}

function degradedBelow(root: TreeNode, at: TreeNode): Finding {
  const { health, healthMessage: said, healthReason, createdAt: since } = at;
  const about = { root, at, said, since, reason: healthReason || health };
  return { ...about, symptom: 'warned of', likeness: `${at.kind} ${said}` };
}

function healthFinding(root: TreeNode): Finding {
  const { health, createdAt, rollout, healthReason, healthMessage } = root;
  const own = { reason: healthReason, said: healthMessage };
  const { reason, said } = rollout ? splitMessage(healthMessage) : own;
  return {
    // What is missing may be of a later wave, which waits for the others.
    symptom: health === 'Degraded' ? 'is degraded' : 'is progressing',
    ...{ root, likeness: '', reason: reason || health },
    ...{ said, since: createdAt, at: root },
  };
}
