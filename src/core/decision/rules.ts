import { someOf } from '../application/phrases.js';
import type { Application, Revisions } from '../application/types.js';
import { stepName } from '../applicationset/rollout.js';
import type { SetState } from '../applicationset/standing.js';
import type { ImagePattern } from '../filters/images.js';
import { isHeldByWindow, type Looks } from '../result/looks.js';
import type { Conclusion, Reason } from '../result/vocabulary.js';
import { healthOf, isHealthOfAll, relevant } from './health.js';
import { hasBroughtImages, type ImageStatus, imageStatus } from './images.js';
import type { Moment } from './moment.js';
import { hasEnded } from './observations.js';
import { lastEnding, settlesAt, targetHydration } from './progress.js';
import {
  awaitsAutoSync,
  awaitsRollingSync,
  graceLeft,
  hasFailedAttempt,
  hasFailedOperation,
  hasOwnOperation,
  hasUnsuccessfulOperation,
  hydrationOf,
  isComparisonBroken,
  isDeployed,
  isHealthOutdated,
  isLeftAlone,
  isRollingOut,
  isSpecUncompared,
  isSynced,
  isTriggerPending,
  needsHealth,
  opensTooLate,
  podFailureAt,
  podFailureOf,
  refusalOf,
  type Situation,
  situationOf,
} from './situation.js';
import type { Policy, State } from './state.js';
import { shortSha } from './target.js';

export type Verdict =
  | {
      readonly kind: 'waiting';
      /** What for, as the end of the sentence “waiting for …”. */
      readonly what: string;
      /** The reason to give if time runs out now, where one is known. */
      readonly cause?: Reason;
      /** `Moment.elapsed` at which time alone may change the verdict. */
      readonly recheckAt?: number;
      /** The row that decided. */
      readonly rule?: RuleId;
    }
  | {
      readonly kind: 'done';
      readonly conclusion: Extract<Conclusion, 'success' | 'failure' | 'skipped'>;
      readonly reason: Reason;
      readonly what: string;
      readonly rule?: RuleId;
    };

type Waiting = Extract<Verdict, { readonly kind: 'waiting' }>;

/** A row of the table of verdicts. The first row that applies decides. */
interface Row<Id extends string, Of> {
  readonly id: Id;
  readonly applies: (of: Of) => boolean;
  readonly verdict: (of: Of) => Verdict;
}

/** Rows for an Application that is not there, or whose state does not matter. */
const PRESENCE_ROWS = [
  {
    id: 'not-read-yet',
    applies: ({ presence }: State) => presence === 'unknown',
    verdict: () => waiting('the first answer from the server'),
  },
  {
    id: 'applicationset-absent',
    applies: ({ set }: State) => set !== undefined && absenceOf(set) !== undefined,
    verdict: ofAbsentSet,
  },
  {
    id: 'applicationset-not-generated',
    applies: ({ set }: State) => set !== undefined && set.standing.kind !== 'generated',
    verdict: ofUngeneratedSet,
  },
  {
    id: 'applicationset-incomplete',
    applies: ({ set }: State) => set !== undefined,
    verdict: ({ set }: State) => waiting(ofUnseen(set?.unseen ?? []), 'missing'),
  },
  {
    id: 'too-few',
    applies: ({ shortage }: State) => shortage !== undefined,
    verdict: ofShortage,
  },
  {
    id: 'out-of-sight',
    applies: ({ presence }: State) => presence === 'out-of-sight',
    verdict: () => failure('invalid-input', OUT_OF_SIGHT),
  },
  {
    id: 'not-created',
    applies: ({ presence, abandonedBy }: State) =>
      abandonedBy !== undefined && (presence === 'missing' || presence === 'deleted'),
    verdict: ofAbandoned,
  },
  {
    id: 'missing',
    applies: ({ presence }: State) => presence === 'missing',
    verdict: ({ policy }: State) => ofMissing(policy),
  },
  {
    id: 'deleted',
    applies: ({ presence }: State) => presence === 'deleted',
    verdict: ({ policy }: State) => ofDeleted(policy, 'it was deleted'),
  },
  {
    id: 'to-be-deleted',
    applies: ({ policy }: State) => policy.waitFor.includes('deletion'),
    verdict: () => waiting('the Application to be deleted'),
  },
  {
    id: 'unreadable',
    applies: ({ application }: State) => application?.unreadable !== undefined,
    verdict: ({ application }: State) =>
      failure('internal-error', `it cannot be read: ${application?.unreadable ?? ''}`),
  },
  {
    id: 'name-lookup',
    applies: ({ target }: State) => target?.kind === 'revision' && target.lookup !== undefined,
    verdict: (state: State) => waiting(`GitHub to say which commit ${textOf(state)} names`),
  },
  {
    id: 'ambiguous-name',
    applies: ({ target }: State) => target?.kind === 'revision' && target.vague === true,
    verdict: (state: State) => failure('invalid-input', ambiguity(textOf(state))),
  },
] as const satisfies readonly Row<string, State>[];

