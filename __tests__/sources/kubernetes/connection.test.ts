import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { TerminalError } from '../../../src/platform/errors.js';
import { connect } from '../../../src/sources/kubernetes/connect.js';
import { type ApiServer, type ApiServerOptions, startApiServer } from '../../support/api-server.js';
import { startProxy } from '../../support/proxy.js';
import {
  accessBy,
  accessTo,
  application,
  dependencies,
  type Given,
  kubeconfig,
  NO_ACCESS,
  recordingLog,
  short,
  sourceBy,
} from './harness.js';

const ALL = new AbortController().signal;
const open: Array<() => unknown> = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function serve(options: ApiServerOptions = {}): Promise<ApiServer> {
  const server = await startApiServer({ objects: [application('shop')], ...options });
  open.push(() => server.close());
  return server;
}

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'post-sync-'));
  open.push(() => rm(path, { recursive: true }));
  return path;
}

async function proxyTo(port?: number) {
  const proxy = await startProxy(port === undefined ? {} : { port });
  open.push(() => proxy.close());
  return proxy;
}

type Around = Parameters<typeof dependencies>[0];

/** What a look by way of these inputs finds. */
async function look(access: Given, around: Around = {}): Promise<readonly string[]> {
  const connection = await connect(accessBy(access), dependencies(around));
  return (await sourceBy(connection).relist(ALL)).map(short);
}

async function refusal(access: Given, around: Around = {}): Promise<TerminalError> {
  const thrown = await look(access, around).catch((fault: unknown) => fault);
  expect(thrown).toBeInstanceOf(TerminalError);
  return thrown as TerminalError;
}

/** An exec plugin in place of a cloud's. */
async function plugin(script: string): Promise<{ readonly path: string; readonly count: string }> {
  const dir = await directory();
  const [path, count] = [join(dir, 'plugin'), join(dir, 'count')];
  await writeFile(path, `#!/bin/sh\necho x >> '${count}'\n${script}\n`);
  await chmod(path, 0o755);
  return { path, count };
}

const SHOP = ['+argocd/shop@1', '=argocd/shop'];

test('server, token and certificate authority', async () => {
  const server = await serve();
  const masked: string[] = [];
  expect(await look(accessTo(server), { mask: (secret) => masked.push(secret) })).toEqual(SHOP);
  expect(masked).toEqual(['test-token']);
  expect(server.requests[0]?.headers.authorization).toBe('Bearer test-token');
});

test('a server below a path', async () => {
  const server = await serve();
  await look(accessTo(server, { server: `${server.url}/k8s/clusters/c-1` })).catch(() => undefined);
  expect(server.requests[0]?.path).toBe(
    '/k8s/clusters/c-1/apis/argoproj.io/v1alpha1/namespaces/argocd/applications',
  );
});

test('minted tokens: another one when the first is refused', async () => {
  const server = await serve();
  const asked: boolean[] = [];
  const mintToken = async (fresh: boolean) => {
    asked.push(fresh);
    return fresh ? server.token : 'expired';
  };
  expect(await look(accessTo(server, { token: '' }), { mintToken })).toEqual(SHOP);
  expect(asked).toEqual([false, true]);
});

test('plain http to this machine, as of kubectl proxy, needs no token', async () => {
  const server = await serve({ scheme: 'http', authenticate: () => 'proxy' });
  const seen = await look({ server: server.url }).catch((fault: TerminalError) => fault.reason);
  expect(server.requests[0]?.headers.authorization).toBe('');
  expect(seen).toBe('unauthorized');
  expect(await look({ server: server.url, token: server.token })).toEqual(SHOP);
});

test('a wrong certificate authority is final and named', async () => {
  const server = await serve();
  const error = await refusal(accessTo(server, { certificateAuthority: server.client.cert }));
  expect(error.reason).toBe('unreachable');
  expect(error.message).toContain('"CN=kube-apiserver"');
  expect(error.message).toContain('issued by "CN=post-sync-test-ca"');
  expect(error.remedy).toContain('certificate-authority: ${'.concat('{ vars.CLUSTER_CA }}'));
});

test('a certificate for another name says which', async () => {
  const server = await serve();
  const named = kubeconfig(
    server,
    { token: server.token },
    { 'tls-server-name': 'other.example.com' },
  );
  const error = await refusal({ kubeconfig: named });
  expect(error.reason).toBe('unreachable');
  expect(error.message).toContain('localhost');
  expect(error.remedy).toContain('tls-server-name');
});

test('tls-server-name is what the certificate is held against', async () => {
  const server = await serve();
  const named = kubeconfig(server, { token: server.token }, { 'tls-server-name': 'localhost' });
  expect(await look({ kubeconfig: named })).toEqual(SHOP);
});

test('insecure-skip-tls-verify works, with a warning', async () => {
  const server = await serve();
  const log = recordingLog();
  const access = accessTo(server, { certificateAuthority: '', insecureSkipTlsVerify: true });
  expect(await look(access, { log })).toEqual(SHOP);
  expect(log.lines).toEqual([expect.stringMatching(/^warning: .*insecure-skip-tls-verify/)]);
});

