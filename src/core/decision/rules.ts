import type { Application, Operation, Revisions } from '../application/types.js';
import { resourceName } from '../application/types.js';
import { selects } from '../filters/patterns.js';
import type { Conclusion, Reason } from '../result/vocabulary.js';
import { ageOf, type Moment } from './moment.js';
import { hasEnded, isBusy, resultsOf, type SeenOperation } from './observations.js';
import { isReconciledAfter, settlesAt, type TargetProgress, targetProgress } from './progress.js';
import { isTarget, type Policy, type State } from './state.js';
import { revisionKey, shortSha } from './target.js';

export type Verdict =
  | {
      readonly kind: 'waiting';
      /** What for, as the end of the sentence «waiting for …». */
      readonly what: string;
      /** The reason to give if time runs out now, where one is known. */
      readonly cause?: Reason;
      /** `Moment.elapsed` at which time alone may change the verdict. */
      readonly recheckAt?: number;
    }
  | {
      readonly kind: 'done';
      readonly conclusion: Extract<Conclusion, 'success' | 'failure' | 'skipped'>;
      readonly reason: Reason;
      readonly what: string;
    };

/** What the state means: over, and how, or what is waited for. */
export function judge(state: State, now: Moment): Verdict {
  const { policy, presence, application } = state;
  if (presence === 'unknown') return waiting('the first look');
  if (presence === 'missing') return judgeMissing(policy);
  if (presence === 'deleted' || !application) return judgeDeleted(policy);
  if (policy.waitFor.includes('deletion')) return waiting('the Application to be deleted');
  if (application.unreadable !== undefined) {
    return done('failure', 'internal-error', `it cannot be read: ${application.unreadable}`);
  }
  if (state.target?.kind === 'revision' && state.target.lookup !== undefined) {
    return waiting(`GitHub to say which commit ${state.target.text} names`);
  }
  if (state.target?.kind === 'revision' && state.target.vague) {
    return done('failure', 'invalid-input', vagueness(state.target.text));
  }
  const situation = situationOf(state, application, now);
  if (policy.waitFor.includes('nothing')) return done('success', ...asItIs(situation));
  return failed(situation) ?? unfinished(situation) ?? succeeded(situation);
}

function vagueness(text: string): string {
  return `revision "${text}" may be a branch, whose state of before would satisfy the wait: name the commit by its SHA (or let github-token look a tag or branch of this repository up)`;
}

/** A state with what is derived from it once and used throughout. */
interface Situation {
  readonly state: State;
  readonly policy: Policy;
  readonly application: Application;
  readonly now: Moment;
  readonly progress: TargetProgress;
  readonly busy: boolean;
}

function situationOf(state: State, application: Application, now: Moment): Situation {
  const progress = targetProgress(state, now);
  const busy = isBusy(application);
  return { state, policy: state.policy, application, now, progress, busy };
}

function judgeMissing(policy: Policy): Verdict {
  if (policy.waitFor.includes('deletion')) return done('success', 'deleted', 'it does not exist');
  switch (policy.ifMissing) {
    case 'fail':
      return done('failure', 'missing', 'it does not exist');
    case 'skip':
      return done('skipped', 'missing', 'it does not exist');
    case 'wait':
      return waiting('the Application to exist', 'missing');
  }
}

function judgeDeleted(policy: Policy): Verdict {
  if (policy.waitFor.includes('deletion')) return done('success', 'deleted', 'it was deleted');
  if (policy.ifMissing === 'wait') return waiting('the Application to exist again', 'missing');
  return done('failure', 'deleted', 'it was deleted');
}

/** What cannot become good any more without somebody's doing. */
function failed(situation: Situation): Verdict | undefined {
  return failedOperation(situation) ?? failedAttempt(situation) ?? refused(situation);
}

function failedOperation(situation: Situation): Verdict | undefined {
  const { operation, requested } = situation.application;
  if (!operation || operation.dryRun || !hasEnded(operation)) return undefined;
  if (operation.phase === 'Succeeded' || !isDecisive(situation, operation)) return undefined;
  const again =
    requested && (requested.revisions.resolved.length === 0 || decides(situation, requested));
  if (again) return undefined;
  return done('failure', 'sync-failed', `its operation ended ${operation.phase}`);
}

