import type { ResourceKey } from '../application/types.js';
import type { AnalysisState, RolloutState } from './rollout-state.js';

/**
 * What is within an Application: its resources and all that they own, as one look found them.
 * Times are RFC 3339 strings by the cluster's clock; empty where absent. All text is foreign.
 */
export interface ResourceTree {
  readonly nodes: readonly TreeNode[];
  /** What was told about resources of the tree, in no particular order. */
  readonly events: readonly ResourceEvent[];
  /** There is more than was read: what is missing here may still exist. */
  readonly truncated: boolean;
}

export const EMPTY_TREE: ResourceTree = { nodes: [], events: [], truncated: false };

export interface TreeNode extends ResourceKey {
  /** Empty: it is wanted, and does not exist. */
  readonly uid: string;
  /** `uid` of what owns it; none for what the Application manages itself. */
  readonly owners: readonly string[];
  readonly createdAt: string;
  /** As Argo CD calls it; empty: it has none, or it is not known. */
  readonly health: string;
  readonly healthMessage: string;
  /** A word for the health of its own, `ProgressDeadlineExceeded`; empty where it has no such word. */
  readonly healthReason: string;
  /**
   * Of a ReplicaSet, ControllerRevision or AnalysisRun: which one of its owner's, counted up; of a
   * Deployment or Rollout: that of its present version. 0: not known.
   */
  readonly revision: number;
  /** Labels that the pods of its present version have, where it says so itself. */
  readonly currentPodLabels?: Readonly<Record<string, string>>;
  /** Pods only. */
  readonly pod?: PodState;
  /** Rollouts of Argo Rollouts only. */
  readonly rollout?: RolloutState;
  /** AnalysisRuns of Argo Rollouts only. */
  readonly analysis?: AnalysisState;
}

export interface PodState {
  /** As they are on the wire. */
  readonly labels: Readonly<Record<string, unknown>>;
  /** It is on its way out. */
  readonly deleting: boolean;
  /** It has a node; false where that is not known. */
  readonly placed: boolean;
  /** Names of the PersistentVolumeClaims that it mounts; none where they are not known. */
  readonly claims: readonly string[];
  /** `Failed` and `Succeeded` are final; empty: not known. */
  readonly phase: string;
  /** Of the pod as a whole: `Evicted`; empty in most cases. */
  readonly reason: string;
  readonly message: string;
  /** Init containers first, in the order of the spec. */
  readonly containers: readonly ContainerState[];
  /** The scheduler found no node. */
  readonly unschedulable?: {
    readonly reason: string;
    readonly message: string;
    readonly since: string;
  };
}

export interface ContainerState {
  readonly role: 'init' | 'sidecar' | 'container';
  /** Empty: not known. */
  readonly name: string;
  /** Empty: not known. */
  readonly image: string;
  readonly ready: boolean;
  readonly running: boolean;
  readonly restarts: number;
  readonly waiting?: { readonly reason: string; readonly message: string };
  /** How its present run ended. */
  readonly terminated?: Termination;
  /** How the run before the present one ended. */
  readonly lastTerminated?: Termination;
}

export interface Termination {
  /** `Error`, `OOMKilled`, `Completed`, …; may be empty. */
  readonly reason: string;
  /** Absent: not known. */
  readonly exitCode?: number;
  readonly message: string;
  readonly finishedAt: string;
}

/** A warning about one object, or another event that tells what it waits for. */
export interface ResourceEvent {
  /** `uid` of what it is about. */
  readonly about: string;
  readonly reason: string;
  readonly message: string;
  /** When it was last seen. */
  readonly at: string;
}

/** A tree whose nodes can be asked for their relatives. */
export interface Family {
  /** What the Application manages itself. */
  readonly roots: readonly TreeNode[];
  /** The root above a node, or the node itself. */
  rootOf(node: TreeNode): TreeNode;
  /** What owns a node, and what owns that; the nearest first. */
  ancestorsOf(node: TreeNode): readonly TreeNode[];
  /** A root and all below it that belongs to its present version. */
  currentBelow(root: TreeNode): readonly TreeNode[];
  /** The AnalysisRuns of the present version of a Rollout. */
  runsOf(node: TreeNode): readonly TreeNode[];
  /** What was told about a node, the newest first. */
  eventsOf(node: TreeNode): readonly ResourceEvent[];
}

/** A tree is asked several things, and may have thousands of nodes. */
const families = new WeakMap<ResourceTree, Family>();

export function familyOf(tree: ResourceTree): Family {
  const known = families.get(tree) ?? newFamily(tree);
  families.set(tree, known);
  return known;
}