const kubeconfigOf = (server: string) => `current-context: a
contexts: [{ name: a, context: { cluster: a } }]
clusters: [{ name: a, cluster: { server: '${server}' } }]`;

test.each([
  ['no access at all', {}, /neither `kubeconfig` nor `server` is set/],
  [
    'plain http in a kubeconfig',
    { kubeconfig: kubeconfigOf('http://k.example.com') },
    /^server of cluster a is plain http to k\.example\.com/,
  ],
  ['no URL in it', { kubeconfig: kubeconfigOf('k.example.com') }, /must be a URL/],
  ['a password in that', { kubeconfig: kubeconfigOf('https://u:s3cret@k') }, /without credentials/],
  [
    'no certificate in a kubeconfig',
    {
      kubeconfig: `current-context: a
contexts: [{ name: a, context: { cluster: a } }]
clusters: [{ name: a, cluster: { server: https://k.example.com, certificate-authority-data: eA== } }]`,
    },
    /certificate-authority-data of cluster a of `kubeconfig` is not a PEM certificate/,
  ],
  ['a kubeconfig that is none', { kubeconfig: 'a: b' }, /neither clusters nor contexts/],
  [
    'a KUBECONFIG of files that do not exist',
    { kubeconfigEnv: '/nonexistent/a' },
    /no file that exists: \/nonexistent\/a/,
  ],
] as ReadonlyArray<readonly [string, Given, RegExp]>)(
  '%s is the mistake of the user',
  async (_, access, message) => {
    const error = await refusal(access);
    expect(error.reason).toBe('invalid-input');
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('s3cret');
    expect(error.remedy).toContain('kubeconfig: $');
  },
);

test('an unknown context, with those that exist', async () => {
  const server = await serve();
  const error = await refusal({ kubeconfig: server.kubeconfig(), context: 'prod' });
  expect(error.message).toContain('no context prod; it has test');
});

test('a kubeconfig with a token', async () => {
  const server = await serve();
  const masked: string[] = [];
  const access = { kubeconfig: server.kubeconfig(), context: 'test' };
  expect(await look(access, { mask: (secret) => masked.push(secret) })).toEqual(SHOP);
  expect(masked).toEqual(['test-token']);
});

test('a kubeconfig with a client certificate; of its key no short line is masked', async () => {
  const server = await serve({ requestCert: true });
  const masked: string[] = [];
  const access = { kubeconfig: server.kubeconfig({ user: 'certificate' }) };
  expect(await look(access, { mask: (secret) => masked.push(secret) })).toEqual(SHOP);
  expect(server.requests[0]?.user).not.toBe('');
  expect(masked.every((secret) => secret.length >= 16 && !secret.includes('-----'))).toBe(true);
  expect(masked).toContain(Buffer.from(server.client.key).toString('base64'));
});

test('a client certificate and a key that do not belong together', async () => {
  const server = await serve({ requestCert: true });
  const data = (text: string) => Buffer.from(text).toString('base64');
  const user = {
    'client-certificate-data': data(server.client.cert),
    'client-key-data': data(server.certificates.server.key),
  };
  const error = await refusal({ kubeconfig: kubeconfig(server, user) });
  expect(error.reason).toBe('invalid-input');
  expect(error.message).toContain('client certificate or its key');
});

test('a user name and a password', async () => {
  const server = await serve();
  const user = { username: 'ann', password: 'open sesame' };
  await refusal({ kubeconfig: kubeconfig(server, user) });
  const basic = Buffer.from('ann:open sesame').toString('base64');
  expect(server.requests[0]?.headers.authorization).toBe(`Basic ${basic}`);
});

test('files of KUBECONFIG are merged, and paths in them are relative to them', async () => {
  const server = await serve();
  const dir = await directory();
  await writeFile(join(dir, 'ca.pem'), server.ca);
  await writeFile(join(dir, 'token'), 'old\n');
  const config = JSON.parse(kubeconfig(server, { tokenFile: 'token' }));
  delete config.clusters[0].cluster['certificate-authority-data'];
  config.clusters[0].cluster['certificate-authority'] = 'ca.pem';
  const { clusters, users, contexts } = config;
  await writeFile(
    join(dir, 'a'),
    JSON.stringify({ clusters, contexts, 'current-context': 'test' }),
  );
  await writeFile(
    join(dir, 'b'),
    JSON.stringify({ users, clusters: [{ name: 'c', cluster: {} }] }),
  );
  const kubeconfigEnv = [join(dir, 'a'), join(dir, 'absent'), join(dir, 'b')].join(':');
  const connection = await connect(accessBy({ kubeconfigEnv }), dependencies());
  // A token that is replaced in its file is used from the next request on.
  await writeFile(join(dir, 'token'), `${server.token}\n`);
  expect((await sourceBy(connection).relist(ALL)).map(short)).toEqual(SHOP);
});