/** Whether an operation's failure is that of the revision waited for. */
function isDecisive(situation: Situation, operation: Operation): boolean {
  if (isBeforeTrigger(situation.state, situation.state.seen.operations.at(-1))) return false;
  if (situation.state.triggered?.what === 'operation') return true;
  // What somebody syncs by hand of a revision completes nothing, so it fails nothing either.
  if (operation.selective && !operation.automated) return false;
  return decides(situation, operation);
}

/** Whether revisions are the ones that decide. */
function decides(situation: Situation, at: { readonly revisions: Revisions }): boolean {
  const { application, progress, state } = situation;
  const key = revisionKey(at.revisions);
  const { comparison } = application;
  if (state.target?.kind === 'revision') {
    if (isTarget(application, state.target, at.revisions)) return true;
    return progress.superseded && progress.revisions !== undefined
      ? revisionKey(progress.revisions) === key
      : false;
  }
  // Whatever is deployed: an older failure is over once a later revision is compared.
  return key === revisionKey(comparison.revisions) || !application.automated;
}

/** Whether an operation had ended before this run asked for another one. */
export function isBeforeTrigger(state: State, operation: SeenOperation | undefined): boolean {
  const { triggered } = state;
  if (triggered?.what !== 'operation') return false;
  if (triggered.at === undefined || operation === undefined) return true;
  return operation.endAt !== undefined && operation.endAt < triggered.at;
}

/** `retries: fail`: the first failed attempt is enough. */
function failedAttempt(situation: Situation): Verdict | undefined {
  const { operation } = situation.application;
  if (situation.policy.retries !== 'fail' || !operation || hasEnded(operation)) return undefined;
  if (operation.dryRun || operation.retryCount === 0 || !isDecisive(situation, operation)) {
    return undefined;
  }
  return done('failure', 'sync-failed', 'an attempt of its operation failed');
}

/** Auto-sync has given up on the compared revision: nothing will come. */
function refused(situation: Situation): Verdict | undefined {
  const { application, progress, busy } = situation;
  const { comparison, conditions } = application;
  if (busy || !application.automated || !progress.compared) return undefined;
  if (comparison.status !== 'OutOfSync') return undefined;
  const condition = conditions.find(
    (each) => each.type === 'SyncError' && speaksOf(each.message, comparison.revisions),
  );
  return condition && done('failure', 'auto-sync-refused', condition.message);
}

/** A condition may be left from an earlier revision: then it names that one. */
function speaksOf(message: string, revisions: Revisions): boolean {
  const named = message.match(/\b[0-9a-f]{40}\b/g) ?? [];
  return named.length === 0 || named.some((each) => revisions.resolved.includes(each));
}

/** What is still to come, in the order in which it must come. */
function unfinished(situation: Situation): Verdict | undefined {
  return (
    untriggered(situation) ??
    running(situation) ??
    undeployed(situation) ??
    unsucceeded(situation) ??
    unmatched(situation) ??
    unsynced(situation) ??
    unhealthy(situation)
  );
}

function untriggered({ state, application, busy }: Situation): Verdict | undefined {
  const { triggered } = state;
  if (!triggered) return undefined;
  if (triggered.what === 'refresh') {
    const pending = triggered.at === undefined || application.refreshing;
    return pending ? waiting('the refresh that this run asked for') : undefined;
  }
  const pending = !busy && isBeforeTrigger(state, state.seen.operations.at(-1));
  return pending ? waiting('the operation that this run asked for') : undefined;
}

function running({ application, busy }: Situation): Verdict | undefined {
  const { operation, requested } = application;
  if (!busy) return undefined;
  if (!operation || hasEnded(operation)) {
    return waiting(`the operation for ${shortRevision(requested?.revisions)} to start`);
  }
  const { retryCount, retryLimit } = operation;
  const limit = retryLimit > 0 ? ` of ${retryLimit}` : '';
  const attempt = retryCount > 0 ? ` (retry ${retryCount}${limit})` : '';
  const phase = operation.phase === 'Terminating' ? 'terminating ' : '';
  return waiting(
    `the ${phase}operation for ${shortRevision(operation.revisions)} to end${attempt}`,
  );
}

