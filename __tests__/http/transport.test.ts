import { once } from 'node:events';
import { Agent, createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import tls from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Connection, Credentials } from '../../src/http/connection.js';
import { endpointFor } from '../../src/http/endpoint.js';
import { LIMITS, type Limits, TooLarge } from '../../src/http/limits.js';
import { TIMEOUTS, type Transport, transport } from '../../src/http/transport.js';
import { systemClock } from '../../src/platform/clock.js';
import { messageOf, TransientError } from '../../src/platform/errors.js';
import {
  type Certificates,
  DEFAULT_USER,
  pair,
  sharedCertificates,
} from '../support/api/certificates.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { startProxy } from '../support/proxy.ts';

/** Against real sockets: what a request does on every way that a server or a proxy can leave it. */

const NEVER = new AbortController().signal;
const TOKEN = 'a-token-of-the-test';
let certificates: Certificates;
beforeAll(async () => {
  certificates = await sharedCertificates();
});

const closing: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** @returns `HOST:PORT` */
async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Way {
  readonly base: string;
  readonly proxy?: string;
  readonly rejectUnauthorized?: false;
}

function connectionBy({ base, proxy, rejectUnauthorized }: Way): Connection {
  return {
    ...endpointFor(base, {}, 'the server', proxy === undefined ? undefined : new URL(proxy)),
    trust: { ca: certificates.ca, ...(rejectUnauthorized === false ? { rejectUnauthorized } : {}) },
    credentials: () => ({ headers: { authorization: `Bearer ${TOKEN}` } }),
  };
}

function open(way: Way, limits: Partial<Limits> = {}, clock = systemClock()): Transport {
  const pool = transport(connectionBy(way), clock, TIMEOUTS, { ...LIMITS, ...limits });
  closing.push(() => pool.close());
  return pool;
}

/** Accepts, and lets the test know. */
function accepting(answer: (socket: Socket) => unknown = () => undefined) {
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer((socket) => {
    socket.on('error', () => undefined).resume();
    answer(socket);
    accepted.resolve(socket);
  });
  return { server, accepted: accepted.promise };
}

async function closed(socket: Socket): Promise<void> {
  if (socket.destroyed) return;
  await new Promise((resolve) => socket.on('error', () => undefined).once('close', resolve));
}

const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';
const FAR = 'https://k.example.com';

/** A way that leads nowhere, and the connection on which it ends. */
type Stall = () => Promise<{ readonly way: Way; readonly stalled: Promise<Socket> }>;

function muteProxy(scheme: string, base = FAR): Stall {
  return async () => {
    const { server, accepted } = accepting();
    return { way: { base, proxy: `${scheme}://${await listen(server)}` }, stalled: accepted };
  };
}

const CONNECTING: ReadonlyArray<readonly [string, Stall, RegExp]> = [
  ['a proxy that never answers CONNECT', muteProxy('http'), /no connection by the proxy at 127/],
  ['a proxy that does not even speak TLS', muteProxy('https'), /no connection by the proxy/],
  ['a SOCKS proxy that never answers', muteProxy('socks5'), /no connection by the proxy/],
  [
    'a proxy on the way to plain http',
    muteProxy('http', 'http://127.0.0.1:1'),
    /no connection by the proxy/,
  ],
  [
    'a proxy that leads nowhere',
    async () => {
      const { server, accepted } = accepting((socket) =>
        socket.once('data', () => socket.write(ESTABLISHED)),
      );
      const proxy = `http://${await listen(server)}`;
      const stalled = accepted.then(async (socket) => {
        // CONNECT, then the first message of TLS.
        for (let i = 0; i < 2; i += 1) await once(socket, 'data');
        return socket;
      });
      return { way: { base: FAR, proxy }, stalled };
    },
    /no connection by the proxy/,
  ],
  [
    'a server that does not speak TLS',
    async () => {
      const { server, accepted } = accepting();
      return { way: { base: `https://${await listen(server)}` }, stalled: accepted };
    },
    /no connection for 10 s/,
  ],
];

/** An answer that has begun, or not, and does not go on. */
function stallingServer(listener: RequestListener): Stall {
  return async () => {
    const answering = Promise.withResolvers<Socket>();
    const server = createHttp((request, response) => {
      listener(request, response);
      answering.resolve(request.socket);
    });
    return { way: { base: `http://${await listen(server)}` }, stalled: answering.promise };
  };
}

