import type {
  Application,
  ComparedResource,
  Operation,
  ResourceResult,
} from '../application/types.js';
import type { Moment } from '../decision/moment.js';
import { hasEnded, isBusy } from '../decision/observations.js';
import { targetProgress } from '../decision/progress.js';
import { shortRevision } from '../decision/rules.js';
import { isTarget, type State } from '../decision/state.js';
import type { Blocker } from './vocabulary.js';

/**
 * What keeps an Application from its end, in the order in which a person should look:
 * conditions, the operation with what failed in it, what is not healthy, why nothing came, and what
 * is left OutOfSync.
 */
export function explain(state: State, now: Moment): readonly Blocker[] {
  const { application } = state;
  if (!application || state.presence !== 'present') return [];
  const all = [
    ...operation(application, now),
    ...health(application),
    ...nothingCame(state, application, now),
    ...comparison(state, application),
  ];
  // What failed to apply is OutOfSync too, which tells nothing more.
  const once = all.filter(
    (each, i) => all.findIndex((other) => other.subject === each.subject) === i,
  );
  return [...conditions(application), ...once];
}

const WARNINGS = /Warning$/;

function conditions(application: Application): readonly Blocker[] {
  return application.conditions
    .filter((each) => !WARNINGS.test(each.type))
    .map((each) => ({ subject: `condition ${each.type}`, message: each.message }));
}

function operation(application: Application, now: Moment): readonly Blocker[] {
  const { operation } = application;
  if (!operation || operation.phase === 'Succeeded' || operation.dryRun) return [];
  const stuck = operation.results.filter(isStuck).map(resultBlocker);
  return [overall(operation, stuck.length > 0, now), ...stuck];
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

function health(application: Application): readonly Blocker[] {
  const { status, message } = application.health;
  if (status === '' || status === 'Healthy') return [];
  const those = application.comparison.resources.filter(
    (each) => !['', 'Healthy'].includes(each.health),
  );
  const details = those.map((each) => ({
    subject: place(each),
    message: [each.health, each.healthMessage].filter((part) => part !== '').join(': '),
  }));
  return [
    { subject: 'health', message: message === '' ? status : `${status}: ${message}` },
    ...details,
  ];
}

function comparison(state: State, application: Application): readonly Blocker[] {
  const { status, revisions, resources } = application.comparison;
  const target = state.target;
  if (status !== 'OutOfSync' || !target || !isTarget(application, target, revisions)) return [];
  const left = resources.filter((each) => each.status === 'OutOfSync' && !each.hook);
  return [...selectiveSync(application, left), ...left.map(outOfSync)];
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
  const message = `it synced ${operation.results.length} chosen resources only and left ${left.length} OutOfSync: sync the whole Application`;
  return [{ subject: 'selective sync', message }];
}

/** No operation, and none asked for: why, as far as the Application tells. */
function nothingCame(state: State, application: Application, now: Moment): readonly Blocker[] {
  if (state.target?.kind !== 'revision' || isBusy(application)) return [];
  const progress = targetProgress(state, now);
  const last = application.operation;
  if (last && isTarget(application, state.target, last.revisions)) return [];
  if (application.comparison.status === 'Synced' && progress.compared) return [];
  const found = shortRevision(application.comparison.revisions);
  if (!progress.compared) {
    const message = `Argo CD has not compared ${state.target.text} yet (it compared ${found} at ${application.reconciledAt || 'no time'}): was it pushed to what the Application tracks? A webhook or \`trigger: refresh\` makes Argo CD look at once`;
    return [{ subject: 'revision', message }];
  }
  const message = application.automated
    ? 'no operation started: a sync window may be closed, or auto-sync waits'
    : 'no operation started: auto-sync is off, so somebody must sync it (or use `trigger: sync`)';
  return [{ subject: 'operation', message }];
}

function place(resource: { kind: string; namespace: string; name: string }): string {
  return [resource.kind, resource.namespace, resource.name].filter((part) => part !== '').join('/');
}
