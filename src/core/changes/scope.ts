import type { Application, ComparedResource, Deployment, Revisions } from '../application/types.js';
import { cameDuringWait, isForImages, namesImage } from '../decision/images.js';
import type { SeenOperation } from '../decision/observations.js';
import {
  contains,
  isBeforeTrigger,
  isOwnDeployment,
  recordedAt,
  targetFirstSeen,
} from '../decision/progress.js';
import { isTarget, type State } from '../decision/state.js';
import { revisionKey, type Target } from '../decision/target.js';
import { type Later, laterThan } from './since.js';

/** Which part of what was seen belongs to the revision waited for. */
export interface Scope {
  /** The operations whose changes count, oldest first. */
  readonly operations: readonly SeenOperation[];
  /** When the deployment began (RFC 3339). Empty: no operation was needed, or it is lost. */
  readonly startedAt: string;
  /** What was written to live objects from then on (RFC 3339) was written for it; empty: unknown. */
  readonly writtenFrom: string;
  /** Another operation ended in that very second: it proves nothing. */
  readonly startSecondAmbiguous: boolean;
  /** Operations that deployed it and whose results were replaced before they were seen. */
  readonly hidden: boolean;
  /** The revision of `since` is not on record: deployments after it may be missing. */
  readonly sinceUnrecorded: boolean;
  /** No operation will come for resources that left Git, since pruning is off: they are skipped. */
  readonly leftBehind: readonly ComparedResource[];
  /** Absent where nothing was deployed, or it is not known when that began. */
  readonly deployed?: Deployed;
}

/** What was deployed, for finding what was there before it. */
export interface Deployed {
  /** When the first of its operations began (RFC 3339). */
  readonly startedAt: string;
  /** Those of the last one, in the order of sources. */
  readonly revisions: readonly string[];
  /** All of it was one revision: nothing came and went in between. */
  readonly single: boolean;
}

/** What was deployed before, by sources that differ in nothing but their revisions. */
export interface Previous {
  /** In the order of sources. */
  readonly revisions: readonly string[];
  /** The Application has a list of sources, be it one of one. */
  readonly several: boolean;
  /** When the Application still had these sources (RFC 3339). */
  readonly asOf: string;
}

const NOTHING: Scope = {
  operations: [],
  startedAt: '',
  writtenFrom: '',
  startSecondAmbiguous: false,
  hidden: false,
  sinceUnrecorded: false,
  leftBehind: [],
};

/** Finds which operations' changes belong to the revision waited for, and since when. */
export function scopeOf(state: State): Scope {
  const { application, target } = state;
  if (!application || !target) return NOTHING;
  // What is deployed is not what a wait for the Application's deletion is about.
  if (state.policy.waitFor.includes('deletion')) return NOTHING;
  if (isForImages(state)) return imageScope(state, application);
  const own = deploymentsSince(state, application, target);
  const ownOperations = countedOperations(state, target, own[0]?.startedAt);
  const later = sinceOf(state, target, application);
  const since = withLater(own, later);
  const operations = withLaterOperations(state, ownOperations, later);
  const starts = [...since, ...operations]
    .map((each) => each.startedAt)
    .filter((each) => each !== '');
  const lost = isUnrecorded(application, operations);
  const overtaken = isOvertaken(state, application, target, ownOperations, own);
  const startedAt = lost ? '' : (starts.sort()[0] ?? '');
  const writtenFrom = overtaken ? endBefore(application, startedAt) : startedAt;
  const replaced = areReplaced(state, operations, since);
  return {
    operations,
    startedAt,
    writtenFrom,
    startSecondAmbiguous: overtaken || isStartSecondAmbiguous(application, startedAt),
    hidden: lost || overtaken || replaced,
    sinceUnrecorded: later?.unrecorded ?? false,
    leftBehind: operations.length === 0 && since.length === 0 ? leftBehind(application) : [],
    ...deployedBy([...since, ...operations], startedAt, overtaken),
  };
}

