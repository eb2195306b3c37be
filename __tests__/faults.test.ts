import dns from 'node:dns';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTls } from 'node:tls';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runAction } from './support/action.ts';
import { foreignCertificates } from './support/api/certificates.ts';
import {
  type ApiServer,
  type ApiServerOptions,
  type Fault,
  type ServedRequest,
  startApiServer,
} from './support/api-server.ts';
import { atATime } from './support/at-a-time.ts';
import { inputsFor } from './support/client.ts';
import { type ProxyOptions, startProxy } from './support/proxy.ts';
import { loadTrace, replay, type Trace } from './support/replay.ts';
import { type Waited, type WholeWait, waitWhole } from './support/whole-wait.ts';

/**
 * Everything that goes wrong between us and an API server, injected into a whole wait for a recorded
 * sync: what it must come to, and that no version of the Application was lost on the way.
 */

type Inputs = Readonly<Record<string, string>>;

/** What a row works with. */
interface Bench {
  readonly server: ApiServer;
  readonly trace: Trace;
  /** A directory that is gone after the row. */
  readonly directory: string;
  /** Called when the row is over. */
  readonly closing: Array<() => unknown>;
}

interface Setting {
  readonly inputs?: Inputs;
  readonly wait?: Omit<WholeWait, 'inputs'>;
  /** Played in place of the recording as it is. */
  readonly trace?: Trace;
  /** In place of the plain replay. */
  readonly play?: () => Promise<unknown>;
  /** False: the server's clock is what the row has made it. */
  readonly date?: boolean;
  /** Called with what the wait tells of each fault. */
  readonly onTrouble?: (message: string) => void;
  /** `asked`: it is played from the first request on, and not from the first complete look. */
  readonly from?: 'asked';
}

type Arrange = (bench: Bench) => Setting | undefined | Promise<Setting | undefined>;

/** For what is given up because of its silence. */
function impatient(arrange: Arrange): Arrange {
  return async (bench) => ({ ...(await arrange(bench)), wait: { timing: { idleMs: 700 } } });
}

interface Row {
  readonly name: string;
  /** What the server does. */
  readonly does: string;
  readonly serve?: ApiServerOptions;
  readonly trace?: string;
  /** Times faster than recorded: the default takes half a second. */
  readonly speed?: number;
  readonly arrange?: Arrange;
  /** `CONCLUSION/REASON`; default: success, synced. */
  readonly ends?: string;
  /** What the message, its remedy or the troubles on the way must say. */
  readonly says?: readonly RegExp[];
  /**
   * `all`, the default: every version that was written is delivered, in order. `gaps`: the server
   * has forgotten some, but the classes are still as recorded. `seldom`: it is looked at so seldom
   * that more may be called updated than was, never less, and the evidence says so. `none`: nothing
   * is there to deliver.
   */
  readonly versions?: 'all' | 'gaps' | 'seldom' | 'none';
  /** Milliseconds that it must take at least. */
  readonly after?: number;
}

const isStreamingList = ({ query }: ServedRequest) => query.sendInitialEvents === 'true';
const isWatch = (request: ServedRequest) => request.verb === 'watch';
const isPlainWatch = (request: ServedRequest) => isWatch(request) && !isStreamingList(request);
const isList = ({ verb }: ServedRequest) => verb === 'list';
const isAny = () => true;

/** What strikes a request, if anything does. */
type Strike = (request: ServedRequest) => Fault | undefined;

/** Of these the first that strikes a request. @param make makes one for this server alone */
function intercept(server: ApiServer, ...make: readonly (() => Strike)[]): void {
  const all = make.map((each) => each());
  server.intercept = (request) => {
    for (const strike of all) {
      const fault = strike(request);
      if (fault) return fault;
    }
    return undefined;
  };
}

function strikes(...make: readonly (() => Strike)[]): Arrange {
  return ({ server }) => {
    intercept(server, ...make);
    return undefined;
  };
}

/** A fault for every request of a kind. */
function each(is: (request: ServedRequest) => boolean, fault: Fault): () => Strike {
  return () => (request) => (is(request) ? fault : undefined);
}

/** A fault for the first so many requests of a kind. */
function first(count: number, is: (request: ServedRequest) => boolean, fault: Fault): () => Strike {
  return () => {
    let left = count;
    return (request) => {
      if (left === 0 || !is(request)) return undefined;
      left -= 1;
      return fault;
    };
  };
}

/** A fault for the first watch, after so many lines: ADDED, BOOKMARK, then what happens. */
function inFirstWatch(fault: Fault): Arrange {
  return strikes(first(1, isWatch, fault));
}

/** A fault for the first so many requests. */
function atStart(count: number, fault: Fault): Arrange {
  return strikes(first(count, isAny, fault));
}

/** A fault for the first watch that is taken up after an end in good order. */
function atResume(fault: Fault): Arrange {
  return strikes(
    first(1, isStreamingList, { kind: 'close', afterEvents: 5 }),
    first(1, isPlainWatch, fault),
  );
}

