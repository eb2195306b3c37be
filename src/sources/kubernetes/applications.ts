import type { Answer } from '../../http/answers.js';
import { isSuccess, jsonOf } from '../../http/answers.js';
import { list, objectIdentityOf, record, text } from '../../http/json.js';
import { TooLarge } from '../../http/limits.js';
import type { Request, Transport } from '../../http/transport.js';
import { type TerminalError, TransientError } from '../../platform/errors.js';
import type { Selection } from '../source.js';
import type { ResourceAttributes } from './rbac.js';
import { refusal } from './refusals.js';

/** Where Applications and ApplicationSets are in the API, and how to ask for those of a selection. */

const GROUP = 'argoproj.io';
const VERSION = 'v1alpha1';
/** Resources of Argo CD, as in paths and rules. */
export type ArgoResource = 'applications' | 'applicationsets';

/** Objects on a page; fewer where such a page is too large, whatever is in it. */
const PAGES = ['500', '50', '5'] as const;
/** A real one has some hundred letters. */
const LONGEST_CONTINUE = 16 * 1024;

/** `Accept` for metadata instead of whole objects. */
export const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/** @param namespace empty: all */
export function pathOf(resource: ArgoResource, namespace: string): string {
  const scope = namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `/apis/${GROUP}/${VERSION}${scope}/${resource}`;
}

export function attributesOf(
  verb: ResourceAttributes['verb'],
  resource: ArgoResource,
  namespace: string,
  name?: string,
): ResourceAttributes {
  return { verb, group: GROUP, resource, namespace, ...(name ? { name } : {}) };
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

/** Where a list is asked for, and of what. */
export interface ListOptions {
  readonly transport: Transport;
  /** As messages call it. */
  readonly server: string;
  readonly resource: ArgoResource;
  readonly selection: Selection;
}

/**
 * Lists objects page by page; of each item only what `reduce` returns is kept.
 * @param accept a representation other than the whole objects
 * @throws TerminalError or TransientError
 */
export async function listObjects<T>(
  { transport, server, resource, selection }: ListOptions,
  reduce: (item: unknown) => T | undefined,
  signal: AbortSignal,
  accept?: string,
): Promise<Listing<T>> {
  const namespace = selection.namespace ?? '';
  const items: T[] = [];
  let sizes: readonly string[] = PAGES;
  for (let next = ''; ; ) {
    const request: Request = {
      path: pathOf(resource, namespace),
      query: { ...selectors(selection), ...(next === '' ? {} : { continue: next }) },
      compressed: true,
      kind: 'list',
      ...(accept === undefined ? {} : { accept }),
    };
    const { answer, fitting } = await pageOf(transport, request, sizes, signal);
    sizes = fitting;
    if (!isSuccess(answer)) {
      const attributes = attributesOf('list', resource, namespace);
      throw listFailure(answer, attributes, server, next !== '');
    }
    const body = record(jsonOf(answer, server));
    if (!Array.isArray(body.items)) throw new TransientError(`${server} answered without a list.`);
    for (const item of list(body.items)) {
      const reduced = reduce(item);
      if (reduced !== undefined) items.push(reduced);
    }
    const before = next;
    next = text(record(body.metadata).continue);
    if (next === '') return { items, resourceVersion: objectIdentityOf(body).resourceVersion };
    // The same page again: what is between does not hand the token on.
    if (next === before || next.length > LONGEST_CONTINUE) {
      throw new TransientError(`${server} answered with a list that cannot be continued.`);
    }
  }
}

/** A page, and the sizes that are left for the next one. */
interface Page {
  readonly answer: Answer;
  readonly fitting: readonly string[];
}

/**
 * Asks for a page, and for a smaller one where it is too large.
 * @throws TooLarge where even the smallest is
 */
async function pageOf(
  transport: Transport,
  request: Request,
  sizes: readonly string[],
  signal: AbortSignal,
): Promise<Page> {
  const [limit = '', ...smaller] = sizes;
  try {
    const query = { ...request.query, limit };
    return { answer: await transport.send({ ...request, query }, signal), fitting: sizes };
  } catch (thrown) {
    if (!(thrown instanceof TooLarge) || smaller.length === 0) throw thrown;
    return pageOf(transport, request, smaller, signal);
  }
}

/**
 * The resource version that the server is at now, by the smallest possible list.
 * @returns undefined where lists are not allowed
 * @throws TerminalError or TransientError
 */
export async function newestVersion(
  { transport, server, resource, selection }: ListOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  const namespace = selection.namespace ?? '';
  const path = pathOf(resource, namespace);
  const query = { ...selectors(selection), limit: '1' };
  const answer = await transport.send({ path, query, accept: METADATA_LIST }, signal);
  if (answer.status === 403) return undefined;
  if (!isSuccess(answer)) throw refusal(answer, attributesOf('list', resource, namespace), server);
  return objectIdentityOf(jsonOf(answer, server)).resourceVersion;
}

/** 410 between pages: the list has expired on the server, and a new one may succeed. */
function listFailure(
  answer: Answer,
  attributes: ResourceAttributes,
  server: string,
  continued: boolean,
): TerminalError | TransientError {
  if (answer.status === 410 && continued) {
    return new TransientError(`${server} let a list expire before its last page (410).`);
  }
  return refusal(answer, attributes, server);
}
