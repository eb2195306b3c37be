import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { sharedCertificates } from './api/certificates.ts';
import { delayed, type Exchange, type Reply, strike, write } from './api/exchange.ts';
import type { Fault } from './api/faults.ts';
import { groupVersion, KINDS } from './api/kinds.ts';
import { describe, type ServedRequest } from './api/request.ts';
import { labelSelector } from './api/selectors.ts';
import { type Change, isRecord, type KubeObject, Store } from './api/store.ts';
import { Dex, type DexOptions, type Session } from './argocd/dex.ts';
import { inGo, listed } from './argocd/fields.ts';
import { Stream } from './argocd/stream.ts';

export interface ArgocdServerOptions {
  /** Present from the start. */
  readonly objects?: readonly KubeObject[];
  /** AppProjects of the namespace of Argo CD. */
  readonly projects?: readonly KubeObject[];
  /** Live objects, in whatever cluster. */
  readonly live?: readonly KubeObject[];
  readonly token?: string;
  /** As `--rootpath`; default: none. */
  readonly rootPath?: string;
  readonly scheme?: 'https' | 'http';
  /** Namespace of Argo CD itself. */
  readonly namespace?: string;
  /** What is within an Application; default: nodes of the live objects that it manages. */
  readonly within?: (object: KubeObject) => Within | undefined;
  /**
   * Whether the token may do that to `PROJECT/APPLICATION`, or to the AppProject `PROJECT`; default:
   * everything.
   */
  readonly allow?: (action: ArgocdRight, object: string) => boolean;
  /** Asked once for each request, before anything else is done with it. */
  readonly intercept?: (request: ServedRequest) => Fault | undefined;
  /** Stands for the controller; default: takes the annotation away at once. */
  readonly onRefresh?: (object: KubeObject) => void;
  /** After an operation was stored. */
  readonly onSync?: (object: KubeObject) => void;
  /** What is rendered of revisions, in the order of sources; default: nothing. */
  readonly render?: (revisions: readonly string[]) => readonly object[] | undefined;
  /** Between the present state of a stream and its first change: what happens then is not told. */
  readonly deafMs?: number;
  /** Since Argo CD 3.4 ApplicationSets can be streamed; default: they can. */
  readonly setStreams?: boolean;
  /** How one logs in without a token; default: not at all. */
  readonly dex?: DexOptions;
}

export type ArgocdRight = 'get' | 'sync' | 'logs' | 'get-applicationset';

/** What the server tells of what is within an Application. */
export interface Within {
  /** The answer of `resource-tree`. */
  readonly tree: Readonly<Record<string, unknown>>;
  /** The answer of `syncwindows`; default: none apply. */
  readonly windows?: SyncWindowsAnswer;
  /** By uid. */
  readonly events?: Readonly<Record<string, readonly object[]>>;
  /** Lines by `POD/CONTAINER`, those of the run before by `POD/CONTAINER/previous`. */
  readonly logs?: Readonly<Record<string, readonly string[]>>;
}

export interface SyncWindowsAnswer {
  /** Of manual syncs, whatever auto-sync may do. */
  readonly canSync: boolean;
  readonly activeWindows?: readonly object[];
  readonly assignedWindows?: readonly object[];
}

/** What a test may change while the server runs. */
type Behaviour = {
  -readonly [K in 'allow' | 'within' | 'intercept' | 'onRefresh' | 'onSync' | 'render']:
    | ArgocdServerOptions[K]
    | undefined;
} & { now: () => number };

/** A running Argo CD server; what it inherits may be replaced while it runs. */
export interface ArgocdServer extends Behaviour, AsyncDisposable {
  /** With the root path. */
  readonly url: string;
  /** PEM of the authority. */
  readonly ca: string;
  readonly token: string;
  /** May be added to and revoked while it runs. */
  readonly tokens: Set<string>;
  readonly requests: ServedRequest[];
  /** The first request, past or to come, that is such a one. */
  seen(is: (request: ServedRequest) => boolean): Promise<ServedRequest>;
  put(object: KubeObject): KubeObject;
  remove(namespace: string, name: string, kind?: string): boolean;
  get(namespace: string, name: string): KubeObject | undefined;
  setLive(objects: readonly KubeObject[]): void;
  /** Who may log in, and who has. */
  readonly dex: Dex;
  readonly streams: ReadonlySet<Stream>;
  stop(): Promise<void>;
  restart(): Promise<void>;
  close(): Promise<void>;
}

