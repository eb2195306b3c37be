import { resourceName } from '../application/types.js';
import type { Moment } from '../decision/moment.js';
import { type Finding, findingsIn, isHopeless } from './findings.js';
import type { Hooks, ResourceTree } from './tree.js';

/** A container of the new version that cannot start. */
export interface PodFailure {
  /** `uid` of the pod. */
  readonly pod: string;
  /** Empty: not known. */
  readonly container: string;
  /** It waits for this reason; one may follow another while it never starts. */
  readonly reason: string;
  /** Of the resource of the Application that the pod is of. */
  readonly resource: string;
}

/**
 * Containers of the new version that only a change can start. Not those of hooks: whether a hook has
 * failed is for its operation to say, which may run it again.
 */
export function podFailuresOf(tree: ResourceTree, hooks: Hooks): readonly PodFailure[] {
  return findingsIn(tree)
    .filter(({ root }) => !hooks.has(resourceName(root)))
    .flatMap(failureIn);
}

function failureIn({ at, root, container, reason }: Finding): readonly PodFailure[] {
  if (!container?.waiting || !isHopeless(reason)) return [];
  return [{ pod: at.uid, container: container.name, reason, resource: resourceName(root) }];
}

/** The failures of one look after another. */
export type PodFailures = readonly LastingFailure[];

export interface LastingFailure extends PodFailure {
  /** Looks in a row that found it. */
  readonly looks: number;
  /** The first of them. */
  readonly since: Moment;
  /** The last of them. */
  readonly seen: Moment;
}

export const NO_FAILURES: PodFailures = [];

/**
 * Takes in what a look found. What it does not find has recovered, and starts again if it comes
 * back. A look that failed tells nothing: leave it out.
 */
export function observePodFailures(
  known: PodFailures,
  found: readonly PodFailure[],
  now: Moment,
): PodFailures {
  return found.map((failure) => {
    const before = known.find((each) => isSame(each, failure));
    return { ...failure, looks: (before?.looks ?? 0) + 1, since: before?.since ?? now, seen: now };
  });
}

/** One look may know the container's name, the next only that there is one. */
function isSame(a: PodFailure, b: PodFailure): boolean {
  if (a.pod !== b.pod) return false;
  return a.container === b.container || a.container === '' || b.container === '';
}

/** What was seen longer ago may have recovered: looks come every 10 s, and take a while. */
const FRESH_MS = 20_000;

/**
 * The failure that makes waiting hopeless: found at two looks in a row, for longer than allowed, and
 * just now.
 * @param graceMs `degraded-grace` in milliseconds; `Infinity`: never
 */
export function hopelessFailure(
  failures: PodFailures,
  now: Moment,
  graceMs: number,
): LastingFailure | undefined {
  return failures.find(
    ({ looks, since, seen }) =>
      looks >= 2 && now.elapsed - since.elapsed > graceMs && now.elapsed - seen.elapsed <= FRESH_MS,
  );
}

/** `Moment.elapsed` at which a failure becomes hopeless if no look finds it gone; undefined: none. */
export function hopelessAt(
  failures: PodFailures,
  now: Moment,
  graceMs: number,
): number | undefined {
  const times = failures
    .filter(({ looks }) => looks >= 2)
    // Longer than the grace, not as long.
    .map(({ since }) => since.elapsed + graceMs + 1)
    .filter((at) => at > now.elapsed && Number.isFinite(at));
  return times.length === 0 ? undefined : Math.min(...times);
}
