import { type Application, keyOf } from '../../core/application.js';
import type { Patch, Selection } from '../source.js';
import { applicationsPath, intentOf, listApplications, METADATA_LIST } from './applications.js';
import { isSuccess, jsonOf, refuse, type Transport } from './http.js';
import type { KubernetesOptions } from './index.js';
import { identityOf, record, text } from './json.js';

/** What few runs ask beside their watch: it is loaded for them. */

/** See `Source.names`. */
export function names(
  pool: Transport,
  server: string,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  return namesBy(namespace, async (selection, reduce) => {
    const accept = METADATA_LIST;
    return (await listApplications(pool, server, selection, reduce, signal, accept)).items;
  });
}

/**
 * `Source.names` of any source.
 * @param list lists a selection, and makes each item what `reduce` returns
 */
export async function namesBy(
  namespace: string,
  list: (selection: Selection, reduce: (item: unknown) => string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const everywhere = namespace === '' || namespace === '*';
  const selection = everywhere ? {} : { namespace };
  const reduce = (item: unknown) => (everywhere ? keyOf(identityOf(item)) : identityOf(item).name);
  try {
    return await list(selection, reduce);
  } catch {
    // Only a hint was asked for, beside an error that is reported anyway.
    return [];
  }
}

/** `url` of Argo CD's own configuration. */
export async function uiAddress(
  pool: Transport,
  namespace: string,
  signal: AbortSignal,
): Promise<string> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/argocd-cm`;
  try {
    const answer = await pool.send({ path }, signal);
    return isSuccess(answer) ? text(record(record(JSON.parse(answer.body)).data).url) : '';
  } catch {
    // A link is no more than a convenience.
    return '';
  }
}

/** See `Source.patch`. */
export async function applyPatch(
  pool: Transport,
  { connection, parse }: Pick<KubernetesOptions, 'connection' | 'parse'>,
  { namespace, name, body }: Patch,
  signal: AbortSignal,
): Promise<Application | 'conflict'> {
  const request = {
    method: 'PATCH',
    path: `${applicationsPath(namespace)}/${encodeURIComponent(name)}`,
    query: { fieldManager: 'argocd-post-sync' },
    body: { type: 'application/merge-patch+json', text: JSON.stringify(body) },
  } as const;
  const answer = await pool.send(request, signal);
  if (answer.status === 409) return 'conflict';
  if (!isSuccess(answer)) {
    return refuse(answer, intentOf('patch', namespace, name), connection.name);
  }
  return parse(jsonOf(answer, connection.name));
}
