import { once } from 'node:events';
import http, { type Agent } from 'node:http';
import https from 'node:https';
import net, { type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { reasonOf } from './connection-failures.js';
import { loginOf } from './proxy.js';

/** Loaded where there is a proxy: most runs have none. */

/**
 * What an agent is told of a request. Node's own proxy support knows neither an end of the wait for
 * a proxy nor SOCKS, so the tunnel is made here.
 */
interface Destination {
  readonly host?: string | null | undefined;
  readonly port?: number | string | null | undefined;
  /** The end of the request: an agent is not told its `signal`. */
  readonly life?: AbortSignal;
}

/** A pool of connections, each by a tunnel through the proxy: http, https or socks. */
export function tunnelAgent(proxy: URL, secure: boolean): Agent {
  const agent = secure ? new https.Agent({ keepAlive: true }) : new http.Agent({ keepAlive: true });
  const within = agent.createConnection.bind(agent);
  const opened = async (options: http.ClientRequestArgs & Destination): Promise<Duplex> => {
    const socket = await tunnelTo(proxy, options);
    if (!secure) return socket;
    try {
      return within({ ...options, ...{ socket } }) ?? socket;
    } catch (thrown) {
      // A certificate or key that cannot be used.
      socket.destroy();
      throw thrown;
    }
  };
  agent.createConnection = (options, callback) => {
    opened(options).then(
      (socket) => callback?.(null, socket),
      // The agent looks at the error only; its type wants a stream beside it.
      (thrown) => (callback as ((fault: unknown) => void) | undefined)?.(thrown),
    );
    return undefined;
  };
  return agent;
}

/**
 * A connection to the destination through the proxy, on which nothing was sent yet.
 * @throws where the proxy cannot be reached or refuses, and when the request's life ends
 */
async function tunnelTo(proxy: URL, { host, port, life }: Destination): Promise<Socket> {
  life?.throwIfAborted();
  const socket = connect(proxy);
  const end = () => socket.destroy(new Error('the request was given up'));
  life?.addEventListener('abort', end, { once: true });
  try {
    const destination = { host: host ?? 'localhost', port: Number(port ?? 443) };
    await (isSocks(proxy) ? passSocks : passHttp)(socket, proxy, destination);
    return socket;
  } catch (thrown) {
    socket.destroy();
    // Without its code: it would be taken for a fault of the server.
    throw new Error(`the proxy at ${proxy.host}: ${reasonOf(thrown)}`);
  } finally {
    life?.removeEventListener('abort', end);
  }
}

function isSocks({ protocol }: URL): boolean {
  return protocol.startsWith('socks');
}

function connect(proxy: URL): Socket {
  const host = hostOf(proxy);
  const port = Number(proxy.port) || defaultPort(proxy);
  if (proxy.protocol !== 'https:') return net.connect({ host, port });
  const servername = net.isIP(host) ? {} : { servername: host };
  return tls.connect({ host, port, ...servername, rejectUnauthorized: true });
}

function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

function defaultPort(proxy: URL): number {
  if (isSocks(proxy)) return 1080;
  return proxy.protocol === 'https:' ? 443 : 80;
}

interface Target {
  readonly host: string;
  readonly port: number;
}

/** By CONNECT. */
function passHttp(socket: Socket, proxy: URL, { host, port }: Target): Promise<void> {
  const authority = net.isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
  const login = loginOf(proxy);
  const basic = `Basic ${Buffer.from(login).toString('base64')}`;
  const headers = { host: authority, ...(login === '' ? {} : { 'proxy-authorization': basic }) };
  return new Promise((resolve, reject) => {
    const createConnection = () => socket;
    const asked = http.request({ method: 'CONNECT', path: authority, headers, createConnection });
    asked.once('connect', ({ statusCode = 0 }, _, head: Buffer) => {
      if (statusCode < 200 || statusCode > 299) return reject(refusal(statusCode));
      if (head.length > 0) socket.unshift(head);
      resolve();
    });
    asked.once('response', ({ statusCode = 0 }) => reject(refusal(statusCode)));
    asked.once('upgrade', () => reject(refusal(101)));
    asked.on('error', reject);
    asked.once('close', () => reject(new Error('it closed the connection')));
    asked.end();
  });
}

/** What else it says may echo the login. */
function refusal(status: number): Error {
  return new Error(`it answered ${status} to CONNECT`);
}

/** A name is resolved by the proxy, as by kubectl. */
async function passSocks(socket: Socket, proxy: URL, destination: Target): Promise<void> {
  const { SocksClient } = await import('socks');
  if (socket.connecting) await once(socket, 'connect');
  const { username, password } = userOf(proxy);
  const type = proxy.protocol.startsWith('socks4') ? 4 : 5;
  const port = Number(proxy.port) || defaultPort(proxy);
  await SocksClient.createConnection({
    command: 'connect',
    proxy: { host: hostOf(proxy), port, type, userId: username, password },
    destination,
    existing_socket: socket,
  });
}

function userOf(proxy: URL): { readonly username: string; readonly password: string } {
  const login = loginOf(proxy);
  const colon = login.indexOf(':');
  return { username: login.slice(0, Math.max(colon, 0)), password: login.slice(colon + 1) };
}
