import type { Answer } from '../../http/answers.js';
import { isSuccess, jsonOf } from '../../http/answers.js';
import { list, objectIdentityOf, record, text } from '../../http/json.js';
import { TooLarge } from '../../http/limits.js';
import type { Request, Transport } from '../../http/transport.js';
import { type TerminalError, TransientError } from '../../platform/errors.js';
import type { Selection } from '../source.js';
import { accessTo, pathOf, type ResourceType } from './paths.js';
import type { ResourceAttributes } from './rbac.js';
import { refusal } from './refusals.js';

/** Where Applications and ApplicationSets are in the API, and how to ask for those of a selection. */

const ARGO = { group: 'argoproj.io', version: 'v1alpha1' };
export const APPLICATIONS: ResourceType = { ...ARGO, plural: 'applications' };
export const APPLICATION_SETS: ResourceType = { ...ARGO, plural: 'applicationsets' };
export const PROJECTS: ResourceType = { ...ARGO, plural: 'appprojects' };

/** Objects on a page; fewer where such a page is too large, whatever is in it. */
const PAGES = ['500', '50', '5'] as const;
/** A real one has some hundred letters. */
const LONGEST_CONTINUE = 16 * 1024;

/** `Accept` for metadata instead of whole objects. */
export const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

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
  readonly type: ResourceType;
  readonly selection: Selection;
}

/**
 * Lists objects page by page; of each item only what `reduce` returns is kept.
 * @param accept a representation other than the whole objects
 * @throws TerminalError or TransientError
 */
export async function listObjects<T>(
  { transport, server, type, selection }: ListOptions,
  reduce: (item: unknown) => T | undefined,
  signal: AbortSignal,
  accept?: string,
): Promise<Listing<T>> {
  const namespace = selection.namespace ?? '';
  const items: T[] = [];
  let sizes: readonly string[] = PAGES;
  for (let next = ''; ; ) {
    const request: Request = {
      path: pathOf(type, namespace),
      query: { ...selectors(selection), ...(next === '' ? {} : { continue: next }) },
      compressed: true,
      kind: 'list',
      ...(accept === undefined ? {} : { accept }),
    };
    const { answer, fitting } = await pageOf(transport, request, sizes, signal);
    sizes = fitting;
    if (!isSuccess(answer)) {
      const attributes = accessTo('list', type, namespace);
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
  { transport, server, type, selection }: ListOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  const namespace = selection.namespace ?? '';
  const path = pathOf(type, namespace);
  const query = { ...selectors(selection), limit: '1' };
  const answer = await transport.send({ path, query, accept: METADATA_LIST }, signal);
  if (answer.status === 403) return undefined;
  if (!isSuccess(answer)) throw refusal(answer, accessTo('list', type, namespace), server);
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
