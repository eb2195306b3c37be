import { TLSSocket } from 'node:tls';
import { type Exchange, json, type Reply, refuse } from './exchange.ts';
import { failure, notFound, type Status } from './faults.ts';
import {
  APPLICATIONS,
  aggregatedDiscovery,
  groupVersion,
  qualifiedName,
  resourceList,
} from './kinds.ts';
import { list } from './list.ts';
import { patch } from './patch.ts';
import { listBody, render } from './render.ts';
import { header, type ResourceTarget, type Served } from './request.ts';
import { labelSelector, SelectorError } from './selectors.ts';
import type { State } from './state.ts';
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
    if (target.type !== APPLICATIONS) return answerLive(state, exchange, target);
    return answerApplications(state, exchange, target);
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

function deny({ behaviour }: State, served: Served, { type }: ResourceTarget): Status | undefined {
  const { user, verb, namespace, name } = served;
  const { group, plural: resource } = type;
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
  if (exchange.served.verb === 'list') {
    const selects = labelSelector(exchange.query.get('labelSelector') ?? '');
    // Only the list says of what its items are.
    const items = objects
      .filter(selects)
      .map(({ apiVersion: _version, kind: _kind, ...each }) => each);
    return json(200, listBody(exchange, type, items, { resourceVersion: '1' }));
  }
  if (exchange.served.verb !== 'get') return refuse(methodNotAllowed());
  const found = objects.find((object) => object.metadata.name === name);
  if (!found) return refuse(notFound(type, name));
  return { code: 200, text: render(exchange, found) };
}

function answerApplications(
  state: State,
  exchange: Exchange,
  target: ResourceTarget,
): Reply | undefined {
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
