import { SKIP_ANNOTATION } from '../application/parse.js';
import { pluralize } from '../application/phrases.js';
import type {
  Application,
  ComparedResource,
  Condition,
  Operation,
  ResourceResult,
} from '../application/types.js';
import { rolloutSentence } from '../applicationset/rollout.js';
import { isHealthOfAll } from '../decision/health.js';
import { happenedAfter, type Moment, timeText } from '../decision/moment.js';
import { hasEnded, isBusy } from '../decision/observations.js';
import { healthSeen, targetHydration, targetProgress } from '../decision/progress.js';
import { shortRevision } from '../decision/rules.js';
import { hydrationOf } from '../decision/situation.js';
import { isTarget, type State } from '../decision/state.js';
import { shortSha } from '../decision/target.js';
import type { Looks } from './looks.js';
import type { Blocker } from './vocabulary.js';

/**
 * What keeps an Application from its end, in the order in which a person should look: conditions,
 * the hydration, the operation with what failed in it, whether Argo CD is told to skip it, what is
 * not healthy, why nothing came, and what is left OutOfSync.
 */
export function blockersOf(state: State, now: Moment): readonly Blocker[] {
  return [...detailsOf(state, now)].map(({ blocker }) => blocker);
}

/** The blocker that says why, for the first annotation: what it names says more than what it is in. */
export function causeOf(state: State, now: Moment): Blocker | undefined {
  const details = detailsOf(state, now);
  return (details.find((each) => !each.vague) ?? details[0])?.blocker;
}

/** A blocker, and whether another one says more of the same. */
interface Detail {
  readonly blocker: Blocker;
  readonly vague?: true;
}

function detailsOf(state: State, now: Moment): readonly Detail[] {
  const { application } = state;
  if (!application || state.presence !== 'present') return [];
  // What is left of it by then is not in the way of anything.
  const isLeaving = application.deleting && !state.policy.waitFor.includes('deletion');
  if (isLeaving) return plain(conditions(application));
  const all = [
    ...plain(hydration(state, application, now)),
    ...operation(application, now),
    ...plain([
      ...skipping(application),
      ...health(state, application),
      ...nothingCame(state, application, now),
      ...comparison(state, application),
    ]),
  ];
  // What failed to apply is OutOfSync too, which tells nothing more.
  const bySubject = [...Map.groupBy(all, ({ blocker }) => blocker.subject).values()];
  return [...plain(conditions(application)), ...bySubject.flatMap((same) => same.slice(0, 1))];
}

function plain(blockers: readonly Blocker[]): readonly Detail[] {
  return blockers.map((blocker) => ({ blocker }));
}

const WARNING = /Warning$/;

function conditions(application: Application): readonly Blocker[] {
  return application.conditions.filter((each) => !WARNING.test(each.type)).map(conditionBlocker);
}

/** Argo CD says so where it could not store what it found. */
const TOO_LARGE = /exceeds the Kubernetes resource size limit/;

function conditionBlocker({ type, message }: Condition): Blocker {
  const stale = TOO_LARGE.test(message)
    ? '. Argo CD could not store a newer status, so the state shown is outdated'
    : '';
  return { subject: `condition ${type}`, message: `${message}${stale}` };
}

/** Warnings that say why a resource stays OutOfSync. */
function warnings({ conditions }: Application): readonly Blocker[] {
  return conditions
    .filter((each) => WARNING.test(each.type) && each.type !== 'OrphanedResourceWarning')
    .map(conditionBlocker);
}

/** The source hydrator has to make the revision that is compared and deployed. */
function hydration(state: State, application: Application, now: Moment): readonly Blocker[] {
  if (state.target?.kind !== 'revision') return [];
  const status = hydrationOf({ state, application, now });
  const dry = shortSha(state.target.text);
  const subject = 'source hydrator';
  switch (status.kind) {
    case 'none':
      return [];
    case 'failed':
      return [{ subject, message: `${dry}: ${status.message || 'Failed'}` }];
    case 'failed-somewhere':
      return [{ subject, message: `its last attempt: ${status.message || 'Failed'}` }];
    case 'running':
      return [{ subject, message: `it is hydrating ${dry}` }];
    case 'compared':
      return [
        {
          subject,
          message: `Argo CD looked at ${dry} and has not hydrated it: no manifest of this Application may have changed`,
        },
      ];
  }
}