interface State {
  readonly behaviour: Behaviour;
  readonly options: ArgocdServerOptions;
  readonly namespace: string;
  readonly store: Store;
  /** Of ApplicationSets. */
  readonly sets: Store;
  readonly tokens: Set<string>;
  readonly streams: Set<Stream>;
  readonly dex: Dex;
  /** Of the request that is answered; undefined: by a token that may do what `allow` says. */
  readonly session?: Session;
  live: readonly KubeObject[];
}

/** Starts a server with the API of Argo CD for Applications, on the loopback. */
export async function startArgocdServer(options: ArgocdServerOptions = {}): Promise<ArgocdServer> {
  const certificates = await sharedCertificates();
  const token = options.token ?? 'argocd-test-token';
  const { allow, within, intercept, onRefresh, onSync, render } = options;
  const hooks = { allow, within, intercept, onRefresh, onSync, render };
  const behaviour: Behaviour = { ...hooks, now: Date.now };
  const { namespace = 'argocd', rootPath = '', scheme = 'https', live = [] } = options;
  const tokens = new Set([token]);
  const state: State = {
    ...{ behaviour, options, namespace, tokens, live },
    store: new Store(),
    sets: new Store(),
    streams: new Set(),
    dex: new Dex(options.dex ?? {}),
  };
  const storeOf = (kind?: string) => (kind === 'ApplicationSet' ? state.sets : state.store);
  const put = (object: KubeObject) => storeOf(object.kind).put(object);
  for (const object of options.objects ?? []) put(object);
  const requests: ServedRequest[] = [];
  const waiting = new Set<(request: ServedRequest) => void>();
  const record = (request: ServedRequest): void => {
    requests.push(request);
    for (const look of [...waiting]) look(request);
  };
  const listener = handler(state, rootPath, record);
  const backend =
    scheme === 'http' ? createHttp(listener) : createHttps({ ...certificates.server }, listener);
  const listen = (at: number): Promise<number> =>
    new Promise((resolve, reject) => {
      backend.once('error', reject);
      backend.listen(at, '127.0.0.1', () => resolve((backend.address() as AddressInfo).port));
    });
  const port = await listen(0);
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      backend.close(() => resolve());
      backend.closeAllConnections();
    });
  return Object.assign(behaviour, {
    url: `${scheme}://127.0.0.1:${port}${rootPath}`,
    ...{ ca: certificates.ca, token, tokens, requests, streams: state.streams, dex: state.dex },
    seen: (is: (request: ServedRequest) => boolean) =>
      new Promise<ServedRequest>((resolve) => {
        const past = requests.find(is);
        if (past) return resolve(past);
        const look = (request: ServedRequest): void => {
          if (!is(request)) return;
          waiting.delete(look);
          resolve(request);
        };
        waiting.add(look);
      }),
    put,
    remove: (ns: string, name: string, kind?: string) => storeOf(kind).remove(ns, name),
    get: (ns: string, name: string) => state.store.get(ns, name),
    setLive: (objects: readonly KubeObject[]) => {
      state.live = objects;
    },
    ...{ stop, close: stop, [Symbol.asyncDispose]: stop },
    restart: async () => {
      await listen(port);
    },
  });
}

/** Whether a request opens a stream of Applications. */
export function isStream({ path }: ServedRequest): boolean {
  return path.endsWith('/api/v1/stream/applications');
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

function handler(
  state: State,
  rootPath: string,
  record: (request: ServedRequest) => void,
): Listener {
  const started = performance.now();
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { searchParams: query } = new URL(request.url ?? '/', 'https://server');
    const target = { kind: 'unknown' } as const;
    const served = describe(request, target, query, 0, started);
    record(served);
    response.on('close', () => {
      served.open = false;
    });
    let body = '';
    for await (const chunk of request) body += String(chunk);
    served.body = body;
    const fault = await delayed(state.behaviour.intercept?.(served));
    response.setHeader('Date', new Date(state.behaviour.now()).toUTCString());
    const exchange: Exchange = { request, response, query, target, served, fault };
    if (strike(exchange)) return;
    const reply = await answer(state, exchange, rootPath);
    if (reply) write(exchange, reply);
  };
  return (request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (!request.destroyed) process.stderr.write(`test Argo CD server: ${String(error)}\n`);
      response.destroy();
    });
  };
}

