import { firstStart, lastStart, parseSchedule, type Schedule } from './cron.js';
import { parseGoDuration } from './duration.js';
import type { SyncWindow } from './types.js';
import { type Offset, offsetOf } from './zones.js';

/** A window whose times can be told. */
export interface Timed {
  readonly window: SyncWindow;
  readonly schedule: Schedule;
  readonly durationMs: number;
  readonly offset: Offset;
}

export type Timing =
  | { readonly kind: 'timed'; readonly windows: readonly Timed[] }
  /** Argo CD cannot read one of them, and while it cannot it starts no sync. */
  | { readonly kind: 'invalid'; readonly window: SyncWindow }
  /** A time zone is not told, or is within the schedule, or they are too many. */
  | { readonly kind: 'unknown' };

/** Each has a calendar of its own, and nobody has so many. */
const MOST_WINDOWS = 200;

/** When the windows of an Application are open. */
export function timingOf(windows: readonly SyncWindow[]): Timing {
  if (windows.length > MOST_WINDOWS) return { kind: 'unknown' };
  // Argo CD reads this prefix, and takes both time zones into account.
  if (windows.some(({ schedule }) => /^(?:CRON_)?TZ=/.test(schedule))) return { kind: 'unknown' };
  const timed: Timed[] = [];
  for (const window of windows) {
    const schedule = parseSchedule(window.schedule);
    const durationMs = parseGoDuration(window.duration);
    if (!schedule || durationMs === undefined) return { kind: 'invalid', window };
    timed.push({ window, schedule, durationMs, offset: offsetOf(window.timeZone ?? '') });
  }
  const told = windows.every(({ timeZone }) => timeZone !== undefined);
  return told ? { kind: 'timed', windows: timed } : { kind: 'unknown' };
}

const ALWAYS = Number.NEGATIVE_INFINITY;

/** The start because of which a window is open, by its wall clock. */
function openSince({ schedule, durationMs, offset }: Timed, at: number): number | undefined {
  // Argo CD finds no next start, and takes that for one that has passed.
  if (schedule.never) return ALWAYS;
  const wall = at + offset(at);
  return lastStart(schedule, wall, wall - durationMs);
}

/**
 * Which of the windows are open.
 * @param at milliseconds since the epoch
 */
export function openAt(windows: readonly Timed[], at: number): readonly SyncWindow[] {
  return windows.filter((each) => openSince(each, at) !== undefined).map(({ window }) => window);
}

/**
 * The windows because of which Argo CD starts no sync (`SyncWindows.CanSync`): the deny windows that
 * are open, else the allow windows where none of them is open. None: a sync may start.
 * @param manual a person asks for the sync
 */
export function blockingWindows(
  assigned: readonly SyncWindow[],
  active: readonly SyncWindow[],
  manual: boolean,
): readonly SyncWindow[] {
  const denying = active.filter(({ kind }) => kind === 'deny');
  const allowing = assigned.filter(({ kind }) => kind === 'allow');
  const blocking = denying.length > 0 ? denying : allowing;
  if (denying.length === 0 && active.some(({ kind }) => kind === 'allow')) return [];
  return manual && blocking.every(({ manualSync }) => manualSync) ? [] : blocking;
}

/** When a sync may start. */
export interface Opening {
  /** Milliseconds since the epoch: not before that. */
  readonly notBefore: number;
  /** It may start then; else nobody looked further. */
  readonly opens: boolean;
}

const DAY_MS = 86_400_000;
export const HORIZON_MS = 366 * DAY_MS;
/** Of windows that are looked at one by one: it takes milliseconds, whatever a schedule says. */
const MOST_EVALUATIONS = 2_000;

/**
 * When a sync may start, from a time on: goes from one chance for it to the next.
 * @param from milliseconds since the epoch
 */
export function openingOf(windows: readonly Timed[], from: number, manual: boolean): Opening {
  const assigned = windows.map(({ window }) => window);
  let at = from;
  for (let left = MOST_EVALUATIONS; left > 0 && at < from + HORIZON_MS; left -= windows.length) {
    // A window is open between its ends, and not at them.
    const within = at + 1;
    const open = openAt(windows, within);
    if (blockingWindows(assigned, open, manual).length === 0) {
      return { notBefore: at, opens: true };
    }
    at = nextChance(windows, open, within, manual);
  }
  return { notBefore: at, opens: false };
}

/** Not before all windows that deny it have ended; without one, when one that allows it begins. */
function nextChance(
  windows: readonly Timed[],
  open: readonly SyncWindow[],
  at: number,
  manual: boolean,
): number {
  const denying = windows.filter(
    ({ window }) =>
      window.kind === 'deny' && open.includes(window) && !(manual && window.manualSync),
  );
  if (denying.length > 0) return Math.max(...denying.map((each) => nextChange(each, at)));
  const allowing = windows.filter(({ window }) => window.kind === 'allow');
  return Math.min(...allowing.map((each) => nextChange(each, at)));
}

/** When a window opens or closes next, or its wall clock is changed; at most a day later. */
function nextChange(window: Timed, at: number): number {
  const { offset } = window;
  const change = Math.min(nextEdge(window, at) - offset(at), at + DAY_MS);
  return offset(change) === offset(at) ? change : clockChange(offset, at, change);
}

/** By the wall clock as it is now; Infinity: not within a day. */
function nextEdge(window: Timed, at: number): number {
  const { schedule, durationMs, offset } = window;
  const since = openSince(window, at);
  if (since === ALWAYS || durationMs <= 0) return Number.POSITIVE_INFINITY;
  if (since !== undefined) return since + durationMs;
  const wall = at + offset(at);
  return firstStart(schedule, wall, wall + DAY_MS) ?? Number.POSITIVE_INFINITY;
}

/** The first second at which a wall clock has another offset. */
function clockChange(offset: Offset, before: number, after: number): number {
  const known = offset(before);
  let [low, high] = [Math.floor(before / 1000), Math.ceil(after / 1000)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offset(middle * 1000) === known) low = middle;
    else high = middle;
  }
  return high * 1000;
}
