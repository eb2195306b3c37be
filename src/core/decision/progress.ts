import type { Application, Revisions } from '../application/types.js';
import { ageOf, type Moment } from './moment.js';
import { hasEnded } from './observations.js';
import { isTarget, type State } from './state.js';
import { revisionKey, type Target } from './target.js';

/** Where the Application stands towards its target. */
export interface TargetProgress {
  /** The revisions that decide: the target's, or those of a successor; none: neither was seen. */
  readonly revisions?: Revisions;
  /** A later revision took the target's place. */
  readonly superseded: boolean;
  /** The comparison shown is with the revisions that decide. */
  readonly compared: boolean;
  /** `Moment.elapsed` at which time alone may tell more. */
  readonly recheckAt?: number;
}

const UNSEEN: TargetProgress = { superseded: false, compared: false };

/** Finds the revision that decides: the target's, unless a later one took its place. */
export function targetProgress(state: State, now: Moment): TargetProgress {
  const { application, target } = state;
  if (!application || !target) return UNSEEN;
  const { revisions } = application.comparison;
  if (target.kind === 'any') return { revisions, superseded: false, compared: true };
  if (isTarget(application, target, revisions)) {
    return { revisions, superseded: false, compared: true };
  }
  if (!state.targetFirstSeen) return progressUnseen(state, application);
  return application.automated
    ? progressAutomated(state, application, now)
    : progressManual(state, application, target);
}

/** Never seen the target: its repository may know that what is deployed contains it. */
function progressUnseen(state: State, application: Application): TargetProgress {
  const deployed = candidateOf(application);
  if (!deployed || !contains(state, deployed)) return UNSEEN;
  const compared = revisionKey(deployed) === revisionKey(application.comparison.revisions);
  return { revisions: deployed, superseded: true, compared };
}

/** The repository said that these revisions contain the target. */
export function contains(state: State, { resolved }: Revisions): boolean {
  return resolved.some((each) => state.relations.get(each) === 'descendant');
}

/** What would be deployed in place of a target that was never seen. */
function candidateOf(application: Application): Revisions | undefined {
  const revisions = application.automated
    ? application.comparison.revisions
    : (lastFull(application)?.revisions ?? application.comparison.revisions);
  return revisions.resolved.length > 0 ? revisions : undefined;
}

/**
 * The question that only the repository can answer: does this deployed revision contain the
 * target? None where the target was seen, or the answer is known.
 */
export function openQuestion(state: State): { readonly revisions: readonly string[] } | undefined {
  const { application, target } = state;
  if (state.presence !== 'present' || !application) return undefined;
  if (target?.kind !== 'revision' || target.lookup !== undefined || state.targetFirstSeen)
    return undefined;
  if (application.history.some((each) => isTarget(application, target, each.revisions))) {
    return undefined;
  }
  const candidates = candidateOf(application)?.resolved ?? [];
  const scoped = candidates.filter((_, i) => !target.sources || target.sources.has(i));
  const open = scoped.filter((each) => each !== '' && !state.relations.has(each));
  return open.length > 0 ? { revisions: open } : undefined;
}

function progressAutomated(state: State, application: Application, now: Moment): TargetProgress {
  const { revisions } = application.comparison;
  if (isLater(state, application, now)) return { revisions, superseded: true, compared: true };
  const finishedAt = lastOwn(state, application)?.finishedAt ?? '';
  const recheckAt = settlesAt(state, application, finishedAt, now);
  const again = recheckAt !== undefined && recheckAt > now.elapsed ? { recheckAt } : {};
  return { superseded: false, compared: false, ...again };
}