/** Something in the middle of the wait. */
function midWait(work: (server: ApiServer) => unknown): Arrange {
  return ({ server }) => {
    void server
      .seen(isWatch)
      .then(() => sleep(150))
      .then(() => work(server));
    return undefined;
  };
}

/** Something again and again, as long as the row lasts. */
function every(ms: number, work: (server: ApiServer) => void): Arrange {
  return ({ server, closing }) => {
    const timer = setInterval(() => work(server), ms);
    closing.push(() => clearInterval(timer));
    return undefined;
  };
}

/** For ever: a step gives up at its timeout. */
function always(fault: Fault): Arrange {
  return ({ server }) => {
    server.intercept = () => fault;
    return { inputs: { timeout: '1' } };
  };
}

/** By a proxy of the kubeconfig, on a way that is lost soon. */
function byProxy(options: ProxyOptions, timeout?: string): Arrange {
  return async ({ server, closing }) => {
    const proxy = await startProxy({ port: server.port, ...options });
    closing.push(() => proxy.close());
    const inputs = kubeconfig(server, { token: server.token }, { 'proxy-url': proxy.url });
    return {
      inputs: { ...inputs, ...(timeout === undefined ? {} : { timeout }) },
      // The sooner where it is in vain; the next connection, which comes, gets the time it needs.
      wait: { timing: { connectMs: timeout === undefined ? 3_000 : 300 } },
    };
  };
}

const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n';