/** A commit says nothing of the deployments of an Application that follows something else. */
function sinceOf(
  { policy: { since, managed } }: State,
  target: Target,
  application: Application,
): Later | undefined {
  if (!since || (managed && target.kind === 'any' && since.from === undefined)) return undefined;
  return laterThan(since, application, target);
}

function deployedBy(
  all: readonly (Deployment | SeenOperation)[],
  startedAt: string,
  overtaken: boolean,
): Pick<Scope, 'deployed'> {
  const whole = all.filter((each) => !('selective' in each && each.selective));
  const inOrder = (whole.length > 0 ? whole : all).toSorted((a, b) =>
    a.startedAt < b.startedAt ? -1 : a.startedAt > b.startedAt ? 1 : 0,
  );
  const revisions = inOrder.at(-1)?.revisions.resolved ?? [];
  if (startedAt === '' || revisions.length === 0) return {};
  const distinct = new Set(all.map((each) => revisionKey(each.revisions)));
  return { deployed: { startedAt, revisions, single: distinct.size === 1 && !overtaken } };
}

/**
 * The operations that brought the images: from the first whose results name one, else those that
 * ran while they came. Else nobody knows which, and the last ones stand for them.
 */
function imageScope(state: State, application: Application): Scope {
  const real = state.seen.operations.filter(
    (each) => !each.dryRun && !isBeforeTrigger(state, each),
  );
  const first = real.findIndex((each) => namesImage(each, state.policy.images));
  const during = duringWait(state).filter((each) => real.includes(each));
  const named = first < 0 ? [] : real.slice(first);
  const operations = [named, during, real].find((each) => each.length > 0) ?? [];
  const startedAt = operations[0]?.startedAt ?? '';
  const since = application.history.filter(
    (each) => startedAt !== '' && each.startedAt >= startedAt,
  );
  const known = named.length > 0 || (during.length > 0 && cameDuringWait(state));
  return {
    operations,
    startedAt,
    writtenFrom: startedAt,
    startSecondAmbiguous: isStartSecondAmbiguous(application, startedAt),
    hidden: !known || areReplaced(state, operations, since),
    sinceUnrecorded: false,
    leftBehind: [],
    ...deployedBy([...since, ...operations], startedAt, false),
  };
}

/** The results of a deployment on record, or of an operation that was seen, were replaced. */
function areReplaced(
  state: State,
  operations: readonly SeenOperation[],
  since: readonly Deployment[],
): boolean {
  const whole = operations.filter((each) => !each.selective);
  return (
    since.some(({ startedAt }) => begun(since, startedAt) > begun(whole, startedAt)) ||
    operations.some((each) => each.endAt === undefined && each !== state.seen.operations.at(-1))
  );
}

/**
 * No history is kept (`revisionHistoryLimit: 0`), and the first operation seen is a selective one:
 * a full one came before it, at an unknown time.
 */
function isUnrecorded(application: Application, operations: readonly SeenOperation[]): boolean {
  const [first] = operations;
  return (
    application.history.length === 0 && first?.selective === true && first.mayHaveMissedOperation
  );
}

/**
 * No operation of the target is known, and one of what took its place has begun, or is requested,
 * after a time in which nobody looked: one of the target may have failed then, which no history
 * tells.
 */
function isOvertaken(
  state: State,
  application: Application,
  target: Target,
  operations: readonly SeenOperation[],
  since: readonly Deployment[],
): boolean {
  const isOwn = (at: { readonly revisions: Revisions }) =>
    isTarget(application, target, at.revisions);
  if ([...operations, ...since].some(isOwn)) return false;
  const [first] = operations;
  if (first) return first.mayHaveMissedOperation;
  const { requested } = application;
  const another = requested !== undefined && !isOwn(requested);
  return targetFirstSeen(state) !== undefined && state.seen.mayHaveMissedOperation && another;
}

/** The end of the deployment before that time (RFC 3339); empty: not on record. */
function endBefore({ history }: Application, startedAt: string): string {
  return history.findLast((each) => each.startedAt < startedAt)?.deployedAt ?? '';
}