const CODES: Readonly<Record<number, number>> = { 400: 3, 401: 16, 403: 7, 404: 5, 500: 2 };

/** An error as the gateway writes it; of a stream in another form. */
function refuse(status: number, message: string, code = CODES[status] ?? 2): Reply {
  return { code: status, text: JSON.stringify({ error: message, code, message }) };
}

const DENIED = refuse(403, 'permission denied');

function json(body: object): Reply {
  return { code: 200, text: JSON.stringify(body) };
}

/** @returns nothing when a stream was opened in its place */
async function answer(
  state: State,
  exchange: Exchange,
  rootPath: string,
): Promise<Reply | undefined> {
  const { served } = exchange;
  if (!served.path.startsWith(`${rootPath}/`)) {
    return { code: 404, text: '404 page not found\n', type: 'text/plain' };
  }
  const path = served.path.slice(rootPath.length);
  const { dex, behaviour } = state;
  if (path === '/api/dex/token') {
    const { authorization = '' } = exchange.request.headers;
    return dex.exchange(authorization, served.body, behaviour.now());
  }
  // Told to everyone.
  if (path === '/api/v1/settings') return json(dex.settings('https://argocd.example.com'));
  // Whatever is no API is the UI.
  if (!path.startsWith('/api/v1/')) {
    return { code: 200, text: '<!doctype html><title>Argo CD</title>', type: 'text/html' };
  }
  const ofSets = path === '/api/v1/stream/applicationsets' && state.options.setStreams !== false;
  const streaming = path === '/api/v1/stream/applications' || ofSets;
  const session = dex.session(tokenOf(exchange), behaviour.now());
  const refused = session ? undefined : unauthenticated(state, exchange, streaming);
  if (refused) return refused;
  const known = session ? { ...state, session } : state;
  if (ofSets) return setStream(known, exchange);
  if (streaming) return stream(known, exchange);
  const [, set] = /^\/api\/v1\/applicationsets\/([^/]+)$/.exec(path) ?? [];
  if (set !== undefined) return ofSet(known, exchange, decodeURIComponent(set));
  if (path === '/api/v1/applications') return list(known, exchange);
  const [, project] = /^\/api\/v1\/projects\/([^/]+)\/detailed$/.exec(path) ?? [];
  if (project !== undefined) return projectDetails(known, decodeURIComponent(project));
  const [, name, below] = /^\/api\/v1\/applications\/([^/]+)(?:\/(.*))?$/.exec(path) ?? [];
  if (name === undefined) return refuse(404, 'Not Found');
  return ofOne(known, exchange, decodeURIComponent(name), below ?? '');
}

function tokenOf({ request }: Exchange): string {
  return /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
}

function unauthenticated(
  { tokens }: State,
  exchange: Exchange,
  streaming: boolean,
): Reply | undefined {
  if (tokens.has(tokenOf(exchange))) return undefined;
  const message = 'no session information';
  if (!streaming) return refuse(401, message);
  const error = { grpc_code: 16, http_code: 401, message, http_status: 'Unauthorized' };
  return { code: 401, text: JSON.stringify({ error }) };
}

function objectName({ namespace }: State, object: KubeObject): string {
  const spec = isRecord(object['spec']) ? object['spec'] : {};
  const project = typeof spec['project'] === 'string' ? spec['project'] : 'default';
  const elsewhere = object.metadata.namespace !== namespace;
  return `${project}/${elsewhere ? `${object.metadata.namespace}/` : ''}${object.metadata.name}`;
}

function may(state: State, action: ArgocdRight, object: KubeObject): boolean {
  const name = objectName(state, object);
  if (state.session) return state.dex.allows(state.session, action, name);
  return state.behaviour.allow?.(action, name) ?? true;
}

/** With what belongs to it, and the projects whose windows and lists are added to its own. */
function projectDetails({ behaviour, options, session, dex }: State, name: string): Reply {
  const allowed = session
    ? dex.allows(session, 'get', name)
    : (behaviour.allow?.('get', name) ?? true);
  const project = options.projects?.find(({ metadata }) => metadata.name === name);
  if (!allowed || !project) return DENIED;
  return json({ globalProjects: [], project, repositories: [], clusters: [] });
}

