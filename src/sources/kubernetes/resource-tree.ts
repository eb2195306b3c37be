import { isHopeless, waitsForClaims } from '../../core/within/findings.js';
import { nodesToAskAbout } from '../../core/within/questions.js';
import type { ResourceEvent, ResourceTree, TreeNode } from '../../core/within/tree.js';
import { isSuccess, jsonOf } from '../../http/answers.js';
import { list, record, text } from '../../http/json.js';
import { orNothing } from '../bounded.js';
import { tellingEventsIn } from '../events.js';
import type { Inspected } from '../inspector.js';
import { mapAtMost } from '../live-metadata.js';
import { podNode } from '../live-pod.js';
import { analysisNode, ROLLOUT_HASH } from '../live-rollout.js';
import { type Asking, askFor, keyFor } from './asking.js';
import { type Candidate, candidatesOf, toldNodes } from './candidates.js';
import { selectorOf } from './label-selector.js';
import { accessTo, pathOf } from './paths.js';
import type { ResourceAttributes } from './rbac.js';
import { replicaSetIn, WORKLOADS, type WorkloadKind } from './workloads.js';

const AT_ONCE = 8;
/** Of one look: an Application of hundreds of workloads is looked at where it is likeliest to hang. */
const MOST_WORKLOADS = 40;
const MOST_POD_LISTS = 10;
const MOST_EVENTS = 5;
const MOST_ANALYSES = 5;
const MOST_CLAIMS = 5;
const PAGE = 500;
/** Of all lists of a look together. */
const MOST_PODS = 5_000;

const PODS = { group: '', version: 'v1', plural: 'pods' };
const EVENTS = { ...PODS, plural: 'events' };
const ANALYSIS_RUNS = { group: 'argoproj.io', version: 'v1alpha1', plural: 'analysisruns' };

/**
 * Reads the workloads of an Application one by one, and the pods of those that are not well.
 * @param soFar is told what was seen by then, for a look that runs out of time
 * @throws TerminalError where nothing may be seen, or TransientError
 */
export async function readTree(
  asking: Asking,
  application: Inspected,
  soFar: (tree: ResourceTree) => void,
): Promise<ResourceTree> {
  const candidates = candidatesOf(application);
  const read = await workloadsAt(asking, candidates);
  const [first] = candidates;
  if (first && read.every((each) => each === 'refused')) await askAgain(asking, first);
  const workloads = read.filter((each) => each !== 'refused').filter((each) => each !== 'gone');
  const { nodes: pods, truncated } = await podsOf(asking, workloads);
  const seen: ResourceTree = {
    nodes: [...toldNodes(application), ...workloads.map(({ node }) => node), ...pods],
    events: [],
    truncated: truncated || candidates.length > MOST_WORKLOADS,
  };
  // Without the pods it would look as if they had recovered.
  soFar(seen);
  const analyses = await analysesOf(asking, workloads);
  const claims = await claimsOf(asking, workloads, pods);
  const tree = { ...seen, nodes: [...seen.nodes, ...analyses, ...claims] };
  soFar(tree);
  const asked = nodesToAskAbout(tree, MOST_EVENTS);
  const events = (await mapAtMost(AT_ONCE, asked, (node) => eventsAt(asking, node))).flat();
  return events.length === 0 ? tree : { ...tree, events };
}

/** Those that are seldom waited for come last, and only where all others are well. */
async function workloadsAt(asking: Asking, candidates: readonly Candidate[]) {
  const read = (some: readonly Candidate[]) =>
    mapAtMost(AT_ONCE, some, (candidate) => workload(asking, candidate));
  const [often = [], seldom = []] = [false, true].map((each) =>
    candidates.filter(({ type }) => (type.seldom === true) === each),
  );
  const first = await read(often.slice(0, MOST_WORKLOADS));
  const well = first.every((each) => typeof each === 'object' && each.node.health === 'Healthy');
  return well ? [...first, ...(await read(seldom.slice(0, MOST_WORKLOADS)))] : first;
}

/** @throws TerminalError what it was refused with */
async function askAgain({ refused }: Asking, candidate: Candidate): Promise<void> {
  await refused.ask(keyFor(intentOf(candidate)), async () => undefined);
}

function intentOf({ type, namespace, name }: Candidate): ResourceAttributes {
  return accessTo('get', type, namespace, name);
}

interface Workload {
  readonly type: WorkloadKind;
  readonly node: TreeNode;
  /** Empty: it has none. */
  readonly selector: string;
  /** The ReplicaSet that it says it is rolling out; may be empty. */
  readonly replicaSet: string;
}

async function workload(
  asking: Asking,
  candidate: Candidate,
): Promise<Workload | 'refused' | 'gone'> {
  const { type, namespace, name, hook } = candidate;
  // In this version, not in that of its manifest, which may say less.
  const path = pathOf(type, namespace, name);
  const answer = await askFor(asking, { path }, intentOf(candidate));
  if (!answer) return 'refused';
  if (answer.status === 404 && hook) return 'gone';
  if (answer.status === 404)
    return { type, node: missing(candidate), selector: '', replicaSet: '' };
  const object = jsonOf(answer, asking.server);
  const selector = type.hasPods ? selectorOf(object) : '';
  return { type, node: type.node(object), selector, replicaSet: replicaSetIn(object) };
}

