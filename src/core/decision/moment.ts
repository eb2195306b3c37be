/** A point in time, by the two clocks that a run may compare. */
export interface Moment {
  /** Milliseconds that only move forward; for durations within the run. */
  readonly elapsed: number;
  /** Milliseconds since the epoch by the SERVER's clock; absent until a server has said its time. */
  readonly server?: number;
}

/**
 * How long ago something was, in milliseconds.
 * What was seen to happen is measured by the run's own clock; what had happened before the first
 * look by the server's, which is the one that wrote it.
 * @param when the moment it was seen, or the time (RFC 3339) that the server gave it
 * @param firstLook what had happened by then is at least as old
 */
export function ageOf(now: Moment, when: Moment | string, firstLook: Moment): number {
  if (typeof when !== 'string') return now.elapsed - when.elapsed;
  const written = Date.parse(when);
  const known = now.server !== undefined && !Number.isNaN(written);
  return Math.max(known ? now.server - written : 0, now.elapsed - firstLook.elapsed);
}

/** Whether one thing happened after another; times in whole seconds often cannot tell. */
export type After = 'yes' | 'no' | 'unknown';

/** @param time RFC 3339 in whole seconds, as `than`; empty: not known */
export function happenedAfter(time: string, than: string): After {
  const [at, other] = [Date.parse(time), Date.parse(than)];
  if (Number.isNaN(at) || Number.isNaN(other) || at === other) return 'unknown';
  return at > other ? 'yes' : 'no';
}

/**
 * RFC 3339 in whole seconds.
 * @param at milliseconds since the epoch
 */
export function timeText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