const ANSWERING: ReadonlyArray<readonly [string, Stall, RegExp]> = [
  ['a request that is not answered', stallingServer(() => undefined), /no answer for 30 s/],
  [
    'an answer that stops',
    stallingServer((_, response) => void response.writeHead(200).write('{')),
    /silence in an answer for 30 s/,
  ],
  [
    'a packed answer that stops',
    stallingServer((_, response) => {
      const packed = gzipSync('{'.repeat(1000));
      response.writeHead(200, { 'content-encoding': 'gzip' }).write(packed.subarray(0, 20));
    }),
    /silence in an answer for 30 s/,
  ],
  [
    'an endless row of preliminary answers',
    stallingServer((_, response) => {
      const timer = setInterval(() => response.writeProcessing(), 5);
      response.on('close', () => clearInterval(timer));
    }),
    /no answer for 30 s/,
  ],
];

describe('nothing hangs', () => {
  test.each([...CONNECTING, ...ANSWERING])(
    '%s: it ends with the signal, and so does its connection',
    async (_, stall) => {
      const { way, stalled } = await stall();
      const run = new AbortController();
      const sent = open(way).send({ path: '/' }, run.signal);
      const socket = await stalled;
      run.abort();
      await expect(sent).rejects.toThrow('The request was given up.');
      await closed(socket);
    },
  );

  test.each([...CONNECTING, ...ANSWERING])('%s: it ends by its deadline', async (...row) => {
    const [, stall, message] = row;
    const { way, stalled } = await stall();
    const clock = fakeClock();
    const sent = open(way, {}, clock).send({ path: '/' }, NEVER);
    const failed = sent.catch((thrown: unknown) => thrown);
    const socket = await stalled;
    // What was sent is not known to the request at once.
    for (let i = 0; i < 20; i += 1) await clock.settle();
    await clock.advance(30_000);
    const thrown = await failed;
    expect(thrown).toBeInstanceOf(TransientError);
    expect((thrown as Error).message).toMatch(message);
    await closed(socket);
  });

  test('an agent that never has a connection: it ends all the same', async () => {
    const agent = new Agent();
    const asked = Promise.withResolvers<void>();
    agent.createConnection = () => void asked.resolve();
    const connection = connectionBy({ base: 'http://127.0.0.1:1' });
    const pool = transport({ ...connection, agent: async () => agent }, systemClock());
    const run = new AbortController();
    const sent = pool.send({ path: '/' }, run.signal);
    await asked.promise;
    run.abort();
    await expect(sent).rejects.toThrow('The request was given up.');
  });

  test('credentials that never come: it ends with the signal, and they are told', async () => {
    const told = Promise.withResolvers<void>();
    const run = new AbortController();
    const connection: Connection = {
      ...connectionBy({ base: FAR }),
      credentials: (_, signal) => {
        signal.addEventListener('abort', () => told.resolve());
        setImmediate(() => run.abort());
        return new Promise(() => undefined);
      },
    };
    const sent = transport(connection, systemClock()).send({ path: '/' }, run.signal);
    await expect(sent).rejects.toThrow('The request was given up.');
    await told.promise;
  });

  test('what is aborted already is not even begun', async () => {
    const { server } = accepting(() => {
      throw new Error('it connected');
    });
    const way = { base: `https://${await listen(server)}` };
    await expect(open(way).send({ path: '/' }, AbortSignal.abort())).rejects.toThrow('given up');
  });

  test.each([
    ['101', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n', /101/],
    ['101 without a word of what to', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', /101|hang up/],
    ['nothing but an end', '', /cannot be reached/],
    ['what is not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n', /cannot be reached/],
  ])('an answer of %s is no answer', async (_, answer, message) => {
    const { server } = accepting((socket) =>
      socket.once('data', () => (answer === '' ? socket.end() : socket.write(answer))),
    );
    const sent = open({ base: `http://${await listen(server)}` }).send({ path: '/' }, NEVER);
    const thrown = await sent.catch((fault: unknown) => fault);
    expect(thrown).toBeInstanceOf(TransientError);
    expect((thrown as Error).message).toMatch(message);
  });
});

const hello: RequestListener = (request, response) => {
  const known = request.headers.authorization === `Bearer ${TOKEN}`;
  response.end(`${request.url} ${known}`);
};

async function httpsServer(listener: RequestListener = hello): Promise<string> {
  const { cert, key } = certificates.server;
  return listen(createHttps({ cert, key }, listener));
}

/** A SOCKS5 proxy without a login: any name leads to the port of this machine. */
async function socksProxy(
  port: number,
): Promise<{ readonly url: string; readonly names: string[] }> {
  const names: string[] = [];
  const server = createServer((client) => {
    client.on('error', () => undefined);
    client.once('data', () => {
      client.write(Buffer.from([5, 0]));
      client.once('data', (request) => {
        names.push(request.subarray(5, 5 + (request[4] ?? 0)).toString());
        const upstream = connect(port, '127.0.0.1', () => {
          client.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
          upstream.pipe(client).pipe(upstream);
        });
        upstream.on('error', () => client.destroy());
        client.on('close', () => upstream.destroy());
      });
    });
  });
  return { url: `socks5://${await listen(server)}`, names };
}

const portOf = (address: string) => Number(address.split(':')[1]);

describe('by a proxy', () => {
  test.each(['https', 'http'])('of http, to %s', async (scheme) => {
    const address = scheme === 'https' ? await httpsServer() : await listen(createHttp(hello));
    const proxy = await startProxy();
    closing.push(() => proxy.close());
    const pool = open({ base: `${scheme}://${address}`, proxy: proxy.url });
    for (const path of ['/a', '/b']) {
      const { status, body } = await pool.send({ path }, NEVER);
      expect([status, body]).toEqual([200, `${path} true`]);
    }
    // One tunnel serves several requests.
    expect(proxy.targets).toEqual([address]);
  });

  test('of socks5, which resolves the name itself', async () => {
    const proxy = await socksProxy(portOf(await httpsServer()));
    const way = { base: FAR, proxy: proxy.url, rejectUnauthorized: false } as const;
    expect((await open(way).send({ path: '/' }, NEVER)).status).toBe(200);
    expect(proxy.names).toEqual(['k.example.com']);
  });

  test('of https, whose certificate is verified', async () => {
    const address = await httpsServer();
    const { cert, key } = certificates.server;
    const plain = await startProxy();
    closing.push(() => plain.close());
    // TLS before the other proxy.
    const front = tls.createServer({ cert, key }, (client) => {
      const upstream = connect(Number(new URL(plain.url).port), '127.0.0.1');
      client.on('error', () => upstream.destroy()).pipe(upstream);
      upstream.on('error', () => client.destroy()).pipe(client);
    });
    const way = { base: `https://${address}`, proxy: `https://${await listen(front)}` };
    await expect(open(way).send({ path: '/' }, NEVER)).rejects.toThrow(
      /cannot be reached: the proxy at 127.0.0.1:\d+: .*unable to verify the first certificate/,
    );
    expect(plain.targets).toEqual([]);
    const before = tls.getCACertificates('default');
    closing.push(() => tls.setDefaultCACertificates(before));
    tls.setDefaultCACertificates([...before, certificates.ca]);
    expect((await open(way).send({ path: '/' }, NEVER)).status).toBe(200);
    expect(plain.targets).toEqual([address]);
  });

  test('that refuses: its status is told, and what it echoes is not', async () => {
    const { server } = accepting((socket) =>
      socket.once('data', (request) => socket.end(`HTTP/1.1 407 ${request}\r\n\r\n${request}`)),
    );
    const proxy = `http://ann:hunter22@${await listen(server)}`;
    const thrown = await open({ base: FAR, proxy })
      .send({ path: '/' }, NEVER)
      .catch((fault: Error) => fault.message);
    expect(thrown).toMatch(/cannot be reached: the proxy at 127.0.0.1:\d+: it answered 407/);
    expect(thrown).not.toMatch(/hunter22|YW5uOmh1bnRlcjIy/);
  });
});

describe('limits', () => {
  const SMALL = { list: 3000, answer: 2000, event: 1000, explanation: 1500 };

  async function answering(status: number, size: number, packed = false): Promise<Transport> {
    const text = `{"message":"${'x'.repeat(size - 14)}"}`;
    const body = packed ? gzipSync(text) : text;
    const headers = packed ? { 'content-encoding': 'gzip' } : {};
    const server = createHttp((_, response) => response.writeHead(status, headers).end(body));
    return open({ base: `http://${await listen(server)}` }, SMALL);
  }

  test.each([
    ['list', 3000, false],
    ['list', 3000, true],
    ['answer', 2000, false],
    ['answer', 2000, true],
  ] as const)('of one %s: %i bytes, packed: %s', async (kind, limit, packed) => {
    const request = { path: '/', kind, compressed: packed };
    const within = await (await answering(200, limit, packed)).send(request, NEVER);
    expect(within.body).toHaveLength(limit);
    const beyond = (await answering(200, limit + 1, packed)).send(request, NEVER);
    await expect(beyond).rejects.toThrow(TooLarge);
    await expect(beyond).rejects.toThrow(
      /^the server at 127\.0\.0\.1:\d+ sent an? (list|answer) of more than \d KiB, the limit\.$/,
    );
  });

  test.each([false, true])('of an explanation, packed: %s; the status counts', async (packed) => {
    const request = { path: '/', compressed: packed };
    const within = await (await answering(503, 1500, packed)).send(request, NEVER);
    expect(within.body).toHaveLength(1500);
    const beyond = await (await answering(503, 1501, packed)).send(request, NEVER);
    expect(beyond).toMatchObject({
      status: 503,
      body: 'its explanation was not read, as it has more than 1 KiB',
    });
  });

  test('of an event', async () => {
    const server = createHttp((_, response) => {
      response.write(`${'x'.repeat(1000)}\n`);
      response.write('x'.repeat(1001));
    });
    const pool = open({ base: `http://${await listen(server)}` }, SMALL);
    const opened = await pool.stream({ path: '/' }, NEVER);
    if (!('stream' in opened)) throw new Error('it was refused');
    const lines = opened.stream.lines[Symbol.asyncIterator]();
    expect((await lines.next()).value).toHaveLength(1000);
    await expect(lines.next()).rejects.toThrow(/sent an event of more than 1000 bytes, the limit/);
  });
});

test.each([200, 403, 302])(
  'credentials that a server echoes with %i are hidden',
  async (status) => {
    const basic = Buffer.from(TOKEN).toString('base64');
    const server = createHttp(({ headers: { authorization = '' } }, response) => {
      response.writeHead(status, `refused ${authorization}`, {
        'content-type': `text/plain; of=${authorization}`,
        location: `/login?of=${encodeURIComponent(authorization)}`,
        'retry-after': authorization,
      });
      response.end(`{"message":"${authorization} is ${basic}"}`);
    });
    const answer = await open({ base: `http://${await listen(server)}` }).send(
      { path: '/' },
      NEVER,
    );
    expect(JSON.stringify(answer)).not.toMatch(new RegExp(`${TOKEN}|${basic}`));
    expect(JSON.stringify(answer).match(/\(hidden\)/g)).toHaveLength(5);
  },
);

test('credentials that change are used, and hidden, from the next request on', async () => {
  const { ca, client, server: identity } = certificates;
  const server = createHttps(
    { ...identity, ca, requestCert: true, rejectUnauthorized: false },
    ({ headers, socket }, response) => {
      const { subject } = (socket as tls.TLSSocket).getPeerCertificate();
      response.end(`${headers.authorization} of ${subject?.CN ?? 'nobody'}`);
    },
  );
  const now: { credentials: Credentials } = { credentials: { headers: {} } };
  const connection = connectionBy({ base: `https://${await listen(server)}` });
  const pool = transport({ ...connection, credentials: () => now.credentials }, systemClock());
  closing.push(() => pool.close());
  const ask = async (credentials: Credentials) => {
    now.credentials = credentials;
    return (await pool.send({ path: '/' }, NEVER)).body;
  };
  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
  expect(await ask(bearer('the-first-token'))).toBe('Bearer (hidden) of nobody');
  expect(await ask({ ...bearer('the-second-token'), ...client })).toBe(
    `Bearer (hidden) of ${DEFAULT_USER}`,
  );
  expect(await ask(bearer('the-third-token'))).toBe('Bearer (hidden) of nobody');
});

test('a redirect is an answer, and is not followed', async () => {
  const elsewhere: string[] = [];
  const other = createHttp((request, response) => {
    elsewhere.push(request.url ?? '');
    response.end();
  });
  const to = await listen(other);
  const server = createHttp((_, response) => {
    response.writeHead(307, { location: `http://${to}/stolen` }).end();
  });
  const answer = await open({ base: `http://${await listen(server)}` }).send({ path: '/' }, NEVER);
  expect(answer.status).toBe(307);
  expect(elsewhere).toEqual([]);
});

test('a certificate of thousands of names is told in short', async () => {
  const altNames = Array.from({ length: 2_000 }, (_, i) => {
    return { type: 2, value: `host-${i}.tenants.example.com` } as const;
  });
  const { cert, key } = await pair('tenants', [{ name: 'subjectAltName', altNames }]);
  const address = await listen(createHttps({ cert, key }, hello));
  const connection = { ...connectionBy({ base: `https://${address}` }), trust: { ca: cert } };
  const pool = transport(connection, systemClock());
  closing.push(() => pool.close());
  const error = await pool.send({ path: '/' }, NEVER).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    reason: 'unreachable',
    message: expect.stringMatching(
      /127\.0\.0\.1 is not in the cert's list.*It showed a certificate of "CN=tenants" \(DNS:host-0\.tenants.*valid from .* to /,
    ),
    remedy: expect.stringContaining('tls-server-name'),
  });
  expect(messageOf(error).length).toBeLessThan(2_000);
});
