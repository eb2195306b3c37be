import {
  type Application,
  type ComparedResource,
  type Condition,
  type Operation,
  type Revisions,
  resourceName,
} from '../application/types.js';
import { isRolledOut } from '../applicationset/rollout.js';
import {
  hopelessAt,
  hopelessFailure,
  type LastingFailure,
  type PodFailures,
} from '../within/lasting-failures.js';
import { healthOf, isHealthByResource, relevant } from './health.js';
import { isForImages, mayBringImages } from './images.js';
import { ageOf, type Moment } from './moment.js';
import { hasEnded, isBusy, resultsSeen, type SeenOperation } from './observations.js';
import {
  failedHydrations,
  isBeforeTrigger,
  isOwnDeployment,
  isReconciledAfter,
  judgedSeen,
  lastEnding,
  type TargetProgress,
  targetFirstSeen,
  targetHydration,
  targetProgress,
} from './progress.js';
import { isTarget, type Policy, type State } from './state.js';
import { namesRevision, revisionKey } from './target.js';

/** A state with what is derived from it once and used throughout. */
export interface Situation {
  readonly state: State;
  readonly policy: Policy;
  readonly application: Application;
  readonly now: Moment;
  readonly progress: TargetProgress;
  /** An operation is requested or running. */
  readonly busy: boolean;
}

export function situationOf(state: State, application: Application, now: Moment): Situation {
  const progress = targetProgress(state, now);
  return { state, policy: state.policy, application, now, progress, busy: isBusy(application) };
}

/** The operation that decides ended badly, and nothing further was requested for it. */
export function hasFailedOperation(situation: Situation): boolean {
  const { operation, requested } = situation.application;
  if (!operation || operation.dryRun || !hasEnded(operation)) return false;
  if (operation.phase === 'Succeeded' || !isDecisive(situation, operation)) return false;
  const again =
    requested &&
    (isForImages(situation.state) ||
      requested.revisions.resolved.length === 0 ||
      decides(situation, requested));
  return !again;
}

/** The operation that decides is in a retry. */
export function hasFailedAttempt(situation: Situation): boolean {
  const { operation } = situation.application;
  if (!operation || hasEnded(operation) || operation.dryRun) return false;
  return operation.retryCount > 0 && isDecisive(situation, operation);
}

/** Whether an operation's failure is that of the revision waited for. */
function isDecisive(situation: Situation, operation: Operation): boolean {
  if (isOfOldSpec(situation.state, operation)) return false;
  if (isBeforeTrigger(situation.state, situation.state.seen.operations.at(-1))) return false;
  if (situation.state.triggered?.what === 'operation') return true;
  // A sync of chosen resources that a person started completes nothing, so it fails nothing either.
  if (operation.selective && !operation.automated) return false;
  if (isForImages(situation.state)) return mayBringImages(situation.state);
  return decides(situation, operation);
}

/** It was made with what the Application's manager, or its ApplicationSet, has replaced since. */
function isOfOldSpec(
  { policy }: State,
  { ofPresentSpec }: Pick<Operation, 'ofPresentSpec'>,
): boolean {
  return (policy.managed || policy.generated) === true && ofPresentSpec === false;
}

/** Its manager or ApplicationSet has changed its spec, and Argo CD has not compared it with that yet. */
export function isSpecUncompared({ state, application }: Situation): boolean {
  return isOfOldSpec(state, application.comparison);
}

/** Whether revisions are the ones that decide. */
function decides(situation: Situation, at: { readonly revisions: Revisions }): boolean {
  const { application, progress, state } = situation;
  const key = revisionKey(at.revisions);
  if (state.target?.kind === 'revision') {
    if (isTarget(application, state.target, at.revisions)) return true;
    if (!progress.superseded || progress.revisions === undefined) return false;
    return revisionKey(progress.revisions) === key;
  }
  // Whatever is deployed: an older failure is over once a later revision is compared.
  return key === revisionKey(application.comparison.revisions) || !application.automated;
}

/** The hydrator tries again this long after a failure (`appNeedsHydration` in Argo CD). */
const HYDRATION_RETRY_MS = 120_000;
/** It takes a while to begin. */
const HYDRATION_GIVEN_UP_MS = HYDRATION_RETRY_MS + 30_000;

