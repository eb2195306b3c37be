import type { Application, Revisions } from '../application/types.js';
import { cameAfter, type Fact, factsOf } from './facts.js';
import { type After, ageOf, happenedAfter, type Moment } from './moment.js';
import { type ComparisonSnapshot, hasEnded, type SeenOperation } from './observations.js';
import { isTarget, type State } from './state.js';
import { isSameRevisions, namesRevision, revisionKey, type Target } from './target.js';

/** Where the Application stands towards its target. */
export interface TargetProgress {
  /** The revisions that decide: the target's, or those of a successor; none: neither was seen. */
  readonly revisions?: Revisions;
  /** A later revision decides in the target's place. */
  readonly superseded: boolean;
  /** That one, or one between, was deployed: the target is not what is there any more. */
  readonly replaced: boolean;
  /** The comparison shown is with the revisions that decide. */
  readonly compared: boolean;
  /** `Moment.elapsed` at which time alone may tell more. */
  readonly recheckAt?: number;
}

/** Progress, but for what follows from the deployments on record. */
type Standing = Omit<TargetProgress, 'replaced'>;

const UNSEEN: Standing = { superseded: false, compared: false };

/** Finds the revision that decides: the target's, unless a later one took its place. */
export function targetProgress(state: State, now: Moment): TargetProgress {
  const standing = standingOf(state, now);
  return { ...standing, replaced: standing.superseded && isReplaced(state, standing) };
}

/** A later revision that needs no deployment replaces nothing. */
function isReplaced(state: State, { revisions }: Standing): boolean {
  const { application } = state;
  const last = application?.history.at(-1) ?? lastSuccess(state);
  if (last && isOwnDeployment(state, last)) return false;
  if (last && revisions && isSameRevisions(last.revisions, revisions)) return true;
  const duringWait = last !== undefined && last.startedAt > recordedAt(state);
  return duringWait || !neededNothing(state);
}

/** The last full operation that was seen to succeed: for Applications that keep no history. */
function lastSuccess(state: State): SeenOperation | undefined {
  return state.seen.operations.findLast(
    (each) => each.phase === 'Succeeded' && !each.selective && !each.dryRun,
  );
}

/** The comparison with the target was seen, and found nothing to do. */
function neededNothing(state: State): boolean {
  return comparisonsOfTarget(state).some(({ compared }) =>
    compared.statuses.every((each) => each === 'Synced'),
  );
}

function comparisonsOfTarget({ application, target, seen }: State): readonly ComparisonSnapshot[] {
  if (!application || !target) return [];
  return seen.comparisons.filter((each) => isTarget(application, target, each.revisions));
}

/**
 * Revisions of the target itself, for all sources: as they were deployed, else as they were
 * compared. None: they were not seen.
 */
export function ownRevisions(state: State): readonly string[] | undefined {
  const deployments = [...state.seen.operations, ...(state.application?.history ?? [])];
  const own = deployments.findLast((each) => isOwnDeployment(state, each));
  if (own) return own.revisions.resolved;
  return comparisonsOfTarget(state).at(-1)?.revisions.resolved;
}

/**
 * Whether a deployment was made for the target. One of a hydrated revision may have been made for
 * an earlier dry one, which was hydrated to the same.
 */
export function isOwnDeployment(
  state: State,
  deployment: Pick<SeenOperation, 'revisions' | 'startedAt'> & { readonly at?: number },
): boolean {
  const { application, target } = state;
  if (!application || !target || !isTarget(application, target, deployment.revisions)) return false;
  if (target.kind === 'any') return isSince(state, target.after, deployment);
  const hydration = targetHydration(state);
  if (!hydration || !deployment.revisions.resolved.includes(hydration.pair.hydrated)) return true;
  switch (happenedAfter(deployment.startedAt, hydration.pair.since ?? '')) {
    case 'yes':
      return true;
    case 'no':
      return false;
    case 'unknown':
      return !(isHydratedAgain(state, hydration) && isSeenBefore(state, deployment, hydration.at));
  }
}

/** Whether a deployment began at that time or later, or was not over at the first look. */
function isSince(
  { seen }: State,
  after: string | undefined,
  { startedAt }: Pick<SeenOperation, 'startedAt'>,
): boolean {
  if (after === undefined || (after !== '' && startedAt >= after)) return true;
  return seen.operations.some((each) => each.startedAt === startedAt && each.endAt !== 0);
}

/** Whether a deployment was there in a snapshot before that one. */
function isSeenBefore(
  { facts, seen }: State,
  { startedAt, at }: { readonly startedAt: string; readonly at?: number },
  snapshot: number,
): boolean {
  if (at !== undefined) return at < snapshot;
  const operation = seen.operations.find((each) => each.startedAt === startedAt);
  const entry = factsOf(facts, 'deployed').find((each) => each.startedAt === startedAt);
  return [operation, entry].some((each) => each !== undefined && each.at < snapshot);
}

