import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { TerminalError } from '../../../src/platform/errors.js';
import { connect } from '../../../src/sources/kubernetes/connect.js';
import type { Source } from '../../../src/sources/source.js';
import { type ApiServer, type ApiServerOptions, startApiServer } from '../../support/api-server.js';
import { costOf } from '../../support/cost.ts';
import { type ProxyOptions, startProxy } from '../../support/proxy.js';
import {
  accessBy,
  accessTo,
  application,
  dependencies,
  type Given,
  kubeconfig,
  short,
  sourceBy,
} from './harness.js';

/** The ways in that are less common, and what each says when it is closed. */

const ALL = new AbortController().signal;
const SHOP = ['+argocd/shop@1', '=argocd/shop'];
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

async function proxyOf(options: ProxyOptions) {
  const proxy = await startProxy(options);
  open.push(() => proxy.close());
  return proxy;
}

type Around = Parameters<typeof dependencies>[0];

/** @param credentialsMs how long a plugin is waited for */
async function sourceWith(
  access: Given,
  around: Around = {},
  credentialsMs = 60_000,
): Promise<Source> {
  const connection = await connect(accessBy(access), dependencies(around));
  return sourceBy(connection, { timing: { credentialsMs } });
}

async function lookBy(source: Source): Promise<readonly string[]> {
  return (await source.relist(ALL)).map(short);
}

async function look(access: Given, around: Around = {}): Promise<readonly string[]> {
  return lookBy(await sourceWith(access, around));
}

async function refusal(access: Given, around: Around = {}): Promise<TerminalError> {
  const thrown = await look(access, around).catch((fault: unknown) => fault);
  expect(thrown).toBeInstanceOf(TerminalError);
  return thrown as TerminalError;
}

/** An exec plugin in place of a cloud's, which notes what it is told each time it runs. */
async function plugin(script: string) {
  const dir = await directory();
  const [path, told] = [join(dir, 'plugin'), join(dir, 'told')];
  await writeFile(path, `#!/bin/sh\necho "$KUBERNETES_EXEC_INFO" >> '${told}'\n${script}\n`);
  await chmod(path, 0o755);
  const runs = async () => (await readFile(told, 'utf8').catch(() => '')).split('\n').slice(0, -1);
  return { path, told, runs };
}

function credential(status: object): string {
  const apiVersion = 'client.authentication.k8s.io/v1';
  return `echo '${JSON.stringify({ apiVersion, kind: 'ExecCredential', status })}'`;
}

function after(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}

test.each([
  ['that has expired is asked for again', -1000, 2],
  ['that has not is kept', 600_000, 1],
] as const)('a credential of an exec plugin %s', async (_, life, runs) => {
  const server = await serve();
  const status = { token: server.token, expirationTimestamp: after(life) };
  const exec = await plugin(credential(status));
  const source = await sourceWith({
    kubeconfig: kubeconfig(server, { exec: { command: exec.path } }),
  });
  expect([await lookBy(source), await lookBy(source)]).toEqual([SHOP, SHOP]);
  expect(await exec.runs()).toHaveLength(runs);
});

test('an exec plugin may give a client certificate', async () => {
  const server = await serve({ requestCert: true });
  const { cert, key } = server.client;
  const status = { clientCertificateData: cert, clientKeyData: key };
  // Line breaks are escaped in JSON; a shell's echo must not undo that.
  const exec = await plugin(credential(status).replace(/^echo/, "printf '%s'"));
  const masked: string[] = [];
  const mask = (secret: string) => masked.push(secret);
  const config = kubeconfig(server, { exec: { command: exec.path } });
  expect(await look({ kubeconfig: config }, { mask })).toEqual(SHOP);
  expect(masked).toContain(Buffer.from(key).toString('base64'));
});

test('an exec plugin is told what client-go tells it', async () => {
  const server = await serve();
  const dir = await directory();
  await writeFile(join(dir, 'ca.pem'), server.ca);
  const exec = await plugin(credential({ token: server.token }));
  const config = JSON.parse(
    kubeconfig(
      server,
      {
        exec: {
          apiVersion: 'client.authentication.k8s.io/v1beta1',
          command: exec.path,
          provideClusterInfo: true,
        },
      },
      {
        'certificate-authority-data': undefined,
        'certificate-authority': join(dir, 'ca.pem'),
        'tls-server-name': 'localhost',
        extensions: [
          { name: 'client.authentication.k8s.io/exec', extension: { audience: 'prod' } },
          { name: 'other', extension: 'of no concern' },
        ],
      },
    ),
  );
  expect(await look({ kubeconfig: JSON.stringify(config) })).toEqual(SHOP);
  const [info = ''] = await exec.runs();
  expect(JSON.parse(info)).toEqual({
    apiVersion: 'client.authentication.k8s.io/v1beta1',
    kind: 'ExecCredential',
    spec: {
      interactive: false,
      cluster: {
        server: server.url,
        'tls-server-name': 'localhost',
        'certificate-authority-data': Buffer.from(server.ca).toString('base64'),
        config: { audience: 'prod' },
      },
    },
  });
});