/** How the hydration of the target stands, where that is what is missing. */
export type HydrationStatus =
  | { readonly kind: 'none' }
  /** Argo CD looked at the target and has not hydrated it. */
  | { readonly kind: 'compared' }
  | { readonly kind: 'running' }
  /** The last attempt failed, and Argo CD (before 3.6) does not say at which revision. */
  | { readonly kind: 'failed-somewhere'; readonly message: string }
  | {
      readonly kind: 'failed';
      readonly message: string;
      readonly givenUp: boolean;
      /** `Moment.elapsed` at which it will have given up. */
      readonly givesUpAt: number;
    };

export function hydrationOf({
  state,
  application,
  now,
}: Pick<Situation, 'state' | 'application' | 'now'>): HydrationStatus {
  const { target } = state;
  const { hydrator } = application;
  if (target?.kind !== 'revision' || !hydrator || targetHydration(state)) return { kind: 'none' };
  const failures = failedHydrations(state);
  const failed = hydrator.current?.phase === 'Failed' ? failures.at(-1) : undefined;
  if (failed) {
    const { message, finishedAt } = failed.hydration;
    const ended = failed.at > 0 ? failed.seen : finishedAt;
    const rest = HYDRATION_GIVEN_UP_MS - ageOf(now, ended, state.since);
    const givenUp = rest <= 0 || failures.length > 1;
    return { kind: 'failed', message, givenUp, givesUpAt: now.elapsed + rest };
  }
  const { current, compared } = hydrator;
  if (current?.phase === 'Failed' && current.dry === '' && compared === '') {
    return { kind: 'failed-somewhere', message: current.message };
  }
  if (!namesRevision(target.text, compared)) return { kind: 'none' };
  return { kind: current?.phase === 'Hydrating' ? 'running' : 'compared' };
}

/** Auto-sync has given up on the compared revision: the condition that says so. */
export function refusalOf(situation: Situation): Condition | undefined {
  const { application, progress, busy } = situation;
  const { comparison, conditions } = application;
  if (isForImages(situation.state) && isComparedAsBefore(situation)) return undefined;
  if (busy || !application.automated || !progress.compared) return undefined;
  if (comparison.status !== 'OutOfSync') return undefined;
  return conditions.find(
    (each) => each.type === 'SyncError' && isAbout(each.message, comparison.revisions),
  );
}

/** The comparison is with what it was at the first look: the images may come with a later one. */
function isComparedAsBefore({ state, application }: Situation): boolean {
  const [first] = state.seen.comparisons;
  const key = revisionKey(application.comparison.revisions);
  return first !== undefined && revisionKey(first.revisions) === key;
}

/** A condition may be left from an earlier revision: then it names that one. */
function isAbout(message: string, revisions: Revisions): boolean {
  const named = message.match(/\b[0-9a-f]{40}\b/g) ?? [];
  return named.length === 0 || named.some((each) => revisions.resolved.includes(each));
}

/** What this run asked for has not happened yet. */
export function isTriggerPending({ state, application, busy }: Situation): boolean {
  const { triggered } = state;
  if (!triggered) return false;
  if (triggered.what === 'refresh') return triggered.at === undefined || application.refreshing;
  return !busy && isBeforeTrigger(state, state.seen.operations.at(-1));
}

const COMPARISON_ERRORS = ['ComparisonError', 'InvalidSpecError', 'UnknownError'];

/** Argo CD could not compare. */
export function isComparisonBroken({ conditions, comparison }: Application): boolean {
  const failed = conditions.some((each) => COMPARISON_ERRORS.includes(each.type));
  return failed || comparison.status === 'Unknown';
}

/** The last operation is not a success, though it decides nothing about the target. */
export function hasUnsuccessfulOperation({ application, state }: Situation): boolean {
  const { operation } = application;
  if (!operation || operation.dryRun || operation.phase === 'Succeeded') return false;
  if (isOfOldSpec(state, operation)) return false;
  return !isBeforeTrigger(state, state.seen.operations.at(-1));
}

