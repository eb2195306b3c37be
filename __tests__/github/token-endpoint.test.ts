import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { githubOidc } from '../../src/github/oidc.js';
import { tokenEndpoint } from '../../src/github/token-endpoint.js';
import { systemClock } from '../../src/platform/clock.js';
import { TerminalError, TransientError } from '../../src/platform/errors.js';
import { pair } from '../support/api/certificates.ts';
import { fakeClock } from '../support/fake-clock.ts';

const REQUEST_TOKEN = 'a-request-token';
const { signal } = new AbortController();

let server: Server;
let requests: { readonly url: string; readonly authorization: string }[];
let masked: string[];
let answer: (response: ServerResponse, request: IncomingMessage) => void;

beforeEach(async () => {
  requests = [];
  masked = [];
  answer = (response) => void response.end('{"value":"a-token"}');
  server = createServer((request, response) => {
    const { url = '', headers } = request;
    requests.push({ url, authorization: headers.authorization ?? '' });
    answer(response, request);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

function endpoint({ env = {}, clock = systemClock() } = {}) {
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/idtoken/1?api-version=2.0`;
  const ask = tokenEndpoint({
    env: {
      ACTIONS_ID_TOKEN_REQUEST_URL: url,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: REQUEST_TOKEN,
      ...env,
    },
    clock,
    mask: (secret) => masked.push(secret),
  });
  if (!ask) throw new Error('it may not ask');
  return ask;
}

test('asks by the request token, for the audience, and masks both tokens', async () => {
  expect(await endpoint()('https://k.example.com?a=b&c', signal)).toBe('a-token');
  expect(requests).toEqual([
    {
      url: '/idtoken/1?api-version=2.0&audience=https%3A%2F%2Fk.example.com%3Fa%3Db%26c',
      authorization: `Bearer ${REQUEST_TOKEN}`,
    },
  ]);
  expect(masked).toEqual([REQUEST_TOKEN, 'a-token']);
});

test.each([
  ['no URL', { ACTIONS_ID_TOKEN_REQUEST_URL: '' }],
  ['no token', { ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' }],
])('%s: this job may not ask', (_, env) => {
  expect(() => endpoint({ env })).toThrow('it may not ask');
});

test.each<[string, number, string, RegExp]>([
  ['a fault', 503, 'try again', /^503: try again$/],
  ['a refusal that echoes the token', 403, `no: ${REQUEST_TOKEN}`, /^403: no: \(hidden\)$/],
  ['a page', 200, '<html>', /is it GitHub that answers/],
  ['no value', 200, '{"value":null}', /the answer has no value/],
  ['more than a token is', 200, `"${'x'.repeat(5_000_000)}"`, /an answer of more than 4 MiB/],
])('%s is a fault', async (_, status, body, message) => {
  answer = (response) => void response.writeHead(status).end(body);
  const thrown = await endpoint()('k', signal).catch((fault: Error) => fault.message);
  expect(thrown).toMatch(message);
});

test('a redirect is not followed: the request token goes nowhere else', async () => {
  answer = (response, { url }) => {
    if (url === '/stolen') response.end('{"value":"forged"}');
    else response.writeHead(307, { location: '/stolen' }).end();
  };
  await expect(endpoint()('k', signal)).rejects.toThrow(TransientError);
  expect(requests.map(({ url }) => url)).toEqual([expect.stringMatching(/^\/idtoken/)]);
});

test('an answer that never comes ends with the signal', async () => {
  const run = new AbortController();
  answer = () => run.abort();
  await expect(endpoint()('k', run.signal)).rejects.toThrow('given up');
});

test('an answer that drips has a deadline', async () => {
  const clock = fakeClock();
  const drip = Promise.withResolvers<ServerResponse>();
  answer = (response) => drip.resolve(response);
  const asked = endpoint({ clock })('k', signal).catch((fault: Error) => fault.message);
  const response = await drip.promise;
  for (let i = 0; i < 10; i += 1) {
    await new Promise((written) => response.write(' ', written));
    // It arrives in real time.
    for (let turn = 0; turn < 10; turn += 1) await clock.settle();
    await clock.advance(3_000);
  }
  expect(await asked).toMatch(/^GitHub at 127\.0\.0\.1:\d+: no answer for 30 s\.$/);
});

test('a certificate that nobody trusts is final, with what helps', async () => {
  const { cert, key } = await pair('inspecting proxy', []);
  const inspecting = createHttps({ cert, key });
  await new Promise<void>((listening) => inspecting.listen(0, '127.0.0.1', listening));
  try {
    const { port } = inspecting.address() as AddressInfo;
    const env = { ACTIONS_ID_TOKEN_REQUEST_URL: `https://127.0.0.1:${port}/idtoken/1` };
    const ask = endpoint({ env });
    const error = await githubOidc('my-cluster', systemClock(), ask)
      .mint(false, signal)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TerminalError);
    expect(error).toMatchObject({
      reason: 'unreachable',
      message: expect.stringMatching(/The certificate of GitHub at .*"CN=inspecting proxy"/),
      remedy: expect.stringContaining('NODE_EXTRA_CA_CERTS:'),
    });
  } finally {
    await new Promise((closed) => inspecting.close(closed));
  }
});
