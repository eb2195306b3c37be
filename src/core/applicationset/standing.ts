import { ageOf, type Moment } from '../decision/moment.js';
import type { ApplicationSet } from './types.js';

/** What was seen of an ApplicationSet that is waited for. */
export interface SeenSet {
  readonly presence: 'present' | 'missing' | 'deleted';
  /** As it was last seen. */
  readonly set?: ApplicationSet;
  /** When its spec was seen to change; absent: it was as it is at the first look. */
  readonly changed?: Moment;
  /** When its Applications were seen to be generated; absent: they were at the first look. */
  readonly finished?: Moment;
  /** The first look. */
  readonly since: Moment;
}

/** How an ApplicationSet stands to its Applications. */
export type Standing =
  | { readonly kind: 'missing' | 'deleted' | 'deleting' }
  | { readonly kind: 'unreadable'; readonly problem: string }
  /** Its controller reports an error, which may go away by itself. */
  | { readonly kind: 'error'; readonly reason: string; readonly message: string }
  /**
   * Its controller has not said that all is generated for the present spec.
   * @property recheckAt `Moment.elapsed` at which time alone may tell more
   */
  | { readonly kind: 'generating'; readonly recheckAt?: number }
  /** All is generated: the names of the Applications. */
  | { readonly kind: 'generated'; readonly applications: readonly string[] };

/** An ApplicationSet whose Applications are not all there, or perhaps not as it wants them. */
export interface SetState {
  readonly standing: Standing;
  /** The names of those that it has generated and that were not seen. */
  readonly unseen: readonly string[];
}

/** Takes in an ApplicationSet as it is now. */
export function withSet(before: SeenSet | undefined, set: ApplicationSet, now: Moment): SeenSet {
  const known = before?.set?.uid === set.uid ? before : undefined;
  const { since = now } = known ?? {};
  const isChanged = known?.set !== undefined && known.set.generation !== set.generation;
  const changed = isChanged ? now : known?.changed;
  const wasFinished = known?.set !== undefined && isFinished(known.set);
  const finished = known && !wasFinished ? now : known?.finished;
  return {
    ...{ presence: 'present', set, since },
    ...(changed ? { changed } : {}),
    ...(finished ? { finished } : {}),
  };
}

/** Takes in that it is not there. */
export function withoutSet(before: SeenSet | undefined, now: Moment): SeenSet {
  const deleted = before !== undefined && before.presence !== 'missing';
  return { presence: deleted ? 'deleted' : 'missing', since: before?.since ?? now };
}

/** Its Applications are followed by another watch, which may be a little behind. */
const OTHER_WATCH_MS = 1000;
/**
 * A condition does not say which spec it is about, and one that comes out as before is not even
 * written again. The controller looks at a changed spec at once, so that what it says of one that is
 * this old is believed.
 */
const BELIEVED_AFTER_MS = 10_000;

export function standingOf(seen: SeenSet, now: Moment): Standing {
  const { presence, set } = seen;
  if (presence !== 'present' || !set)
    return { kind: presence === 'deleted' ? 'deleted' : 'missing' };
  const unfinished = unfinishedOf(set);
  if (unfinished) return unfinished;
  const sinceFinished = seen.finished ? now.elapsed - seen.finished.elapsed : OTHER_WATCH_MS;
  const restMs = Math.max(
    BELIEVED_AFTER_MS - ageOfSpec(seen, set, now),
    OTHER_WATCH_MS - sinceFinished,
  );
  return onceBelieved(restMs, set, now);
}

/** What its conditions say against it, of whatever spec; undefined: all is generated. */
function unfinishedOf(set: ApplicationSet): Standing | undefined {
  if (set.unreadable !== undefined) return { kind: 'unreadable', problem: set.unreadable };
  if (set.deleting) return { kind: 'deleting' };
  const error = set.conditions.find(({ type }) => type === 'ErrorOccurred');
  if (error?.status === 'True') {
    return { kind: 'error', reason: error.reason, message: error.message };
  }
  return isFinished(set) ? undefined : { kind: 'generating' };
}

/**
 * How an ApplicationSet that is read now and then stands, where an Application has written its spec.
 * @param before as it was read before, absent: it was not
 * @param specAgeMs for how long its spec is known to be as it is
 */
export function standingOnceRead(
  set: ApplicationSet | undefined,
  before: Standing | undefined,
  specAgeMs: number,
  now: Moment,
): Standing {
  if (!set) return { kind: 'missing' };
  const unfinished = unfinishedOf(set);
  if (unfinished) return unfinished;
  const justFinished = before !== undefined && !isExpected(before);
  const restMs = Math.max(BELIEVED_AFTER_MS - specAgeMs, justFinished ? OTHER_WATCH_MS : 0);
  return onceBelieved(restMs, set, now);
}

/** What says that all is generated is believed after so many milliseconds. */
function onceBelieved(restMs: number, { applications }: ApplicationSet, now: Moment): Standing {
  if (restMs > 0) return { kind: 'generating', recheckAt: now.elapsed + restMs };
  return { kind: 'generated', applications };
}

/** Its conditions were right before, and only time was missing. */
function isExpected(standing: Standing): boolean {
  if (standing.kind === 'generating') return standing.recheckAt !== undefined;
  return standing.kind === 'generated';
}

/** In milliseconds: a condition does not say which spec it is about, so a young one is not believed. */
export function believedIn(ageMs: number): number {
  return Math.max(0, BELIEVED_AFTER_MS - ageMs);
}

/** Its controller says that all is generated. */
function isFinished({ conditions, refreshing }: ApplicationSet): boolean {
  const upToDate = conditions.find(({ type }) => type === 'ResourcesUpToDate');
  return upToDate?.status === 'True' && !refreshing;
}

/** In milliseconds; the first spec has no conditions from before. */
function ageOfSpec({ changed, since }: SeenSet, set: ApplicationSet, now: Moment): number {
  if (set.generation === 1) return Number.POSITIVE_INFINITY;
  return ageOf(now, changed ?? set.specWrittenAt, since);
}
