import { REFRESH_ANNOTATION } from '../../core/application/parse.js';
import type { Application } from '../../core/application/types.js';
import { isBusy } from '../../core/decision/observations.js';
import type { Answer } from '../../http/answers.js';
import { isSuccess, jsonOf } from '../../http/answers.js';
import type { Request, Transport } from '../../http/transport.js';
import type { OperationBody, Patch } from '../source.js';
import { pathOf } from './applications.js';
import { type ArgocdAction, NO_API, refusal } from './refusals.js';

export interface OrderOptions {
  /** Patient: a refresh is answered when it is done. */
  readonly transport: Transport;
  /** As messages call it. */
  readonly server: string;
  readonly parse: (object: unknown) => Application;
  /** What was last seen of an Application. */
  readonly known: (key: string) => { readonly automated: boolean };
  readonly action: (key: string, action: ArgocdAction['action']) => ArgocdAction;
}

/** Asks Argo CD for what a patch would have asked its controller for; see `Source.patch`. */
export async function order(
  options: OrderOptions,
  patch: Patch,
  signal: AbortSignal,
): Promise<Application | 'conflict'> {
  const { operation, metadata } = patch.body;
  if (operation) return sync(options, patch, operation, signal);
  const refresh = metadata?.annotations?.[REFRESH_ANNOTATION] ?? 'normal';
  return get(options, patch, { refresh }, signal);
}

type Named = Pick<Patch, 'namespace' | 'name'>;

async function get(
  options: OrderOptions,
  { namespace, name }: Named,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Application> {
  const request: Request = {
    path: pathOf(name),
    query: { appNamespace: namespace, ...query },
    compressed: true,
  };
  const answer = await options.transport.send(request, signal);
  return accepted(options, answer, options.action(`${namespace}/${name}`, 'get'));
}

async function sync(
  options: OrderOptions,
  of: Named,
  operation: OperationBody,
  signal: AbortSignal,
): Promise<Application | 'conflict'> {
  const key = `${of.namespace}/${of.name}`;
  const body = syncRequest(of, operation, options.known(key));
  const request: Request = {
    method: 'POST',
    path: pathOf(of.name, '/sync'),
    body: { type: 'application/json', text: JSON.stringify(body) },
  };
  const answer = await options.transport.send(request, signal);
  // One code stands for all that the state of an Application does not allow: the state tells which.
  if (answer.status === 400 && isBusy(await get(options, of, {}, signal))) return 'conflict';
  if (answer.status === 409) return 'conflict';
  return accepted(options, answer, options.action(key, 'sync'));
}

/** Argo CD itself says who asked. */
function syncRequest(
  { namespace, name }: Named,
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

/** Of several sources, each by its position from 1. */
function revisionIn({ revision, revisions }: OperationBody['sync']) {
  if (revisions) return { revisions, sourcePositions: revisions.map((_, i) => i + 1) };
  return revision === undefined ? {} : { revision };
}

function accepted(
  { server, parse }: OrderOptions,
  answer: Answer,
  action: ArgocdAction,
): Application {
  if (!isSuccess(answer)) throw refusal(answer, action, server);
  return parse(jsonOf(answer, server, NO_API));
}