test('an exec plugin that was not asked to know the cluster is told the version alone', async () => {
  const server = await serve();
  const exec = await plugin(credential({ token: server.token }));
  await look({ kubeconfig: kubeconfig(server, { exec: { command: exec.path } }) });
  expect(JSON.parse((await exec.runs())[0] ?? '')).toEqual({
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    spec: { interactive: false },
  });
});

test('arguments and settings of an exec plugin go by no shell', async () => {
  const server = await serve();
  const exec = await plugin(
    '[ "$1" = \'$(exit 1); `x` | y\' ] && [ "$SET" = \'a b;c\' ] || exit 1',
  );
  await writeFile(
    exec.path,
    `${await readFile(exec.path, 'utf8')}${credential({ token: server.token })}\n`,
  );
  const env = [{ name: 'SET', value: 'a b;c' }];
  const user = { exec: { command: exec.path, args: ['$(exit 1); `x` | y'], env } };
  expect(await look({ kubeconfig: kubeconfig(server, user) })).toEqual(SHOP);
});

test('settings of an exec plugin that are called secret are masked, others are not', async () => {
  const server = await serve();
  const exec = await plugin(credential({ token: server.token }));
  const env = [
    { name: 'AWS_SECRET_ACCESS_KEY', value: 'a-secret-of-a-cloud' },
    { name: 'AWS_PROFILE', value: 'production' },
  ];
  const masked: string[] = [];
  const config = kubeconfig(server, { exec: { command: exec.path, env } });
  await look({ kubeconfig: config }, { mask: (secret) => masked.push(secret) });
  const inBase64 = Buffer.from('a-secret-of-a-cloud').toString('base64');
  expect(masked).toEqual(expect.arrayContaining(['a-secret-of-a-cloud', inBase64, 'test-token']));
  expect(masked.join()).not.toContain('production');
});

test('an exec plugin that is not installed says how to install it', async () => {
  const server = await serve();
  const installHint = 'Get it with: gcloud components install gke-gcloud-auth-plugin';
  const exec = { command: 'no-such-plugin-of-ours', installHint };
  const { message, remedy } = await refusal({ kubeconfig: kubeconfig(server, { exec }) });
  expect(message).toContain('no-such-plugin-of-ours');
  expect(remedy).toBe(`Install no-such-plugin-of-ours in a step before this one.\n${installHint}`);
});

const JWT = 'eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiJhIn0.c2lnbmF0dXJl';

test.each([
  ['a JWT', `echo "refused: ${JWT}"`, ['eyJ', 'c2lnbmF0dXJl'], 'refused'],
  ['a header', 'echo "sent Authorization: Bearer abc.def-ghi"', ['abc.def'], 'sent'],
  ['a setting', 'echo "login failed, password=hunter22 user=ann"', ['hunter22'], 'user=ann'],
  ['JSON', `echo '{"error":"expired","refresh_token":"r-12345"}'`, ['r-12345'], 'expired'],
  ['a URL', 'echo "GET https://ann:hunter22@idp.example.com"', ['hunter22'], 'idp.example.com'],
  ['a long key', `echo "used ${'a1B2'.repeat(10)} in vain"`, ['a1B2a1B2'], 'in vain'],
  [
    'a PEM key',
    "printf -- '-----BEGIN PRIVATE KEY-----\\nMIIEabc\\n-----END PRIVATE KEY-----\\nbad key'",
    ['MIIEabc'],
    'bad key',
  ],
] as const)('an exec plugin that writes %s to stderr: it is not shown', async (...row) => {
  const [, script, secrets, shown] = row;
  const server = await serve();
  const exec = await plugin(`{ ${script}; } >&2; exit 1`);
  const error = await refusal({ kubeconfig: kubeconfig(server, { exec: { command: exec.path } }) });
  expect(error.message).toContain(shown);
  for (const secret of secrets) expect(error.message).not.toContain(secret);
  expect(error.cause).toBeUndefined();
});

test.each([
  ['text', `echo 'token: ${JWT}'`],
  ['JSON of another kind', `echo '{"token":"${JWT}"}'`],
  ['half of it', `echo '{"status":{"token":"${JWT}'`],
])('an exec plugin that prints %s: it is not shown', async (_, script) => {
  const server = await serve();
  const exec = await plugin(script);
  const error = await refusal({ kubeconfig: kubeconfig(server, { exec: { command: exec.path } }) });
  expect(error.message).toContain('it printed no ExecCredential');
  expect(error.message).not.toContain('eyJ');
});

