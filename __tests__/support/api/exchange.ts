import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { type Fault, failure, GARBAGE, type Status } from './faults.ts';
import type { Served, Target } from './request.ts';

/** A request on its way through the server. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly target: Target;
  readonly served: Served;
  readonly fault: Fault | undefined;
}

/** An answer that is not a stream. */
export interface Reply {
  readonly code: number;
  readonly text: string;
  readonly type?: string;
  readonly retryAfter?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export function refuse(status: Status): Reply {
  return json(status.code, status);
}

export function json(code: number, body: object): Reply {
  return { code, text: `${JSON.stringify(body)}\n` };
}

/** Waits out the delays in front of a fault. */
export async function delayed(fault: Fault | undefined): Promise<Fault | undefined> {
  if (fault?.kind !== 'delay') return fault;
  await sleep(fault.ms);
  return delayed(fault.then);
}

/** Faults that leave no room for an answer; true when the request is done with. */
export function strike(exchange: Exchange): boolean {
  const { fault, request } = exchange;
  if (fault?.kind === 'hang') return true;
  if (fault?.kind === 'reset') {
    // A TLS socket has no reset of its own: the connection just ends without an answer.
    if (request.socket instanceof TLSSocket) request.socket.destroy();
    else request.socket.resetAndDestroy();
    return true;
  }
  if (fault?.kind !== 'status') return false;
  const { code, body, retryAfter, headers = {} } = fault;
  const reply = refuse(failure(code, `injected: ${code}`));
  write(exchange, {
    ...reply,
    ...(body === undefined ? {} : { text: body }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    headers,
  });
  return true;
}

/** Sends a reply, with the faults that befall a body. */
export function write(exchange: Exchange, reply: Reply): void {
  const { response, served, fault } = exchange;
  served.status = reply.code;
  response.statusCode = reply.code;
  response.setHeader('Content-Type', reply.type ?? 'application/json');
  if (reply.retryAfter !== undefined) response.setHeader('Retry-After', String(reply.retryAfter));
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  const gzip = /\bgzip\b/.test(served.headers.acceptEncoding);
  if (gzip) response.setHeader('Content-Encoding', 'gzip');
  if (fault?.kind === 'silence') {
    response.flushHeaders();
    return;
  }
  const text = fault?.kind === 'garbage' ? (fault.text ?? GARBAGE) : reply.text;
  const body = gzip ? gzipSync(text) : Buffer.from(text);
  if (fault?.kind === 'resetMidLine' || fault?.kind === 'close') {
    const half = body.subarray(0, body.length / 2);
    served.bytesSent += half.length;
    response.write(half, () => {
      if (fault.kind === 'close') response.end();
      else response.destroy();
    });
    return;
  }
  served.bytesSent += body.length;
  response.setHeader('Content-Length', body.length);
  response.end(body);
}