function standingOf(state: State, now: Moment): Standing {
  const { application, target } = state;
  if (!application || !target) return UNSEEN;
  const { revisions } = application.comparison;
  if (target.kind === 'any') return { revisions, superseded: false, compared: true };
  if (isTarget(application, target, revisions)) {
    return { revisions, superseded: false, compared: true };
  }
  if (!targetFirstSeen(state)) return progressUnseen(state, application);
  return application.automated
    ? progressAutomated(state, application, now)
    : progressManual(state, application, target);
}

/** Never seen the target: its repository may know that what is deployed contains it. */
function progressUnseen(state: State, application: Application): Standing {
  const deployed = candidateOf(application);
  if (!deployed || !contains(state, deployed)) return UNSEEN;
  const compared = revisionKey(deployed) === revisionKey(application.comparison.revisions);
  return { revisions: deployed, superseded: true, compared };
}

/** The repository said that these revisions, or what was hydrated to them, contain the target. */
export function contains(state: State, { resolved }: Revisions): boolean {
  const known = resolved.flatMap((each) => [each, ...dryOf(state.application, each)]);
  return known.some((each) => state.relations.get(each) === 'descendant');
}

/** The dry revisions that were hydrated to that one: the repository knows nothing of it. */
function dryOf(application: Application | undefined, hydrated: string): readonly string[] {
  const pairs = application?.hydrated.filter((each) => each.hydrated === hydrated) ?? [];
  return pairs.map(({ dry }) => dry);
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
  if (target?.kind !== 'revision' || target.lookup !== undefined || targetFirstSeen(state)) {
    return undefined;
  }
  if (application.history.some((each) => isTarget(application, target, each.revisions))) {
    return undefined;
  }
  const candidates = candidateOf(application)?.resolved ?? [];
  const scoped = candidates
    .filter((_, i) => !target.sources || target.sources.has(i))
    .flatMap((each) => (application.hydrator ? dryOf(application, each).slice(-1) : [each]));
  const open = scoped.filter((each) => each !== '' && !state.relations.has(each));
  return open.length > 0 ? { revisions: open } : undefined;
}

function progressAutomated(state: State, application: Application, now: Moment): Standing {
  const { revisions } = application.comparison;
  if (isLater(state, application, now)) return { revisions, superseded: true, compared: true };
  const finishedAt = lastOwn(state, application)?.finishedAt ?? '';
  const recheckAt = settlesAt(state, application, finishedAt, now);
  const again = recheckAt !== undefined && recheckAt > now.elapsed ? { recheckAt } : {};
  return { superseded: false, compared: false, ...again };
}

/** Whether an operation had ended before this run asked for another one. */
export function isBeforeTrigger(state: State, operation: SeenOperation | undefined): boolean {
  const { triggered } = state;
  if (triggered?.what !== 'operation') return false;
  if (triggered.at === undefined || operation === undefined) return true;
  return operation.endAt !== undefined && operation.endAt < triggered.at;
}

/** Whether the comparison, which is not with the target, was made after the target's time. */
function isLater(state: State, application: Application, now: Moment): boolean {
  const { comparison, history } = application;
  const key = revisionKey(comparison.revisions);
  if (key === '' || comparison.status === 'Unknown') return false;
  const arrived = comparedAfterTarget(state, comparison.revisions);
  if (arrived === 'yes' || contains(state, comparison.revisions)) return true;
  const own = lastOwn(state, application);
  if (own === undefined) return false;
  const after = history.slice(own.index + 1);
  if (after.some((entry) => revisionKey(entry.revisions) === key)) return true;
  // A reconcile that began before the operation's end may finish after it, with what was before.
  if (arrived === 'no') return false;
  return own.finishedAt !== '' && isReconciledAfter(state, application, own.finishedAt, now);
}

/** Whether those revisions were compared first after the target was seen first. */
function comparedAfterTarget(state: State, revisions: Revisions): After {
  const target = sightingOfTarget(state);
  const first = factsOf(state.facts, 'compared').find((each) =>
    isSameRevisions(each.revisions, revisions),
  );
  return target && first ? cameAfter(first, target) : 'unknown';
}

/** The first snapshot with the target, and when it came; undefined: it was not seen yet. */
export function targetFirstSeen(
  state: State,
): { readonly at: number; readonly when: Moment } | undefined {
  const first = sightingOfTarget(state);
  return first && { at: first.at, when: first.seen };
}

/** The first fact that has to do with the target. */
function sightingOfTarget(state: State): Fact | undefined {
  const { application, target, facts } = state;
  if (!application || !target) return undefined;
  if (target.kind === 'any') return facts[0];
  if (target.lookup !== undefined) return undefined;
  const automated = application.automated !== undefined;
  const isOfTarget = (fact: Fact): fact is Sighting =>
    isSighting(fact, automated) && isTarget(application, target, fact.revisions);
  const hydration = targetHydration(state);
  return hydration ? firstHydrated(facts.filter(isOfTarget), hydration) : facts.find(isOfTarget);
}