test('an exec plugin that does not answer is not waited for by a request without end', async () => {
  const server = await serve();
  const exec = await plugin('exec sleep 2');
  const access = { kubeconfig: kubeconfig(server, { exec: { command: exec.path } }) };
  const source = await sourceWith(access, {}, 20);
  await expect(source.relist(ALL)).rejects.toMatchObject({
    name: 'TransientError',
    message: expect.stringContaining('what gives the credentials has not answered'),
  });
  expect(server.requests).toEqual([]);
});

test.each([
  ['gcp', 'command: gke-gcloud-auth-plugin\n'],
  ['azure', 'command: kubelogin '],
  ['oidc', 'command: kubelogin\n'],
  ['__proto__', 'command: THE-PLUGIN-OF-YOUR-CLOUD\n'],
])('the auth-provider %s is refused, with a plugin in its place', async (name, remedy) => {
  const server = await serve();
  const config = { 'id-token': JWT, 'access-token': 'a-secret' };
  const user = { 'auth-provider': { name, config } };
  const error = await refusal({ kubeconfig: kubeconfig(server, user) });
  expect(error.reason).toBe('invalid-input');
  expect(error.message).toContain(`auth-provider ${name}`);
  expect(error.remedy).toContain(remedy);
  expect(`${error.message}${error.remedy}`).not.toMatch(/eyJ|a-secret/);
  expect(server.requests).toEqual([]);
});

test('a tokenFile is read anew for every request', async () => {
  const server = await serve();
  const file = join(await directory(), 'token');
  await writeFile(file, 'first');
  const source = await sourceWith({ kubeconfig: kubeconfig(server, { tokenFile: file }) });
  for (const token of ['first', 'second']) {
    server.tokens.clear();
    server.tokens.set(token, 'github:acme/shop');
    await writeFile(file, `${token}\n`);
    expect(await lookBy(source)).toEqual(SHOP);
  }
});

test('a tokenFile that is gone is the mistake of the user', async () => {
  const server = await serve();
  const error = await refusal({ kubeconfig: kubeconfig(server, { tokenFile: '/nonexistent/t' }) });
  expect(error).toMatchObject({ reason: 'invalid-input' });
  expect(error.message).toContain('/nonexistent/t');
});

test('of several files in KUBECONFIG the first one that says a thing counts', async () => {
  const server = await serve();
  const dir = await directory();
  const first = JSON.parse(kubeconfig(server, { token: server.token }));
  const second = JSON.parse(kubeconfig(server, { token: 'wrong' }, { server: 'https://no' }));
  second['current-context'] = 'other';
  second.contexts.push({ name: 'other', context: { cluster: 'c', user: 'nobody' } });
  await writeFile(join(dir, 'a'), JSON.stringify(first));
  await writeFile(join(dir, 'b'), JSON.stringify(second));
  const kubeconfigEnv = [join(dir, 'a'), join(dir, 'b')].join(':');
  expect(await look({ kubeconfigEnv })).toEqual(SHOP);
  const error = await refusal({ kubeconfigEnv, context: 'other' });
  expect(error.message).toContain('the user nobody, which is not there');
});

test('a kubeconfig of aliases without end is refused, not unfolded', async () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 9; level += 1) {
    const [name, of] = ['abcdefghi'[level], 'abcdefghi'[level - 1]];
    bomb.push(`${name}: &${name} [${Array(10).fill(`*${of}`).join(', ')}]`);
  }
  const kubeconfigEnv = join(await directory(), 'config');
  await writeFile(kubeconfigEnv, `${bomb.join('\n')}\nclusters: *i\n`);
  let error: Awaited<ReturnType<typeof refusal>> | undefined;
  const cost = await costOf(async () => {
    error = await refusal({ kubeconfigEnv });
  });
  expect(error).toMatchObject({ reason: 'invalid-input' });
  expect(error?.message).toContain('aliases');
  expect(cost).toBeLessThan(20);
});

test.each([
  ['a user', { as: 'ann' }, { 'impersonate-user': 'ann' }],
  ['a uid', { as: 'ann', 'as-uid': '7' }, { 'impersonate-user': 'ann', 'impersonate-uid': '7' }],
  [
    'groups and more',
    {
      as: 'ann',
      'as-groups': ['dev', 'ops'],
      'as-user-extra': { scopes: ['view', 'edit'], 'acme.com/project (x)': ['some-project'] },
    },
    {
      'impersonate-user': 'ann',
      'impersonate-group': 'dev, ops',
      'impersonate-extra-scopes': 'view, edit',
      'impersonate-extra-acme.com%2fproject%20%28x%29': 'some-project',
    },
  ],
])('impersonation of %s', async (_, fields, headers) => {
  const server = await serve();
  const user = { token: server.token, ...fields };
  expect(await look({ kubeconfig: kubeconfig(server, user) })).toEqual(SHOP);
  expect(server.requests[0]?.impersonation).toEqual(headers);
});

