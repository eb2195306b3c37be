import type { Moment } from '../decision/moment.js';
import type { PodFailure } from './pod-failures.js';

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
