import { afterEach, describe, expect, test } from '@jest/globals';
import { createCertificates } from '../support/api/certificates.ts';
import { type ApiServer, type ApiServerOptions, startApiServer } from '../support/api-server.ts';
import { manifest } from '../support/manifest.ts';
import { startProxy } from '../support/proxy.ts';
import { expectEnd, said, stepOn } from './steps.ts';

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
    const result = await stepOn(server, { token: 'expired-token' });
    expectEnd(result, 'failure', 'unauthorized');
    expect(said(result, 'error')[0]).toMatch(/does not accept the credentials.*\nCheck the token/);
    expect(result.durationMs).toBeLessThan(5000);
    // Once more with credentials read anew, and no third time.
    expect(server.requests.map(({ status }) => status)).toEqual([401, 401]);
  });

  test('403, with the Role that would help', async () => {
    await start({ authorize: () => false, user: 'github:acme/shop' });
    const result = await stepOn(server);
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
    const result = await stepOn(server, { 'application-namespace': '*' });
    expectEnd(result, 'failure', 'forbidden');
    expect(said(result, 'error')[0]).toContain('kind: ClusterRole\n');
  });

  test('the certificate of another authority', async () => {
    await start();
    const { ca } = await createCertificates('somebody else');
    const result = await stepOn(server, { 'certificate-authority': ca });
    expectEnd(result, 'failure', 'unreachable');
    expect(said(result, 'error')[0]).toMatch(/cannot be trusted.*certificate-authority:/s);
    expect(result.durationMs).toBeLessThan(5000);
    expect(server.requests).toEqual([]);
  });

  test('a cluster without Argo CD', async () => {
    await start({ installed: false });
    const result = await stepOn(server);
    expectEnd(result, 'failure', 'missing');
    expect(said(result, 'error')[0]).toContain('the cluster that Argo CD itself runs in');
  });
});

describe('NODE_TLS_REJECT_UNAUTHORIZED=0 does not switch verification off', () => {
  const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
  const FAR = { server: 'https://k.example.com', 'certificate-authority': '' };

  test('of a server', async () => {
    await start();
    const { outputs, stdout } = await stepOn(server, { 'certificate-authority': '' }, { env });
    expect(outputs['reason']).toBe('unreachable');
    expect(stdout).toContain('cannot be trusted: self-signed certificate');
    expect(server.requests).toEqual([]);
  });

  test('of a server behind a proxy', async () => {
    await start();
    const proxy = await startProxy({ port: server.port });
    const by = { ...env, HTTPS_PROXY: proxy.url };
    const { outputs, stdout } = await stepOn(server, FAR, { env: by });
    expect(outputs['reason']).toBe('unreachable');
    expect(stdout).toContain('cannot be trusted: self-signed certificate');
    expect(proxy.targets).not.toEqual([]);
    expect(server.requests).toEqual([]);
    proxy.close();
  });

  test('of a proxy', async () => {
    await start();
    const by = { ...env, HTTPS_PROXY: server.url };
    const { outputs, stdout } = await stepOn(server, { ...FAR, timeout: '1s' }, { env: by });
    expect(outputs['reason']).toBe('unreachable');
    expect(stdout).toMatch(/the proxy at 127\.0\.0\.1:\d+: self-signed certificate/);
    expect(server.requests).toEqual([]);
  });
});

describe('a server that does not answer', () => {
  test('is tried until the timeout', async () => {
    await start();
    await server.stop();
    const result = await stepOn(server, { timeout: '2s' });
    expectEnd(result, 'timeout', 'unreachable');
    expect(said(result, 'error')[0]).toContain('ECONNREFUSED');
    expect(result.durationMs).toBeGreaterThan(2000);
    expect(result.durationMs).toBeLessThan(7000);
  });

  test('with requests that hang: the last look takes 5 s at most', async () => {
    await start({ intercept: () => ({ kind: 'hang' }) });
    const result = await stepOn(server, { timeout: '1s' });
    expectEnd(result, 'timeout', 'unreachable');
    expect(result.durationMs).toBeGreaterThan(6000);
    expect(result.durationMs).toBeLessThan(8500);
  }, 20_000);

  test('and comes back', async () => {
    await start();
    await server.stop();
    const waiting = stepOn(server);
    setTimeout(() => void server.restart(), 700);
    expectEnd(await waiting, 'success', 'synced');
  });

  test('but a proxy with an error page', async () => {
    const body = '<html>502 Bad Gateway</html>';
    await start({ intercept: () => ({ kind: 'status', code: 502, body }) });
    const result = await stepOn(server, { timeout: '1s' });
    expectEnd(result, 'timeout', 'unreachable');
    expect(said(result, 'error')[0]).toContain('502');
  });

  test('once, with timeout 0', async () => {
    await start();
    await server.stop();
    const result = await stepOn(server, { timeout: '0' });
    expectEnd(result, 'timeout', 'unreachable');
    expect(result.durationMs).toBeLessThan(3000);
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
    expectEnd(await stepOn(server, inputs), 'success', 'synced');
    expect(server.requests.map(({ user }) => user)).toContain('github:acme/shop');
  });

  test('of the environment', async () => {
    await start();
    const files = { 'kube/config': server.kubeconfig() };
    const step = { files, env: { KUBECONFIG: 'kube/config' } };
    expectEnd(await stepOn(server, NO_SERVER, step), 'success', 'synced');
  });

  test('that does not verify the server warns', async () => {
    await start();
    const kubeconfig = server.kubeconfig({ insecure: true });
    const result = await stepOn(server, { ...NO_SERVER, kubeconfig });
    expectEnd(result, 'success', 'synced');
    expect(said(result, 'warning')).toEqual([expect.stringContaining('is not verified')]);
  });

  test('of a user whose certificate is not accepted', async () => {
    await start();
    const kubeconfig = server.kubeconfig({ user: 'certificate' });
    const result = await stepOn(server, { ...NO_SERVER, kubeconfig });
    expectEnd(result, 'failure', 'unauthorized');
  });
});

test('plain http on the loopback, as of kubectl proxy, needs no token', async () => {
  await start({ scheme: 'http' });
  const inputs = { ...NO_SERVER, server: server.url };
  expectEnd(await stepOn(server, inputs), 'failure', 'unauthorized');
  expect(server.requests[0]?.headers.authorization).toBe('');
});