test('~/.kube/config', async () => {
  const server = await serve();
  const home = await directory();
  const { mkdir } = await import('node:fs/promises');
  await mkdir(join(home, '.kube'));
  await writeFile(join(home, '.kube', 'config'), server.kubeconfig());
  expect(await look({ home })).toEqual(SHOP);
});

test('a file that is not YAML is named, and none of it quoted', async () => {
  const path = join(await directory(), 'config');
  await writeFile(path, 'a: 1\nb: [s3cret');
  const { message } = await refusal({ kubeconfigEnv: path });
  expect(message).toMatch(/^(\S+) is not YAML: line 2 \(\w+\)\.$/);
  expect(message).toContain(path);
});

test('the service account of a pod, whose token rotates', async () => {
  const server = await serve();
  const serviceAccount = await directory();
  await writeFile(join(serviceAccount, 'ca.crt'), server.ca);
  await writeFile(join(serviceAccount, 'token'), server.token);
  const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: `${server.port}` };
  const connection = await connect(NO_ACCESS, dependencies({ env, serviceAccount }));
  const source = sourceBy(connection);
  expect((await source.relist(ALL)).map(short)).toEqual(SHOP);
  server.tokens.clear();
  server.tokens.set('rotated', 'github:acme/shop');
  await writeFile(join(serviceAccount, 'token'), 'rotated');
  expect((await source.relist(ALL)).map(short)).toEqual(SHOP);
});

const CREDENTIAL = (token: string) =>
  `'{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"${token}"}}'`;

test('an exec plugin is asked once, told of the cluster, and its token is masked', async () => {
  const server = await serve();
  const { path, count } = await plugin(
    `case "$KUBERNETES_EXEC_INFO" in *'"server":"${server.url}'*) echo ${CREDENTIAL('test-token')};; esac`,
  );
  const exec = { command: path, env: null, provideClusterInfo: true };
  const masked: string[] = [];
  const mask = (secret: string) => masked.push(secret);
  const access = accessBy({ kubeconfig: kubeconfig(server, { exec }) });
  const source = sourceBy(await connect(access, dependencies({ mask })));
  const looks = await Promise.all([source.relist(ALL), source.relist(ALL)]);
  expect(looks.map((events) => events.map(short))).toEqual([SHOP, SHOP]);
  expect(masked).toEqual(['test-token']);
  const { readFile } = await import('node:fs/promises');
  expect(await readFile(count, 'utf8')).toBe('x\n');
});

test('an exec plugin is asked again when its token is refused', async () => {
  const server = await serve();
  const { path, count } = await plugin('true');
  await writeFile(
    path,
    `#!/bin/sh\necho x >> '${count}'\n[ $(wc -l < '${count}') = 1 ] && echo ${CREDENTIAL('old')} || echo ${CREDENTIAL('test-token')}\n`,
  );
  expect(await look({ kubeconfig: kubeconfig(server, { exec: { command: path } }) })).toEqual(SHOP);
});

test.each([
  ['fails', 'echo log in first >&2; exit 1', 'unauthorized', /log in first/],
  ['says nothing', 'true', 'unauthorized', /which failed/],
] as const)('an exec plugin that %s is final', async (_, script, reason, message) => {
  const server = await serve();
  const { path } = await plugin(script);
  const error = await refusal({ kubeconfig: kubeconfig(server, { exec: { command: path } }) });
  expect(error.reason).toBe(reason);
  expect(error.message).toMatch(message);
});

test('an exec plugin that is not installed', async () => {
  const server = await serve();
  const exec = { command: 'no-such-plugin-of-ours' };
  const error = await refusal({ kubeconfig: kubeconfig(server, { exec }) });
  expect(error.reason).toBe('invalid-input');
  expect(error.remedy).toContain('Install no-such-plugin-of-ours');
});

test('a proxy of the kubeconfig carries the requests', async () => {
  const server = await serve();
  const proxy = await proxyTo();
  const config = kubeconfig(server, { token: server.token }, { 'proxy-url': proxy.url });
  expect(await look({ kubeconfig: config })).toEqual(SHOP);
  expect(proxy.targets).toEqual([`127.0.0.1:${server.port}`]);
});

test('a proxy of the environment is not used for this machine', async () => {
  const server = await serve();
  const proxy = await proxyTo();
  expect(await look(accessTo(server), { env: { HTTPS_PROXY: proxy.url } })).toEqual(SHOP);
  expect(proxy.targets).toEqual([]);
});

test('a proxy of the environment is used for other machines', async () => {
  const server = await serve();
  const proxy = await proxyTo(server.port);
  const access = accessTo(server, { server: 'https://k.example.com', insecureSkipTlsVerify: true });
  expect(await look(access, { env: { HTTPS_PROXY: proxy.url } })).toEqual(SHOP);
  expect(proxy.targets).toEqual(['k.example.com:443']);
});
