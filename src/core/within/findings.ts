import type { ContainerState, Family, Termination, TreeNode } from './tree.js';
import { containerName, inLine, kubeletWords } from './words.js';

/**
 * Something that keeps a resource from being well, found in one pod or resource: the same in ten
 * pods is ten findings and one cause.
 */
export interface Finding {
  readonly rank: Rank;
  /** The resource that the Application manages. */
  readonly root: TreeNode;
  /** Findings of a root with the same kind are one cause. */
  readonly kind: string;
  readonly reason: string;
  /** What goes after the name of the root: `cannot pull X`, `: container main …`. */
  readonly predicate: string;
  /** Beside the reason and the pods: `exit code 1`. */
  readonly details: readonly string[];
  /** What the cluster says to it. */
  readonly words: string;
  readonly pod?: TreeNode;
  readonly container?: ContainerState;
  readonly exitCode?: number;
  readonly since: string;
}

/** The most telling first. */
const RANKS = [
  'cannot start',
  'crashes',
  'unschedulable',
  'volume',
  'cannot create',
  'degraded',
  'not ready',
  'progressing',
  'starting',
] as const;
export type Rank = (typeof RANKS)[number];

/** The most telling first. */
export function compareRanks(a: Rank, b: Rank): number {
  return RANKS.indexOf(a) - RANKS.indexOf(b);
}

const PULLS: ReadonlySet<string> = new Set([
  'ImagePullBackOff',
  'ErrImagePull',
  'InvalidImageName',
  'ErrImageNeverPull',
]);
const STARTS: ReadonlyMap<string, string> = new Map([
  ['CreateContainerConfigError', 'cannot configure'],
  ['CreateContainerError', 'cannot create'],
  ['RunContainerError', 'cannot run'],
]);

/** Reasons for which a container waits that only a change can end. */
export function isHopeless(reason: string): boolean {
  return PULLS.has(reason) || STARTS.has(reason) || reason === 'CrashLoopBackOff';
}

/**
 * All that keeps the present version of a resource from being well. None where it is well, or where
 * it has no health: then Argo CD does not wait for it either.
 */
export function findingsOf(family: Family, root: TreeNode): readonly Finding[] {
  if (root.health === 'Healthy' || root.health === '') return [];
  const pods = family.currentBelow(root).filter(({ pod }) => pod && !pod.deleting);
  const inPods = pods.flatMap((node) => podFindings(family, root, node));
  const all = [...inPods, ...eventFindings(family, root)];
  // What a workload says of itself is that its pods are not ready yet.
  return all.length > 0 ? all : [healthFinding(root)];
}

function podFindings(family: Family, root: TreeNode, node: TreeNode): readonly Finding[] {
  const { pod } = node;
  if (!pod || pod.phase === 'Succeeded') return [];
  const containers = pod.containers.flatMap((each) => containerFinding(root, node, each));
  const whole = [...scheduling(family, root, node), ...volumes(family, root, node)];
  const found = [...containers, ...whole];
  if (found.length > 0) return found;
  if (pod.reason !== '' && pod.message !== '') return [podItself(root, node)];
  return pod.containers.flatMap((each) => notReady(family, root, node, each)).slice(0, 1);
}

function containerFinding(
  root: TreeNode,
  node: TreeNode,
  container: ContainerState,
): readonly Finding[] {
  const { waiting, terminated, lastTerminated } = container;
  if (waiting?.reason === 'CrashLoopBackOff') {
    return [crash(root, node, container, waiting.reason, lastTerminated, waiting.message)];
  }
  if (waiting && isHopeless(waiting.reason)) return [cannotStart(root, node, container, waiting)];
  if (terminated && isFailure(terminated)) {
    const reason = terminated.reason || 'Error';
    return [crash(root, node, container, reason, terminated, '')];
  }
  return [];
}

/** Whether a run of a container ended badly, as far as that is known. */
export function isFailure({ reason, exitCode }: Termination): boolean {
  return exitCode === undefined ? reason !== 'Completed' && reason !== '' : exitCode !== 0;
}

function cannotStart(
  root: TreeNode,
  node: TreeNode,
  container: ContainerState,
  { reason, message }: NonNullable<ContainerState['waiting']>,
): Finding {
  const name = containerName(container);
  const image = container.image || imageIn(message);
  const pulls = PULLS.has(reason);
  const whose = container.role === 'container' ? '' : ` for ${name}`;
  const predicate = pulls
    ? ` cannot pull ${image || 'an image'}${whose}`
    : ` ${STARTS.get(reason)} ${name}`;
  return {
    ...{ rank: 'cannot start', root, reason, predicate, details: [] },
    kind: `${pulls ? 'pull' : reason} ${container.name} ${image}`,
    words: kubeletWords(message, image),
    ...{ pod: node, since: node.createdAt },
    container: { ...container, image },
  };
}

/** The kubelet names the image that it cannot pull. */
function imageIn(message: string): string {
  return /\bimage "([^"]{1,500})"/.exec(message)?.[1] ?? '';
}