function kubeconfig(server: ApiServer, user: object, cluster: object = {}): Inputs {
  const authority = Buffer.from(server.ca).toString('base64');
  const trust = { server: server.url, 'certificate-authority-data': authority, ...cluster };
  const config = {
    clusters: [{ name: 'c', cluster: trust }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'k', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'k',
  };
  return {
    kubeconfig: JSON.stringify(config),
    server: '',
    token: '',
    'certificate-authority': '',
  };
}

/** From now on it is this token that counts, or none; watches have to show it. */
function accept(server: ApiServer, token?: string): void {
  server.tokens.clear();
  if (token !== undefined) server.tokens.set(token, 'github:acme/shop');
  server.endWatches();
}

/** The recording of another object of the same name. */
function reborn(trace: Trace, uid: string): Trace {
  const events = trace.events.map((event) => {
    const metadata = { ...event.object.metadata, uid };
    return { ...event, object: { ...event.object, metadata } };
  });
  return { ...trace, events };
}

/** Of a recording, the object at an event. */
function objectAt(trace: Trace, index: number) {
  const event = trace.events.at(index);
  if (!event) throw new Error(`the recording has no event ${index}`);
  return event.object;
}

const LOGIN = '<html><title>Log in</title></html>';
const HTML: Fault = {
  kind: 'status',
  code: 200,
  body: LOGIN,
  headers: { 'Content-Type': 'text/html' },
};
const REDIRECT: Fault = {
  kind: 'status',
  code: 302,
  body: '',
  headers: { Location: 'https://login.example.com/start?state=s3cret-state' },
};
const ROLE = [
  /kind: Role$/m,
  /metadata: \{ name: argocd-post-sync, namespace: argocd \}/,
  /verbs: \[list, watch\]/,
];

const CONNECTION: readonly Row[] = [
  {
    name: 'refused, then up',
    does: 'listens only when it has been missed',
    async arrange({ server }) {
      await server.stop();
      let missed = false;
      const onTrouble = (message: string) => {
        if (missed || !message.includes('ECONNREFUSED')) return;
        missed = true;
        void server.restart();
      };
      return { onTrouble };
    },
    says: [/ECONNREFUSED/],
  },
  {
    name: 'refused for good',
    does: 'never listens',
    async arrange({ server }) {
      await server.stop();
      return { inputs: { timeout: '1' } };
    },
    ends: 'timeout/unreachable',
    says: [/ECONNREFUSED/],
    versions: 'none',
    after: 1000,
  },
  {
    name: 'a name that nobody knows',
    does: 'DNS: ENOTFOUND, for good',
    arrange: ({ server }) => ({
      inputs: { server: `https://no-such-host.invalid:${server.port}`, timeout: '1' },
    }),
    ends: 'timeout/unreachable',
    says: [/no-such-host\.invalid/],
    versions: 'none',
  },
  {
    name: 'a name that is known late',
    does: 'DNS: ENOTFOUND twice, then an address',
    arrange({ server, closing }) {
      closing.push(resolveLate('late.example.test', 2));
      const cluster = {
        server: `https://late.example.test:${server.port}`,
        'tls-server-name': 'localhost',
      };
      return { inputs: kubeconfig(server, { token: server.token }, cluster) };
    },
    says: [/ENOTFOUND/],
  },
  {
    name: 'another authority',
    does: 'shows a certificate that the given CA did not sign',
    async arrange() {
      const { ca } = await foreignCertificates();
      return { inputs: { 'certificate-authority': ca } };
    },
    ends: 'failure/unreachable',
    says: [/"CN=kube-apiserver"/, /issued by "CN=post-sync-test-ca"/, /certificate-authority:/],
    versions: 'none',
  },
  {
    name: "another server's certificate",
    does: 'shows a certificate for other names',
    arrange: ({ server }) => ({
      inputs: kubeconfig(
        server,
        { token: server.token },
        { 'tls-server-name': 'prod.example.com' },
      ),
    }),
    ends: 'failure/unreachable',
    says: [/prod\.example\.com/, /DNS:localhost/, /tls-server-name/],
    versions: 'none',
  },
  {
    name: 'no TLS',
    does: 'speaks plain HTTP on the port of an https URL',
    async arrange({ closing }) {
      const plain = createHttp((_, response) => response.end('hello'));
      await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
      closing.push(() => {
        plain.close();
        plain.closeAllConnections();
      });
      const { port } = plain.address() as AddressInfo;
      return { inputs: { server: `https://127.0.0.1:${port}`, timeout: '1' } };
    },
    ends: 'timeout/unreachable',
    says: [/cannot be reached/],
    versions: 'none',
  },
  {
    name: 'a port that is mute',
    does: 'accepts connections and says nothing, not even TLS',
    async arrange({ closing }) {
      const sockets = new Set<{ destroy(): void }>();
      const mute = createTcp((socket) => sockets.add(socket));
      await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
      closing.push(() => {
        for (const socket of sockets) socket.destroy();
        mute.close();
      });
      const { port } = mute.address() as AddressInfo;
      const inputs = { server: `https://127.0.0.1:${port}`, timeout: '1' };
      return { inputs, wait: { timing: { connectMs: 300 } } };
    },
    ends: 'timeout/unreachable',
    says: [/no connection for|no answer in time/],
    versions: 'none',
  },
  {
    name: 'a proxy that loses a CONNECT',
    does: '(proxy) never answers the first CONNECT, and then works',
    arrange: byProxy({ unanswered: 1 }),
    says: [/no connection by the proxy at 127\.0\.0\.1:\d+ for/],
  },
  {
    name: 'a proxy that leads nowhere at first',
    does: '(proxy) accepts the first CONNECT, and TLS stalls',
    arrange: byProxy({ stalled: 1 }),
    says: [/no connection by the proxy/],
  },
  {
    name: 'a proxy that is mute',
    does: '(proxy) never answers CONNECT',
    arrange: byProxy({ unanswered: Number.POSITIVE_INFINITY }, '1'),
    ends: 'timeout/unreachable',
    says: [/no connection by the proxy/],
    versions: 'none',
  },
  {
    name: 'a proxy that leads nowhere',
    does: '(proxy) accepts every CONNECT, and TLS stalls',
    arrange: byProxy({ stalled: Number.POSITIVE_INFINITY }, '1'),
    ends: 'timeout/unreachable',
    says: [/no connection by the proxy/],
    versions: 'none',
  },
  {
    name: '101 for good',
    does: 'switches to another protocol',
    async arrange({ closing }) {
      const { ca, server } = await foreignCertificates();
      const sockets = new Set<{ destroy(): void }>();
      const switching = createTls({ cert: server.cert, key: server.key }, (socket) => {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.once('data', () => socket.write(SWITCHING));
      });
      await new Promise<void>((resolve) => switching.listen(0, '127.0.0.1', resolve));
      closing.push(() => {
        for (const socket of sockets) socket.destroy();
        switching.close();
      });
      const { port } = switching.address() as AddressInfo;
      const url = `https://127.0.0.1:${port}`;
      return { inputs: { server: url, 'certificate-authority': ca, timeout: '1' } };
    },
    ends: 'timeout/unreachable',
    says: [/it answered 101, which is not an answer/],
    versions: 'none',
  },
  {
    name: 'reset before an answer',
    does: 'breaks the first two connections',
    arrange: atStart(2, { kind: 'reset' }),
    says: [/cannot be reached/],
  },
  {
    name: 'a request that hangs',
    does: 'takes the first request and never answers',
    arrange: impatient(atStart(1, { kind: 'hang' })),
    says: [/no answer for/],
  },
  {
    name: 'slow headers',
    does: 'lets every answer wait for 300 ms',
    arrange: strikes(each(isAny, { kind: 'delay', ms: 300 })),
  },
  {
    name: 'restarted mid-wait',
    does: 'goes away in the middle and comes back',
    arrange: midWait(async (server) => {
      await server.stop();
      await sleep(300);
      await server.restart();
    }),
    says: [/cannot be reached|ended/],
  },
  {
    name: 'gone mid-wait, for good',
    does: 'goes away in the middle and stays away',
    arrange(bench) {
      midWait((server) => server.stop())(bench);
      return { inputs: { timeout: '2' } };
    },
    ends: 'timeout/unreachable',
    says: [/ECONNREFUSED/],
    speed: 1,
  },
];

const STREAM: readonly Row[] = [
  {
    name: 'reset mid-line',
    does: 'breaks the watch in the middle of an event',
    arrange: inFirstWatch({ kind: 'resetMidLine', afterEvents: 6 }),
  },
  {
    name: 'reset mid-line, each time',
    does: 'breaks every watch in the middle of its third event',
    arrange: strikes(
      each(isPlainWatch, { kind: 'resetMidLine', afterEvents: 2 }),
      each(isStreamingList, { kind: 'resetMidLine', afterEvents: 4 }),
    ),
  },
  {
    name: 'reset within the first look',
    does: 'breaks the streaming list before it is complete',
    arrange: inFirstWatch({ kind: 'resetMidLine', afterEvents: 1 }),
  },
  {
    name: 'a clean close every second',
    does: 'ends all watches in good order, again and again (scaled: every 60 ms)',
    arrange: every(60, (server) => server.endWatches()),
  },
  {
    name: 'a break every second',
    does: 'breaks all connections of watches, again and again (scaled: every 60 ms)',
    arrange: every(60, (server) => server.dropWatches()),
  },
  {
    name: 'a stream that goes silent',
    does: 'keeps the connection open and sends nothing more, not even bookmarks',
    arrange: inFirstWatch({ kind: 'silence', afterEvents: 5 }),
  },
  {
    name: 'a stream that is silent from the start',
    does: 'sends the headers of a streaming list and nothing more',
    arrange: inFirstWatch({ kind: 'silence', afterEvents: 0 }),
  },
  {
    name: 'no streams at all',
    does: 'lets every watch go silent: lists must tell',
    arrange: strikes(each(isWatch, { kind: 'silence', afterEvents: 0 })),
    versions: 'seldom',
  },
  {
    name: 'a page of a proxy between events',
    does: 'sends a line of HTML in the stream',
    arrange: inFirstWatch({ kind: 'garbage', afterEvents: 6 }),
  },
  {
    name: 'half an event, as a whole line',
    does: 'cuts an event short and ends the line',
    arrange: inFirstWatch({
      kind: 'garbage',
      afterEvents: 6,
      text: '{"type":"MODIFIED","object":{"metadata":{"name":"shop-',
    }),
  },
  {
    name: 'an event of unknown type',
    does: 'sends {"type":"RENAMED"}',
    arrange: inFirstWatch({
      kind: 'event',
      afterEvents: 6,
      event: { type: 'RENAMED', object: {} },
    }),
  },
  {
    name: 'an event without an object',
    does: 'sends {"type":"MODIFIED"}',
    arrange: inFirstWatch({ kind: 'event', afterEvents: 6, event: { type: 'MODIFIED' } }),
  },
  {
    name: 'an event that is no object',
    does: 'sends null, in the middle',
    arrange: inFirstWatch({ kind: 'garbage', afterEvents: 6, text: 'null' }),
  },
  {
    name: 'an event that came before',
    does: 'sends an old version again',
    arrange: (bench) =>
      inFirstWatch({
        kind: 'event',
        afterEvents: 6,
        event: {
          type: 'MODIFIED',
          object: {
            ...objectAt(bench.trace, 0),
            metadata: { ...objectAt(bench.trace, 0).metadata, resourceVersion: '1' },
          },
        },
      })(bench),
  },
  {
    name: 'an event of 5 MB',
    does: 'pads every event with 5 MB',
    speed: 1,
    arrange({ trace }) {
      const padding = 'ä'.repeat(2_500_000);
      const events = trace.events.map((event, index) =>
        index % 5 === 1
          ? { ...event, object: { ...event.object, status: padded(event.object.status, padding) } }
          : event,
      );
      // A busy machine may take long to read one.
      const wait = { timing: { silenceTimeoutMs: 60_000, idleTimeoutMs: 60_000 } };
      return { trace: { ...trace, events }, wait };
    },
  },
  {
    name: 'no bookmarks',
    does: 'sends none, so that no streaming list is ever complete',
    serve: { streamingList: 'ignore', bookmarkIntervalMs: 3_600_000 },
  },
  {
    name: 'streaming lists refused (422)',
    does: 'answers 422 to sendInitialEvents',
    serve: { streamingList: 'reject' },
  },
  {
    name: 'streaming lists refused (400)',
    does: 'answers 400 to sendInitialEvents',
    serve: { streamingList: 'reject', rejectCode: 400 },
  },
];

function padded(status: unknown, padding: string): object {
  return { ...(status as object), padding };
}

const STATUS: readonly Row[] = [
  {
    name: '410 as an answer',
    does: 'answers 410 to the watch that is taken up',
    arrange: atResume({ kind: 'status', code: 410 }),
    versions: 'seldom',
  },
  {
    name: '410 as an event',
    does: 'sends ERROR with a Status of 410',
    arrange: inFirstWatch({
      kind: 'event',
      afterEvents: 5,
      event: { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } },
    }),
    versions: 'seldom',
  },
  {
    name: 'history that is forgotten',
    does: 'compacts in the middle, so that the position has expired',
    arrange: midWait((server) => {
      server.compact();
      server.endWatches();
    }),
    versions: 'seldom',
  },
  {
    name: '429 with Retry-After',
    does: 'answers 429, Retry-After: 1, to the first request',
    arrange: atStart(1, { kind: 'status', code: 429, retryAfter: 1 }),
    says: [/answered 429/],
    after: 950,
  },
  {
    name: '429 to the watch that is taken up',
    does: 'answers 429, Retry-After: 1, in the middle',
    arrange: atResume({ kind: 'status', code: 429, retryAfter: 1 }),
    says: [/answered 429/],
  },
  {
    name: 'Retry-After of centuries',
    does: 'answers 503, Retry-After: 9999999999, which no timer holds',
    arrange(bench) {
      atStart(1, { kind: 'status', code: 503, retryAfter: 9_999_999_999 })(bench);
      return { inputs: { timeout: '1' }, play: () => putAll(bench), from: 'asked' };
    },
    // The last look comes at the timeout, and finds the end.
    versions: 'seldom',
    after: 1000,
  },
  {
    name: '503 three times',
    does: 'answers 503 to three requests in a row',
    arrange: atStart(3, { kind: 'status', code: 503 }),
    says: [/answered 503/],
    after: 800,
  },
  {
    name: '500 once',
    does: 'answers 500 to the first request',
    arrange: atStart(1, { kind: 'status', code: 500 }),
    says: [/answered 500/],
  },
  {
    name: '500 mid-wait',
    does: 'answers 500 to the watch that is taken up',
    arrange: atResume({ kind: 'status', code: 500 }),
    says: [/answered 500/],
  },
  {
    name: '500 as an event',
    does: 'sends ERROR with a Status of 500',
    arrange: inFirstWatch({
      kind: 'event',
      afterEvents: 5,
      event: { type: 'ERROR', object: { kind: 'Status', code: 500, message: 'etcd is away' } },
    }),
    says: [/etcd is away/],
    versions: 'seldom',
  },
  {
    name: '504 for good',
    does: 'answers 504 to everything',
    arrange: always({ kind: 'status', code: 504 }),
    ends: 'timeout/unreachable',
    says: [/answered 504/],
    versions: 'none',
  },
  {
    name: '401 mid-wait, and fresh credentials',
    does: 'revokes the token in the middle; the token file has the next one',
    async arrange(bench) {
      const { server, directory } = bench;
      const file = join(directory, 'token');
      await writeFile(file, server.token);
      midWait(async () => {
        await writeFile(file, 'rotated');
        accept(server, 'rotated');
      })(bench);
      return { inputs: kubeconfig(server, { tokenFile: file }) };
    },
  },
  {
    name: '401 mid-wait, and minted tokens',
    does: 'revokes the token in the middle; the next one is minted once',
    arrange(bench) {
      let minted = 0;
      const mintToken = async (fresh: boolean) => {
        if (fresh || minted === 0) minted += 1;
        return `minted-${minted}`;
      };
      accept(bench.server, 'minted-1');
      midWait((server) => accept(server, 'minted-2'))(bench);
      return { inputs: { token: '', 'oidc-audience': 'test' }, wait: { mintToken } };
    },
  },
  {
    name: '401 mid-wait, for good',
    does: 'revokes the token in the middle',
    arrange: midWait((server) => accept(server)),
    ends: 'failure/unauthorized',
    says: [/does not accept the credentials/, /Check the token/],
  },
  {
    name: '403 on watch',
    does: 'allows to list, not to watch',
    serve: { authorize: ({ verb }) => verb !== 'watch' },
    versions: 'seldom',
    speed: 1,
    says: [/Cannot watch, so Applications are listed every/],
  },
  {
    name: '405 on watch',
    does: 'knows no watches',
    arrange: strikes(each(isWatch, { kind: 'status', code: 405 })),
    versions: 'seldom',
    speed: 1,
  },
  {
    name: '403 on everything',
    does: 'allows neither to list nor to watch',
    serve: { authorize: () => false },
    ends: 'failure/forbidden',
    says: [/list applications\.argoproj\.io in namespace "argocd"/, ...ROLE],
    versions: 'none',
  },
  {
    name: '403 for a moment',
    does: 'has not read its roles yet, after a restart',
    arrange: midWait(async (server) => {
      server.authorize = () => false;
      server.endWatches();
      await sleep(700);
      server.authorize = () => true;
    }),
    versions: 'all',
  },
  {
    name: '403 mid-wait',
    does: 'takes the Role away in the middle',
    arrange: midWait((server) => {
      server.authorize = () => false;
      server.endWatches();
    }),
    ends: 'failure/forbidden',
    says: [/list applications\.argoproj\.io in namespace "argocd"/, ...ROLE],
  },
  {
    name: 'no Argo CD',
    does: 'answers 404: the CRD is not installed',
    serve: { installed: false },
    ends: 'failure/missing',
    says: [/the cluster that Argo CD itself runs in/],
    versions: 'none',
  },
];

