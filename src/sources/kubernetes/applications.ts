import type { Answer } from '../../http/answers.js';
import { isSuccess, jsonOf } from '../../http/answers.js';
import { list, record, text } from '../../http/json.js';
import type { Request, Transport } from '../../http/transport.js';
import { type TerminalError, TransientError } from '../../platform/errors.js';
import type { Selection } from '../source.js';
import type { ResourceAttributes } from './rbac.js';
import { refusal } from './refusals.js';

/** Where Applications are in the API, and how to ask for those of a selection. */

const GROUP = 'argoproj.io';
const VERSION = 'v1alpha1';
const RESOURCE = 'applications';
const PAGE = '500';

/** `Accept` for metadata instead of whole objects. */
export const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/** @param namespace empty: all */
export function applicationsPath(namespace: string): string {
  const scope = namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `/apis/${GROUP}/${VERSION}${scope}/${RESOURCE}`;
}

export function attributesOf(
  verb: ResourceAttributes['verb'],
  namespace: string,
  name?: string,
): ResourceAttributes {
  return { verb, group: GROUP, resource: RESOURCE, namespace, ...(name ? { name } : {}) };
}

/** Selects on the server. */
export function selectors({ name, labelSelector }: Selection): Readonly<Record<string, string>> {
  return {
    ...(name ? { fieldSelector: `metadata.name=${name}` } : {}),
    ...(labelSelector ? { labelSelector } : {}),
  };
}

/** A complete list, as the server sent it. */
export interface Listing<T> {
  readonly items: readonly T[];
  /** Where a watch continues; empty: the server does not tell. */
  readonly resourceVersion: string;
}

/**
 * Lists Applications page by page; of each item only what `reduce` returns is kept.
 * @param accept a representation other than the whole objects
 * @throws TerminalError or TransientError
 */
export async function listApplications<T>(
  transport: Transport,
  server: string,
  selection: Selection,
  reduce: (item: unknown) => T | undefined,
  signal: AbortSignal,
  accept?: string,
): Promise<Listing<T>> {
  const namespace = selection.namespace ?? '';
  const items: T[] = [];
  for (let next = ''; ; ) {
    const page = { limit: PAGE, ...(next === '' ? {} : { continue: next }) };
    const request: Request = {
      path: applicationsPath(namespace),
      query: { ...selectors(selection), ...page },
      compressed: true,
      ...(accept === undefined ? {} : { accept }),
    };
    const answer = await transport.send(request, signal);
    if (!isSuccess(answer)) throw listFailure(answer, namespace, server, next !== '');
    const body = record(jsonOf(answer, server));
    if (!Array.isArray(body.items)) throw new TransientError(`${server} answered without a list.`);
    for (const item of list(body.items)) {
      const reduced = reduce(item);
      if (reduced !== undefined) items.push(reduced);
    }
    const metadata = record(body.metadata);
    next = text(metadata.continue);
    if (next === '') return { items, resourceVersion: text(metadata.resourceVersion) };
  }
}

/**
 * The resource version that the server is at now, by the smallest possible list.
 * @returns undefined where lists are not allowed
 * @throws TerminalError or TransientError
 */
export async function newestVersion(
  transport: Transport,
  server: string,
  selection: Selection,
  signal: AbortSignal,
): Promise<string | undefined> {
  const namespace = selection.namespace ?? '';
  const path = applicationsPath(namespace);
  const query = { ...selectors(selection), limit: '1' };
  const answer = await transport.send({ path, query, accept: METADATA_LIST }, signal);
  if (answer.status === 403) return undefined;
  if (!isSuccess(answer)) throw refusal(answer, attributesOf('list', namespace), server);
  return text(record(record(jsonOf(answer, server)).metadata).resourceVersion);
}

/** 410 between pages: the list has expired on the server, and a new one may succeed. */
function listFailure(
  answer: Answer,
  namespace: string,
  server: string,
  continued: boolean,
): TerminalError | TransientError {
  if (answer.status === 410 && continued) {
    return new TransientError(`${server} let a list expire before its last page (410).`);
  }
  return refusal(answer, attributesOf('list', namespace), server);
}
