import { resourceName } from '../application/types.js';
import { compareSymptoms, type Finding, findingsIn } from '../within/findings.js';
import type { Hooks, ResourceTree } from '../within/tree.js';
import { sentenceOf, subjectOf } from '../within/words.js';

/** Why a resource of an Application is not well, as in the output `causes`. */
export interface Cause {
  /** As in `Change.application`. */
  readonly application: string;
  /** `Kind/name` of what the Application manages, or `Kind/namespace/name`; or `sync window`, or its ApplicationSet. */
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
  /** In how many pods it was found; more than one only. */
  readonly count?: number;
  /** It is of a hook. */
  readonly hook?: true;
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

/** Nobody reads more, and an Application may have thousands. */
const MOST = 50;

/**
 * Why an Application is not well, the most telling first: one cause for all pods that have it, and
 * only of what belongs to the new version.
 */
export function causesOf(tree: ResourceTree, options: CauseOptions): readonly Cause[] {
  return alike(findingsIn(tree))
    .map((same) => ({ first: same.reduce(clearer), same }))
    .sort(
      (a, b) =>
        compareSymptoms(a.first.symptom, b.first.symptom) ||
        compare(resourceName(a.first.root), resourceName(b.first.root)),
    )
    .slice(0, MOST)
    .map(({ first, same }) => causeOf(first, same, options, tree.truncated));
}

/** Findings by cause. */
function alike(found: readonly Finding[]): readonly (readonly Finding[])[] {
  const groups = new Map<string, Finding[]>();
  /** By symptom: what is known of it best. */
  const clear = new Map<string, string>();
  for (const each of [...found.filter((one) => !isVague(one)), ...found.filter(isVague)]) {
    const symptom = `${resourceName(each.root)} ${each.symptom}`;
    const own = `${symptom} ${each.likeness}`;
    const key = groups.has(own) || !isVague(each) ? own : (clear.get(symptom) ?? own);
    const group = groups.get(key);
    if (group) group.push(each);
    else groups.set(key, [each]);
    if (!clear.has(symptom) && !isVague(each)) clear.set(symptom, own);
  }
  return [...groups.values()];
}

/** Of many pods with one cause only a few are looked at closely: the others have no more of it. */
function isVague({ container }: Finding): boolean {
  return container?.name === '';
}

/** Pods come in any order: the same look must give the same answer. */
function clearer(a: Finding, b: Finding): Finding {
  if (isVague(a) !== isVague(b)) return isVague(a) ? b : a;
  // Of many, one may have been asked for its events.
  if ((a.said === '') !== (b.said === '')) return a.said === '' ? b : a;
  return b.at.name < a.at.name ? b : a;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function causeOf(
  first: Finding,
  same: readonly Finding[],
  options: CauseOptions,
  more: boolean,
): Cause {
  const { root, reason, container, termination } = first;
  const exitCode = termination?.exitCode;
  const restarts = same.reduce((most, each) => Math.max(most, each.container?.restarts ?? 0), 0);
  const [since] = same.flatMap((each) => each.since || []).sort();
  const log = logOf(first);
  const pods = same.filter(({ at }) => at.pod && at !== root).map(({ at }) => at.name);
  const hook = options.hooks.get(resourceName(root));
  const subject = subjectOf(root, options.namespace);
  const called = hook ? `${hook} hook ${subject}` : subject;
  return {
    application: options.application,
    subject,
    reason,
    message: sentenceOf(first, called, restarts, withFirst(pods, first.at.name), more),
    ...(container?.name ? { container: container.name } : {}),
    ...(container?.image ? { image: container.image } : {}),
    ...(restarts > 0 ? { restarts } : {}),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(since === undefined ? {} : { since }),
    ...(pods.length > 1 ? { count: pods.length } : {}),
    ...(hook === undefined ? {} : { hook: true as const }),
    ...(log ? { log } : {}),
  };
}

function withFirst(names: readonly string[], first: string): readonly string[] {
  return names.includes(first) ? [first, ...names.filter((name) => name !== first)] : names;
}

function logOf({ at, container }: Finding): LogReference | undefined {
  if (!container) return undefined;
  const { running, terminated, lastTerminated, restarts } = container;
  const ran = running || terminated !== undefined || lastTerminated !== undefined || restarts > 0;
  if (!ran) return undefined;
  const { namespace, name, uid } = at;
  const previous = !running && !terminated;
  return { namespace, pod: name, uid, container: container.name, previous };
}