function operation(application: Application, now: Moment): readonly Detail[] {
  const { operation } = application;
  if (!operation || operation.phase === 'Succeeded' || operation.dryRun) return [];
  const stuck = operation.results.filter(isStuck).map(resultBlocker);
  const blocker = overall(operation, stuck.length > 0, now);
  // The operation says that something failed, the resource after it says what.
  const vague = stuck.length > 0 || operation.message === '';
  return [vague ? { blocker, vague } : { blocker }, ...plain(stuck)];
}

/** @param itemised the resources that failed are named one by one, so the message need not */
function overall(operation: Operation, itemised: boolean, now: Moment): Blocker {
  const { retryCount, retryLimit } = operation;
  const limit = retryLimit > 0 ? ` of ${retryLimit}` : '';
  const retries =
    retryCount > 0 ? `, retry ${retryCount}${limit}${nextAttempt(operation, now)}` : '';
  const said = itemised ? operation.message.replace(/, reason: .*/s, '') : operation.message;
  const subject = `operation for ${shortRevision(operation.revisions)}`;
  return {
    subject,
    message: `${operation.phase}${retries}: ${said || 'no message yet'}`,
  };
}

/** Between two attempts: how long ago the last one ended; Argo CD does not store when the next comes. */
function nextAttempt(operation: Operation, now: Moment): string {
  const ended = Date.parse(operation.finishedAt);
  if (hasEnded(operation) || Number.isNaN(ended) || now.server === undefined) return '';
  const ago = Math.max(0, Math.round((now.server - ended) / 1000));
  return `, the last attempt failed ${ago} s ago and the next one follows after Argo CD's backoff`;
}

/** Failed, or what a running operation waits for. */
function isStuck(result: ResourceResult): boolean {
  if (result.status === 'SyncFailed') return true;
  if (['Failed', 'Error'].includes(result.hookPhase)) return true;
  return result.hookType !== '' && ['Running', 'Terminating'].includes(result.hookPhase);
}

function resultBlocker(result: ResourceResult): Blocker {
  const hook = result.hookType === '' ? '' : `${result.hookType} hook `;
  return { subject: `${hook}${place(result)}`, message: result.message || result.hookPhase };
}

/** Whatever is asked for, nothing comes of it, and what is shown is outdated. */
function skipping({ skipped }: Application): readonly Blocker[] {
  if (!skipped) return [];
  const message = 'Argo CD neither compares nor syncs until it is removed';
  return [{ subject: `annotation ${SKIP_ANNOTATION}`, message }];
}

function health(state: State, application: Application): readonly Blocker[] {
  const { status, message } = application.health;
  if (status === '' || status === 'Healthy') return [];
  const those = application.comparison.resources.filter(
    (each) => !['', 'Healthy'].includes(each.health),
  );
  const details = those.map((each) => ({
    subject: place(each),
    message: [each.health, each.healthMessage].filter((part) => part !== '').join(': '),
  }));
  const words = `${status}${since(state, application)}`;
  return [
    { subject: 'health', message: message === '' ? words : `${words}: ${message}` },
    ...details,
    ...healthOfAll(state, application),
  ];
}

/** What was so before the deployment is not its doing. */
function since(state: State, { health, operation }: Application): string {
  const time = health.lastTransitionTime;
  if (time === '' || health.status !== 'Degraded') return '';
  const began = operation && !operation.dryRun ? operation.startedAt : '';
  const before = !healthSeen(state) && happenedAfter(began, time) === 'yes';
  return before ? ` since ${time}, before the operation began (${began})` : ` since ${time}`;
}

function healthOfAll({ policy }: State, application: Application): readonly Blocker[] {
  if (!isHealthOfAll({ policy, application })) return [];
  const where = application.healthInTree ? ' (resourceHealthSource: appTree)' : '';
  const message = `it has no effect on health: the Application does not show health by resource${where}, so that of the whole Application counts`;
  return [{ subject: 'wait-resources', message }];
}

