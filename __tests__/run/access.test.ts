import { afterEach, describe, expect, test } from '@jest/globals';
import { type Clock, systemClock } from '../../src/platform/clock.js';
import { expectEnd, said, stepHere } from '../process/steps.ts';
import { foreignCertificates } from '../support/api/certificates.ts';
import { type ApiServer, type ApiServerOptions, startApiServer } from '../support/api-server.ts';
import { manifest } from '../support/manifest.ts';

let server: ApiServer;
afterEach(async () => {
  await server.close();
});

const NO_SERVER = { server: '', token: '', 'certificate-authority': '' };

/** A server with the Application `shop`, which is done. */
async function start(options: ApiServerOptions = {}): Promise<ApiServer> {
  server = await startApiServer({ objects: [manifest('shop')], ...options });
  return server;
}

describe('a refusal ends at once', () => {
  test('401', async () => {
    await start();
    const result = await stepHere(server, { token: 'expired-token' });
    expectEnd(result, 'failure', 'unauthorized');
    expect(said(result, 'error')[0]).toMatch(/does not accept the credentials.*\nCheck the token/);
    // Once more with credentials read anew, and no third time.
    expect(server.requests.map(({ status }) => status)).toEqual([401, 401]);
  });

  test('403, with the Role that would help', async () => {
    await start({ authorize: () => false, user: 'github:acme/shop' });
    const result = await stepHere(server);
    expectEnd(result, 'failure', 'forbidden');
    const [error = ''] = said(result, 'error');
    expect(error).toContain('applications.argoproj.io in namespace "argocd"');
    for (const line of [
      'kind: Role\n',
      'metadata: { name: argocd-post-sync, namespace: argocd }',
      'apiGroups: ["argoproj.io"]',
      'resources: [applications]',
      'verbs: [list, watch]',
      'kind: RoleBinding\n',
      '{ apiGroup: rbac.authorization.k8s.io, kind: User, name: "github:acme/shop" }',
    ]) {
      expect(error).toContain(line);
    }
    expect(result.summary).toContain('RoleBinding');
  });

  test('403 in all namespaces, with a ClusterRole', async () => {
    await start({ authorize: () => false });
    const result = await stepHere(server, { 'application-namespace': '*' });
    expectEnd(result, 'failure', 'forbidden');
    expect(said(result, 'error')[0]).toContain('kind: ClusterRole\n');
  });

  test('the certificate of another authority', async () => {
    await start();
    const { ca } = await foreignCertificates();
    const result = await stepHere(server, { 'certificate-authority': ca });
    expectEnd(result, 'failure', 'unreachable');
    expect(said(result, 'error')[0]).toMatch(/cannot be trusted.*certificate-authority:/s);
    expect(server.requests).toEqual([]);
  });

  test('a cluster without Argo CD', async () => {
    await start({ installed: false });
    const result = await stepHere(server);
    expectEnd(result, 'failure', 'missing');
    expect(said(result, 'error')[0]).toContain('the cluster that Argo CD itself runs in');
  });
});

/** Time that passes twenty times as fast. */
function hurried(): Clock {
  const clock = systemClock();
  return {
    ...clock,
    now: () => ({ elapsed: clock.now().elapsed * 20 }),
    sleep: (ms, signal) => clock.sleep(ms / 20, signal),
  };
}

describe('a server that does not answer', () => {
  test('is tried until the timeout', async () => {
    await start();
    await server.stop();
    const result = await stepHere(server, { timeout: '2s' });
    expectEnd(result, 'timeout', 'unreachable');
    expect(said(result, 'error')[0]).toContain('ECONNREFUSED');
    expect(result.durationMs).toBeGreaterThanOrEqual(2000);
  });

  test('with requests that hang: the last look takes 5 s at most', async () => {
    await start({ intercept: () => ({ kind: 'hang' }) });
    const result = await stepHere(server, { timeout: '1s' });
    expectEnd(result, 'timeout', 'unreachable');
  });

  test('is told of while it is tried, and comes back', async () => {
    await start();
    await server.stop();
    const onLine = (line: string) => {
      if (/waiting for an answer from the server: .*ECONNREFUSED/.test(line)) void server.restart();
    };
    expectEnd(await stepHere(server, {}, { clock: hurried(), onLine }), 'success', 'synced');
  });

  test('but a proxy with an error page', async () => {
    const body = '<html>502 Bad Gateway</html>';
    await start({ intercept: () => ({ kind: 'status', code: 502, body }) });
    const result = await stepHere(server, { timeout: '1s' });
    expectEnd(result, 'timeout', 'unreachable');
    expect(said(result, 'error')[0]).toContain('502');
  });

  test('once, with timeout 0', async () => {
    await start();
    await server.stop();
    const result = await stepHere(server, { timeout: '0' });
    expectEnd(result, 'timeout', 'unreachable');
  });
});

describe('a kubeconfig', () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');

  test.each<[string, ApiServerOptions, (kubeconfig: ApiServer['kubeconfig']) => string]>([
    ['with a token', {}, (kubeconfig) => kubeconfig()],
    [
      'with a client certificate',
      { requestCert: true },
      (kubeconfig) => kubeconfig({ user: 'certificate' }),
    ],
    ['as base64', {}, (kubeconfig) => base64(kubeconfig())],
    ['as base64 in lines', {}, (kubeconfig) => base64(kubeconfig()).replace(/(.{76})/g, '$1\n')],
  ])('%s', async (_, options, of) => {
    await start(options);
    const inputs = { ...NO_SERVER, kubeconfig: of(server.kubeconfig), context: 'test' };
    expectEnd(await stepHere(server, inputs), 'success', 'synced');
    expect(server.requests.map(({ user }) => user)).toContain('github:acme/shop');
  });

  test('that does not verify the server warns', async () => {
    await start();
    const kubeconfig = server.kubeconfig({ insecure: true });
    const result = await stepHere(server, { ...NO_SERVER, kubeconfig });
    expectEnd(result, 'success', 'synced');
    expect(said(result, 'warning')).toEqual([expect.stringContaining('is not verified')]);
  });

  test('of a user whose certificate is not accepted', async () => {
    await start();
    const kubeconfig = server.kubeconfig({ user: 'certificate' });
    const result = await stepHere(server, { ...NO_SERVER, kubeconfig });
    expectEnd(result, 'failure', 'unauthorized');
  });
});

test('plain http on the loopback, as of kubectl proxy, needs no token', async () => {
  await start({ scheme: 'http' });
  const inputs = { ...NO_SERVER, server: server.url };
  expectEnd(await stepHere(server, inputs), 'failure', 'unauthorized');
  expect(server.requests[0]?.headers.authorization).toBe('');
});
