import { believedIn, type Standing, standingOnceRead } from '../core/applicationset/standing.js';
import type { ApplicationSet } from '../core/applicationset/types.js';
import { ageOf, type Moment } from '../core/decision/moment.js';
import { isBusy } from '../core/decision/observations.js';
import type { State } from '../core/decision/state.js';

/** What was read of an ApplicationSet, after one operation of the Application that manages it. */
export interface SetReading {
  /** The operation: a later one may have written another spec. */
  readonly operation: string;
  /** Since when this spec of it is known. */
  readonly since: Moment;
  /** A request is under way. */
  readonly asked: boolean;
  /** `Moment.elapsed` of the last answer. */
  readonly at: number;
  /** How often it could not be read. */
  readonly failures: number;
  /** It cannot be read: what manages it has to do. */
  readonly refused?: true;
  readonly generation?: number;
  readonly standing?: Standing;
}

const READ_AGAIN_MS = 3000;
/** A refusal is one at once; anything else may be over soon. */
const MOST_FAILURES = 3;

/** @param before what was read after an earlier operation: what was refused is again */
export function unread(
  operation: string,
  since: Moment,
  before: SetReading | undefined,
): SetReading {
  const refused = before?.refused ? { refused: true as const } : {};
  return { operation, since, asked: false, at: Number.NEGATIVE_INFINITY, failures: 0, ...refused };
}

/** What tells an operation from the next one of the same Application. */
export function operationOf({ application }: State): string {
  const { startedAt = '', finishedAt = '', phase = '' } = application?.operation ?? {};
  return [startedAt, finishedAt, phase].join();
}

/** `Moment.elapsed` at which it is to be read again. */
export function dueAt({ standing, at }: SetReading): number {
  const { recheckAt = at + READ_AGAIN_MS } = standing?.kind === 'generating' ? standing : {};
  return recheckAt;
}

/** @param set absent: it does not exist */
export function withSet(
  reading: SetReading,
  set: ApplicationSet | undefined,
  state: State,
  now: Moment,
): SetReading {
  // What cannot be read says nothing either.
  if (set?.unreadable !== undefined) return { ...reading, refused: true };
  const isSame = reading.generation === undefined || reading.generation === set?.generation;
  const since = isSame ? reading.since : now;
  const ageMs = ageOf(now, set?.specWrittenAt || lastEndOf(state), since);
  const standing = standingOnceRead(set, reading.standing, ageMs, now);
  return { ...reading, since, standing, ...(set ? { generation: set.generation } : {}) };
}

/** @param final another attempt would fail alike */
export function withFailure(reading: SetReading, final: boolean): SetReading {
  const failures = reading.failures + 1;
  const refused = final || failures >= MOST_FAILURES;
  return { ...reading, failures, ...(refused ? { refused } : {}) };
}

/**
 * Where it cannot be read, its controller gets as long after the last sync as a spec is doubted; in
 * milliseconds from now.
 */
export function doubtedForMs({ since }: SetReading, state: State, now: Moment): number {
  return believedIn(ageOf(now, lastEndOf(state), since));
}

/** When the Application last wrote what it manages (RFC 3339); empty: it is about to, or never did. */
function lastEndOf({ application }: State): string {
  if (!application || isBusy(application)) return '';
  return application.operation?.finishedAt ?? '';
}