/** Rows for what cannot succeed any more without help. */
const FAILURE_ROWS = [
  {
    id: 'being-deleted',
    // One that an ApplicationSet takes away is not waited for once it is gone.
    applies: ({ application, policy }: Situation) => application.deleting && !policy.generated,
    verdict: ({ policy }: Situation) => ofDeleted(policy, 'it is being deleted'),
  },
  {
    id: 'spec-uncompared',
    applies: isSpecUncompared,
    verdict: ({ application }: Situation) =>
      isComparisonBroken(application)
        ? COMPARISON
        : waiting('Argo CD to compare it with its present spec'),
  },
  {
    id: 'operation-failed',
    applies: hasFailedOperation,
    verdict: ({ application }: Situation) =>
      failure('sync-failed', `its operation ended ${phaseOf(application)}`),
  },
  {
    id: 'attempt-failed',
    applies: (s: Situation) => s.policy.retries === 'fail' && hasFailedAttempt(s),
    verdict: () => failure('sync-failed', 'an attempt of its operation failed'),
  },
  {
    id: 'hydration-failed',
    applies: (s: Situation) => {
      const hydration = hydrationOf(s);
      return hydration.kind === 'failed' && hydration.givenUp;
    },
    verdict: ({ state }: Situation) =>
      failure('sync-failed', `the hydration of ${shortSha(textOf(state))} failed`),
  },
  {
    id: 'auto-sync-refused',
    applies: (s: Situation) => refusalOf(s) !== undefined,
    verdict: (s: Situation) => failure('auto-sync-refused', refusalOf(s)?.message ?? ''),
  },
] as const satisfies readonly Row<string, Situation>[];

