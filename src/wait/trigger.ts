import { REFRESH_ANNOTATION } from '../core/application/parse.js';
import type { Application } from '../core/application/types.js';
import { isBusy } from '../core/decision/observations.js';
import type { Event } from '../core/decision/state.js';
import { matches, namesRevision, type Target } from '../core/decision/target.js';
import type { Inputs, RunContext } from '../inputs/types.js';
import type { Log } from '../platform/log.js';
import type { OperationBody, PatchBody, Source } from '../sources/source.js';
import type { EffectDependencies } from './effects.js';

type Act = NonNullable<EffectDependencies['act']>;

/** What `trigger` needs. */
export interface TriggerOptions {
  readonly trigger: Inputs['trigger'];
  readonly run: RunContext;
  readonly source: Source;
  readonly log: Log;
}

/**
 * Does what `trigger` asks for. To be called with every snapshot until it answers with an event: it
 * answers with none while another operation or refresh is under way, while there is nothing to sync
 * yet, or after a conflict.
 */
export function createTrigger(options: TriggerOptions): Act {
  const { trigger } = options;
  const busy = new Set<string>();
  return async (application, target, signal) => {
    if (trigger === 'none') return { kind: 'triggered' };
    // One request at a time for an Application: the next snapshot may come before the answer.
    if (busy.has(application.uid)) return undefined;
    busy.add(application.uid);
    try {
      return await (trigger === 'sync'
        ? sync(options, application, target, signal)
        : refresh(options, trigger, application, signal));
    } finally {
      busy.delete(application.uid);
    }
  };
}

/**
 * A refresh that is under way may have read the repository before this run began, and its end takes
 * away the request for another one: it is waited for first.
 */
async function refresh(
  { source, log }: TriggerOptions,
  trigger: 'refresh' | 'hard-refresh',
  { namespace, name, resourceVersion, refreshing }: Application,
  signal: AbortSignal,
): Promise<Event | undefined> {
  if (refreshing) return undefined;
  const kind = trigger === 'refresh' ? 'normal' : 'hard';
  const body = { metadata: { resourceVersion, annotations: { [REFRESH_ANNOTATION]: kind } } };
  const after = await source.patch({ namespace, name, body }, signal);
  if (after === 'conflict') return undefined;
  log.info(`Asked Argo CD to refresh ${namespace}/${name} (${kind}).`);
  return triggered('refresh', after);
}

async function sync(
  { source, log, run }: TriggerOptions,
  application: Application,
  target: Target,
  signal: AbortSignal,
): Promise<Event | undefined> {
  const { namespace, name } = application;
  if (isBusy(application)) {
    if (!isUnderWay(application, target)) return undefined;
    log.info(
      `An operation of ${namespace}/${name} for this revision is under way: waiting for it.`,
    );
    return { kind: 'triggered' };
  }
  const revisions = revisionsFor(application, target);
  if (!revisions) return undefined;
  const body = syncBody(application, revisions, run);
  const after = await source.patch({ namespace, name, body }, signal);
  if (after === 'conflict') return undefined;
  log.info(`Asked Argo CD to sync ${namespace}/${name}.`);
  return triggered('operation', after);
}

function triggered(what: 'operation' | 'refresh', after: Application): Event {
  return { kind: 'triggered', request: { what, resourceVersion: after.resourceVersion } };
}

/** Whether what is requested or running syncs the whole target. */
function isUnderWay(application: Application, target: Target): boolean {
  const under = application.requested ?? application.operation;
  if (!under || under.selective || under.dryRun || target.kind === 'any') return false;
  return matches(target, under.revisions, application.hydrated);
}

/** The operation that Argo CD's own auto-sync would ask for, in the name of this run. */
function syncBody(application: Application, revisions: SyncRevisions, run: RunContext): PatchBody {
  const { resourceVersion, syncOptions, retry, prune } = application;
  return {
    metadata: { resourceVersion },
    operation: {
      initiatedBy: { username: `github:${run.actor || run.repository || 'unknown'}` },
      info: [
        { name: 'Reason', value: `Triggered by a GitHub workflow of ${run.repository}` },
        ...(run.runUrl === '' ? [] : [{ name: 'Run', value: run.runUrl }]),
      ],
      ...(retry ? { retry } : {}),
      sync: {
        ...revisions,
        ...(prune ? { prune } : {}),
        ...(syncOptions.length > 0 ? { syncOptions } : {}),
      },
    },
  };
}

type SyncRevisions = Pick<OperationBody['sync'], 'revision' | 'revisions'>;

/**
 * The target's sources at the target, all others at what they track. With a source hydrator Argo CD
 * would apply the dry commit as it is: what it was hydrated to is synced.
 * @returns undefined where it is not hydrated yet
 */
function revisionsFor(
  { sources, hydrator, hydrated }: Application,
  target: Target,
): SyncRevisions | undefined {
  if (target.kind === 'any') return {};
  const { text } = target;
  if (hydrator) {
    const pair = hydrated.findLast(({ dry }) => namesRevision(text, dry));
    return pair && { revision: pair.hydrated };
  }
  if (sources.length < 2) return { revision: text };
  return {
    revisions: sources.map((source, i) =>
      !target.sources || target.sources.has(i) ? text : source.targetRevision || 'HEAD',
    ),
  };
}