test('a token with a line break in it is told of, and not shown', async () => {
  const server = await serve();
  const error = await refusal({ kubeconfig: kubeconfig(server, { token: 'two\nlines' }) });
  expect(error).toMatchObject({ reason: 'invalid-input' });
  expect(error.message).not.toContain('lines');
});

/** This machine by an address that no proxy variable is ignored for. */
function elsewhere(server: ApiServer, user: object, cluster: object = {}): string {
  const address = `https://0.0.0.0:${server.port}`;
  return kubeconfig(server, user, { server: address, 'tls-server-name': 'localhost', ...cluster });
}

test.each([
  ['HTTPS_PROXY', {}, 1],
  ['https_proxy', {}, 1],
  ['HTTPS_PROXY', { NO_PROXY: '10.0.0.1,0.0.0.0' }, 0],
  ['HTTPS_PROXY', { no_proxy: '*' }, 0],
  ['HTTP_PROXY', {}, 0],
] as const)('%s with %j', async (name, env, times) => {
  const server = await serve();
  const proxy = await proxyOf({ port: server.port });
  const access = { kubeconfig: elsewhere(server, { token: server.token }) };
  expect(await look(access, { env: { [name]: proxy.url, ...env } })).toEqual(SHOP);
  expect(proxy.targets).toEqual(Array(times).fill(`0.0.0.0:${server.port}`));
});

function withLogin(url: string, login: string): string {
  return url.replace('//', `//${login}@`);
}

test.each(['of the environment', 'of the kubeconfig'])(
  'the login of a proxy %s is sent, masked, and not shown when it is wrong',
  async (where) => {
    const server = await serve();
    const proxy = await proxyOf({ port: server.port, login: 'ann:open sesame' });
    const of = (login: string) => {
      const url = withLogin(proxy.url, login);
      const user = { token: server.token };
      return where === 'of the environment'
        ? ([{ kubeconfig: elsewhere(server, user) }, { HTTPS_PROXY: url }] as const)
        : ([{ kubeconfig: elsewhere(server, user, { 'proxy-url': url }) }, {}] as const);
    };
    const masked: string[] = [];
    const mask = (secret: string) => masked.push(secret);
    const [right, env] = of('ann:open%20sesame');
    expect(await look(right, { env, mask })).toEqual(SHOP);
    expect(masked).toEqual(expect.arrayContaining(['open sesame', 'open%20sesame']));

    const [wrong, otherEnv] = of('ann:hunter22');
    const thrown = await look(wrong, { env: otherEnv }).catch((fault: unknown) => fault);
    expect(thrown).toBeInstanceOf(Error);
    expect(String(thrown)).toContain('407');
    expect(`${thrown} ${(thrown as Error).cause}`).not.toContain('hunter22');
  },
);

test.each(['nonsense', 'ftp://proxy.example.com', 'proxy.example.com:3128'])(
  'the proxy-url %s is refused',
  async (url) => {
    const server = await serve();
    const config = kubeconfig(server, { token: server.token }, { 'proxy-url': url });
    const error = await refusal({ kubeconfig: config });
    expect(error).toMatchObject({ reason: 'invalid-input' });
    expect(error.message).toContain('proxy-url');
  },
);

test.each([
  ['wait', 'list', /verbs: \[list, watch\]$/m],
  ['trigger', 'patch', /verbs: \[list, watch, patch\]$/m],
  ['live evidence', 'get', /resources: \[configmaps\]\n {2}verbs: \[get\]$/m],
] as const)('the Role that %s needs, and no more', async (_, refused, rule) => {
  const server = await serve({ authorize: ({ verb }) => verb !== refused });
  const source = await sourceWith(accessTo(server));
  expect(await remedyFor(source, refused)).toMatch(rule);
});

/** What is said to do about the refusal of a verb. */
async function remedyFor(source: Source, verb: 'list' | 'patch' | 'get'): Promise<string> {
  const remedyOf = (thrown: unknown) => (thrown as TerminalError).remedy;
  if (verb === 'list') return source.relist(ALL).then(() => '', remedyOf);
  if (verb === 'patch') {
    const patch = { namespace: 'argocd', name: 'shop', body: {} };
    return source.patch(patch, ALL).then(() => '', remedyOf);
  }
  const query = {
    application: { namespace: 'argocd', name: 'shop' },
    group: '',
    version: 'v1',
    kind: 'ConfigMap',
    namespace: 'shop',
    name: 'settings',
    defaultNamespace: 'shop',
  };
  const [answer] = await source.live([query], ALL);
  return answer?.kind === 'unreadable' ? answer.remedy : '';
}
