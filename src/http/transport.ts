import http, { type Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Clock } from '../platform/clock.js';
import { TerminalError, TransientError } from '../platform/errors.js';
import type { Answer } from './answers.js';
import type { Connection, Credentials } from './connection.js';
import { cancelledError, withDeadline } from './deadline.js';
import { type AnswerKind, LIMITS, type Limits, sizeOf, TooLarge } from './limits.js';
import { lines } from './lines.js';
import { loginOf } from './proxy.js';
import { hider, shownBy } from './secrets.js';
import { type Watchdog, watchdog } from './watchdog.js';

export interface Request {
  readonly method?: 'GET' | 'PATCH' | 'POST';
  /** Below the connection's base, from the first slash. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** `application/json`, unless said. */
  readonly accept?: string;
  /** Large answers, not watches: a proxy that packs a stream holds events back. */
  readonly compressed?: boolean;
  /** What a success answers with, which says how large it may be; default: `answer`. */
  readonly kind?: AnswerKind;
  readonly body?: { readonly type: string; readonly text: string };
  /** False: what is refused is in the body, and would be refused again with fresh credentials. */
  readonly retryUnauthorized?: false;
}

/** A watch that was accepted. */
export interface LineStream {
  readonly lines: AsyncIterable<string>;
  /** From now on, ends with `Silence` after this long without a byte. */
  expect(ms: number): void;
}

/** Nothing was heard for longer than is normal. */
export class Silence extends TransientError {}

/** In milliseconds. */
export interface Timeouts {
  /** Until the connection stands, that to a proxy and the way through it included. */
  readonly connectMs: number;
  /** Between two bytes of an answer. */
  readonly idleMs: number;
  /** For credentials. An exec plugin has a deadline of its own, which is shorter and says more. */
  readonly credentialsMs: number;
}

export const TIMEOUTS: Timeouts = { connectMs: 10_000, idleMs: 30_000, credentialsMs: 35_000 };

/** A run that is over gives its last look 5 s: what is wrong on the way is known before that. */
const LAST_CONNECT_MS = 3_000;

/** For the last look of a run. */
export function shortened(timeouts: Timeouts): Timeouts {
  return { ...timeouts, connectMs: Math.min(timeouts.connectMs, LAST_CONNECT_MS) };
}

/** Requests over one pool of connections, with fresh credentials where the first are refused. */
export interface Transport {
  /** @throws TerminalError or TransientError where there is no answer; an answer is for the caller to judge */
  send(request: Request, signal: AbortSignal): Promise<Answer>;
  /** @returns the answer instead of a stream where it is not a success */
  stream(
    request: Request,
    signal: AbortSignal,
  ): Promise<{ readonly stream: LineStream } | { readonly refused: Answer }>;
  /** Ends the pool's connections. */
  close(): void;
}

/** A response whose body has not been read, under a watchdog that ends it. */
interface Exchange {
  readonly response: IncomingMessage;
  readonly dog: Watchdog;
  readonly kind: AnswerKind;
  readonly limits: Limits;
  readonly server: string;
  /** Texts without the credentials that were shown: an error page may echo them. */
  readonly hide: ReturnType<typeof hider>;
  /** Aborts when the exchange is over, for whatever cause. */
  readonly life: AbortSignal;
  /** What a fault of the exchange means; asked before it is ended. */
  fault(thrown: unknown): Promise<Error>;
  /** The answer was read: its connection may serve again. */
  release(): void;
  /** Gives up what is left of the answer, and its connection. */
  end(): void;
}

export function transport(
  connection: Connection,
  clock: Clock,
  patience: Timeouts = TIMEOUTS,
  limits: Limits = LIMITS,
): Transport {
  let pool: Promise<Agent> | undefined;
  const kept = keptFor(connection);
  const attempt = async (request: Request, fresh: boolean, signal: AbortSignal) => {
    pool ??= connection.agent();
    const credentials = await credentialsInTime(connection, fresh, clock, patience, signal);
    const agent = await pool;
    const how = { connection, credentials, kept, agent };
    return exchange({ ...how, request, clock, patience, limits }, signal);
  };
  const open = async (request: Request, signal: AbortSignal) => {
    const first = await attempt(request, false, signal);
    if (first.response.statusCode !== 401 || request.retryUnauthorized === false) return first;
    first.end();
    return attempt(request, true, signal);
  };
  return {
    send: async (request, signal) => answerOf(await open(request, signal)),
    async stream(request, signal) {
      const opened = await open(request, signal);
      if (opened.response.statusCode !== 200) return { refused: await answerOf(opened) };
      return { stream: streamOf(opened) };
    },
    close: () => void pool?.then((agent) => agent.destroy()).catch(() => undefined),
  };
}