const BODIES: readonly Row[] = [
  {
    name: 'a redirect to a login page',
    does: 'answers 302',
    arrange: always(REDIRECT),
    ends: 'failure/unreachable',
    says: [/a redirect to https:\/\/login\.example\.com\/start, which/, /URL of the API server/],
    versions: 'none',
  },
  {
    name: 'a login page',
    does: 'answers 200 and HTML, for good',
    arrange: always(HTML),
    ends: 'timeout/unreachable',
    says: [/text\/html that is not JSON.*is `server` the Kubernetes API\?/],
    versions: 'none',
  },
  {
    name: 'a page of a proxy, once',
    does: 'answers 200 and HTML to the first request',
    arrange: atStart(1, HTML),
    says: [/not JSON|middle of an event/],
  },
  {
    name: 'JSON that is no list',
    does: 'answers 200 and {} to everything',
    arrange: always({ kind: 'status', code: 200, body: '{}' }),
    ends: 'timeout/unreachable',
    says: [/answered without a list/],
    versions: 'none',
  },
  {
    name: 'a list that breaks off',
    does: 'breaks the connection within the first page, packed',
    serve: { streamingList: 'reject' },
    arrange: strikes(first(1, isList, { kind: 'resetMidLine' })),
    says: [/cannot be reached/],
  },
  {
    name: 'a packed list cut short',
    does: 'ends half-way through gzip, in good order',
    serve: { streamingList: 'reject' },
    arrange: strikes(first(1, isList, { kind: 'close' })),
    says: [/cannot be reached|not JSON/],
  },
  {
    name: 'an answer that stops in the middle',
    does: 'sends the headers of a list and nothing more',
    serve: { streamingList: 'reject' },
    arrange: impatient(strikes(first(1, isList, { kind: 'silence' }))),
    says: [/silence in an answer for/],
  },
  {
    name: 'a page that has expired',
    does: 'answers 410 to the continue token of the second page',
    serve: { streamingList: 'reject' },
    arrange(bench) {
      const { server, trace } = bench;
      const template = objectAt(trace, 0);
      for (let i = 0; i < 600; i += 1) {
        server.put({ ...template, metadata: { namespace: 'argocd', name: `a-${i}` } });
      }
      const isLaterPage = ({ query }: ServedRequest) => query.continue !== undefined;
      strikes(first(1, isLaterPage, { kind: 'status', code: 410 }))(bench);
      return { inputs: { application: `${trace.application}*` } };
    },
    says: [/let a list expire before its last page/],
  },
  {
    name: 'a Date that is none',
    does: 'says Date: Invalid Date',
    arrange({ server }) {
      server.now = () => Number.NaN;
      return { date: false };
    },
  },
];