function list(state: State, { query }: Exchange): Reply {
  const selects = labelSelector(query.get('selector') ?? '');
  const namespace = query.get('appNamespace') ?? '';
  const name = query.get('name') ?? '';
  const items = state.store
    .list()
    .filter((each) => namespace === '' || each.metadata.namespace === namespace)
    .filter((each) => name === '' || each.metadata.name === name)
    .filter((each) => selects(each) && may(state, 'get', each))
    .map((each) => listed(inGo(each), query.get('fields') ?? ''));
  const metadata = { resourceVersion: String(state.store.version) };
  return json({ metadata, items: items.length === 0 ? null : items });
}

/** That it does not exist is told to everyone. */
function ofSet(state: State, { query }: Exchange, name: string): Reply {
  const object = state.sets.get(query.get('appsetNamespace') || state.namespace, name);
  if (!object) {
    const message = `error getting ApplicationSet: applicationset.argoproj.io "${name}" not found`;
    return refuse(404, message);
  }
  return mayGetSet(state, object) ? json(withoutType(object)) : DENIED;
}

function mayGetSet(state: State, object: KubeObject): boolean {
  const spec = isRecord(object['spec']) ? object['spec'] : {};
  const template = isRecord(spec['template']) ? spec['template'] : {};
  return may(state, 'get-applicationset', { ...object, spec: template['spec'] });
}

function withoutType({ apiVersion: _, kind: __, ...object }: KubeObject): object {
  return object;
}

/** Begins with the present state only where a name is given. */
function setStream(state: State, exchange: Exchange): undefined {
  const { query, response, fault, served } = exchange;
  const name = query.get('name') ?? '';
  const namespace = query.get('appSetNamespace') ?? '';
  const opened = new Stream(response, '', fault, 'applicationSet');
  const send = (type: string, object: KubeObject): void => {
    if (name !== '' && object.metadata.name !== name) return;
    if (namespace !== '' && object.metadata.namespace !== namespace) return;
    if (mayGetSet(state, object)) opened.send(type, withoutType(object) as KubeObject);
  };
  served.status = 200;
  if (name !== '') for (const object of state.sets.list()) send('ADDED', object);
  const unsubscribe = state.sets.subscribe(({ type, object }) => send(type, object));
  state.streams.add(opened);
  response.on('close', () => {
    unsubscribe();
    state.streams.delete(opened);
  });
  return undefined;
}

function stream(state: State, exchange: Exchange): undefined {
  const { query, response, fault, served } = exchange;
  const name = query.get('name') ?? '';
  const from = Number(query.get('resourceVersion') ?? 0) || 0;
  const selects = labelSelector(query.get('selector') ?? '');
  const namespace = query.get('appNamespace') || state.namespace;
  const opened = new Stream(response, query.get('fields') ?? '', fault);
  const send = (type: string, object: KubeObject): void => {
    // Without a name, the namespace says nothing.
    const named =
      name === '' || (object.metadata.name === name && object.metadata.namespace === namespace);
    if (Number(object.metadata.resourceVersion) < from || !named || !selects(object)) return;
    if (may(state, 'get', object)) opened.send(type, inGo(object) as unknown as KubeObject);
  };
  served.status = 200;
  if (!query.get('resourceVersion') || name !== '') {
    for (const object of state.store.list()) send('ADDED', object);
  }
  const deliver = ({ type, object }: Change): void => send(type, object);
  let unsubscribe: () => void = () => undefined;
  const subscribe = (): void => {
    unsubscribe = state.store.subscribe(deliver);
  };
  const { deafMs } = state.options;
  const timer = deafMs === undefined ? undefined : setTimeout(subscribe, deafMs);
  if (deafMs === undefined) subscribe();
  state.streams.add(opened);
  response.on('close', () => {
    clearTimeout(timer);
    unsubscribe();
    state.streams.delete(opened);
  });
  return undefined;
}

