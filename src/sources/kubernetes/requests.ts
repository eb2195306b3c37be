import type { Application } from '../../core/application/types.js';
import { isSuccess, jsonOf } from '../../http/answers.js';
import type { Connection } from '../../http/connection.js';
import { record, text } from '../../http/json.js';
import type { Transport } from '../../http/transport.js';
import { namesBy } from '../names.js';
import type { Patch } from '../source.js';
import { APPLICATIONS, listObjects, METADATA_LIST } from './applications.js';
import { accessTo, pathOf } from './paths.js';
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
  { namespace, name, body }: Patch,
  signal: AbortSignal,
): Promise<Application | 'conflict'> {
  const request = {
    method: 'PATCH',
    path: pathOf(APPLICATIONS, namespace, name),
    query: { fieldManager: 'argocd-post-sync' },
    body: { type: 'application/merge-patch+json', text: JSON.stringify(body) },
  } as const;
  const answer = await pool.send(request, signal);
  if (answer.status === 409) return 'conflict';
  if (!isSuccess(answer)) {
    throw refusal(answer, accessTo('patch', APPLICATIONS, namespace, name), connection.name);
  }
  return parse(jsonOf(answer, connection.name));
}