/** Whether the revision that decides was deployed, or needed no deployment. */
export function isDeployed(situation: Situation): boolean {
  const { application, progress } = situation;
  if (!progress.revisions) return false;
  if (progress.compared && application.comparison.status === 'Synced') return true;
  return hasFullSuccess(situation) || isPruneOnly(situation);
}

/** A full operation at the deciding revision succeeded: it is on show, was seen, or is on record. */
function hasFullSuccess(situation: Situation): boolean {
  const { application, progress, state } = situation;
  const key = progress.revisions && revisionKey(progress.revisions);
  if (state.triggered?.what === 'operation') {
    return fullOperations(situation).some((each) => !isBeforeTrigger(state, each));
  }
  const recorded = application.history.at(-1);
  const onRecord = recorded !== undefined && revisionKey(recorded.revisions) === key;
  return onRecord || fullOperations(situation).length > 0;
}

/** The full operations seen to succeed at the deciding revision. */
function fullOperations({ state, progress }: Situation): readonly SeenOperation[] {
  const key = progress.revisions && revisionKey(progress.revisions);
  return state.seen.operations.filter(
    (each) =>
      each.phase === 'Succeeded' &&
      !each.selective &&
      !each.dryRun &&
      revisionKey(each.revisions) === key,
  );
}

/**
 * The target is OutOfSync and nothing will sync it: auto-sync is off, and no operation is asked for.
 * An ApplicationSet may sync its own in steps.
 */
export function isLeftAlone(situation: Situation): boolean {
  return isUnsyncedByHand(situation) && !maySetSync(situation);
}

/** The target is OutOfSync, and its ApplicationSet syncs it when its turn in a RollingSync comes. */
export function awaitsRollingSync(situation: Situation): boolean {
  const { rollout } = situation.state.looks;
  if (rollout === undefined || rollout === 'none' || rollout.byHand) return false;
  return !situation.application.skipped && isUnsyncedByHand(situation);
}

/** Whether an ApplicationSet syncs it, as far as is known. */
function maySetSync({ application, state }: Situation): boolean {
  const { rollout } = state.looks;
  if (application.applicationSet === undefined || rollout === 'none') return false;
  return !rollout?.byHand;
}

/** The target is OutOfSync, auto-sync is off, and no operation is asked for. */
function isUnsyncedByHand(situation: Situation): boolean {
  const { application, progress, busy, policy, state } = situation;
  if (busy || application.automated) return false;
  if (!progress.compared || application.comparison.status !== 'OutOfSync') return false;
  return state.target?.kind === 'revision'
    ? !isDeployed(situation)
    : policy.waitFor.includes('sync') && !isSynced(situation);
}

/**
 * No revision is waited for, and its ApplicationSet, which is followed, has not seen the one that is
 * compared through its RollingSync.
 */
export function isRollingOut({ application, state }: Situation): boolean {
  const { rollout } = state.looks;
  if (state.target?.kind === 'revision' || rollout === undefined || rollout === 'none')
    return false;
  if (!rollout.followed || rollout.byHand) return false;
  return !isRolledOut(rollout, application.comparison.revisions);
}

/** The target is OutOfSync, and auto-sync is on and has not started anything yet. */
export function awaitsAutoSync(situation: Situation): boolean {
  const { application, progress, busy, state } = situation;
  if (busy || !application.automated || application.skipped) return false;
  if (state.target?.kind !== 'revision' || !progress.compared || !progress.revisions) return false;
  if (application.comparison.status !== 'OutOfSync') return false;
  return !isComparisonBroken(application) && !isDeployed(situation);
}

/** Sync windows keep auto-sync from starting before the wait is over. */
export function opensTooLate({ state, now }: Situation): boolean {
  const { opening } = state.looks.windows;
  if (!opening || now.server === undefined) return false;
  return opening.notBefore >= now.server + (state.endsAt - now.elapsed);
}

/** Only resources to be pruned are left, and auto-sync does not prune: no operation will come. */
function isPruneOnly({ application, progress, busy }: Situation): boolean {
  const { automated, comparison } = application;
  if (busy || !progress.compared || !automated || automated.prune) return false;
  if (comparison.status !== 'OutOfSync') return false;
  const left = outOfSync(application);
  return left.length > 0 && left.every((each) => each.requiresPruning);
}