/** Rows for what is still to come, in the order in which it must come. */
const UNFINISHED_ROWS = [
  {
    id: 'trigger-pending',
    applies: isTriggerPending,
    verdict: ({ state }: Situation) =>
      waiting(`the ${state.triggered?.what ?? 'operation'} that this run asked for`),
  },
  {
    id: 'operation-running',
    applies: ({ busy }: Situation) => busy,
    verdict: ({ application, state }: Situation) =>
      waiting(ofOperation(application), isHeldByWindow(application) ? windowIn(state) : undefined),
  },
  {
    id: 'rolling-sync',
    applies: awaitsRollingSync,
    verdict: ({ state: { looks } }: Situation) => waiting(ofRollout(looks.rollout)),
  },
  {
    id: 'not-automated',
    applies: (s: Situation) => s.policy.ifNotAutomated === 'fail' && isLeftAlone(s),
    verdict: () =>
      failure('not-automated', 'it is OutOfSync, auto-sync is off, and nobody asked for a sync'),
  },
  {
    id: 'sync-window',
    applies: (s: Situation) => awaitsAutoSync(s) && opensTooLate(s),
    verdict: () => failure('sync-window', 'auto-sync cannot start before the timeout'),
  },
  {
    id: 'auto-sync-pending',
    applies: awaitsAutoSync,
    verdict: ({ progress, state }: Situation) =>
      waiting(`an operation for ${shortRevision(progress.revisions)}`, windowIn(state)),
  },
  {
    id: 'not-deployed',
    applies: (s: Situation) => s.state.target?.kind === 'revision' && !isDeployed(s),
    verdict: ofUndeployed,
  },
  {
    id: 'image-not-deployed',
    applies: (s: Situation) => imagesOf(s).missing.length > 0 && !hasBroughtImages(s.state),
    verdict: (s: Situation) => waiting(`image ${ofMissingImages(s)}`),
  },
  {
    id: 'last-operation-failed',
    applies: (s: Situation) =>
      s.policy.waitFor.includes('operation') && hasUnsuccessfulOperation(s),
    verdict: ({ application }: Situation) =>
      failure('sync-failed', `its last operation ended ${phaseOf(application)}`),
  },
  {
    id: 'no-such-resource',
    applies: (s: Situation) =>
      s.policy.waitResources.length > 0 && isListed(s.application) && relevant(s).length === 0,
    verdict: ({ application }: Situation) =>
      failure(
        'invalid-input',
        `wait-resources matches none of its resources (${application.comparison.resources.length} in all)`,
      ),
  },
  {
    id: 'not-synced',
    applies: (s: Situation) => s.policy.waitFor.includes('sync') && !isSynced(s),
    verdict: ofUnsynced,
  },
  {
    id: 'health-outdated',
    applies: (s: Situation) => needsHealth(s.policy) && isHealthOutdated(s),
    verdict: ofOutdatedHealth,
  },
  {
    id: 'pod-failure',
    applies: (s: Situation) => podFailureOf(s) !== undefined,
    verdict: (s: Situation) => {
      const { container, reason } = podFailureOf(s) ?? { container: '', reason: '' };
      const what = container === '' ? 'a container' : `container ${container}`;
      return failure('pod-failure', `${what} cannot start (${reason})`);
    },
  },
  {
    id: 'suspended',
    applies: (s: Situation) => isUnhealthy(s, 'Suspended') && s.policy.suspended !== 'succeed',
    verdict: (s: Situation) =>
      s.policy.suspended === 'fail'
        ? failure('suspended', 'it is Suspended')
        : waiting(healthy(s), 'suspended'),
  },
  {
    id: 'degraded',
    applies: (s: Situation) => isUnhealthy(s, 'Degraded'),
    verdict: ofDegraded,
  },
  {
    id: 'not-healthy',
    applies: (s: Situation) =>
      needsHealth(s.policy) && !['Healthy', 'Suspended'].includes(healthOf(s)),
    verdict: (s: Situation) => waiting(healthy(s), undefined, podFailureAt(s)),
  },
  {
    id: 'image-not-running',
    applies: (s: Situation) => imagesOf(s).missing.length + imagesOf(s).others.length > 0,
    verdict: ofImages,
  },
  {
    id: 'rollout-unfinished',
    applies: isRollingOut,
    verdict: ({ application, state: { looks } }: Situation) =>
      waiting(
        `${ofRollout(looks.rollout)} to be done at ${shortRevision(application.comparison.revisions)}`,
      ),
  },
] as const satisfies readonly Row<string, Situation>[];

/** Rows for success; the last one always applies. */
const SUCCESS_ROWS = [
  {
    id: 'superseded',
    applies: ({ progress }: Situation) => progress.replaced,
    verdict: ({ state, progress }: Situation) =>
      success(
        'superseded',
        `${shortRevision(progress.revisions)} took the place of ${shortSha(textOf(state))}`,
      ),
  },
  {
    id: 'no-change',
    applies: (s: Situation) => canNeedNothing(s.state) && !hasOwnOperation(s),
    verdict: ofNoChange,
  },
  {
    id: 'synced',
    applies: () => true,
    verdict: (s: Situation) => success('synced', `${ofSuccess(s)}${later(s)}`),
  },
] as const satisfies readonly Row<string, Situation>[];

/** Rows for an Application that is there; one of them always applies. */
const SITUATION_ROWS = [...FAILURE_ROWS, ...UNFINISHED_ROWS, ...SUCCESS_ROWS] as const;

const AS_IT_IS = 'wait-for-nothing';

type RowId = ((typeof PRESENCE_ROWS)[number] | (typeof SITUATION_ROWS)[number])['id'];
export type RuleId = RowId | typeof AS_IT_IS;