function undeployed(situation: Situation): Verdict | undefined {
  const { application, state } = situation;
  if (state.target?.kind !== 'revision' || isDeployed(situation)) return undefined;
  const broken = comparisonError(application);
  if (broken) return broken;
  const { revisions } = situation.progress;
  if (revisions) return waiting(`an operation for ${shortRevision(revisions)}`);
  const target = shortRevision({ resolved: [state.target.text], tracked: [] });
  return waiting(`revision ${target}`, undefined, situation.progress.recheckAt);
}

function comparisonError(application: Application): Verdict | undefined {
  const condition = application.conditions.find((each) =>
    ['ComparisonError', 'InvalidSpecError', 'UnknownError'].includes(each.type),
  );
  if (!condition && application.comparison.status !== 'Unknown') return undefined;
  return waiting('the comparison to succeed', 'comparison-error');
}

/** Whether the revision that decides was deployed, or needed no deployment. */
function isDeployed(situation: Situation): boolean {
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

/** Only resources to be pruned are left, and auto-sync does not prune: no operation will come. */
function isPruneOnly({ application, progress, busy }: Situation): boolean {
  const { automated, comparison } = application;
  if (busy || !progress.compared || !automated || automated.prune) return false;
  if (comparison.status !== 'OutOfSync') return false;
  const left = outOfSync(application);
  return left.length > 0 && left.every((each) => each.requiresPruning);
}

function outOfSync(
  application: Application,
): readonly Application['comparison']['resources'][number][] {
  return application.comparison.resources.filter((r) => r.status === 'OutOfSync' && !r.hook);
}

function unsucceeded({ policy, application, state }: Situation): Verdict | undefined {
  if (!policy.waitFor.includes('operation')) return undefined;
  const { operation } = application;
  if (!operation || operation.dryRun || operation.phase === 'Succeeded') return undefined;
  return isBeforeTrigger(state, state.seen.operations.at(-1))
    ? undefined
    : done('failure', 'sync-failed', `its last operation ended ${operation.phase}`);
}

/** What is deployed has no such resource: none will appear. */
function unmatched(situation: Situation): Verdict | undefined {
  const { policy, application } = situation;
  if (policy.waitResources.length === 0 || relevant(situation).length > 0) return undefined;
  const known = application.comparison.resources.length;
  return done('failure', 'invalid-input', `wait-resources matches none of its ${known} resources`);
}

function unsynced(situation: Situation): Verdict | undefined {
  const { policy, application, progress } = situation;
  if (!policy.waitFor.includes('sync') || isSynced(situation)) return undefined;
  const broken = comparisonError(application);
  if (broken) return broken;
  if (!progress.compared) return waiting('the comparison with the revision');
  const left = relevant(situation).filter((each) => each.status === 'OutOfSync');
  const some =
    left.length > 0
      ? `${left.length} OutOfSync`
      : `sync status ${application.comparison.status || 'unknown'}`;
  return waiting(`Synced (${some})`);
}

function isSynced(situation: Situation): boolean {
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
  return resultsOf(operation)
    .filter((result) => result.latest.status === 'PruneSkipped')
    .map((result) => resourceName(result.latest));
}

/** The resources that must be in sync and healthy: all, or those of `wait-resources`. */
function relevant({ application, policy }: Situation): Application['comparison']['resources'] {
  const all = application.comparison.resources.filter((each) => !each.hook);
  return policy.waitResources.length === 0
    ? all
    : all.filter((each) => selects(policy.waitResources, each));
}

function unhealthy(situation: Situation): Verdict | undefined {
  if (!situation.policy.waitFor.includes('health')) return undefined;
  const doubt = untrusted(situation);
  if (doubt) return doubt;
  const status = healthOf(situation);
  switch (status) {
    case 'Healthy':
      return undefined;
    case 'Suspended':
      return suspended(situation.policy);
    case 'Degraded':
      return degraded(situation);
    default:
      return waiting(`Healthy (it is ${status || 'not known yet'})`);
  }
}

/** Health is computed apart from the operation: what was computed before its end is not believed. */
function untrusted(situation: Situation): Verdict | undefined {
  const { state, application, now, progress } = situation;
  const { ending } = state;
  const comparedAll =
    progress.compared && isSynced(situation) && situation.policy.waitResources.length === 0;
  if (!ending) return application.reconciledAt === '' ? waiting('the first comparison') : undefined;
  const sameSecond = Date.parse(application.reconciledAt) === Date.parse(ending.finishedAt);
  if (sameSecond && comparedAll) return undefined;
  if (isReconciledAfter(state, application, ending.finishedAt, now)) return undefined;
  const recheckAt = settlesAt(state, application, ending.finishedAt, now);
  return waiting('health to be computed after the operation', undefined, recheckAt);
}

/** Health of the Application, or the worst of the resources asked for where Argo CD keeps it. */
function healthOf(situation: Situation): string {
  const { application, policy } = situation;
  const own = application.health.status;
  if (policy.waitResources.length === 0 || own === 'Healthy') return own;
  const those = relevant(situation);
  const known = those.map((each) => each.health).filter((each) => each !== '');
  if (those.length === 0 || known.length === 0) return own;
  return known.reduce(
    (a, b) => (HEALTH_ORDER.indexOf(b) > HEALTH_ORDER.indexOf(a) ? b : a),
    'Healthy',
  );
}

/** Best to worst, as Argo CD has it. */
export const HEALTH_ORDER: readonly string[] = [
  'Healthy',
  'Suspended',
  'Progressing',
  'Missing',
  'Degraded',
  'Unknown',
];

function suspended(policy: Policy): Verdict | undefined {
  switch (policy.suspended) {
    case 'succeed':
      return undefined;
    case 'fail':
      return done('failure', 'suspended', 'it is Suspended');
    case 'wait':
      return waiting('Healthy (it is Suspended)', 'suspended');
  }
}

function degraded({ state, policy, application, now }: Situation): Verdict {
  const { ending, targetFirstSeen, healthSeen, since } = state;
  const lasted = Math.min(
    ending ? ageOf(now, ending.seen ?? ending.finishedAt, since) : Number.POSITIVE_INFINITY,
    now.elapsed - (targetFirstSeen?.when ?? since).elapsed,
    ageOf(now, healthSeen ?? application.health.lastTransitionTime, since),
  );
  const rest = policy.degradedGraceMs - lasted;
  if (rest <= 0) return done('failure', 'degraded', 'it is Degraded');
  const recheck = Number.isFinite(rest) ? now.elapsed + rest : undefined;
  return waiting('Healthy (it is Degraded)', 'degraded', recheck);
}

function succeeded(situation: Situation): Verdict {
  const { progress, state } = situation;
  if (progress.superseded) {
    return done('success', 'superseded', `${shortRevision(progress.revisions)} took its place`);
  }
  if (state.target?.kind === 'revision' && !hasOwnOperation(situation)) {
    return done('success', 'no-change', 'the revision needed no operation');
  }
  return done('success', 'synced', 'the revision is deployed');
}

/** Whether any operation, selective ones too, was for the target. */
function hasOwnOperation({ state, application }: Situation): boolean {
  const { target } = state;
  if (!target) return false;
  const places = [...state.seen.operations.filter((each) => !each.dryRun), ...application.history];
  return places.some((each) => isTarget(application, target, each.revisions));
}

/** The reason that names a state nobody waits for: what a wait for everything would come to. */
function asItIs({ policy, ...rest }: Situation): readonly [Reason, string] {
  const situation: Situation = { ...rest, policy: { ...policy, waitFor: ['sync', 'health'] } };
  const verdict = failed(situation) ?? unfinished(situation);
  if (verdict?.kind === 'done') return [verdict.reason, verdict.what];
  if (verdict) {
    const reason = verdict.cause ?? (situation.busy ? 'operation-running' : 'synced');
    return [reason, `as it is, without waiting for ${verdict.what}`];
  }
  const end = succeeded(situation);
  return end.kind === 'done' ? [end.reason, end.what] : ['synced', ''];
}

function waiting(what: string, cause?: Reason, recheckAt?: number): Verdict {
  return {
    kind: 'waiting',
    what,
    ...(cause ? { cause } : {}),
    ...(recheckAt === undefined ? {} : { recheckAt }),
  };
}

function done(
  conclusion: Extract<Conclusion, 'success' | 'failure' | 'skipped'>,
  reason: Reason,
  what: string,
): Verdict {
  return { kind: 'done', conclusion, reason, what };
}

/** Revisions as people read them: SHAs cut short, equal ones once. */
export function shortRevision(revisions: Revisions | undefined): string {
  const short = revisions?.resolved.map(shortSha) ?? [];
  return short.length > 0 ? [...new Set(short)].join(', ') : 'the revision';
}