const WORLD: readonly Row[] = [
  {
    name: 'etcd restored from a backup',
    does: 'comes back with versions far below those that it gave',
    arrange({ server, trace, closing }) {
      server.put({ metadata: { namespace: 'argocd', name: 'other', resourceVersion: '9000000' } });
      server.put(objectAt(trace, 0));
      const play = async () => {
        await playOn(server, trace, 1, 9);
        await server.stop();
        const { port, certificates } = server;
        const restored = await startApiServer({ port, certificates });
        closing.push(() => restored.close());
        restored.now = server.now;
        // The backup is older than what was seen last.
        await playOn(restored, trace, 4, trace.events.length);
      };
      return { play };
    },
    versions: 'gaps',
  },
  {
    name: 'deleted and created again',
    does: 'sends DELETED, then ADDED of the same name and another uid',
    arrange({ server, trace }) {
      server.put(objectAt(reborn(trace, 'first'), 0));
      const play = async () => {
        server.remove('argocd', trace.application);
        await playOn(server, trace, 0, trace.events.length);
      };
      return { play };
    },
    ends: 'failure/deleted',
    says: [/was deleted/],
  },
  {
    name: 'deleted and created again, which is waited for',
    does: 'the same, with if-missing: wait',
    arrange({ server, trace }) {
      server.put(objectAt(reborn(trace, 'first'), 0));
      const play = async () => {
        server.remove('argocd', trace.application);
        await playOn(server, reborn(trace, 'second'), 0, trace.events.length);
      };
      return { play, inputs: { 'if-missing': 'wait' } };
    },
    versions: 'gaps',
  },
  {
    name: 'created again during an outage',
    does: 'comes back with another object of the name, and has forgotten the end of the first',
    arrange({ server, trace }) {
      server.put(objectAt(reborn(trace, 'first'), 0));
      const play = async () => {
        await server.stop();
        server.remove('argocd', trace.application);
        server.put(objectAt(reborn(trace, 'second'), 0));
        server.compact();
        const before = server.requests.length;
        await server.restart();
        const looked = () => server.requests.slice(before).find(isStreamingList)?.status === 200;
        while (!looked()) await sleep(5);
        await playOn(server, reborn(trace, 'second'), 1, trace.events.length);
      };
      return { play };
    },
    versions: 'gaps',
  },
  {
    name: 'a watch that is dead to the end',
    does: 'lets every watch hang; a list on a new connection works',
    arrange(bench) {
      strikes(each(isWatch, { kind: 'hang' }))(bench);
      return { inputs: { timeout: '1' }, play: () => putAll(bench), from: 'asked' };
    },
    versions: 'seldom',
    after: 1000,
  },
];