/** What was there before the hydration of the target was not the target yet. */
function firstHydrated(facts: readonly Sighting[], hydration: HydratedFact): Fact | undefined {
  const sightings = facts.map((fact) =>
    fact.at < hydration.at && fact.revisions.resolved.includes(hydration.pair.hydrated)
      ? hydration
      : fact,
  );
  return sightings.toSorted((one, other) => one.at - other.at)[0];
}

type HydratedFact = Extract<Fact, { kind: 'hydrated' }>;

type Sighting = Extract<Fact, { readonly revisions: Revisions }>;

/** Without auto-sync, a person may be about to go back to what was deployed before. */
function isSighting(fact: Fact, automated: boolean): fact is Sighting {
  if (fact.kind === 'deployed') return automated || fact.last;
  return fact.kind === 'compared' || fact.kind === 'requested' || fact.kind === 'operated';
}

/** What the source hydrator made of the target, a dry revision. */
export function targetHydration({ facts, target }: State) {
  if (target?.kind !== 'revision') return undefined;
  return factsOf(facts, 'hydrated').find(({ pair }) => namesRevision(target.text, pair.dry));
}

/** An earlier dry revision had been hydrated to the same. */
function isHydratedAgain({ facts }: State, hydration: HydratedFact): boolean {
  const earlier = facts.slice(0, facts.indexOf(hydration));
  return factsOf(earlier, 'hydrated').some(({ pair }) => pair.hydrated === hydration.pair.hydrated);
}

/** The failed attempts to hydrate the target. */
export function failedHydrations({ facts, target }: State) {
  if (target?.kind !== 'revision') return [];
  return factsOf(facts, 'hydration-failed').filter(({ dry }) => namesRevision(target.text, dry));
}

/** Start of the last deployment on record at the first look; empty: there was none. */
export function recordedAt({ facts }: State): string {
  return factsOf(facts, 'deployed').findLast((each) => each.at === 0)?.startedAt ?? '';
}

/** The end of the last operation that was seen, dry runs apart. */
export interface Ending {
  readonly finishedAt: string;
  /** When it was seen to end; absent: it had ended at the first look. */
  readonly seen?: Moment;
  /** A reconcile was seen after it. */
  readonly reconciled: boolean;
}

export function lastEnding({ facts }: State): Ending | undefined {
  const ended = factsOf(facts, 'ended').at(-1);
  if (!ended) return undefined;
  const after = facts.slice(facts.lastIndexOf(ended));
  const reconciled = after.some((each) => each.kind === 'reconciled');
  const { finishedAt, at, seen } = ended;
  return { finishedAt, reconciled, ...(at > 0 ? { seen } : {}) };
}

/** When health was seen to become what it is; undefined: it was so at the first look. */
export function healthSeen(state: State): Moment | undefined {
  return lastSeen(state, 'turned');
}

/** The same of the health that counts, which may be that of a few resources. */
export function judgedSeen(state: State): Moment | undefined {
  return lastSeen(state, 'judged');
}

function lastSeen({ facts }: State, kind: 'turned' | 'judged'): Moment | undefined {
  const turned = factsOf(facts, kind).at(-1);
  return turned && turned.at > 0 ? turned.seen : undefined;
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
function progressManual(state: State, application: Application, target: Target): Standing {
  const last = lastFull(application);
  if (!last || isTarget(application, target, last.revisions)) {
    return { ...(last ? { revisions: last.revisions } : {}), superseded: false, compared: false };
  }
  const key = revisionKey(last.revisions);
  const begun = state.seen.operations.findLast((each) => revisionKey(each.revisions) === key);
  const first = targetFirstSeen(state)?.at ?? Number.POSITIVE_INFINITY;
  const older = comparedAfterTarget(state, last.revisions) !== 'yes' && isCompared(state, key);
  if (begun === undefined || begun.at <= first || older) return UNSEEN;
  const compared = key === revisionKey(application.comparison.revisions);
  return { revisions: last.revisions, superseded: true, compared };
}

function isCompared({ facts }: State, key: string): boolean {
  return factsOf(facts, 'compared').some((each) => revisionKey(each.revisions) === key);
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
  const last = lastEnding(state);
  const ending = last?.finishedAt === finishedAt ? last : undefined;
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
  const last = lastEnding(state);
  const ending = last?.finishedAt === finishedAt ? last : undefined;
  return ageOf(now, ending?.seen ?? finishedAt, state.since);
}

/** So long after an operation's end, its reconcile has been. */
const SETTLED_MS = 5000;
