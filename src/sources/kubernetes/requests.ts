import { randomUUID } from 'node:crypto';
import type { Application } from '../../core/application/types.js';
import { SET_REFRESH_ANNOTATION } from '../../core/applicationset/parse.js';
import { type Answer, isSuccess, jsonOf } from '../../http/answers.js';
import type { Connection } from '../../http/connection.js';
import { record, text } from '../../http/json.js';
import type { Transport } from '../../http/transport.js';
import { namesBy } from '../names.js';
import type { ObjectName, Patch } from '../source.js';
import { APPLICATION_SETS, APPLICATIONS, listObjects, METADATA_LIST } from './applications.js';
import { accessTo, pathOf, type ResourceType } from './paths.js';
import { refusal } from './refusals.js';

/** Requests that few runs make: loaded only for them. */

/** See `Source.names`. */
export function applicationNames(
  pool: Transport,
  server: string,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  return namesBy(namespace, async (selection, reduce) => {
    const accept = METADATA_LIST;
    const options = { transport: pool, server, type: APPLICATIONS, selection };
    return (await listObjects(options, reduce, signal, accept)).items;
  });
}

/** `url` in the ConfigMap argocd-cm. */
export async function uiAddress(
  pool: Transport,
  namespace: string,
  signal: AbortSignal,
): Promise<string> {
  const path = pathOf(CONFIG_MAPS, namespace, 'argocd-cm');
  try {
    const answer = await pool.send({ path }, signal);
    return isSuccess(answer) ? text(record(record(JSON.parse(answer.body)).data).url) : '';
  } catch {
    // Only a link depends on it.
    return '';
  }
}

const CONFIG_MAPS = { group: '', version: 'v1', plural: 'configmaps' };

/** What a patch needs besides a transport. */
export interface PatchOptions {
  readonly connection: Pick<Connection, 'name'>;
  readonly parse: (value: unknown) => Application;
}

/** See `Source.patch`. */
export async function applyPatch(
  pool: Transport,
  { connection, parse }: PatchOptions,
  { body, ...application }: Patch,
  signal: AbortSignal,
): Promise<Application | 'conflict'> {
  const answer = await patch(pool, APPLICATIONS, application, body, signal);
  if (answer.status === 409) return 'conflict';
  if (!isSuccess(answer)) throw patchRefusal(answer, APPLICATIONS, application, connection.name);
  return parse(jsonOf(answer, connection.name));
}

/**
 * See `Source.refreshApplicationSet`. The controller heeds any value. A new one makes a new version,
 * so that what it has under way cannot take the request away unseen.
 */
export async function refreshApplicationSet(
  pool: Transport,
  server: string,
  set: ObjectName,
  signal: AbortSignal,
): Promise<boolean> {
  const body = { metadata: { annotations: { [SET_REFRESH_ANNOTATION]: randomUUID() } } };
  const answer = await patch(pool, APPLICATION_SETS, set, body, signal);
  if (answer.status === 404) return false;
  if (!isSuccess(answer)) throw patchRefusal(answer, APPLICATION_SETS, set, server);
  return true;
}

function patch(
  pool: Transport,
  type: ResourceType,
  { namespace, name }: ObjectName,
  body: object,
  signal: AbortSignal,
): Promise<Answer> {
  const request = {
    method: 'PATCH',
    path: pathOf(type, namespace, name),
    query: { fieldManager: 'argocd-post-sync' },
    body: { type: 'application/merge-patch+json', text: JSON.stringify(body) },
  } as const;
  return pool.send(request, signal);
}

function patchRefusal(
  answer: Answer,
  type: ResourceType,
  { namespace, name }: ObjectName,
  server: string,
) {
  return refusal(answer, accessTo('patch', type, namespace, name), server);
}