/** Puts the objects of the recording at once: however busy the machine is, all are there then. */
async function putAll({ server, trace }: Bench): Promise<void> {
  for (const { object } of trace.events) {
    server.put({ ...object, metadata: { ...object.metadata, resourceVersion: '0' } });
  }
}

/** Puts the objects of a recording, one after another. */
async function playOn(server: ApiServer, { events }: Trace, from: number, to: number) {
  for (const { object } of events.slice(from, to)) {
    server.put({ ...object, metadata: { ...object.metadata, resourceVersion: '0' } });
    await sleep(30);
  }
}

/** A host name that is found only after some attempts, then on this machine. */
function resolveLate(host: string, failures: number): () => void {
  const { lookup } = dns;
  let left = failures;
  const late = (name: string, options: dns.LookupOptions, callback: LookupCallback) => {
    if (name !== host) return lookup(name, options, callback);
    left -= 1;
    if (left < 0) return lookup('127.0.0.1', options, callback);
    const fault = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' });
    setImmediate(() => callback(fault, [], 4));
  };
  dns.lookup = late as typeof dns.lookup;
  return () => {
    dns.lookup = lookup;
  };
}

type LookupCallback = (
  fault: NodeJS.ErrnoException | null,
  address: string | dns.LookupAddress[],
  family: number,
) => void;