/** The rows of the table, in the order in which they are tried. */
export const RULES: readonly RuleId[] = [
  ...PRESENCE_ROWS.map(({ id }) => id),
  AS_IT_IS,
  ...SITUATION_ROWS.map(({ id }) => id),
];

/** What the state means: over, and how, or what is waited for; with the row that decided. */
export function judge(state: State, now: Moment): Verdict {
  const early = firstOf<State>(PRESENCE_ROWS, state);
  if (early) return early;
  if (!state.application) throw new Error('an Application that is present has a state');
  const situation = situationOf(state, state.application, now);
  if (state.policy.waitFor.includes('nothing')) {
    return { ...success(...asItIs(situation)), rule: AS_IT_IS };
  }
  const verdict = firstOf<Situation>(SITUATION_ROWS, situation);
  if (!verdict) throw new Error('the last row always applies');
  return verdict;
}

function firstOf<Of>(rows: readonly Row<RowId, Of>[], of: Of): Verdict | undefined {
  const row = rows.find((each) => each.applies(of));
  return row && { ...row.verdict(of), rule: row.id };
}

/** The reason that names a state nobody waits for: what a wait for everything would come to. */
function asItIs({ policy, ...rest }: Situation): readonly [Reason, string] {
  const situation: Situation = { ...rest, policy: { ...policy, waitFor: ['sync', 'health'] } };
  const verdict = firstOf<Situation>(SITUATION_ROWS, situation);
  if (verdict?.kind !== 'waiting') return [verdict?.reason ?? 'synced', verdict?.what ?? ''];
  const reason = verdict.cause ?? (situation.busy ? 'operation-running' : 'synced');
  return [reason, `as it is, without waiting for ${verdict.what}`];
}

/** Of whatever is deployed, the last deployment is told. */
function canNeedNothing({ target }: State): boolean {
  return target?.kind === 'revision' || target?.after !== undefined;
}

function ofNoChange(situation: Situation): Verdict {
  const what = situation.state.target?.kind === 'revision' ? 'the revision' : 'it';
  return success('no-change', `${what} needed no operation${later(situation)}`);
}

/** The reason of a timeout where a sync window is in the way. */
function windowIn({ looks }: State): Reason | undefined {
  return looks.windows.causes.length > 0 ? 'sync-window' : undefined;
}

function textOf({ target }: State): string {
  return target?.kind === 'revision' ? target.text : '';
}

function ambiguity(text: string): string {
  return `revision "${text}" may be a branch, and its earlier state would satisfy the wait: name the commit by its SHA (or let github-token look up a tag or branch of this repository)`;
}

function ofShortage({ shortage }: State): Verdict {
  const { found = [], wanted = 0 } = shortage ?? {};
  const names = found.length === 0 ? 'none' : `${found.length}: ${someOf(found, ', ')}`;
  return waiting(`${wanted} Applications to match (found ${names})`, 'missing');
}

function ofAbandoned({ presence, abandonedBy = [] }: State): Verdict {
  const again = presence === 'deleted' ? ' again' : '';
  return failure('missing', `${someOf(abandonedBy, ', ')} failed before creating it${again}`);
}

function ofMissing(policy: Policy): Verdict {
  if (policy.managed) return waiting('Argo CD to create it', 'missing');
  if (policy.waitFor.includes('deletion')) return success('deleted', 'it does not exist');
  return asIfMissing(policy, 'it does not exist', 'the Application to exist');
}

/** @param wanted what is waited for with `if-missing: wait` */
function asIfMissing({ ifMissing }: Policy, what: string, wanted: string): Verdict {
  switch (ifMissing) {
    case 'fail':
      return failure('missing', what);
    case 'skip':
      return done('skipped', 'missing', what);
    case 'wait':
      return waiting(wanted, 'missing');
  }
}

type SetAbsence = 'missing' | 'deleted' | 'deleting' | 'empty';

/** Why nothing of an ApplicationSet is there to wait for; undefined: there may be. */
function absenceOf({ standing }: SetState): SetAbsence | undefined {
  switch (standing.kind) {
    case 'missing':
    case 'deleted':
    case 'deleting':
      return standing.kind;
    case 'generated':
      return standing.applications.length === 0 ? 'empty' : undefined;
    default:
      return undefined;
  }
}

