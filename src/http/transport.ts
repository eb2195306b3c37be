import http, { type Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Clock } from '../platform/clock.js';
import { TransientError } from '../platform/errors.js';
import type { Answer } from './answers.js';
import type { Connection, Credentials } from './connection.js';
import { lines } from './lines.js';
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
  readonly body?: { readonly type: string; readonly text: string };
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
  /** Until the connection stands, and until an answer begins. */
  readonly connectMs: number;
  /** Between two bytes of an answer. */
  readonly idleMs: number;
  /** For credentials. An exec plugin has a deadline of its own, which is shorter and says more. */
  readonly credentialsMs: number;
}

export const TIMEOUTS: Timeouts = { connectMs: 10_000, idleMs: 30_000, credentialsMs: 35_000 };

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
  /** A text without the credentials that were shown: an error page may echo them. */
  hide(text: string): string;
  /** What a fault of the exchange means; asked before it is ended. */
  fault(thrown: unknown): Promise<Error>;
  end(): void;
}

export function transport(
  connection: Connection,
  clock: Clock,
  patience: Timeouts = TIMEOUTS,
): Transport {
  let pool: Promise<Agent> | undefined;
  const attempt = async (request: Request, fresh: boolean, signal: AbortSignal) => {
    pool ??= connection.agent();
    const credentials = await credentialsInTime(connection, fresh, clock, patience, signal);
    const agent = await pool;
    return exchange({ connection, credentials, agent, request, clock, patience }, signal);
  };
  const open = async (request: Request, signal: AbortSignal) => {
    const first = await attempt(request, false, signal);
    if (first.response.statusCode !== 401) return first;
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

interface Attempt {
  readonly connection: Connection;
  readonly credentials: Credentials;
  readonly agent: Agent;
  readonly request: Request;
  readonly clock: Clock;
  readonly patience: Timeouts;
}

/** Sends a request and waits until its answer begins. */
async function exchange(attempt: Attempt, signal: AbortSignal): Promise<Exchange> {
  const { connection, clock, patience } = attempt;
  const life = new AbortController();
  const dog = watchdog(clock, (waitingFor, ms) => {
    life.abort(new Silence(`${connection.name}: ${waitingFor} for ${Math.round(ms / 1000)} s.`));
  });
  const fault = async (thrown: unknown): Promise<Error> => {
    if (signal.aborted) return cancelled();
    if (life.signal.aborted) return life.signal.reason;
    const { connectionFailure } = await import('./connection-failures.js');
    return connectionFailure(thrown, connection, signal);
  };
  const end = () => {
    dog.stop();
    life.abort(cancelled());
  };
  try {
    dog.expect(patience.connectMs, 'no connection');
    const response = await begin(attempt, dog, AbortSignal.any([signal, life.signal]));
    clock.observeSnapshot(response.headers.date);
    dog.expect(patience.idleMs, 'silence in an answer');
    const hide = hider(attempt.credentials);
    return { response, dog, hide, fault, end };
  } catch (thrown) {
    dog.stop();
    throw await fault(thrown);
  }
}

function begin(attempt: Attempt, dog: Watchdog, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // Made inside the promise, since it throws for a certificate or key that cannot be used.
    const sent = requestOf(attempt, signal);
    sent.once('response', resolve);
    sent.on('error', reject);
    sent.once('finish', () => dog.expect(attempt.patience.idleMs, 'no answer'));
    sent.end(attempt.request.body?.text);
  });
}

function requestOf(attempt: Attempt, signal: AbortSignal): ClientRequest {
  const { connection, credentials, agent, request } = attempt;
  const query = request.query ? `?${new URLSearchParams(request.query)}` : '';
  const { headers, ...identity } = credentials;
  const options = {
    method: request.method ?? 'GET',
    headers: { ...headers, ...headersOf(request) },
    agent,
    signal,
    ...connection.trust,
    ...identity,
  };
  const { request: make } = connection.base.startsWith('https:') ? https : http;
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

/** What the runner masks in its log it does not mask in outputs and files. */
function hider({ headers }: Credentials): (text: string) => string {
  const secret = String(headers.authorization ?? '').replace(/^\S+ /, '');
  return secret.length < SHORTEST_SECRET
    ? (text) => text
    : (text) => text.replaceAll(secret, '***');
}

const SHORTEST_SECRET = 8;

async function answerOf(exchange: Exchange): Promise<Answer> {
  const { response, hide, fault, end } = exchange;
  const {
    'content-type': type = '',
    'retry-after': retryAfter = '',
    location = '',
  } = response.headers;
  try {
    let body = '';
    for await (const chunk of textOf(exchange)) body += chunk;
    const status = response.statusCode ?? 0;
    return { status, type, retryAfter, location: hide(location), body: hide(body) };
  } catch (thrown) {
    const meant = await fault(thrown);
    end();
    throw meant;
  } finally {
    exchange.dog.stop();
  }
}

function streamOf(exchange: Exchange): LineStream {
  return {
    lines: linesOf(exchange),
    expect: (ms) => exchange.dog.expect(ms, 'silence in a watch'),
  };
}

/** Ends the connection when the reader stops reading, whatever the cause. */
async function* linesOf(exchange: Exchange): AsyncGenerator<string> {
  try {
    for await (const line of lines(chunksOf(exchange))) yield exchange.hide(line);
  } catch (thrown) {
    throw thrown instanceof TransientError ? thrown : await exchange.fault(thrown);
  } finally {
    exchange.end();
  }
}

async function* textOf(exchange: Exchange): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const chunk of chunksOf(exchange)) yield decoder.decode(chunk, { stream: true });
}

async function* chunksOf({ response, dog }: Exchange): AsyncGenerator<Buffer> {
  const zipped = response.headers['content-encoding'] === 'gzip';
  // Few answers are packed; and import() would come too late to hear the response fail.
  const body = zipped
    ? response.pipe(process.getBuiltinModule('node:zlib').createGunzip())
    : response;
  // A pipe does not hand on the fault of what flows into it.
  if (zipped) response.on('error', (fault) => body.destroy(fault));
  for await (const chunk of body) {
    dog.beat();
    yield chunk;
  }
}

export function cancelled(): TransientError {
  return new TransientError('The request was given up.');
}

async function credentialsInTime(
  connection: Connection,
  fresh: boolean,
  clock: Clock,
  { credentialsMs }: Timeouts,
  signal: AbortSignal,
): Promise<Credentials> {
  const given = connection.credentials(fresh, signal);
  if (!(given instanceof Promise)) return given;
  const stop = new AbortController();
  const late = clock.sleep(credentialsMs, AbortSignal.any([signal, stop.signal])).then(() => {
    if (signal.aborted || stop.signal.aborted) throw cancelled();
    const waited = `for ${Math.round(credentialsMs / 1000)} s`;
    throw new Silence(`${connection.name}: what gives the credentials has not answered ${waited}.`);
  });
  // It loses the race in most cases.
  late.catch(() => undefined);
  try {
    return await Promise.race([given, late]);
  } finally {
    stop.abort();
  }
}