function missing({ type, namespace, name }: Candidate): TreeNode {
  const { group, kind } = type;
  return {
    ...{ group, kind, namespace, name, uid: '', owners: [], createdAt: '', revision: 0 },
    ...{ health: 'Missing', healthMessage: '', healthReason: '' },
  };
}

/** Pods, and the ReplicaSets between them and their workloads. */
interface Pods {
  readonly nodes: readonly TreeNode[];
  readonly truncated: boolean;
}

/** One workload after the other: together they may have no more pods than one. */
async function podsOf(asking: Asking, workloads: readonly Workload[]): Promise<Pods> {
  const unwell = workloads.filter(
    ({ node, selector, type }) =>
      type.hasPods &&
      node.health !== 'Healthy' &&
      // A Rollout of a Deployment's template has no selector.
      (selector !== '' || node.currentPodLabels !== undefined),
  );
  const nodes: TreeNode[] = [];
  let truncated = unwell.length > MOST_POD_LISTS;
  for (const each of unwell.slice(0, MOST_POD_LISTS)) {
    const found = await ofWorkload(asking, each, MOST_PODS - nodes.length);
    truncated ||= found.truncated;
    nodes.push(...found.nodes);
  }
  return { nodes, truncated };
}

/** The pods of the present version alone, where the workload tells them from the others. */
async function ofWorkload(asking: Asking, workload: Workload, most: number): Promise<Pods> {
  const { node, type } = workload;
  const set = await setRolledOut(asking, workload);
  const hash = set?.name.slice(node.name.length + 1);
  const labels = node.currentPodLabels ?? (set ? { 'pod-template-hash': hash } : {});
  const { nodes: pods, truncated } = await listPods(asking, workload, labels, most);
  if (set) return { nodes: [set, ...ownedBy([set], pods)], truncated };
  if (type.kind !== 'Deployment' && type.kind !== 'Rollout') {
    return { nodes: ownedBy([node], pods), truncated };
  }
  const sets = await replicaSets(asking, node, pods);
  return { nodes: [...sets, ...ownedBy(sets, pods)], truncated };
}

/** The claims that the scheduler waits for, but for those that were read anyway. */
async function claimsOf(
  asking: Asking,
  workloads: readonly Workload[],
  pods: readonly TreeNode[],
): Promise<readonly TreeNode[]> {
  const type = WORKLOADS.find(({ kind }) => kind === 'PersistentVolumeClaim');
  if (!type) return [];
  const known = new Set(workloads.map(({ node }) => node.uid));
  // As of a hook: one that is not there is not missed, which the scheduler tells.
  const wanted = pods
    .filter((node) => waitsForClaims(node, node.pod?.unschedulable?.message ?? ''))
    .flatMap(({ pod, namespace, uid }) =>
      (pod?.claims ?? []).map((name) => ({ type, namespace, name, hook: true, uid })),
    );
  const read = await mapAtMost(AT_ONCE, wanted.slice(0, MOST_CLAIMS), async (claim) => {
    const found = await workload(asking, claim);
    return typeof found === 'string' || known.has(found.node.uid)
      ? []
      : [{ ...found.node, owners: [claim.uid] }];
  });
  return read.flat();
}

/** The AnalysisRuns of the present versions of Rollouts that one of them may have stopped. */
async function analysesOf(
  asking: Asking,
  workloads: readonly Workload[],
): Promise<readonly TreeNode[]> {
  const stopped = workloads.map(({ node }) => node).filter(mayBeStoppedByAnalysis);
  const found = await mapAtMost(AT_ONCE, stopped.slice(0, MOST_ANALYSES), (node) =>
    analysesAt(asking, node),
  );
  return found.flat();
}

function mayBeStoppedByAnalysis({ rollout }: TreeNode): boolean {
  return rollout?.abort !== undefined || rollout?.pause?.reason === 'InconclusiveAnalysisRun';
}

async function analysesAt(
  asking: Asking,
  { namespace, uid, currentPodLabels }: TreeNode,
): Promise<readonly TreeNode[]> {
  const hash = currentPodLabels?.[ROLLOUT_HASH] ?? '';
  const path = pathOf(ANALYSIS_RUNS, namespace);
  const query = { labelSelector: `${ROLLOUT_HASH}=${hash}`, limit: String(PAGE) };
  const intent = accessTo('list', ANALYSIS_RUNS, namespace);
  const answer = await orNothing(
    askFor(asking, { path, query, compressed: true, kind: 'list' }, intent),
  );
  if (!answer || !isSuccess(answer)) return [];
  const runs = list(record(jsonOf(answer, asking.server)).items).map(analysisNode);
  return runs.filter(({ owners }) => owners.includes(uid));
}

/** A selector may find pods of others too. */
function ownedBy(owners: readonly TreeNode[], pods: readonly TreeNode[]): readonly TreeNode[] {
  const uids = new Set(owners.map(({ uid }) => uid));
  return pods.filter((pod) => pod.owners.some((uid) => uids.has(uid)));
}