function outOfSync(application: Application): readonly ComparedResource[] {
  return application.comparison.resources.filter((r) => r.status === 'OutOfSync' && !r.hook);
}

export function isSynced(situation: Situation): boolean {
  const { application, progress, policy } = situation;
  if (!progress.compared) return !application.automated;
  if (application.comparison.status === 'Synced') return true;
  if (policy.waitResources.length > 0 && application.comparison.status === 'OutOfSync') {
    const those = relevant(situation);
    return those.length > 0 && those.every((each) => each.status !== 'OutOfSync');
  }
  return isPruneOnly(situation) || isOnlySkipped(situation);
}

/** The full operation succeeded, and what is left OutOfSync is exactly what it skipped to prune. */
function isOnlySkipped(situation: Situation): boolean {
  const { application, state, progress } = situation;
  if (!progress.revisions || !hasFullSuccess(situation)) return false;
  const full = fullOperations(situation);
  const left = outOfSync(application);
  if (left.length === 0 || application.comparison.status !== 'OutOfSync') return false;
  // The full operation's own result may have been replaced; what it left to prune, it skipped.
  if (full.length === 0) return left.every((each) => each.requiresPruning);
  const skipped = new Set(state.seen.operations.flatMap(skippedBy));
  return left.every((each) => skipped.has(resourceName(each)));
}

function skippedBy(operation: SeenOperation): readonly string[] {
  return resultsSeen(operation)
    .filter((result) => result.latest.status === 'PruneSkipped')
    .map((result) => resourceName(result.latest));
}

/** An image that runs is one of a healthy Application. */
export function needsHealth({ waitFor, images }: Policy): boolean {
  return waitFor.includes('health') || images.length > 0;
}

/** Health is computed apart from the operation: what was computed before its end is not believed. */
export function isHealthOutdated(situation: Situation): boolean {
  const { state, application, now, progress, policy } = situation;
  const ending = lastEnding(state);
  if (!ending) return application.reconciledAt === '';
  const comparedAll = progress.compared && isSynced(situation) && policy.waitResources.length === 0;
  const sameSecond = Date.parse(application.reconciledAt) === Date.parse(ending.finishedAt);
  if (sameSecond && comparedAll) return false;
  return !isReconciledAfter(state, application, ending.finishedAt, now);
}

/** Milliseconds of `degraded-grace` that are left. What had happened by the first look came no later. */
export function graceLeft({ state, policy, now }: Situation): number {
  const first = (targetFirstSeen(state)?.when ?? state.since).elapsed;
  const [ended, turned] = [lastEnding(state)?.seen, judgedSeen(state)];
  const latest = Math.max(first, ended?.elapsed ?? first, turned?.elapsed ?? first);
  return policy.degradedGraceMs - (now.elapsed - latest);
}

/** Whether any operation, selective ones too, was for the target. */
export function hasOwnOperation({ state, application }: Situation): boolean {
  const places = [...state.seen.operations.filter((each) => !each.dryRun), ...application.history];
  return places.some((each) => isOwnDeployment(state, each));
}

/** A container that keeps the Application from getting well, and cannot start. */
export function podFailureOf(situation: Situation): LastingFailure | undefined {
  const { policy, now } = situation;
  return hopelessFailure(podFailures(situation), now, policy.degradedGraceMs);
}

/** `Moment.elapsed` at which there may be one though nothing more is seen. */
export function podFailureAt(situation: Situation): number | undefined {
  const { policy, now } = situation;
  return hopelessAt(podFailures(situation), now, policy.degradedGraceMs);
}

function podFailures(situation: Situation): PodFailures {
  const { state, policy, busy } = situation;
  if (policy.podFailures === 'wait' || busy || !policy.waitFor.includes('health')) return [];
  if (!['Progressing', 'Degraded'].includes(healthOf(situation))) return [];
  const { failures } = state.looks;
  if (!isHealthByResource(situation)) return failures;
  const those = new Set(relevant(situation).map(resourceName));
  return failures.filter(({ resource }) => those.has(resource));
}
