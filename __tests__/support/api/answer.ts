import { TLSSocket } from 'node:tls';
import { type Exchange, json, type Reply, refuse } from './exchange.ts';
import { failure, notFound, type Status } from './faults.ts';
import {
  APPLICATION_SETS,
  APPLICATIONS,
  aggregatedDiscovery,
  groupVersion,
  qualifiedName,
  resourceList,
} from './kinds.ts';
import { list } from './list.ts';
import { patch } from './patch.ts';
import { listBody, render, selection } from './render.ts';
import { header, type ResourceTarget, type Served } from './request.ts';
import { SelectorError } from './selectors.ts';
import type { State } from './state.ts';
import type { KubeObject } from './store.ts';
import { watch } from './watch.ts';

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** @returns the reply; nothing when a stream was opened in its place */
export function answer(state: State, exchange: Exchange): Reply | undefined {
  const { served, target } = exchange;
  const user = authenticate(state, exchange);
  if (user === undefined) return refuse(failure(401, 'Unauthorized'));
  served.user = user;
  const aggregates = /as=APIGroupDiscoveryList/.test(served.headers.accept);
  // Groups one by one, as before Kubernetes 1.26, nobody here asks for.
  if (target.kind === 'unknown' || (target.kind === 'groups' && !aggregates))
    return { code: 404, text: '404 page not found\n', type: 'text/plain' };
  if (target.kind === 'version')
    return json(200, { major: '1', minor: '36', gitVersion: 'v1.36.0' });
  if (target.kind === 'groups') {
    const kinds = state.kinds.filter(
      ({ group }) => state.installed || group !== APPLICATIONS.group,
    );
    return { ...json(200, aggregatedDiscovery(kinds, target.core)), type: AGGREGATED };
  }
  if (target.kind === 'review') return json(201, selfSubjectReview(user));
  if (target.kind === 'discovery') {
    const kinds = state.kinds.filter((kind) => groupVersion(kind) === target.groupVersion);
    return json(200, resourceList(kinds, target.groupVersion));
  }
  const denial = deny(state, served, target);
  if (denial) return refuse(denial);
  if (!/json|\*\/\*|^$/.test(served.headers.accept)) {
    return refuse(failure(406, 'only the following media types are accepted: JSON'));
  }
  try {
    if (target.type === APPLICATION_SETS) {
      return answerStored({ ...state, store: state.sets }, exchange, target);
    }
    if (target.type !== APPLICATIONS) return answerLive(state, exchange, target);
    return answerStored(state, exchange, target);
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    return refuse(failure(400, error.message));
  }
}

function authenticate(state: State, { request }: Exchange): string | undefined {
  const { socket } = request;
  if (socket instanceof TLSSocket && socket.authorized) {
    const name: unknown = socket.getPeerCertificate().subject?.CN;
    if (typeof name === 'string') return name;
  }
  const [, token] = /^Bearer (.+)$/i.exec(header(request, 'authorization')) ?? [];
  if (!token) return undefined;
  return state.tokens.get(token) ?? state.authenticate?.(token);
}

function deny({ behaviour }: State, served: Served, target: ResourceTarget): Status | undefined {
  const { type } = target;
  const { user, verb, namespace, name } = served;
  const { group } = type;
  const resource = target.log ? `${type.plural}/log` : type.plural;
  if (behaviour.authorize?.({ user, verb, group, resource, namespace, name }) ?? true)
    return undefined;
  const subject = name ? `${qualifiedName(type)} "${name}"` : qualifiedName(type);
  const scope = namespace ? `in the namespace "${namespace}"` : 'at the cluster scope';
  return failure(
    403,
    `${subject} is forbidden: User "${user}" cannot ${verb} resource "${resource}" in API group "${group}" ${scope}`,
    { ...(name ? { name } : {}), ...(group ? { group } : {}), kind: resource },
  );
}

function selfSubjectReview(username: string): object {
  return {
    kind: 'SelfSubjectReview',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: {},
    status: { userInfo: { username, groups: ['system:authenticated'] } },
  };
}

function answerLive(state: State, exchange: Exchange, target: ResourceTarget): Reply {
  const { type, namespace, name } = target;
  const objects = state.live.filter(
    (object) =>
      object.apiVersion === groupVersion(type) &&
      object.kind === type.kind &&
      (!namespace || object.metadata.namespace === namespace),
  );
  if (exchange.served.verb === 'list') return listLive(exchange, target, objects);
  if (exchange.served.verb !== 'get') return refuse(methodNotAllowed());
  const found = objects.find((object) => object.metadata.name === name);
  if (!found) return refuse(notFound(type, name));
  if (target.log) return logOf(exchange, found);
  return { code: 200, text: render(exchange, found) };
}

/** In pages, as Applications are. */
function listLive(
  exchange: Exchange,
  { type, namespace }: ResourceTarget,
  objects: readonly KubeObject[],
): Reply {
  const { query } = exchange;
  const all = objects.filter(selection(exchange, namespace));
  const from = Number(query.get('continue') ?? 0);
  const limit = Number(query.get('limit') ?? 0) || all.length;
  const rest = all.length > from + limit ? { continue: String(from + limit) } : {};
  const page = all.slice(from, from + limit);
  return json(200, listBody(exchange, type, page, { resourceVersion: '1', ...rest }));
}

/** Of a pod of a test, its log is in an annotation for each container; that of before in another. */
function logOf({ query }: Exchange, { metadata }: KubeObject): Reply {
  const which = query.get('previous') === 'true' ? 'previous' : 'log';
  const container = query.get('container') ?? '';
  const log = metadata.annotations?.[`${which}.test/${container}`];
  if (log === undefined) {
    return refuse(failure(400, `previous terminated container "${container}" not found`));
  }
  const tail = Number(query.get('tailLines') ?? 0) || undefined;
  const lines = log.split('\n').slice(tail === undefined ? 0 : -tail);
  return { code: 200, text: `${lines.join('\n')}\n`, type: 'text/plain' };
}

function answerStored(state: State, exchange: Exchange, target: ResourceTarget): Reply | undefined {
  const { verb } = exchange.served;
  if (verb === 'list') return list(state, exchange, target);
  if (verb === 'watch') return watch(state, exchange, target);
  if (verb === 'patch') return patch(state, exchange, target);
  if (verb !== 'get') return refuse(methodNotAllowed());
  const found = state.store.get(target.namespace, target.name);
  if (!found) return refuse(notFound(target.type, target.name));
  return { code: 200, text: render(exchange, found) };
}

function methodNotAllowed(): Status {
  return failure(405, 'the server does not allow this method on the requested resource');
}