async function ofOne(
  state: State,
  { served, query, request }: Exchange,
  name: string,
  below: string,
): Promise<Reply> {
  if (served.method === 'POST') {
    if (request.headers['content-type'] !== 'application/json') {
      return { code: 415, text: 'Invalid content type\n', type: 'text/plain' };
    }
    return below === 'sync' ? sync(state, name, served.body) : refuse(404, 'Not Found');
  }
  const object = state.store.get(query.get('appNamespace') || state.namespace, name);
  // What is not there and what may not be seen look alike.
  if (!object || !may(state, 'get', object)) return DENIED;
  if (below === 'resource-tree') {
    return json(state.behaviour.within?.(object)?.tree ?? { nodes: treeOf(state, object) });
  }
  if (below === 'syncwindows') {
    return json(state.behaviour.within?.(object)?.windows ?? { canSync: true });
  }
  if (below === 'events') return eventsOf(state, object, query);
  if (below === 'logs') return logsOf(state, object, query);
  if (below === 'resource') return resource(state, object, query);
  if (below === 'manifests') return manifests(state, object, query);
  if (below !== '') return refuse(404, 'Not Found');
  return query.has('refresh')
    ? refresh(state, object, query.get('refresh') ?? '')
    : json(inGo(object));
}

const REFRESH = 'argocd.argoproj.io/refresh';

/** Answers when the controller has taken the annotation away. */
function refresh(state: State, object: KubeObject, type: string): Promise<Reply> {
  const { namespace = '', name, annotations = {} } = object.metadata;
  const kind = type === 'hard' ? 'hard' : 'normal';
  const asked = state.store.put({
    ...object,
    metadata: { ...object.metadata, annotations: { ...annotations, [REFRESH]: kind } },
  });
  return new Promise((resolve) => {
    const done = state.store.subscribe(({ object: next }) => {
      const { metadata } = next;
      if (metadata.name !== name || metadata.namespace !== namespace) return;
      if (metadata.annotations?.[REFRESH] !== undefined) return;
      done();
      resolve(json(inGo(next)));
    });
    const taken = () => state.store.put({ ...asked, metadata: { ...asked.metadata, annotations } });
    setImmediate(() => (state.behaviour.onRefresh ?? taken)(asked));
  });
}

function sync(state: State, name: string, body: string): Reply {
  const asked: unknown = JSON.parse(body);
  const order = isRecord(asked) ? asked : {};
  const object = state.store.get(String(order['appNamespace'] ?? state.namespace), name);
  if (!object || !may(state, 'get', object)) return DENIED;
  if (state.behaviour.within?.(object)?.windows?.canSync === false) {
    return refuse(403, 'cannot sync: blocked by sync window');
  }
  if (!may(state, 'sync', object)) {
    return refuse(403, `permission denied: applications, sync, ${objectName(state, object)}`);
  }
  const problem = refusalOf(object, order);
  if (problem !== undefined) return refuse(400, problem, 9);
  const status = isRecord(object['status']) ? object['status'] : {};
  const { operationState: _, ...rest } = status;
  const stored = state.store.put({ ...object, status: rest, operation: operationOf(order) });
  setImmediate(() => state.behaviour.onSync?.(stored));
  return json(inGo(stored));
}

function refusalOf(object: KubeObject, order: Record<string, unknown>): string | undefined {
  const spec = isRecord(object['spec']) ? object['spec'] : {};
  const policy = isRecord(spec['syncPolicy']) ? spec['syncPolicy'] : {};
  const source = isRecord(spec['source']) ? spec['source'] : {};
  const tracked = source['targetRevision'] || 'HEAD';
  if (isRecord(policy['automated']) && order['revision'] && order['revision'] !== tracked) {
    return `Cannot sync to ${order['revision']}: auto-sync currently set to ${tracked}`;
  }
  return object['operation'] ? 'another operation is already in progress' : undefined;
}

function operationOf(order: Record<string, unknown>): object {
  const { revision, revisions, prune, syncOptions, retryStrategy, infos } = order;
  const options = isRecord(syncOptions) ? syncOptions['items'] : undefined;
  return {
    initiatedBy: { username: 'ci' },
    info: infos,
    retry: retryStrategy ?? {},
    sync: { revision, revisions, prune, syncOptions: options },
  };
}

function eventsOf(state: State, object: KubeObject, query: URLSearchParams): Reply {
  const uid = query.get('resourceUID') ?? '';
  const node = treeOf(state, object).find(
    (each) =>
      each['uid'] === uid &&
      each['name'] === query.get('resourceName') &&
      each['namespace'] === query.get('resourceNamespace'),
  );
  if (!node) return refuse(400, `not found as part of application ${object.metadata.name}`);
  const items = state.behaviour.within?.(object)?.events?.[uid] ?? [];
  return json({ metadata: {}, items: items.length === 0 ? null : items });
}

