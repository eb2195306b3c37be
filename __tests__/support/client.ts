import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { createInterface } from 'node:readline';
import { gunzipSync } from 'node:zlib';
import type { ApiServer } from './api-server.ts';

/** What a request needs of a server. */
type Place = Pick<ApiServer, 'url' | 'token' | 'ca'>;

/** A plain client for looking at the test server itself. */
export interface Answer {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Bytes of the body on the wire. */
  readonly bytes: number;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** How it connects: a client certificate, an agent. */
  readonly client?: RequestOptions;
  /** Empty: none. */
  readonly token?: string;
}

export const APPLICATIONS_PATH = '/apis/argoproj.io/v1alpha1/namespaces/argocd/applications';

/** Inputs of a step for a way in by `server`, `token` and `certificate-authority`. */
export function inputsFor({ url, token, ca }: Place): Readonly<Record<string, string>> {
  return { server: url, token, 'certificate-authority': ca };
}

export async function ask(server: Place, path: string, options: Ask = {}): Promise<Answer> {
  const response = await open(server, path, options);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const gzip = response.headers['content-encoding'] === 'gzip';
  return {
    code: response.statusCode ?? 0,
    headers: response.headers,
    text: (gzip ? gunzipSync(body) : body).toString('utf8'),
    bytes: body.length,
  };
}

/** The lines of a watch, as they come; ends with the stream, throws when the connection breaks. */
export async function* lines(
  server: Place,
  path: string,
  options: Ask = {},
): AsyncGenerator<string> {
  const response = await open(server, path, options);
  let broken: Error | undefined;
  response.on('error', (error) => {
    broken = error;
  });
  try {
    for await (const line of createInterface({ input: response })) yield line;
    if (broken ?? !response.complete) throw broken ?? new Error('the connection broke');
  } finally {
    response.destroy();
  }
}

function open(server: Place, path: string, options: Ask): Promise<IncomingMessage> {
  const { method = 'GET', token = server.token, client, body } = options;
  const request = server.url.startsWith('https') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const sent = request(
      `${server.url}${path}`,
      {
        method,
        agent: false,
        ca: server.ca,
        ...client,
        headers: {
          ...(token ? { authorization: `Bearer ${token}` } : {}),
          ...(body === undefined ? {} : { 'content-type': 'application/merge-patch+json' }),
          ...options.headers,
        },
      },
      resolve,
    );
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