function newFamily(tree: ResourceTree): Family {
  const byUid = new Map(tree.nodes.filter((each) => each.uid !== '').map((n) => [n.uid, n]));
  const newest = newestIn(tree.nodes, byUid);
  const events = Map.groupBy(tree.events, (event) => event.about);
  const rootOf = (node: TreeNode): TreeNode => ancestorsOf(byUid, node).at(-1) ?? node;
  const isCurrent = (node: TreeNode): boolean => {
    let child = node;
    for (const owner of ancestorsOf(byUid, node)) {
      if (!isCurrentChild(child, owner, node.pod, newest)) return false;
      child = owner;
    }
    return true;
  };
  const currentNodes = tree.nodes.filter(isCurrent);
  const current = Map.groupBy(currentNodes, rootOf);
  const analyses = currentNodes.filter(({ analysis }) => analysis);
  const runs = Map.groupBy(analyses, (each) => ownerIn(byUid, each));
  return {
    roots: tree.nodes.filter((node) => ownerIn(byUid, node) === undefined),
    rootOf,
    ancestorsOf: (node) => ancestorsOf(byUid, node),
    currentBelow: (root) => current.get(root) ?? [],
    runsOf: (node) => runs.get(node) ?? [],
    eventsOf: (node) => events.get(node.uid)?.toSorted(byTime) ?? NO_EVENTS,
  };
}

const NO_EVENTS: readonly ResourceEvent[] = [];

function byTime(a: ResourceEvent, b: ResourceEvent): number {
  return a.at < b.at ? 1 : a.at > b.at ? -1 : 0;
}

type ByUid = ReadonlyMap<string, TreeNode>;

function ownerIn(byUid: ByUid, { owners }: TreeNode): TreeNode | undefined {
  for (const uid of owners) {
    const owner = byUid.get(uid);
    if (owner) return owner;
  }
  return undefined;
}

/** More owners above one another are a circle. */
const DEEPEST = 16;

/** The nearest first. */
function ancestorsOf(byUid: ByUid, node: TreeNode): readonly TreeNode[] {
  const ancestors: TreeNode[] = [];
  let owner = ownerIn(byUid, node);
  while (owner && ancestors.length < DEEPEST) {
    ancestors.push(owner);
    owner = ownerIn(byUid, owner);
  }
  return ancestors;
}

/** By the owner's uid and the kind: the child that stands for the present version. */
type Newest = ReadonlyMap<string, TreeNode>;

const VERSIONS: ReadonlySet<string> = new Set(['ReplicaSet', 'ControllerRevision']);

function newestIn(nodes: readonly TreeNode[], byUid: ByUid): Newest {
  const newest = new Map<string, TreeNode>();
  for (const node of nodes) {
    const owner = VERSIONS.has(node.kind) ? ownerIn(byUid, node) : undefined;
    if (!owner) continue;
    const key = `${node.kind} ${owner.uid}`;
    const before = newest.get(key);
    if (!before || isNewer(node, before)) newest.set(key, node);
  }
  return newest;
}

function isNewer(a: TreeNode, b: TreeNode): boolean {
  if (a.revision !== b.revision) return a.revision > b.revision;
  return a.createdAt > b.createdAt;
}

/**
 * Whether a node, on the way from a pod up, belongs to the present version of its owner.
 * @param pod where the way began, whose labels an owner may name
 */
function isCurrentChild(
  node: TreeNode,
  owner: TreeNode,
  pod: PodState | undefined,
  newest: Newest,
): boolean {
  const { currentPodLabels } = owner;
  if (node.analysis) return node.revision === 0 || node.revision >= owner.revision;
  if (pod && currentPodLabels) {
    return Object.entries(currentPodLabels).every(([key, value]) => pod.labels[key] === value);
  }
  if (node.kind === 'ReplicaSet') {
    // The newest may have no pods yet, and not have been seen.
    const isOlder = node.revision > 0 && node.revision < owner.revision;
    return !isOlder && node === newest.get(`ReplicaSet ${owner.uid}`);
  }
  const revision = newest.get(`ControllerRevision ${owner.uid}`);
  return !node.pod || !revision || hasRevision(node.pod, revision);
}

/** A StatefulSet's pods are labelled with the name of the revision, a DaemonSet's with its hash. */
function hasRevision({ labels }: PodState, { name }: TreeNode): boolean {
  const hash = labels['controller-revision-hash'];
  return typeof hash !== 'string' || name === hash || name.endsWith(`-${hash}`);
}

/** Types of hooks, `PostSync`, by `group/Kind/namespace/name`. */
export type Hooks = ReadonlyMap<string, string>;