/** A stream of messages, one a line; the last says that it is. */
function logsOf(state: State, object: KubeObject, query: URLSearchParams): Reply {
  if (!may(state, 'logs', object)) {
    const error = { grpc_code: 7, http_code: 403, message: 'permission denied' };
    return { code: 403, text: JSON.stringify({ error }) };
  }
  const previous = query.get('previous') === 'true' ? '/previous' : '';
  const name = `${query.get('podName')}/${query.get('container')}${previous}`;
  const lines = state.behaviour.within?.(object)?.logs?.[name];
  if (!lines)
    return { code: 200, text: JSON.stringify({ error: { message: 'no such container' } }) };
  const tail = lines.slice(-Number(query.get('tailLines') ?? 0));
  const messages = [...tail.map((content) => ({ content })), { content: '', last: true }];
  return { code: 200, text: messages.map((result) => `${JSON.stringify({ result })}\n`).join('') };
}

/** Only what the Application manages, so not a namespace that was made along the way. */
function treeOf(state: State, object: KubeObject): readonly Record<string, unknown>[] {
  const given = state.behaviour.within?.(object)?.tree['nodes'];
  if (Array.isArray(given)) return given.filter(isRecord);
  const status = isRecord(object['status']) ? object['status'] : {};
  const managed = Array.isArray(status['resources']) ? status['resources'].filter(isRecord) : [];
  const keyOf = (each: Record<string, unknown>): string =>
    [each['group'] ?? '', each['kind'], each['namespace'] ?? '', each['name']].join('/');
  const keys = new Set(managed.map(keyOf));
  return state.live.map(nodeOf).filter((node) => keys.has(keyOf(node)));
}

function nodeOf({ apiVersion = 'v1', kind, metadata }: KubeObject): Record<string, unknown> {
  const [version, group] = apiVersion.split('/').reverse();
  return {
    ...(group === undefined ? {} : { group }),
    ...{ version, kind, namespace: metadata.namespace, name: metadata.name },
    ...{ uid: metadata.uid ?? 'uid', createdAt: metadata.creationTimestamp },
  };
}

/** One source by `revision`, several by `revisions` at `sourcePositions`, from 1. */
function manifests(state: State, object: KubeObject, query: URLSearchParams): Reply {
  const spec = isRecord(object['spec']) ? object['spec'] : {};
  const several = Array.isArray(spec['sources']) ? spec['sources'] : [];
  const revisions = several.map(String);
  for (const [i, position] of query.getAll('sourcePositions').entries()) {
    const at = Number(position);
    if (!(at > 0 && at <= several.length)) return refuse(400, 'source position is out of range');
    revisions[at - 1] = query.getAll('revisions')[i] ?? '';
  }
  const asked = several.length > 0 ? revisions : [query.get('revision') ?? ''];
  const rendered = state.behaviour.render ? state.behaviour.render(asked) : [];
  if (!rendered) return refuse(400, `failed to generate manifests: unknown revision ${asked}`, 9);
  return json({ manifests: rendered.map((each) => JSON.stringify(each)) });
}

function resource(state: State, object: KubeObject, query: URLSearchParams): Reply {
  const [group, kind, namespace, name] = ['group', 'kind', 'namespace', 'resourceName'].map(
    (each) => query.get(each) ?? '',
  );
  const found = treeOf(state, object).find(
    (node) =>
      (node['group'] ?? '') === group &&
      node['kind'] === kind &&
      (node['namespace'] ?? '') === namespace &&
      node['name'] === name,
  );
  const known = KINDS.find((each) => each.group === group && each.kind === kind);
  const live = state.live.find(
    (each) =>
      each.kind === kind &&
      each.metadata.name === name &&
      (each.metadata.namespace ?? '') === namespace &&
      (known === undefined || each.apiVersion === groupVersion(known)),
  );
  if (!found || !live) {
    const app = object.metadata.name;
    return refuse(400, `${kind} ${group} ${name} not found as part of application ${app}`);
  }
  return json({ manifest: JSON.stringify(live) });
}
