import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { answer } from './api/answer.ts';
import {
  type Certificates,
  DEFAULT_USER,
  type KeyPair,
  sharedCertificates,
} from './api/certificates.ts';
import { delayed, strike, write } from './api/exchange.ts';
import type { Fault } from './api/faults.ts';
import {
  APPLICATION_SETS,
  APPLICATIONS,
  groupVersion,
  KINDS,
  type ResourceKind,
} from './api/kinds.ts';
import { type KubeconfigOptions, kubeconfig } from './api/kubeconfig.ts';
import { type AccessRequest, describe, parseTarget, type ServedRequest } from './api/request.ts';
import type { Behaviour, State, StreamingList } from './api/state.ts';
import { type KubeObject, Store } from './api/store.ts';

export type { Certificates } from './api/certificates.ts';
export type { Fault } from './api/faults.ts';
export type { ResourceKind } from './api/kinds.ts';
export type { KubeconfigOptions } from './api/kubeconfig.ts';
export type { AccessRequest, ServedRequest } from './api/request.ts';
export type { KubeObject } from './api/store.ts';

export interface ApiServerOptions {
  /** Applications and ApplicationSets that are present from the start. */
  readonly objects?: readonly KubeObject[];
  /** Live objects beside the Applications; metadata is enough. */
  readonly live?: readonly KubeObject[];
  /** Kinds beyond those of `kinds.ts`. */
  readonly kinds?: readonly ResourceKind[];
  /** 0, the default: any free port. */
  readonly port?: number;
  /** `http`: no TLS. */
  readonly scheme?: 'https' | 'http';
  /** To come back with the same certificates. */
  readonly certificates?: Certificates;
  /** Ask for a client certificate; its common name is the user. */
  readonly requestCert?: boolean;
  /** Bearer token of `user`. */
  readonly token?: string;
  readonly user?: string;
  /** A further authenticator for bearer tokens: the user's name, or undefined for 401. */
  readonly authenticate?: (token: string) => string | undefined;
  /** Default: everything is allowed. */
  readonly authorize?: (access: AccessRequest) => boolean;
  /** Asked once for each request, before anything else is done with it. */
  readonly intercept?: (request: ServedRequest) => Fault | undefined;
  /** After a PATCH was stored. */
  readonly onPatch?: (after: KubeObject, before: KubeObject) => void;
  /**
   * `yes`: `sendInitialEvents` works. `ignore`: taken for a plain watch, as by servers that do not
   * know it. `reject`: 422, as by servers that know it and have it switched off.
   */
  readonly streamingList?: StreamingList;
  /** 422 by default; 400 for proxies that refuse unknown parameters. */
  readonly rejectCode?: 400 | 422;
  /** Default 60,000, as a real server. */
  readonly bookmarkIntervalMs?: number;
  /** Changes kept for watches from the past; default: all. */
  readonly historyLimit?: number;
  /** False: the CRD is not installed, its paths are unknown. */
  readonly installed?: boolean;
  /** Milliseconds since the epoch for the `Date` header. */
  readonly now?: () => number;
}

/** A running server; what it inherits may be replaced while it runs. */
export interface ApiServer extends Behaviour, AsyncDisposable {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  /** PEM of the authority. */
  readonly ca: string;
  readonly certificates: Certificates;
  /** A client certificate that is accepted with `requestCert`. */
  readonly client: KeyPair;
  readonly token: string;
  /** Token to user; tokens may be added and revoked while it runs. */
  readonly tokens: Map<string, string>;
  /** All requests so far, oldest first; may be emptied. */
  readonly requests: ServedRequest[];
  /** The first request, past or to come, that is such a one. */
  seen(is: (request: ServedRequest) => boolean): Promise<ServedRequest>;
  /** What went over its connections so far, with all that TLS adds. */
  traffic(): Traffic;
  /** Of the newest change. */
  resourceVersion(): string;
  /** Shifts the `Date` header against the machine's clock. */
  setDateOffset(ms: number): void;
  /** Creates or replaces an Application, or an ApplicationSet; watches see it. @returns it as stored */
  put(object: KubeObject): KubeObject;
  /** Deletes an Application, or what is of that kind. @returns whether it existed */
  remove(namespace: string, name: string, kind?: string): boolean;
  get(namespace: string, name: string): KubeObject | undefined;
  setLive(objects: readonly KubeObject[]): void;
  /** Forgets all history: watches from earlier versions get 410 Expired. */
  compact(): void;
  /** Number of watches open now. */
  watches(): number;
  /** Breaks the connections of all watches. */
  dropWatches(): void;
  /** Ends all watches in good order, as at their timeout. */
  endWatches(): void;
  /** Sends every watch that wants them a bookmark now. */
  bookmark(): void;
  /** Goes away: connections break, new ones are refused; state stays. */
  stop(): Promise<void>;
  /** Comes back on the same port. */
  restart(): Promise<void>;
  /** Ends everything. */
  close(): Promise<void>;
  /** A kubeconfig with one context, `test`. */
  kubeconfig(options?: KubeconfigOptions): string;
}

/** As the server sees it. */
export interface Traffic {
  readonly connections: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
}