/** Whether the comparison, which is not with the target, was made after the target's time. */
function isLater(state: State, application: Application, now: Moment): boolean {
  const key = revisionKey(application.comparison.revisions);
  if (key === '' || application.comparison.status === 'Unknown') return false;
  const arrived = state.seen.comparisons.find((each) => each.key === key);
  const { targetFirstSeen } = state;
  if (targetFirstSeen && arrived && arrived.at > targetFirstSeen.at) return true;
  if (contains(state, application.comparison.revisions)) return true;
  const own = lastOwn(state, application);
  if (own === undefined) return false;
  const after = application.history.slice(own.index + 1);
  if (after.some((entry) => revisionKey(entry.revisions) === key)) return true;
  // A reconcile that began before the operation's end may finish after it, with what was before.
  if (targetFirstSeen && arrived && arrived.at < targetFirstSeen.at) return false;
  return own.finishedAt !== '' && isReconciledAfter(state, application, own.finishedAt, now);
}

/** The last deployment of the target: its place in the history (or the end of it), and its end. */
function lastOwn(
  state: State,
  application: Application,
): { readonly index: number; readonly finishedAt: string } | undefined {
  const target = state.target;
  if (!target) return undefined;
  const { operation, history } = application;
  const index = history.findLastIndex((each) => isTarget(application, target, each.revisions));
  if (operation && hasEnded(operation) && isTarget(application, target, operation.revisions)) {
    return { index: index < 0 ? history.length : index, finishedAt: operation.finishedAt };
  }
  const entry = history[index];
  return entry && { index, finishedAt: entry.deployedAt };
}

/** Without auto-sync the comparison may follow a branch that nobody deploys: operations decide. */
function progressManual(state: State, application: Application, target: Target): TargetProgress {
  const last = lastFull(application);
  if (!last || isTarget(application, target, last.revisions)) {
    return { ...(last ? { revisions: last.revisions } : {}), superseded: false, compared: false };
  }
  const key = revisionKey(last.revisions);
  const begun = state.seen.operations.findLast((each) => revisionKey(each.revisions) === key);
  const followed =
    begun !== undefined && begun.at > (state.targetFirstSeen?.at ?? Number.POSITIVE_INFINITY);
  if (!followed || state.older.has(key)) return UNSEEN;
  const compared = key === revisionKey(application.comparison.revisions);
  return { revisions: last.revisions, superseded: true, compared };
}

/** The last operation that was for a whole revision, as far as the object still shows. */
function lastFull(application: Application): { readonly revisions: Revisions } | undefined {
  const { operation, history } = application;
  if (
    operation &&
    !operation.selective &&
    !operation.dryRun &&
    operation.revisions.resolved.length
  ) {
    return operation;
  }
  return history.at(-1);
}

/** Whether the comparison and the health on show were made after that time. */
export function isReconciledAfter(
  state: State,
  application: Application,
  finishedAt: string,
  now: Moment,
): boolean {
  const reconciled = Date.parse(application.reconciledAt);
  const finished = Date.parse(finishedAt);
  if (Number.isNaN(reconciled) || Number.isNaN(finished) || reconciled < finished) return false;
  if (reconciled > finished) return true;
  // The same whole second: before or after cannot be told from the times.
  const ending = state.ending?.finishedAt === finishedAt ? state.ending : undefined;
  return ending?.reconciled === true || sinceEnd(state, finishedAt, now) >= SETTLED_MS;
}

/**
 * `Moment.elapsed` from which a reconcile in the very second of an operation's end counts;
 * undefined: the last one was in another second, so time alone tells nothing.
 */
export function settlesAt(
  state: State,
  application: Application,
  finishedAt: string,
  now: Moment,
): number | undefined {
  if (Date.parse(application.reconciledAt) !== Date.parse(finishedAt)) return undefined;
  return now.elapsed + Math.max(0, SETTLED_MS - sinceEnd(state, finishedAt, now));
}

function sinceEnd(state: State, finishedAt: string, now: Moment): number {
  const ending = state.ending?.finishedAt === finishedAt ? state.ending : undefined;
  return ageOf(now, ending?.seen ?? finishedAt, state.since);
}

/** So long after an operation's end, its reconcile has been. */
const SETTLED_MS = 5000;