/** What is made of credentials, which seldom change: every request would take the time again. */
interface Kept {
  readonly hiderFor: (credentials: Credentials) => ReturnType<typeof hider>;
  /** @throws for a certificate or key that cannot be used */
  readonly contextFor: (credentials: Credentials) => SecureContext;
}

function keptFor({ proxy, trust: { ca } }: Connection): Kept {
  const logins = proxy ? [loginOf(proxy)] : [];
  return {
    hiderFor: lastOf(
      ({ headers }) => String(headers.authorization ?? ''),
      (authorization) => hider(shownBy(authorization, logins)),
    ),
    contextFor: lastOf(
      ({ cert = '', key = '' }) => `${cert}\n${key}`,
      (_, { cert, key }) => createSecureContext({ ca, cert, key }),
    ),
  };
}

/** Makes a value, and keeps it until another one is to be made. */
function lastOf<T, V>(idOf: (of: T) => string, make: (id: string, of: T) => V): (of: T) => V {
  let last: { readonly id: string; readonly value: V } | undefined;
  return (of) => {
    const id = idOf(of);
    if (last?.id !== id) last = { id, value: make(id, of) };
    return last.value;
  };
}

interface Attempt {
  readonly connection: Connection;
  readonly credentials: Credentials;
  readonly kept: Kept;
  readonly agent: Agent;
  readonly request: Request;
  readonly clock: Clock;
  readonly patience: Timeouts;
  readonly limits: Limits;
}

/** Sends a request and waits until its answer begins. */
async function exchange(attempt: Attempt, signal: AbortSignal): Promise<Exchange> {
  const { connection, clock, patience, limits, request } = attempt;
  const life = new AbortController();
  const dog = watchdog(clock, (waitingFor, ms) => {
    life.abort(new Silence(`${connection.name}: ${waitingFor} for ${Math.round(ms / 1000)} s.`));
  });
  const release = () => {
    signal.removeEventListener('abort', end);
    dog.stop();
  };
  const end = () => {
    release();
    life.abort(cancelledError());
  };
  const fault = async (thrown: unknown): Promise<Error> => {
    if (life.signal.aborted) return life.signal.reason;
    if (thrown instanceof TerminalError || thrown instanceof TransientError) return thrown;
    const { connectionFailure } = await import('./connection-failures.js');
    return connectionFailure(thrown, connection, signal);
  };
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    dog.expect(patience.connectMs, noConnection(connection));
    const response = await begin(attempt, dog, life.signal);
    clock.observeDate(response.headers.date);
    dog.expect(patience.idleMs, 'silence in an answer');
    const { kind = 'answer' } = request;
    const { name: server } = connection;
    const hide = attempt.kept.hiderFor(attempt.credentials);
    const texts = { kind, limits, server, hide };
    return { response, dog, ...texts, life: life.signal, fault, release, end };
  } catch (thrown) {
    const meant = await fault(thrown);
    end();
    throw meant;
  }
}

function noConnection({ proxy }: Connection): string {
  return proxy ? `no connection by the proxy at ${proxy.host}` : 'no connection';
}

/**
 * Settles with the life at the latest: a request that waits for its agent hears of no abort, and
 * one that was answered by 101 has no response.
 */
function begin(attempt: Attempt, dog: Watchdog, life: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    life.throwIfAborted();
    life.addEventListener('abort', () => reject(life.reason), { once: true });
    // Made inside the promise, since it throws for a certificate or key that cannot be used.
    const sent = requestOf(attempt, life);
    const switching = ({ socket, statusCode }: IncomingMessage) => {
      socket.destroy();
      reject(noAnswer(attempt.connection, `it answered ${statusCode}, which is not an answer`));
    };
    sent.once('response', (response) => {
      if ((response.statusCode ?? 0) < 200) switching(response);
      else resolve(response);
    });
    sent.once('upgrade', switching);
    sent.on('error', reject);
    sent.once('close', () => {
      reject(noAnswer(attempt.connection, 'it closed the connection without an answer'));
    });
    sent.once('finish', () => dog.expect(attempt.patience.idleMs, 'no answer'));
    sent.end(attempt.request.body?.text);
  });
}

function noAnswer({ name }: Connection, why: string): TransientError {
  return new TransientError(`${name} cannot be reached: ${why}.`);
}

function requestOf(attempt: Attempt, life: AbortSignal): ClientRequest {
  const { connection, credentials, kept, agent, request } = attempt;
  const secure = connection.base.startsWith('https:');
  const query = request.query ? `?${new URLSearchParams(request.query)}` : '';
  const { headers, ...identity } = credentials;
  const options = {
    method: request.method ?? 'GET',
    headers: { ...headers, ...headersOf(request) },
    agent,
    signal: life,
    // For the agent, which is not told the signal.
    life,
    // Explicit: else NODE_TLS_REJECT_UNAUTHORIZED would decide.
    rejectUnauthorized: true,
    ...connection.trust,
    ...identity,
    ...(secure ? { secureContext: kept.contextFor(credentials) } : {}),
  };
  const { request: make } = secure ? https : http;
  return make(`${connection.base}${request.path}${query}`, options);
}

