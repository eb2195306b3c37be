import type { Answer } from '../../http/answers.js';
import { isSuccess, jsonOf } from '../../http/answers.js';
import { list, record, text } from '../../http/json.js';
import { withRetries } from '../../http/retry.js';
import type { Request, Transport } from '../../http/transport.js';
import type { Clock } from '../../platform/clock.js';
import { TransientError } from '../../platform/errors.js';
import { lackOf } from '../bounded.js';
import { found, mapAtMost, unreadable } from '../live-metadata.js';
import type { LiveMetadata, LiveQuery } from '../source.js';
import { accessTo, pathOf, rootOf } from './paths.js';
import type { ResourceAttributes } from './rbac.js';
import { refusal } from './refusals.js';

/** Requests at a time: few enough for any API server, enough for hundreds of resources. */
export const CONCURRENCY = 8;
/** So many are sent one after another before one more connection is worth its handshakes. */
const REQUESTS_A_CONNECTION = 5;
const METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

export interface LiveOptions {
  readonly transport: Transport;
  /** As messages call it. */
  readonly server: string;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Reads metadata of live objects; see `Source.live`. */
export type LiveReader = (
  queries: readonly LiveQuery[],
  signal: AbortSignal,
) => Promise<readonly LiveMetadata[]>;

/** A kind, as discovery describes it. */
export interface ApiResource {
  /** The name in paths. */
  readonly plural: string;
  readonly namespaced: boolean;
}

/** The resources of one group and version, by lower-case kind. */
type ApiResources = ReadonlyMap<string, ApiResource>;

export function liveReader(options: LiveOptions): LiveReader {
  const kindOf = discovery(options);
  const read = async (query: LiveQuery, signal: AbortSignal): Promise<LiveMetadata> => {
    try {
      const kind = await kindOf(query, signal);
      if (!kind) return unknownKind(query);
      const object = await objectAt(options, query, kind, METADATA, signal);
      return object ? found(record(record(object).metadata)) : { kind: 'absent' };
    } catch (thrown) {
      return unreadable(lackOf(thrown));
    }
  };
  return (queries, signal) =>
    mapAtMost(connectionsFor(queries), queries, (query) => read(query, signal));
}

function connectionsFor({ length }: readonly LiveQuery[]): number {
  return Math.min(CONCURRENCY, Math.ceil(length / REQUESTS_A_CONNECTION));
}

/** Kinds as the API server has them, each group and version asked for once; undefined: it has none. */
export function discovery(options: LiveOptions) {
  const discovered = new Map<string, Promise<ApiResources>>();
  return async (query: LiveQuery, signal: AbortSignal): Promise<ApiResource | undefined> => {
    const root = rootOf(query);
    const resources = discovered.get(root) ?? discover(options, query, signal);
    discovered.set(root, resources);
    try {
      return (await resources).get(query.kind.toLowerCase());
    } catch (thrown) {
      // A failure is not cached: the next query tries again.
      discovered.delete(root);
      throw thrown;
    }
  };
}

async function discover(
  options: LiveOptions,
  query: LiveQuery,
  signal: AbortSignal,
): Promise<ApiResources> {
  const attributes = accessTo('get', { ...query, plural: '*' }, '');
  const answer = await ask(options, { path: rootOf(query) }, attributes, signal);
  if (answer.status === 404) return new Map();
  const resources = list(record(jsonOf(answer, options.server)).resources).map(record);
  return new Map(
    resources
      // A name with a slash is a subresource, which may be of the same kind.
      .filter((resource) => !text(resource.name).includes('/'))
      .map((resource) => [
        text(resource.kind).toLowerCase(),
        { plural: text(resource.name), namespaced: resource.namespaced === true },
      ]),
  );
}

/**
 * An object as it is now; undefined: it is not there.
 * @param accept in which form
 * @throws TerminalError or TransientError
 */
export async function objectAt(
  options: LiveOptions,
  query: LiveQuery,
  kind: ApiResource,
  accept: string,
  signal: AbortSignal,
): Promise<unknown> {
  const namespace = kind.namespaced ? query.namespace || query.defaultNamespace : '';
  if (kind.namespaced && namespace === '') {
    throw new TransientError(`The namespace of ${query.kind} ${query.name} is unknown.`);
  }
  const { group, version, name } = query;
  const type = { group, version, plural: kind.plural };
  const path = pathOf(type, namespace, name);
  const attributes = accessTo('get', type, namespace, name);
  const answer = await ask(options, { path, accept }, attributes, signal);
  return answer.status === 404 ? undefined : jsonOf(answer, options.server);
}

/**
 * Sends a request, up to three times.
 * @returns a success or 404
 * @throws TerminalError or TransientError
 */
export async function ask(
  options: LiveOptions,
  request: Pick<Request, 'path' | 'accept' | 'query' | 'kind' | 'compressed'>,
  attributes: ResourceAttributes,
  signal: AbortSignal,
): Promise<Answer> {
  const { transport, server } = options;
  const attempt = async () => {
    const answer = await transport.send(request, signal);
    if (isSuccess(answer) || answer.status === 404) return answer;
    throw refusal(answer, attributes, server);
  };
  return withRetries(attempt, options, signal);
}

export function unknownKind({ group, version, kind }: LiveQuery) {
  const message = `The API server has no kind ${kind} in ${group || 'core'}/${version}.`;
  return unreadable({ message, remedy: '' });
}