/** The deployments on record from the last one of the target on. */
function deploymentsSince(
  state: State,
  application: Application,
  target: Target,
): readonly Deployment[] {
  const known = knownAtTrigger(state);
  const history = application.history.filter((each) => each.startedAt > known);
  if (target.kind === 'revision') {
    const same = history.findLastIndex((each) => isOwnDeployment(state, each));
    const own = same < 0 ? history.findIndex((each) => contains(state, each.revisions)) : same;
    const entry = history[own];
    // Without auto-sync an older deployment of the target is not the one that is waited for.
    const past = !application.automated && (entry?.startedAt ?? '') < recordedAt(state);
    return entry && !past ? fromRow(state, history, entry) : [];
  }
  if (target.after !== undefined) return history.filter((each) => isOwnDeployment(state, each));
  const begun = duringWait(state)[0]?.startedAt;
  if (begun !== undefined) return history.filter((each) => each.startedAt >= begun);
  return history.slice(-1);
}

/**
 * The history from the first of the deployments in a row that are of the target: a RollingSync may
 * sync one twice, and the second result says "unchanged" of all. Another source may have moved
 * meanwhile, or the list of sources may be another.
 */
function fromRow(
  state: State,
  history: readonly Deployment[],
  entry: Deployment,
): readonly Deployment[] {
  const before = history.slice(0, history.indexOf(entry));
  const other = before.findLastIndex((each) => !isOwnDeployment(state, each));
  return history.slice(other + 1);
}

/** Both are ends of the same history. */
function withLater(own: readonly Deployment[], later: Later | undefined): readonly Deployment[] {
  return later && later.deployments.length > own.length ? later.deployments : own;
}

function withLaterOperations(
  { seen }: State,
  own: readonly SeenOperation[],
  later: Later | undefined,
): readonly SeenOperation[] {
  if (!later) return own;
  return seen.operations.filter(
    (each) => own.includes(each) || (!each.dryRun && later.includes(each.startedAt)),
  );
}

/** Start of the last deployment from before this run asked for one; empty: it did not ask. */
function knownAtTrigger(state: State): string {
  if (state.triggered?.what !== 'operation') return '';
  const before = state.seen.operations.filter((each) => isBeforeTrigger(state, each));
  const starts = [recordedAt(state), ...before.map((each) => each.startedAt)];
  return starts.sort().at(-1) ?? '';
}

function countedOperations(
  state: State,
  target: Target,
  deployedFrom: string | undefined,
): readonly SeenOperation[] {
  const real = state.seen.operations.filter(
    (each) => !each.dryRun && !isBeforeTrigger(state, each),
  );
  if (target.kind === 'any') {
    if (target.after !== undefined) return real.filter((each) => isOwnDeployment(state, each));
    const during = duringWait(state).filter((each) => real.includes(each));
    return during.length > 0 ? during : real;
  }
  const firstSeen = targetFirstSeen(state)?.at ?? Number.POSITIVE_INFINITY;
  return real.filter(
    (each) =>
      isOwnDeployment(state, each) ||
      each.at > firstSeen ||
      (deployedFrom !== undefined && each.startedAt >= deployedFrom) ||
      contains(state, each.revisions),
  );
}

/** The operations that had not ended at the first look. */
function duringWait(state: State): readonly SeenOperation[] {
  return state.seen.operations.filter((each) => each.endAt !== 0);
}

/** How many of them began in that second: a RollingSync may begin two. */
function begun(all: readonly { readonly startedAt: string }[], startedAt: string): number {
  return all.filter((each) => each.startedAt === startedAt).length;
}

/** An earlier deployment ended in the second in which this one began. */
function isStartSecondAmbiguous(application: Application, startedAt: string): boolean {
  return application.history.some(
    (each) => each.startedAt < startedAt && each.deployedAt >= startedAt,
  );
}

/** What left Git and stays, as auto-sync does not prune and no operation came. */
function leftBehind(application: Application): Scope['leftBehind'] {
  const { automated, comparison } = application;
  if (!automated || automated.prune) return [];
  return comparison.resources.filter((r) => r.requiresPruning && !r.hook);
}