/** Starts a Kubernetes API server for Applications on the loopback. */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const certificates = options.certificates ?? (await sharedCertificates());
  const token = options.token ?? 'test-token';
  const behaviour: Behaviour = {
    intercept: options.intercept,
    authorize: options.authorize,
    onPatch: options.onPatch,
    streamingList: options.streamingList ?? 'yes',
    now: options.now ?? Date.now,
  };
  const state: State = {
    behaviour,
    kinds: [...KINDS, ...(options.kinds ?? [])],
    installed: options.installed ?? true,
    store: new Store(options.historyLimit),
    sets: new Store(options.historyLimit),
    watches: new Set(),
    tokens: new Map([[token, options.user ?? DEFAULT_USER]]),
    authenticate: options.authenticate,
    bookmarkIntervalMs: options.bookmarkIntervalMs ?? 60_000,
    rejectCode: options.rejectCode ?? 422,
    live: options.live ?? [],
  };
  const storeOf = (kind = APPLICATIONS.kind) =>
    kind === APPLICATION_SETS.kind ? state.sets : state.store;
  const put = (object: KubeObject) => storeOf(object.kind).put(asApplication(object));
  for (const object of options.objects ?? []) put(object);
  const { requests, seen, record } = requestLog();
  const backend = createBackend(options, certificates, handler(state, record));
  const traffic = trafficOf(backend);
  const port = await listen(backend, options.port ?? 0);
  const url = `${options.scheme ?? 'https'}://127.0.0.1:${port}`;
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      backend.close(() => resolve());
      backend.closeAllConnections();
    });

  return Object.assign(behaviour, {
    url,
    port,
    ca: certificates.ca,
    certificates,
    client: certificates.client,
    token,
    tokens: state.tokens,
    requests,
    seen,
    traffic,
    resourceVersion: () => String(state.store.version),
    watches: () => state.watches.size,
    setDateOffset: (ms: number) => {
      behaviour.now = () => Date.now() + ms;
    },
    put,
    remove: (namespace: string, name: string, kind?: string) =>
      storeOf(kind).remove(namespace, name),
    get: (namespace: string, name: string) => state.store.get(namespace, name),
    setLive: (objects: readonly KubeObject[]) => {
      state.live = objects;
    },
    compact: () => state.store.compact(),
    dropWatches: () => {
      for (const watch of state.watches) watch.stream.drop();
    },
    endWatches: () => {
      for (const watch of state.watches) watch.stream.end();
    },
    bookmark: () => {
      for (const watch of state.watches) watch.bookmark();
    },
    stop,
    restart: async () => {
      await listen(backend, port);
    },
    ...{ close: stop, [Symbol.asyncDispose]: stop },
    kubeconfig: (asked?: KubeconfigOptions) => kubeconfig(url, certificates, token, asked),
  });
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;
type Backend = ReturnType<typeof createHttp> | ReturnType<typeof createHttps>;

function createBackend(
  options: ApiServerOptions,
  { ca, server }: Certificates,
  listener: Listener,
): Backend {
  if (options.scheme === 'http') return createHttp(listener);
  const requestCert = options.requestCert ?? false;
  // A wrong client certificate is no reason to hang up: without one there may be a token.
  const backend = createHttps({ ...server, ca, requestCert, rejectUnauthorized: false }, listener);
  // A real server keeps idle connections for minutes, Node for seconds.
  backend.keepAliveTimeout = 180_000;
  return backend;
}

function listen(backend: Backend, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    backend.once('error', reject);
    backend.listen(port, '127.0.0.1', () => {
      backend.off('error', reject);
      resolve((backend.address() as AddressInfo).port);
    });
  });
}

function trafficOf(backend: Backend): () => Traffic {
  // These are the connections below TLS, which count after their end too.
  const sockets: Socket[] = [];
  backend.on('connection', (socket: Socket) => sockets.push(socket));
  const sum = (of: (socket: Socket) => number): number =>
    sockets.reduce((total, socket) => total + of(socket), 0);
  return () => ({
    connections: sockets.length,
    bytesReceived: sum(({ bytesRead }) => bytesRead),
    bytesSent: sum(({ bytesWritten }) => bytesWritten),
  });
}

interface RequestLog {
  readonly requests: ServedRequest[];
  readonly seen: ApiServer['seen'];
  record(request: ServedRequest): void;
}

function requestLog(): RequestLog {
  const requests: ServedRequest[] = [];
  const waiting = new Set<(request: ServedRequest) => void>();
  return {
    requests,
    seen: (is) =>
      new Promise((resolve) => {
        const past = requests.find(is);
        if (past) return resolve(past);
        const look = (request: ServedRequest): void => {
          if (!is(request)) return;
          waiting.delete(look);
          resolve(request);
        };
        waiting.add(look);
      }),
    record(request) {
      requests.push(request);
      for (const look of [...waiting]) look(request);
    },
  };
}

/** Serves requests: recorded, then intercepted, then answered. */
function handler(state: State, record: (request: ServedRequest) => void): Listener {
  const { behaviour } = state;
  const numberOf = connectionNumbers();
  const started = performance.now();
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { target, query } = parseTarget(request.url ?? '/', state);
    const served = describe(request, target, query, numberOf(request), started);
    record(served);
    response.on('close', () => {
      served.open = false;
    });
    served.body = await bodyOf(request);
    const fault = await delayed(behaviour.intercept?.(served));
    response.setHeader('Date', new Date(behaviour.now()).toUTCString());
    const exchange = { request, response, query, target, served, fault };
    if (strike(exchange)) return;
    const reply = answer(state, exchange);
    if (reply) write(exchange, reply);
  };
  return (request, response) => {
    handle(request, response).catch((error: unknown) => {
      // A client that hangs up is its own affair; anything else is a bug of this server.
      if (!request.destroyed) process.stderr.write(`test API server: ${String(error)}\n`);
      response.destroy();
    });
  };
}

function asApplication(object: KubeObject): KubeObject {
  return { apiVersion: groupVersion(APPLICATIONS), kind: APPLICATIONS.kind, ...object };
}

function connectionNumbers(): (request: IncomingMessage) => number {
  const numbers = new WeakMap<object, number>();
  let last = 0;
  return ({ socket }) => {
    const number = numbers.get(socket) ?? ++last;
    numbers.set(socket, number);
    return number;
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