/** The ReplicaSet of a Deployment's present revision, where the Deployment names it. */
async function setRolledOut(
  asking: Asking,
  { node, replicaSet: name }: Workload,
): Promise<TreeNode | undefined> {
  if (!name.startsWith(`${node.name}-`)) return undefined;
  const set = await setAt(asking, { namespace: node.namespace, name });
  const isIts = set?.owners.includes(node.uid) && set.revision === node.revision;
  return isIts ? set : undefined;
}

async function listPods(
  asking: Asking,
  { node, selector }: Workload,
  labels: Readonly<Record<string, string | undefined>>,
  most: number,
): Promise<Pods> {
  const { namespace } = node;
  const path = pathOf(PODS, namespace);
  const intent = accessTo('list', PODS, namespace);
  const present = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  const labelSelector = [selector, ...present].filter((part) => part !== '').join(',');
  const nodes: TreeNode[] = [];
  let next = '';
  while (nodes.length < most) {
    const limit = String(Math.min(PAGE, most - nodes.length));
    const query = { labelSelector, limit, ...(next === '' ? {} : { continue: next }) };
    const answer = await askFor(asking, { path, query, compressed: true, kind: 'list' }, intent);
    if (!answer || !isSuccess(answer)) return { nodes, truncated: next !== '' };
    const page = record(jsonOf(answer, asking.server));
    for (const pod of list(page.items)) nodes.push(podNode(pod));
    next = text(record(page.metadata).continue);
    if (next === '') return { nodes: nodes.slice(0, most), truncated: nodes.length > most };
    // What keeps hundreds from starting keeps the others too: they are megabytes.
    if (nodes.some(cannotStart)) return { nodes, truncated: true };
  }
  return { nodes, truncated: true };
}

function cannotStart({ pod }: TreeNode): boolean {
  return pod?.containers.some(({ waiting }) => waiting && isHopeless(waiting.reason)) ?? false;
}

/**
 * The ReplicaSets of a Deployment that have pods. They are read until the one with the Deployment's
 * revision is found, which is that of the newest pod in most cases.
 */
async function replicaSets(
  asking: Asking,
  deployment: TreeNode,
  pods: readonly TreeNode[],
): Promise<readonly TreeNode[]> {
  const implied = impliedSets(deployment, pods);
  const read = new Map<string, TreeNode>();
  for (const set of implied.slice(0, MOST_SETS)) {
    const found = await setAt(asking, set);
    if (found?.uid === set.uid) read.set(set.uid, found);
    if (found?.revision === deployment.revision) break;
  }
  return implied
    .map((set) => read.get(set.uid) ?? set)
    .filter(({ owners }) => owners.includes(deployment.uid));
}

const MOST_SETS = 3;
const REPLICA_SETS = WORKLOADS.find(({ kind }) => kind === 'ReplicaSet');

/** As the pods tell of them, those of the newest pods first. */
function impliedSets(deployment: TreeNode, pods: readonly TreeNode[]): readonly TreeNode[] {
  const sets = new Map<string, TreeNode>();
  const newestFirst = pods.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  for (const { pod, name: podName, owners, namespace, createdAt } of newestFirst) {
    const [uid = ''] = owners;
    const hash = pod?.labels['pod-template-hash'] ?? pod?.labels['rollouts-pod-template-hash'];
    const name = `${deployment.name}-${hash}`;
    if (uid === '' || sets.has(uid) || !podName.startsWith(generatedFrom(name))) continue;
    sets.set(uid, {
      ...{ group: 'apps', kind: 'ReplicaSet', namespace, name, uid },
      ...{ owners: [deployment.uid], createdAt, revision: 0 },
      ...{ health: '', healthMessage: '', healthReason: '' },
    });
  }
  return [...sets.values()];
}

/** What the names of its pods begin with: a long one is cut to leave room for five letters. */
function generatedFrom(name: string): string {
  return `${name}-`.slice(0, 58);
}

async function setAt(
  asking: Asking,
  { namespace, name }: Pick<TreeNode, 'namespace' | 'name'>,
): Promise<TreeNode | undefined> {
  if (!REPLICA_SETS) return undefined;
  const intent = accessTo('get', REPLICA_SETS, namespace, name);
  const answer = await askFor(asking, { path: pathOf(REPLICA_SETS, namespace, name) }, intent);
  if (!answer || !isSuccess(answer)) return undefined;
  return REPLICA_SETS.node(jsonOf(answer, asking.server));
}

async function eventsAt(
  asking: Asking,
  { uid, namespace }: TreeNode,
): Promise<readonly ResourceEvent[]> {
  if (namespace === '') return [];
  const path = pathOf(EVENTS, namespace);
  const query = { fieldSelector: `involvedObject.uid=${uid}`, limit: String(PAGE) };
  const intent = accessTo('list', EVENTS, namespace);
  const answer = await orNothing(
    askFor(asking, { path, query, compressed: true, kind: 'list' }, intent),
  );
  return answer && isSuccess(answer) ? tellingEventsIn(jsonOf(answer, asking.server), uid) : [];
}
