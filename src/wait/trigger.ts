import { REFRESH_ANNOTATION } from '../core/application/parse.js';
import type { Application } from '../core/application/types.js';
import { isBusy } from '../core/decision/observations.js';
import type { Event } from '../core/decision/state.js';
import { matches, type Target } from '../core/decision/target.js';
import type { Inputs, RunContext } from '../inputs/types.js';
import type { Log } from '../platform/log.js';
import type { PatchBody, Source } from '../sources/source.js';

/** What `trigger` needs. */
export interface TriggerOptions {
  readonly trigger: Inputs['trigger'];
  readonly run: RunContext;
  readonly source: Source;
  readonly log: Log;
  readonly resolve: (application: Application) => Target;
}

/**
 * Does what `trigger` asks for. To be called with every snapshot until it answers with an event: it
 * answers with none while another operation or refresh is under way, or after a conflict.
 */
export function createTrigger(
  options: TriggerOptions,
): (application: Application, signal: AbortSignal) => Promise<Event | undefined> {
  const { trigger } = options;
  const busy = new Set<string>();
  return async (application, signal) => {
    if (trigger === 'none') return { kind: 'triggered' };
    // One request at a time for an Application: the next snapshot may come before the answer.
    if (busy.has(application.uid)) return undefined;
    busy.add(application.uid);
    try {
      return await (trigger === 'sync'
        ? sync(options, application, signal)
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
  options: TriggerOptions,
  application: Application,
  signal: AbortSignal,
): Promise<Event | undefined> {
  const { source, log, run } = options;
  const { namespace, name } = application;
  const target = options.resolve(application);
  if (isBusy(application)) {
    if (!isUnderWay(application, target)) return undefined;
    log.info(
      `An operation of ${namespace}/${name} for this revision is under way: waiting for it.`,
    );
    return { kind: 'triggered' };
  }
  const body = syncBody(application, target, run);
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
function syncBody(application: Application, target: Target, run: RunContext): PatchBody {
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
        ...revisionsFor(application, target),
        ...(prune ? { prune } : {}),
        ...(syncOptions.length > 0 ? { syncOptions } : {}),
      },
    },
  };
}

/** The target's sources at the target, all others at what they track. */
function revisionsFor(
  application: Application,
  target: Target,
): { readonly revision?: string; readonly revisions?: readonly string[] } {
  if (target.kind === 'any') return {};
  if (application.sources.length < 2) return { revision: target.text };
  return {
    revisions: application.sources.map((source, i) =>
      !target.sources || target.sources.has(i) ? target.text : source.targetRevision || 'HEAD',
    ),
  };
}