const ROWS: readonly Row[] = [...CONNECTION, ...STREAM, ...STATUS, ...BODIES, ...WORLD];
const DEFAULT_TRACE = 'update-client-side';
const SPEED = 4;

interface Held {
  readonly name: string;
  readonly does: string;
  readonly ended: string;
  readonly versions: string;
  readonly ms: number;
}

const held: Held[] = [];

afterAll(() => {
  const wide = (of: (row: Held) => string) => Math.max(...held.map((row) => of(row).length));
  const [name, ended] = [wide((row) => row.name), wide((row) => row.ended)];
  const lines = held.map((row, i) =>
    [
      String(i + 1).padStart(3),
      row.name.padEnd(name),
      row.ended.padEnd(ended),
      row.versions.padEnd(8),
      `${(row.ms / 1000).toFixed(1)} s`,
      row.does,
    ].join('  '),
  );
  const all = ROWS.length + DIST.length;
  process.stdout.write(`\n${lines.join('\n')}\n${held.length} of ${all} faults held\n`);
});

/** Runs a row on a server of its own. */
async function runRow(row: Row): Promise<void> {
  const trace = loadTrace(row.trace ?? DEFAULT_TRACE);
  const server = await startApiServer(row.serve);
  const directory = await mkdtemp(join(tmpdir(), 'fault-'));
  const closing: Array<() => unknown> = [
    () => server.close(),
    () => rm(directory, { recursive: true }),
  ];
  const written = versionsWritten(server, trace);
  try {
    const setting = (await row.arrange?.({ server, trace, directory, closing })) ?? {};
    const asked = server.seen((request) => isWatch(request) || isList(request));
    const looked = Promise.withResolvers<void>();
    const begin = setting.from === 'asked' ? asked : looked.promise;
    closing.push(playing(server, setting.trace ?? trace, row, setting, begin));
    const began = performance.now();
    const waited = await waitWhole({
      ...setting.wait,
      onEvent(event) {
        if (event.kind === 'listed') looked.resolve();
        if (event.kind === 'unreachable') setting.onTrouble?.(event.message);
      },
      inputs: {
        ...inputsFor(server),
        application: trace.application,
        revision: trace.revision,
        timeout: '60',
        ...setting.inputs,
      },
    });
    const ms = performance.now() - began;
    check(row, trace, waited, written, ms);
    const ended = `${waited.report.conclusion}/${waited.report.reason}`;
    const { name, does, versions = 'all' } = row;
    const count = `${new Set(waited.versions).size}${versions === 'all' ? ' all' : ''}`;
    held.push({ name, does, ended, ms, versions: count });
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

/** @returns what stops it */
function playing(
  server: ApiServer,
  trace: Trace,
  { speed = SPEED }: Row,
  { play, date = true }: Setting,
  begin: Promise<unknown>,
): () => void {
  if (play) {
    void begin.then(play);
    return () => undefined;
  }
  return replay(server, trace, { begin, speed, date }).stop;
}

/** The versions of the recording's Application that a server stores from now on. */
function versionsWritten(server: ApiServer, trace: Trace): readonly string[] {
  const written: string[] = [];
  const put = server.put;
  server.put = (object) => {
    const stored = put(object);
    const { name, resourceVersion = '' } = stored.metadata;
    if (name === trace.application) written.push(resourceVersion);
    return stored;
  };
  return written;
}

function check(
  row: Row,
  trace: Trace,
  { report, versions, troubles, log }: Waited,
  written: readonly string[],
  ms: number,
): void {
  const { ends = 'success/synced', says = [] } = row;
  const said = [report.message, report.remedy, ...troubles, ...log.lines].join('\n');
  expect(`${report.conclusion}/${report.reason}: ${said}`).toMatch(new RegExp(`^${ends}: `));
  for (const pattern of says) expect(said).toMatch(pattern);
  expect(said).not.toMatch(/s3cret-state|test-token|minted-\d/);
  if (ends.startsWith('success')) checkChanges(row, trace, report);
  if (row.versions === 'none') expect(versions).toEqual([]);
  if (row.versions === undefined || row.versions === 'all') {
    const delivered = versions.filter((version) => version !== '-');
    expect(delivered).toEqual(written.slice(0, delivered.length));
  }
  if (row.after !== undefined) expect(ms).toBeGreaterThan(row.after);
}

function checkChanges({ versions }: Row, trace: Trace, report: Waited['report']): void {
  const changes = changesIn(report);
  const more = versions === 'seldom' && changes.length > expected(trace).length;
  expect(changes).toEqual(more ? expect.arrayContaining([...expected(trace)]) : expected(trace));
  if (more) expect(report.applications[0]?.evidence).toBe('partial');
}

function changesIn({ applications }: Waited['report']): readonly string[] {
  return applications
    .flatMap(({ changes }) => changes)
    .filter(({ change }) => change !== 'unchanged' && change !== 'hook')
    .map((each) => `${each.change} ${each.group}/${each.kind}/${each.namespace}/${each.name}`)
    .sort();
}

function expected(trace: Trace): readonly string[] {
  return [...(trace.expect.changes ?? [])].sort();
}

/** They wait most of the time. */
const AT_A_TIME = 5;
let results: ReadonlyMap<Row, Promise<void>>;

// All before the first test: between two of them Jest lets nobody import what is loaded when needed.
beforeAll(async () => {
  results = atATime(AT_A_TIME, ROWS, runRow);
  await Promise.allSettled(results.values());
}, 600_000);

test.each(ROWS.map((row) => [row.name, row] as const))('%s', async (_, row) => results.get(row));

/** The same by the built action, in a process of its own and with its real patience. */
interface DistRow {
  readonly name: string;
  readonly does: string;
  readonly arrange?: (server: ApiServer) => unknown;
  readonly env?: Readonly<Record<string, string>>;
  readonly ends?: string;
  readonly says?: RegExp;
  /** As in `Row.versions`. */
  readonly seldom?: boolean;
}

/** Resolves when a first look was answered. */
async function answered({ requests }: ApiServer): Promise<void> {
  const looks = (request: ServedRequest) => isWatch(request) || isList(request);
  while (!requests.some((request) => looks(request) && request.status === 200)) await sleep(10);
}

/** What makes a process believe in another time of day. */
function clockOff(hours: number): Readonly<Record<string, string>> {
  const script = `const now = Date.now; Date.now = () => now() + ${hours * 3_600_000};`;
  return { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(script)}` };
}

const DIST: readonly DistRow[] = [
  {
    name: 'the clock of the runner an hour ahead',
    does: '(built) says the right time in Date',
    env: clockOff(1),
  },
  {
    name: 'the clock of the runner an hour behind',
    does: '(built) says the right time in Date',
    env: clockOff(-1),
  },
  {
    name: 'refused, then up; closed; reset; 503',
    does: '(built) one fault after another',
    async arrange(server) {
      await server.stop();
      setTimeout(() => void server.restart(), 500);
      intercept(
        server,
        first(1, isStreamingList, { kind: 'close', afterEvents: 4 }),
        first(1, isPlainWatch, { kind: 'resetMidLine', afterEvents: 2 }),
        first(1, isPlainWatch, { kind: 'status', code: 503 }),
      );
    },
  },
  {
    name: '403 on watch, polled',
    does: '(built) allows to list only',
    seldom: true,
    arrange(server) {
      server.authorize = ({ verb }) => verb !== 'watch';
    },
    says: /Cannot watch, so Applications are listed/,
  },
  {
    name: '401 mid-wait',
    does: '(built) revokes the token',
    arrange(server) {
      // The first look is still answered: it is what the play waits for.
      void answered(server).then(() => {
        server.tokens.clear();
        server.endWatches();
      });
    },
    ends: 'failure/unauthorized',
    says: /does not accept the credentials/,
  },
];

test.each(DIST.map((row) => [row.name, row] as const))('built: %s', async (_, row) => {
  const trace = loadTrace(DEFAULT_TRACE);
  const server = await startApiServer();
  try {
    await row.arrange?.(server);
    const begin = answered(server);
    const { stop } = replay(server, trace, { begin, speed: 2 });
    const { application, revision } = trace;
    const result = await runAction({
      inputs: {
        ...inputsFor(server),
        application,
        revision,
        timeout: '60s',
        'poll-interval': '1s',
      },
      ...(row.env ? { env: row.env } : {}),
    });
    stop();
    const { outputs, stdout, durationMs: ms } = result;
    const ended = `${outputs['conclusion']}/${outputs['reason']}`;
    expect(ended).toBe(row.ends ?? 'success/synced');
    if (row.says) expect(stdout).toMatch(row.says);
    if (!row.ends) {
      const resources = JSON.parse(outputs['resources'] ?? '[]') as readonly Readonly<
        Record<string, string>
      >[];
      const changes = resources.map(
        (each) =>
          `${each['change']} ${each['group']}/${each['kind']}/${each['namespace']}/${each['name']}`,
      );
      const truth = expected(trace);
      expect(changes.sort()).toEqual(row.seldom ? expect.arrayContaining([...truth]) : truth);
    }
    held.push({ name: row.name, does: row.does, ended, ms, versions: '' });
  } finally {
    await server.close();
  }
});