function ofAbsentSet({ policy, set }: State): Verdict {
  const absence = set && absenceOf(set);
  if (absence === 'empty') {
    const wanted = 'the ApplicationSet to generate an Application';
    return asIfMissing(policy, 'it generates no Application', wanted);
  }
  const wanted = 'the ApplicationSet to exist';
  if (absence === 'missing') return asIfMissing(policy, 'it does not exist', wanted);
  if (policy.ifMissing === 'wait') return waiting(`${wanted} again`, 'missing');
  return failure('deleted', absence === 'deleting' ? 'it is being deleted' : 'it was deleted');
}

function ofUngeneratedSet({ set }: State): Verdict {
  const standing = set?.standing;
  switch (standing?.kind) {
    case 'unreadable':
      return failure('internal-error', `it cannot be read: ${standing.problem}`);
    case 'error':
      return waiting(`its Applications to be generated (${standing.reason})`);
    default: {
      const recheckAt = standing?.kind === 'generating' ? standing.recheckAt : undefined;
      return waiting('its Applications to be generated for its present spec', undefined, recheckAt);
    }
  }
}

function ofUnseen(unseen: readonly string[]): string {
  const some = unseen.length === 1 ? 'an Application' : `${unseen.length} Applications`;
  return `${some} of it to exist (${someOf(unseen, ', ')})`;
}

function ofRollout(rollout: Looks['rollout']): string {
  return rollout === undefined || rollout === 'none' ? 'its turn' : stepName(rollout);
}

function ofDeleted(policy: Policy, what: string): Verdict {
  if (policy.managed) return waiting('Argo CD to create it again', 'missing');
  if (policy.waitFor.includes('deletion')) return success('deleted', what);
  if (policy.ifMissing === 'wait') return waiting('the Application to exist again', 'missing');
  return failure('deleted', what);
}

/** Before the first comparison, and where none succeeds, it is not known which resources there are. */
function isListed({ comparison }: Application): boolean {
  return !['', 'Unknown'].includes(comparison.status);
}

function phaseOf({ operation }: Application): string {
  return operation?.phase ?? '';
}

function ofOperation({ operation, requested }: Application): string {
  if (!operation || hasEnded(operation)) {
    return `the operation for ${shortRevision(requested?.revisions)} to start`;
  }
  const { retryCount, retryLimit } = operation;
  const limit = retryLimit > 0 ? ` of ${retryLimit}` : '';
  const attempt = retryCount > 0 ? ` (retry ${retryCount}${limit})` : '';
  const phase = operation.phase === 'Terminating' ? 'terminating ' : '';
  return `the ${phase}operation for ${shortRevision(operation.revisions)} to end${attempt}`;
}

function ofUndeployed(situation: Situation): Waiting {
  const { application, state, progress } = situation;
  if (application.skipped) return waiting(SKIPPED);
  if (isComparisonBroken(application)) return COMPARISON;
  if (progress.revisions) {
    return waiting(`an operation for ${shortRevision(progress.revisions)}${whyNone(situation)}`);
  }
  const target = shortSha(textOf(state));
  const hydration = hydrationOf(situation);
  switch (hydration.kind) {
    case 'none':
      return waiting(`revision ${target}${ofHydrated(state)}`, undefined, progress.recheckAt);
    case 'failed':
      return waiting(`the hydration of ${target} to succeed`, undefined, hydration.givesUpAt);
    case 'failed-somewhere':
    case 'running':
    case 'compared':
      return waiting(`the source hydrator to hydrate ${target}`);
  }
}

/** Why no operation comes by itself. */
function whyNone(situation: Situation): string {
  return isLeftAlone(situation) ? ': auto-sync is off, so it has to be asked for' : '';
}

/** What Argo CD deploys for a dry revision. */
function ofHydrated(state: State): string {
  const hydration = targetHydration(state);
  return hydration ? `, hydrated as ${shortSha(hydration.pair.hydrated)}` : '';
}

