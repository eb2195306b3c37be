import { REFRESH_ANNOTATION } from '../../core/application/parse.js';
import { type Application, keyOf } from '../../core/application/types.js';
import { isBusy } from '../../core/decision/observations.js';
import type { Answer } from '../../http/answers.js';
import { isSuccess, jsonOf } from '../../http/answers.js';
import type { Request, Transport } from '../../http/transport.js';
import type { OperationBody, Patch } from '../source.js';
import { applicationPath } from './applications.js';
import { type ArgocdAction, NOT_API_HINT, refusal } from './refusals.js';

export interface PatchOptions {
  /** With a long timeout: a refresh is answered when it is done. */
  readonly transport: Transport;
  /** As messages call it. */
  readonly server: string;
  readonly parse: (object: unknown) => Application;
  /** An Application as last seen. */
  readonly known: (key: string) => { readonly automated: boolean };
  readonly action: (key: string, action: ArgocdAction['action']) => ArgocdAction;
}

/** Asks the API for what a patch would ask the controller for; see `Source.patch`. */
export async function applyPatch(
  options: PatchOptions,
  patch: Patch,
  signal: AbortSignal,
): Promise<Application | 'conflict'> {
  const { operation, metadata } = patch.body;
  if (operation) return sync(options, patch, operation, signal);
  const refresh = metadata?.annotations?.[REFRESH_ANNOTATION] ?? 'normal';
  return get(options, patch, { refresh }, signal);
}

type ApplicationRef = Pick<Patch, 'namespace' | 'name'>;

async function get(
  options: PatchOptions,
  { namespace, name }: ApplicationRef,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Application> {
  const request: Request = {
    path: applicationPath(name),
    query: { appNamespace: namespace, ...query },
    compressed: true,
  };
  const answer = await options.transport.send(request, signal);
  return applicationIn(options, answer, options.action(keyOf({ namespace, name }), 'get'));
}

async function sync(
  options: PatchOptions,
  application: ApplicationRef,
  operation: OperationBody,
  signal: AbortSignal,
): Promise<Application | 'conflict'> {
  const key = keyOf(application);
  const body = syncRequest(application, operation, options.known(key));
  const request: Request = {
    method: 'POST',
    path: applicationPath(application.name, '/sync'),
    body: { type: 'application/json', text: JSON.stringify(body) },
  };
  const answer = await options.transport.send(request, signal);
  // 400 is whatever the state of the Application does not allow; another operation is a conflict.
  if (answer.status === 400 && isBusy(await get(options, application, {}, signal)))
    return 'conflict';
  if (answer.status === 409) return 'conflict';
  return applicationIn(options, answer, options.action(key, 'sync'));
}

/** Argo CD adds who asked. */
function syncRequest(
  { namespace, name }: ApplicationRef,
  { info, retry, sync }: OperationBody,
  { automated }: { readonly automated: boolean },
) {
  const { prune, syncOptions } = sync;
  return {
    name,
    appNamespace: namespace,
    // With auto-sync, Argo CD refuses any revision but what it tracks.
    ...(automated ? {} : revisionIn(sync)),
    ...(prune ? { prune } : {}),
    ...(syncOptions ? { syncOptions: { items: syncOptions } } : {}),
    ...(retry ? { retryStrategy: retry } : {}),
    infos: info,
  };
}

/** Several sources go by position, from 1. */
function revisionIn({ revision, revisions }: OperationBody['sync']) {
  if (revisions) return { revisions, sourcePositions: revisions.map((_, i) => i + 1) };
  return revision === undefined ? {} : { revision };
}

function applicationIn(
  { server, parse }: PatchOptions,
  answer: Answer,
  action: ArgocdAction,
): Application {
  if (!isSuccess(answer)) throw refusal(answer, action, server);
  return parse(jsonOf(answer, server, NOT_API_HINT));
}