function crash(
  root: TreeNode,
  node: TreeNode,
  container: ContainerState,
  reason: string,
  termination: Termination | undefined,
  waits: string,
): Finding {
  const { restarts } = container;
  const exitCode = termination?.exitCode;
  const memory = termination?.reason === 'OOMKilled' || reason === 'OOMKilled';
  const again = reason === 'CrashLoopBackOff' || restarts > 0;
  const verb = memory ? 'runs out of memory' : again ? 'keeps crashing' : 'failed';
  return {
    ...{ rank: 'crashes', root, reason, pod: node, container },
    kind: `crash ${container.name} ${memory} ${exitCode}`,
    predicate: `: ${containerName(container)} ${verb}`,
    details: [
      memory && reason !== 'OOMKilled' ? 'OOMKilled' : '',
      exitCode === undefined ? '' : `exit code ${exitCode}`,
    ],
    words: inLine(termination?.message ?? '') || kubeletWords(waits, container.image),
    ...(exitCode === undefined ? {} : { exitCode }),
    since: termination?.finishedAt || node.createdAt,
  };
}

function scheduling(family: Family, root: TreeNode, node: TreeNode): readonly Finding[] {
  const event = family.eventsOf(node).find((each) => each.reason === 'FailedScheduling');
  const { unschedulable, containers = [] } = node.pod ?? {};
  const placed = containers.some((each) => each.running || each.terminated);
  if (!unschedulable && (!event || placed)) return [];
  const words = inLine(unschedulable?.message || event?.message || '');
  return [
    {
      ...{ rank: 'unschedulable', root, kind: `unschedulable ${words}`, pod: node },
      reason: unschedulable?.reason || 'Unschedulable',
      ...{ predicate: ' cannot be scheduled', details: [], words },
      since: unschedulable?.since || node.createdAt,
    },
  ];
}

const VOLUME_EVENTS: ReadonlySet<string> = new Set([
  'FailedMount',
  'FailedAttachVolume',
  'FailedMapVolume',
]);

function volumes(family: Family, root: TreeNode, node: TreeNode): readonly Finding[] {
  const started = node.pod?.containers.some((each) => each.running || each.restarts > 0);
  const event = family.eventsOf(node).find((each) => VOLUME_EVENTS.has(each.reason));
  if (!event || started) return [];
  const words = inLine(event.message);
  return [
    {
      ...{ rank: 'volume', root, reason: event.reason, pod: node, words, details: [] },
      // Its volumes are the same in all pods, but for tokens with a name made up for each.
      ...{ kind: `volume ${event.reason}`, predicate: ' cannot mount a volume' },
      since: node.createdAt,
    },
  ];
}

/** `Evicted`, `DeadlineExceeded`, `NodeLost` … */
function podItself(root: TreeNode, node: TreeNode): Finding {
  const { reason = '', message = '' } = node.pod ?? {};
  return {
    ...{ rank: 'degraded', root, reason, kind: `pod ${reason}`, pod: node, details: [] },
    ...{ predicate: ': a pod failed', words: inLine(message), since: node.createdAt },
  };
}

/** What runs and is not ready, or what is about to start. */
function notReady(
  family: Family,
  root: TreeNode,
  node: TreeNode,
  container: ContainerState,
): readonly Finding[] {
  const { ready, running, waiting } = container;
  const about = { root, pod: node, container, since: node.createdAt };
  const name = containerName(container);
  if (running && !ready && container.role !== 'init') {
    const probe = family.eventsOf(node).find((each) => each.reason === 'Unhealthy');
    return [
      {
        ...{ ...about, rank: 'not ready', kind: `not ready ${container.name}`, details: [] },
        reason: probe?.reason ?? 'NotReady',
        predicate: `: ${name} runs but is not ready`,
        words: inLine(probe?.message ?? ''),
      },
    ];
  }
  if (!waiting) return [];
  const reason = waiting.reason || 'Pending';
  return [
    {
      ...{ ...about, rank: 'starting', kind: `starting ${reason}`, reason, details: [] },
      ...{ predicate: ` waits for ${name} to start`, words: kubeletWords(waiting.message, '') },
    },
  ];
}

/** Of what cannot make its pods, or get what it needs: a quota, an admission policy, a volume. */
function eventFindings(family: Family, root: TreeNode): readonly Finding[] {
  return family.currentBelow(root).flatMap((node) => {
    if (node.pod) return [];
    const event = family.eventsOf(node).find((each) => isTelling(each.reason, node));
    if (!event) return [];
    const { reason, at } = event;
    const created = reason === 'FailedCreate';
    const what = node === root ? '' : `: ${node.kind}/${node.name}`;
    return [
      {
        ...{ root, reason, kind: `event ${reason}`, details: [], words: inLine(event.message) },
        rank: created ? 'cannot create' : 'degraded',
        predicate: created ? ' cannot create its pods' : `${what} is ${node.health || 'not ready'}`,
        since: at,
      },
    ];
  });
}

function isTelling(reason: string, { kind }: TreeNode): boolean {
  if (kind === 'PersistentVolumeClaim') return /^(ProvisioningFailed|FailedBinding)$/.test(reason);
  if (kind === 'HorizontalPodAutoscaler') return reason.startsWith('Failed');
  return reason === 'FailedCreate';
}

function healthFinding(root: TreeNode): Finding {
  const { health, healthMessage, healthReason, createdAt } = root;
  const bad = health === 'Degraded' || health === 'Missing';
  return {
    ...{ rank: bad ? 'degraded' : 'progressing', root, kind: 'health' },
    ...{ reason: healthReason || health, predicate: ` is ${health}`, details: [] },
    ...{ words: inLine(healthMessage), since: createdAt },
  };
}
