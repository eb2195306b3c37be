import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';

export interface ProxyOptions {
  /** Goes to this port of this machine, whatever it is asked for. */
  readonly port?: number;
  /** `USER:PASSWORD`, without which it answers 407. */
  readonly login?: string;
  /** So many first requests are never answered. */
  readonly unanswered?: number;
  /** So many of the next ones are accepted, and lead nowhere. */
  readonly stalled?: number;
}

/** An HTTP proxy that takes CONNECT. */
export interface Proxy {
  /** Without the login. */
  readonly url: string;
  /** `HOST:PORT` of each request, oldest first. */
  readonly targets: readonly string[];
  close(): void;
}

const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';

export async function startProxy(options: ProxyOptions = {}): Promise<Proxy> {
  const { port, login, unanswered = 0, stalled = 0 } = options;
  const targets: string[] = [];
  const wanted = login === undefined ? undefined : Buffer.from(login).toString('base64');
  const clients = new Set<Duplex>();
  let closed = false;
  const proxy = createServer().on('connect', (request, client) => {
    // Of a connection from before, and nobody will end it.
    if (closed) return void client.destroy();
    targets.push(request.url ?? '');
    clients.add(client);
    client.on('error', () => client.destroy());
    if (targets.length <= unanswered) return;
    if (targets.length <= unanswered + stalled) {
      client.write(ESTABLISHED);
      return;
    }
    if (wanted !== undefined && request.headers['proxy-authorization'] !== `Basic ${wanted}`) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const upstream = connect(port ?? Number(request.url?.split(':')[1]), '127.0.0.1', () => {
      client.write(ESTABLISHED);
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
    client.on('close', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    targets,
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    close() {
      closed = true;
      for (const client of clients) client.destroy();
      proxy.close();
      proxy.closeAllConnections();
    },
  };
}