function headersOf({ accept, body, compressed }: Request): http.OutgoingHttpHeaders {
  return {
    accept: accept ?? 'application/json',
    'accept-encoding': compressed ? 'gzip' : 'identity',
    'user-agent': 'argocd-post-sync',
    ...(body ? { 'content-type': body.type, 'content-length': Buffer.byteLength(body.text) } : {}),
  };
}

/** Foreign headers are for messages, where the beginning will do. */
const HEADER_LETTERS = 500;

async function answerOf(exchange: Exchange): Promise<Answer> {
  const { response, hide, fault, end } = exchange;
  const { headers, statusCode: status = 0 } = response;
  const header = (name: 'content-type' | 'retry-after' | 'location') =>
    hide.inProse(headers[name] ?? '').slice(0, HEADER_LETTERS);
  const success = status >= 200 && status < 300;
  try {
    const body = await (success ? dataOf(exchange) : explanationOf(exchange));
    exchange.release();
    return {
      status,
      type: header('content-type'),
      retryAfter: header('retry-after'),
      location: header('location'),
      body,
    };
  } catch (thrown) {
    const meant = await fault(thrown);
    end();
    throw meant;
  }
}

/** @throws TooLarge */
async function dataOf(exchange: Exchange): Promise<string> {
  const { kind, limits, server, hide } = exchange;
  const body = await textOf(exchange, limits[kind]);
  if (body === undefined) throw new TooLarge(server, kind, limits[kind]);
  return hide.inData(body);
}

/** Of a refusal the status tells most: one that is too large is still a refusal. */
async function explanationOf(exchange: Exchange): Promise<string> {
  const { limits, hide, end } = exchange;
  const body = await textOf(exchange, limits.explanation);
  if (body === undefined) {
    end();
    return `its explanation was not read, as it has more than ${sizeOf(limits.explanation)}`;
  }
  return hide.inProse(body);
}

function streamOf(exchange: Exchange): LineStream {
  return {
    lines: linesOf(exchange),
    expect: (ms) => exchange.dog.expect(ms, 'silence in a watch'),
  };
}

/** Ends the connection when the reader stops reading, whatever the cause. */
async function* linesOf(exchange: Exchange): AsyncGenerator<string> {
  const { server, limits, hide } = exchange;
  const tooLong = () =>
    new TransientError(`${server} sent an event of more than ${sizeOf(limits.event)}, the limit.`);
  try {
    for await (const line of lines(chunksOf(exchange), limits.event, tooLong)) {
      yield hide.inData(line);
    }
  } catch (thrown) {
    throw await exchange.fault(thrown);
  } finally {
    exchange.end();
  }
}

/** @returns undefined where there is more than the limit */
async function textOf(exchange: Exchange, limit: number): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for await (const chunk of chunksOf(exchange)) {
    size += chunk.length;
    if (size > limit) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

/**
 * How much is unpacked at a time. Each time takes a turn of another thread: in the 16 KiB steps of
 * Node's default a tree of 3.5 MiB takes 24 ms of CPU time, in these 15 ms.
 */
const UNPACKED_BYTES = 64 * 1024;

async function* chunksOf({ response, dog, life }: Exchange): AsyncGenerator<Buffer> {
  const zipped = response.headers['content-encoding'] === 'gzip';
  // Few answers are packed; and import() would come too late to hear the response fail.
  const body = zipped
    ? response.pipe(
        process.getBuiltinModule('node:zlib').createGunzip({ chunkSize: UNPACKED_BYTES }),
      )
    : response;
  // A pipe does not hand on the fault of what flows into it.
  if (zipped) response.on('error', (fault) => body.destroy(fault));
  life.addEventListener('abort', () => body.destroy(), { once: true });
  if (life.aborted) body.destroy();
  for await (const chunk of body) {
    dog.beat();
    yield chunk;
  }
}

/** What gives the credentials may wait for a cloud, or for a person who is not there. */
async function credentialsInTime(
  connection: Connection,
  fresh: boolean,
  clock: Clock,
  { credentialsMs: ms }: Timeouts,
  signal: AbortSignal,
): Promise<Credentials> {
  const waited = `for ${Math.round(ms / 1000)} s`;
  const late = () =>
    new Silence(`${connection.name}: what gives the credentials has not answered ${waited}.`);
  return withDeadline({ clock, ms, late }, signal, (life) => connection.credentials(fresh, life));
}