function ofUnsynced(situation: Situation): Waiting {
  const { application, progress } = situation;
  if (isComparisonBroken(application)) return COMPARISON;
  if (!progress.compared) return waiting('the comparison with the revision');
  const left = relevant(situation).filter((each) => each.status === 'OutOfSync');
  const some =
    left.length > 0
      ? `${left.length} OutOfSync`
      : `sync status ${application.comparison.status || 'unknown'}`;
  return waiting(`Synced (${some}${whyNone(situation)})`);
}

function ofOutdatedHealth({ state, application, now }: Situation): Waiting {
  const ending = lastEnding(state);
  if (!ending) return waiting('the first comparison');
  const recheckAt = settlesAt(state, application, ending.finishedAt, now);
  return waiting('health to be computed after the operation', undefined, recheckAt);
}

function imagesOf({ application, policy }: Situation): ImageStatus {
  return imageStatus(application, policy.images);
}

/** `web:2 (web:1 runs instead)` */
function ofMissingImages(situation: Situation): string {
  const { missing, others } = imagesOf(situation);
  const { summaryImages } = situation.application;
  const runs = others.length > 1 ? 'run' : 'runs';
  if (others.length > 0) return `${textsOf(missing)} (${someOf(others, ', ')} ${runs} instead)`;
  const any = summaryImages.length > 0 ? `, but ${someOf(summaryImages, ', ')}` : '';
  return `${textsOf(missing)} (no image of that name runs${any})`;
}

function textsOf(images: readonly ImagePattern[]): string {
  return someOf(
    images.map(({ text }) => text),
    ', ',
  );
}

/** Argo CD has nothing more to do, and the images do not run, or others still do. */
function ofImages(situation: Situation): Waiting {
  const { missing, others } = imagesOf(situation);
  if (missing.length > 0) {
    const though = 'which is not there though the operation ended and health is Healthy';
    return waiting(`image ${ofMissingImages(situation)}, ${though}`);
  }
  const left = `${someOf(others, ', ')} ${others.length > 1 ? 'are' : 'is'} left of the rollout`;
  return waiting(`image ${textsOf(situation.policy.images)} to run alone (${left})`);
}

function ofSuccess({ policy, state }: Situation): string {
  if (policy.images.length === 0) return 'the revision is deployed';
  const runs = `image ${textsOf(policy.images)} ${policy.images.length > 1 ? 'run' : 'runs'}`;
  return state.target?.kind === 'revision' ? `the revision is deployed, and ${runs}` : runs;
}

function isUnhealthy(situation: Situation, status: string): boolean {
  return needsHealth(situation.policy) && healthOf(situation) === status;
}

function healthy(situation: Situation): string {
  const status = healthOf(situation) || 'not known yet';
  return isHealthOfAll(situation)
    ? `Healthy (the whole Application is ${status}: wait-resources has no effect on health here)`
    : `Healthy (it is ${status})`;
}

function ofDegraded(situation: Situation): Verdict {
  const rest = graceLeft(situation);
  if (rest <= 0) return failure('degraded', 'it is Degraded');
  const recheck = Math.min(
    situation.now.elapsed + rest,
    podFailureAt(situation) ?? Number.POSITIVE_INFINITY,
  );
  return waiting(healthy(situation), 'degraded', Number.isFinite(recheck) ? recheck : undefined);
}

/** Later revisions were compared, and needed no operation either. */
function later({ progress }: Situation): string {
  return progress.superseded
    ? `, and later ones up to ${shortRevision(progress.revisions)} needed no operation here`
    : '';
}

function waiting(what: string, cause?: Reason, recheckAt?: number): Waiting {
  return {
    kind: 'waiting',
    what,
    ...(cause ? { cause } : {}),
    ...(recheckAt === undefined ? {} : { recheckAt }),
  };
}

const SKIPPED =
  'Argo CD to look at it again: its annotation argocd.argoproj.io/skip-reconcile forbids that';

const OUT_OF_SIGHT =
  'another Application manages it, but this step does not look at Applications in its namespace';

const COMPARISON = waiting('the comparison to succeed', 'comparison-error');

function success(reason: Reason, what: string): Verdict {
  return done('success', reason, what);
}

function failure(reason: Reason, what: string): Verdict {
  return done('failure', reason, what);
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