function comparison(state: State, application: Application): readonly Blocker[] {
  const { status, revisions, resources } = application.comparison;
  const target = state.target;
  if (status !== 'OutOfSync' || !target || !isTarget(application, target, revisions)) return [];
  const left = resources.filter((each) => each.status === 'OutOfSync' && !each.hook);
  return [...selectiveSync(application, left), ...warnings(application), ...left.map(outOfSync)];
}

function outOfSync(resource: ComparedResource): Blocker {
  const message = resource.requiresPruning
    ? 'OutOfSync: it left Git and is not pruned'
    : 'OutOfSync';
  return { subject: place(resource), message };
}

function selectiveSync(
  application: Application,
  left: readonly ComparedResource[],
): readonly Blocker[] {
  const { operation } = application;
  if (!operation?.selective || operation.automated || !hasEnded(operation)) return [];
  const count = operation.results.length;
  const resources = pluralize(count, 'chosen resource');
  const message = `it synced only ${resources} and left ${left.length} OutOfSync: sync the whole Application`;
  return [{ subject: 'selective sync', message }];
}

/** No operation, and none asked for: why, as far as the Application tells. */
function nothingCame(state: State, application: Application, now: Moment): readonly Blocker[] {
  if (state.target?.kind !== 'revision' || isBusy(application) || application.skipped) return [];
  const progress = targetProgress(state, now);
  const last = application.operation;
  if (last && isTarget(application, state.target, last.revisions)) return [];
  if (application.comparison.status === 'Synced' && progress.compared) return [];
  if (!progress.compared) return notCompared(state, application, state.target.text, now);
  return [{ subject: 'operation', message: whyNone(application, state.looks) }];
}

function notCompared(
  state: State,
  application: Application,
  target: string,
  now: Moment,
): readonly Blocker[] {
  if (hydrationOf({ state, application, now }).kind !== 'none' || targetHydration(state)) return [];
  const found = shortRevision(application.comparison.revisions);
  const compared = `it compared ${found} at ${application.reconciledAt || 'no time'}`;
  const why = isUnvisited(state, application, now)
    ? `${compared}, before this wait began): nothing has told it of a push since, and by default it looks about every 3 minutes${nextVisit(application, now)}.`
    : `${compared}): was it pushed to what the Application tracks?`;
  const message = `Argo CD has not compared ${target} yet (${why} A webhook or \`trigger: refresh\` makes Argo CD look at once`;
  return [{ subject: 'revision', message }];
}

/** Argo CD has not looked at all since the wait began, so no webhook told it of the push. */
function isUnvisited({ since }: State, { reconciledAt }: Application, now: Moment): boolean {
  const reconciled = Date.parse(reconciledAt);
  if (now.server === undefined || Number.isNaN(reconciled)) return false;
  // Its times are whole seconds.
  return reconciled + 1000 <= now.server - (now.elapsed - since.elapsed);
}

/** `timeout.reconciliation`: 2 minutes and up to 1 more at random; 3 minutes before Argo CD 3. */
const LONGEST_BETWEEN_VISITS_MS = 180_000;

function nextVisit({ reconciledAt }: Application, { server = 0 }: Moment): string {
  const due = Date.parse(reconciledAt) + LONGEST_BETWEEN_VISITS_MS;
  return `${due > server ? ', so again by' : ', which was due by'} ${timeText(due)}`;
}

function whyNone(
  { automated, operation, applicationSet }: Application,
  { rollout }: Pick<Looks, 'rollout'>,
): string {
  if (automated) return 'no operation started: a sync window may be closed, or auto-sync waits';
  if (rollout === 'none') return BY_HAND;
  if (rollout) return `no operation started: ${rolloutSentence(rollout)}`;
  const set = applicationSet ? `ApplicationSet ${applicationSet}` : 'ApplicationSet';
  if (operation?.rollingSync)
    return `no operation started: the ${set} will sync it when its RollingSync gets to this step`;
  const perhaps = applicationSet
    ? `; if the ${set} has a RollingSync strategy, it will sync it in its turn`
    : '';
  return `${BY_HAND}${perhaps}`;
}

const BY_HAND =
  'no operation started: auto-sync is off, so sync it yourself (or use `trigger: sync`)';

function place(resource: { kind: string; namespace: string; name: string }): string {
  return [resource.kind, resource.namespace, resource.name].filter((part) => part !== '').join('/');
}
