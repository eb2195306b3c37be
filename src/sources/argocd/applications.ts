import type { Answer } from '../../http/answers.js';
import { record } from '../../http/json.js';
import type { Request, Transport } from '../../http/transport.js';
import { TransientError } from '../../platform/errors.js';
import type { Selection } from '../source.js';
import { ask } from './ask.js';
import { type ArgocdAction, LIST_ACTION, NOT_API_HINT, refusal } from './refusals.js';

/** Where Applications are in the API, and how to ask for those of a selection. */

const APPLICATIONS = '/api/v1/applications';

/** The path of one Application, or below it. */
export function applicationPath(name: string, below = ''): string {
  return `${APPLICATIONS}/${encodeURIComponent(name)}${below}`;
}

/** @param fields to return of each Application: a list knows only some of them */
function listRequest(selection: Selection, fields = ''): Request {
  const { namespace, name, labelSelector } = selection;
  return {
    path: APPLICATIONS,
    query: {
      ...(name ? { name } : {}),
      ...(labelSelector ? { selector: labelSelector } : {}),
      ...(namespace ? { appNamespace: namespace } : {}),
      ...(fields === '' ? {} : { fields }),
    },
    compressed: true,
    kind: 'list',
  };
}

export function streamRequest({
  namespace,
  name,
  labelSelector,
  wholeSources,
}: Selection): Request {
  const excluded = wholeSources ? UNREAD_FIELDS : [...UNREAD_FIELDS, ...RENDERING_FIELDS];
  return {
    path: '/api/v1/stream/applications',
    query: {
      // A name alone means the namespace of Argo CD itself; a namespace alone has no effect here.
      ...(name && namespace ? { name, appNamespace: namespace } : {}),
      ...(labelSelector ? { selector: labelSelector } : {}),
      fields: `-${excluded.map((field) => `result.application.${field}`).join(',')}`,
    },
  };
}

const SOURCES = [
  'spec',
  'operation.sync',
  'status.history',
  'status.sync.comparedTo',
  'status.operationState.operation.sync',
  'status.operationState.syncResult',
].flatMap((place) => [`${place}.source`, `${place}.sources`]);

/**
 * Large fields that nothing reads. They are excluded, rather than the others included, because a
 * stream that includes fields leaves out its errors.
 */
const UNREAD_FIELDS = [
  'metadata.managedFields',
  'metadata.annotations.kubectl.kubernetes.io/last-applied-configuration',
];
/** What these hold is large too, and says only whether two sources are the same. */
const RENDERING_FIELDS = SOURCES.flatMap((source) => [`${source}.helm`, `${source}.kustomize`]);

/**
 * Lists the Applications of a selection that the token may read; of each only what `reduce` returns
 * is kept. Argo CD sends an empty list as `null`.
 * @throws TerminalError or TransientError
 */
export async function listApplications<T>(
  transport: Transport,
  server: string,
  selection: Selection,
  reduce: (item: unknown) => T | undefined,
  signal: AbortSignal,
  fields = '',
  action: ArgocdAction = LIST_ACTION,
): Promise<readonly T[]> {
  const refused = (answer: Answer) => refusal(answer, action, server);
  const request = listRequest(selection, fields);
  const { items } = record(await ask({ transport, server }, request, refused, signal));
  if (items !== null && !Array.isArray(items)) {
    throw new TransientError(`${server} answered without a list: ${NOT_API_HINT}`);
  }
  return (items ?? []).map(reduce).filter((each: T | undefined) => each !== undefined);
}
