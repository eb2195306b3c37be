import { resourceName } from '../application/types.js';
import { compareRanks, type Finding, findingsOf } from '../within/findings.js';
import { familyOf, type Hooks, type ResourceTree, type TreeNode } from '../within/tree.js';
import { podNames, sentence, subjectOf } from '../within/words.js';

/** Why a resource of an Application is not well, as in the output `causes`. */
export interface Cause {
  /** As in `Change.application`. */
  readonly application: string;
  /** `Kind/name` of what the Application manages, or `Kind/namespace/name`. */
  readonly subject: string;
  /** The cluster's word for it: `ImagePullBackOff`, `OOMKilled`, `Unschedulable`, `Degraded`. */
  readonly reason: string;
  /** A sentence that names the subject; it has foreign text in it. */
  readonly message: string;
  readonly container?: string;
  readonly image?: string;
  readonly restarts?: number;
  readonly exitCode?: number;
  /** RFC 3339 by the cluster's clock. */
  readonly since?: string;
  /** How many pods it is the cause in; more than one only. */
  readonly count?: number;
  /** Whose log tells more, where a container has run. */
  readonly log?: LogReference;
}

/** The container whose log tells more of a cause. */
export interface LogReference {
  readonly namespace: string;
  readonly pod: string;
  /** `uid` of the pod. */
  readonly uid: string;
  /** Empty: the only one. */
  readonly container: string;
  /** It has been started again since: the log of the run before is wanted. */
  readonly previous: boolean;
}

export interface CauseOptions {
  /** What the user calls the Application. */
  readonly application: string;
  /** `spec.destination.namespace`. */
  readonly namespace: string;
  readonly hooks: Hooks;
}

/** More are not read by anybody, and an Application may have thousands. */
const MOST = 50;

/**
 * Why an Application is not well, the most telling first: one cause for all pods that have it, and
 * only of what belongs to the new version.
 */
export function causesOf(tree: ResourceTree, options: CauseOptions): readonly Cause[] {
  const family = familyOf(tree);
  const found = family.roots.flatMap((root) => findingsOf(family, root));
  const causes = [...Map.groupBy(found, keyOf).values()]
    .map((same) => ({ first: firstOf(same), same }))
    .sort(
      (a, b) =>
        compareRanks(a.first.rank, b.first.rank) || compareRoots(a.first.root, b.first.root),
    );
  return causes.slice(0, MOST).map(({ first, same }) => causeOf(first, same, options));
}

function keyOf({ root, kind }: Finding): string {
  return `${resourceName(root)} ${kind}`;
}

/** Pods come in any order: the same look must give the same answer. */
function firstOf(same: readonly Finding[]): Finding {
  const [first] = [...same].sort((a, b) => compare(a.pod?.name ?? '', b.pod?.name ?? ''));
  if (!first) throw new RangeError('no finding');
  return first;
}

function compareRoots(a: TreeNode, b: TreeNode): number {
  return compare(resourceName(a), resourceName(b));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function causeOf(first: Finding, same: readonly Finding[], options: CauseOptions): Cause {
  const { root, reason, container, exitCode } = first;
  const restarts = Math.max(0, ...same.map((each) => each.container?.restarts ?? 0));
  const since = same.map((each) => each.since).filter((each) => each !== '');
  const log = logOf(first);
  return {
    application: options.application,
    subject: subjectOf(root, options.namespace),
    reason,
    message: messageOf(first, same, restarts, options),
    ...(container?.name ? { container: container.name } : {}),
    ...(container?.image ? { image: container.image } : {}),
    ...(restarts > 0 ? { restarts } : {}),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(since.length === 0 ? {} : { since: since.sort()[0] }),
    ...(same.length > 1 ? { count: same.length } : {}),
    ...(log ? { log } : {}),
  };
}

function messageOf(
  first: Finding,
  same: readonly Finding[],
  restarts: number,
  { namespace, hooks }: CauseOptions,
): string {
  const hook = hooks.get(resourceName(first.root));
  const subject = `${hook ? `${hook} hook ` : ''}${subjectOf(first.root, namespace)}`;
  const pods = same.flatMap(({ pod, root }) => (pod && pod !== root ? [pod.name] : []));
  const again = restarts === 1 ? '1 restart' : restarts > 1 ? `${restarts} restarts` : '';
  // A health's own word is in the sentence.
  const reason = first.predicate.endsWith(` ${first.reason}`) ? '' : first.reason;
  const details = [reason, ...first.details, again, podNames(pods.sort(compare))];
  return sentence(`${subject}${first.predicate}`, details, first.words);
}

function logOf({ pod, container }: Finding): LogReference | undefined {
  if (!pod || !container) return undefined;
  const { running, terminated, lastTerminated, restarts } = container;
  const ran = running || terminated !== undefined || lastTerminated !== undefined || restarts > 0;
  if (!ran) return undefined;
  const { namespace, name, uid } = pod;
  const previous = !running && !terminated;
  return { namespace, pod: name, uid, container: container.name, previous };
}
