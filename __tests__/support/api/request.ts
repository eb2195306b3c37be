import type { IncomingMessage } from 'node:http';
import { APPLICATIONS, qualifiedName, type ResourceKind } from './kinds.ts';
import { selectedName } from './selectors.ts';

/** What the authorizer is asked. `group` and `namespace` empty: core group, all namespaces. */
export interface AccessRequest {
  readonly user: string;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

/** A request as it came in, and what it cost. */
export interface ServedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** `get`, `list`, `watch`, `patch`, `create`; `discovery` for what is no resource. */
  readonly verb: string;
  /** `applications.argoproj.io`, `configmaps`; empty for what is no resource. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly headers: {
    readonly accept: string;
    readonly acceptEncoding: string;
    readonly authorization: string;
    readonly contentType: string;
    readonly userAgent: string;
  };
  /** `impersonate-*`, as they came. */
  readonly impersonation: Readonly<Record<string, string>>;
  readonly body: string;
  /** Number of the connection it came on, from 1. */
  readonly connection: number;
  /** Milliseconds since the server's start. */
  readonly at: number;
  /** Empty until authenticated. */
  readonly user: string;
  /** 0 until answered. */
  readonly status: number;
  /** Bytes of the body, as sent (compressed if so asked). Grows while a watch is open. */
  readonly bytesSent: number;
  /** False once the answer has ended or the connection is gone. */
  readonly open: boolean;
}

/** A request that is still being served. */
export type Served = { -readonly [K in keyof ServedRequest]: ServedRequest[K] };

/** What a path names. */
export type Target =
  | { readonly kind: 'discovery'; readonly groupVersion: string }
  /** `/api` (core) or `/apis`. */
  | { readonly kind: 'groups'; readonly core: boolean }
  | { readonly kind: 'review' }
  | { readonly kind: 'version' }
  | { readonly kind: 'unknown' }
  | {
      readonly kind: 'resource';
      readonly type: ResourceKind;
      readonly namespace: string;
      readonly name: string;
      /** The log of the pod of that name. */
      readonly log?: true;
    };

export type ResourceTarget = Extract<Target, { kind: 'resource' }>;

/** What is served: `kinds`, without those of Argo CD's group when that is not `installed`. */
export interface Catalogue {
  readonly kinds: readonly ResourceKind[];
  readonly installed: boolean;
}

export function parseTarget(
  url: string,
  catalogue: Catalogue,
): { target: Target; query: URLSearchParams } {
  const { pathname, searchParams: query } = new URL(url, 'https://server');
  const parts = pathname.split('/').filter(Boolean).map(decodeURIComponent);
  if (pathname === '/version') return { target: { kind: 'version' }, query };
  const core = parts[0] === 'api';
  const group = core ? '' : (parts[1] ?? '');
  const version = (core ? parts[1] : parts[2]) ?? '';
  if (!core && parts[0] !== 'apis') return { target: { kind: 'unknown' }, query };
  if (parts.length === 1) return { target: { kind: 'groups', core }, query };
  const target = resourceTarget(group, version, parts.slice(core ? 2 : 3), catalogue);
  return { target, query };
}

function resourceTarget(
  group: string,
  version: string,
  rest: readonly string[],
  catalogue: Catalogue,
): Target {
  if (group === 'authentication.k8s.io' && rest[0] === 'selfsubjectreviews')
    return { kind: 'review' };
  const kinds = catalogue.kinds.filter((kind) => kind.group === group && kind.version === version);
  if (kinds.length === 0 || (group === APPLICATIONS.group && !catalogue.installed)) {
    return { kind: 'unknown' };
  }
  const [first = '', second = '', third, fourth = ''] = rest;
  if (!first) return { kind: 'discovery', groupVersion: group ? `${group}/${version}` : version };
  const namespaced = first === 'namespaces' && third !== undefined;
  const plural = namespaced ? third : first;
  const type = kinds.find((kind) => kind.plural === plural);
  const log = namespaced && type?.kind === 'Pod' && rest.length === 5 && rest[4] === 'log';
  const deep = !log && rest.length > (namespaced ? 4 : 2);
  if (!type || deep || namespaced !== (type.namespaced && (namespaced || second !== ''))) {
    return { kind: 'unknown' };
  }
  return {
    kind: 'resource',
    type,
    namespace: namespaced ? second : '',
    name: namespaced ? fourth : second,
    ...(log ? { log } : {}),
  };
}

export function describe(
  request: IncomingMessage,
  target: Target,
  query: URLSearchParams,
  connection: number,
  started: number,
): Served {
  const url = request.url ?? '/';
  const method = request.method ?? 'GET';
  const resource = target.kind === 'resource' ? target : undefined;
  const name = resource?.name || selectedName(query.get('fieldSelector') ?? '');
  return {
    method,
    url,
    path: url.split('?')[0] ?? url,
    query: Object.fromEntries(query),
    verb: resource ? verbOf(method, resource.name, query) : 'discovery',
    resource: resource ? qualifiedName(resource.type) : '',
    namespace: resource?.namespace ?? '',
    name: resource ? name : '',
    headers: {
      accept: header(request, 'accept'),
      acceptEncoding: header(request, 'accept-encoding'),
      authorization: header(request, 'authorization'),
      contentType: header(request, 'content-type'),
      userAgent: header(request, 'user-agent'),
    },
    impersonation: Object.fromEntries(
      Object.keys(request.headers)
        .filter((field) => field.startsWith('impersonate-'))
        .map((field) => [field, header(request, field)]),
    ),
    body: '',
    connection,
    at: performance.now() - started,
    user: '',
    status: 0,
    bytesSent: 0,
    open: true,
  };
}

export function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : (value ?? '');
}

function verbOf(method: string, name: string, query: URLSearchParams): string {
  if (method !== 'GET') return method === 'POST' ? 'create' : method.toLowerCase();
  if (name) return 'get';
  return isTrue(query.get('watch')) ? 'watch' : 'list';
}

export function isTrue(value: string | null): boolean {
  return value === '1' || value === 'true';
}
