import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import { connect } from '../../../src/sources/kubernetes/connect.js';
import { KUBECONFIGS } from '../../support/kubeconfigs.ts';
import { accessBy, dependencies, type Given } from './harness.js';

/**
 * Kubeconfigs without a plugin or proxy are read without client-node, for the start's sake: both
 * must come to the same server, trust and credentials.
 */
interface Way {
  readonly server: string;
  readonly ca: string;
  readonly servername: string;
  readonly verified: boolean;
  readonly cert: string;
  readonly key: string;
  readonly authorization: string;
}

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function ours(access: Given): Promise<Way> {
  const { base, trust, credentials } = await connect(accessBy(access), dependencies());
  const { headers, cert, key } = await credentials(false, new AbortController().signal);
  return {
    server: base,
    ca: trust.ca ?? '',
    servername: trust.servername ?? '',
    verified: trust.rejectUnauthorized !== false,
    cert: cert ?? '',
    key: key ?? '',
    authorization: String(headers['authorization'] ?? ''),
  };
}

async function theirs(load: (config: KubeConfig) => void): Promise<Way> {
  const config = new KubeConfig();
  load(config);
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { Authorization = '' } = (options.headers ?? {}) as Record<string, string>;
  // It hands these over as Basic credentials, which only its own requests encode.
  const { auth } = options;
  const basic = auth ? `Basic ${Buffer.from(auth).toString('base64')}` : '';
  return {
    // Names of hosts are the same in any case.
    server: new URL(config.getCurrentCluster()?.server ?? '').href.replace(/\/+$/, ''),
    ca: String(options.ca ?? ''),
    servername: options.servername ?? '',
    verified: options.rejectUnauthorized !== false,
    cert: String(options.cert ?? ''),
    key: String(options.key ?? ''),
    authorization: Authorization || basic,
  };
}

// Plain http is refused here, and client-node forgets the authority of a context without a user.
const OURS = ['an address without a scheme of TLS', 'no user'];
const REACHABLE = KUBECONFIGS.filter(({ name }) => !OURS.includes(name));

test.each(REACHABLE)('$name', async ({ text }) => {
  expect(await ours({ kubeconfig: text })).toEqual(
    await theirs((config) => config.loadFromString(text)),
  );
});

test.each(REACHABLE)('$name, from the file that KUBECONFIG names', async ({ text }) => {
  const path = join(directory, 'config');
  await writeFile(path, text);
  expect(await ours({ kubeconfigEnv: path })).toEqual(
    await theirs((config) => config.loadFromFile(path)),
  );
});

test('files beside the kubeconfig', async () => {
  const [{ text = '' } = {}] = KUBECONFIGS;
  const fields = ['certificate-authority', 'client-certificate', 'client-key'];
  await mkdir(join(directory, 'pki'), { recursive: true });
  let named = text;
  for (const field of fields) {
    const [line = '', data = ''] = new RegExp(`${field}-data: (.*)`).exec(text) ?? [];
    await writeFile(join(directory, 'pki', field), Buffer.from(data, 'base64'));
    named = named.replace(line, `${field}: pki/${field}`);
  }
  const path = join(directory, 'named');
  await writeFile(path, named);
  const way = await ours({ kubeconfigEnv: path });
  expect(way).toEqual(await theirs((config) => config.loadFromFile(path)));
  expect(way).toEqual(await ours({ kubeconfig: text }));
});

const CA = fieldOfSample('certificate-authority-data');

/** Of the first sample, in base64. */
function fieldOfSample(field: string): string {
  return new RegExp(`${field}: (.*)`).exec(KUBECONFIGS[0]?.text ?? '')?.[1] ?? '';
}

function binary(text: string): string {
  return `!!binary |\n${text.replace(/.{1,60}/g, '        $&\n')}`;
}

/** A kubeconfig whose entries have these lines. */
function written(cluster: readonly string[], user: readonly string[], context = ''): string {
  const lines = (all: readonly string[]) => all.map((line) => `      ${line}\n`).join('');
  return `current-context: k
clusters:
  - name: c
    cluster:
      server: https://k.example.com
${lines(cluster)}
users:
  - name: u
    user:
${lines(user)}
contexts:
  - name: k
    context: { cluster: c, user: u${context} }
`;
}

test('data that is tagged as binary is what kubectl takes it for', async () => {
  const [ca, cert, key] = [
    CA,
    fieldOfSample('client-certificate-data'),
    fieldOfSample('client-key-data'),
  ];
  const twice = Buffer.from(ca).toString('base64');
  const plain = Buffer.from(ca, 'base64').toString();
  const token = binary(Buffer.from('a-token').toString('base64'));
  for (const data of [twice, ca]) {
    const way = await ours({
      kubeconfig: written(
        [`certificate-authority-data: ${binary(data)}`],
        [
          `client-certificate-data: ${binary(cert)}`,
          `client-key-data: ${binary(Buffer.from(key).toString('base64'))}`,
          `token: ${token}`,
        ],
      ),
    });
    expect(way.ca).toBe(plain);
    expect(way.cert).toBe(Buffer.from(cert, 'base64').toString());
    expect(way.key).toBe(Buffer.from(key, 'base64').toString());
    expect(way.authorization).toBe('Bearer a-token');
  }
});

describe('what is in a field and cannot be used is an error that names it', () => {
  const TOKEN = ['token: hunter22'];
  const cluster = (line: string) => written([line], TOKEN);
  const user = (...lines: string[]) => written([], lines);
  const file = 'of `kubeconfig`';

  test.each<[string, string, string]>([
    [
      'a CA in a list',
      cluster('certificate-authority-data: [a]'),
      `certificate-authority-data of cluster c ${file} must be text, and is a list`,
    ],
    [
      'a CA that is no base64',
      cluster('certificate-authority-data: hunter22!'),
      `certificate-authority-data of cluster c ${file} is not base64`,
    ],
    ['a CA cut off', cluster(`certificate-authority-data: ${CA.slice(0, 401)}`), 'is not base64'],
    [
      'a CA that is no PEM',
      cluster('certificate-authority-data: aHVudGVyMjI='),
      'certificate-authority-data of cluster c of `kubeconfig` is not a PEM certificate',
    ],
    [
      'a CA of bytes',
      cluster('certificate-authority-data: !!binary gICA'),
      'is binary data that is no text',
    ],
    [
      'a CA as a file that is none',
      cluster('certificate-authority: /dev/zero'),
      '(/dev/zero) cannot be read: it is not a regular file',
    ],
    [
      'a name with a slip',
      cluster('certificate-authority-date: abc'),
      'did you mean certificate-authority-data?',
    ],
    [
      'a name in another spelling',
      user('tokenfile: a'),
      'user u of `kubeconfig` has a field tokenfile, which does not exist: did you mean tokenFile?',
    ],
    [
      'another spelling',
      user('client_certificate_data: a'),
      'did you mean client-certificate-data?',
    ],
    [
      'a flag in quotes',
      cluster('insecure-skip-tls-verify: "true"'),
      'insecure-skip-tls-verify of cluster c of `kubeconfig` must be true or false, and is a string',
    ],
    [
      'a name of the server in a mapping',
      cluster('tls-server-name: { a: b }'),
      'tls-server-name of cluster c',
    ],
    ['a proxy in a list', cluster('proxy-url: [http://p]'), 'proxy-url of cluster c'],
    [
      'a server in a list',
      written([], TOKEN).replace('https://k.example.com', '[https://k]'),
      'server of cluster c',
    ],
    [
      'no server',
      written([], TOKEN).replace('server: https://k.example.com', 'tls-server-name: a'),
      'server of cluster c must be a URL',
    ],
    [
      'a token that is a number',
      user('token: 0123456789'),
      'token of user u of `kubeconfig` must be text, and is a number. Put it in quotes',
    ],
    [
      'a token that is a word of YAML',
      user('token: true'),
      'token of user u of `kubeconfig` must be text, and is a boolean',
    ],
    ['a token in a mapping', user('token: { hunter22: hunter22 }'), 'token of user u'],
    ['a tokenFile in a list', user('tokenFile: [a]'), 'tokenFile of user u'],
    ['a tokenFile that has no end', user('tokenFile: /dev/zero'), '/dev/zero cannot be read'],
    ['a password alone', user('password: hunter22'), 'has a password and no username'],
    [
      'a password that is a number',
      user('username: ann', 'password: 123456'),
      'password of user u',
    ],
    [
      'a certificate alone',
      user(`client-certificate-data: ${CA}`),
      'has a client-certificate and no client-key',
    ],
    [
      'a key alone',
      user(`client-key-data: ${fieldOfSample('client-key-data')}`),
      'has a client-key and no client-certificate',
    ],
    [
      'a certificate in place of its key',
      user(`client-certificate-data: ${CA}`, `client-key-data: ${CA}`),
      'client-key-data of user u of `kubeconfig` is not a PEM private key',
    ],
    [
      'a user to act as in a list',
      user(...TOKEN, 'as: [a]'),
      '`kubeconfig` must be text, and is a list',
    ],
    ['groups as text', user(...TOKEN, 'as: a', 'as-groups: dev'), 'as-groups of user u'],
    [
      'a group that is a number',
      user(...TOKEN, 'as: a', 'as-groups: [dev, 1]'),
      'as-groups[1] of user u',
    ],
    [
      'more about a user as text',
      user(...TOKEN, 'as: a', 'as-user-extra: { scopes: view }'),
      'scopes of as-user-extra of user u',
    ],
    [
      'groups of nobody',
      user(...TOKEN, 'as-groups: [dev]'),
      'as-groups or as-user-extra and no `as`',
    ],
    ['an auth-provider as text', user('auth-provider: gcp'), 'auth-provider of user u'],
    [
      'a user that is text',
      written([], TOKEN).replace(/user:\n.*token.*/, 'user: hunter22'),
      'user of user u of `kubeconfig` must be a mapping',
    ],
    [
      'a context that is a number',
      written([], TOKEN).replace('current-context: k', 'current-context: 7'),
      'current-context of `kubeconfig` must be text',
    ],
    [
      'clusters in a mapping',
      written([], TOKEN).replace(/clusters:\n[\s\S]*users:/, 'clusters: { a: b }\nusers:'),
      'clusters of `kubeconfig` must be a list',
    ],
    [
      'a context without a cluster',
      written([], TOKEN).replace('cluster: c, ', ''),
      'context k of `kubeconfig` names no cluster',
    ],
    [
      'a name that is a number',
      written([], TOKEN).replace('name: c', 'name: 7'),
      'name of clusters[0] of `kubeconfig` must be text',
    ],
    [
      'an entry that is empty',
      written([], TOKEN).replace('contexts:', 'contexts:\n  -'),
      'contexts[0] of `kubeconfig` is empty',
    ],
  ])('%s', async (_, kubeconfig, message) => {
    const thrown = await ours({ kubeconfig }).catch((fault: unknown) => fault);
    expect(thrown).toMatchObject({ name: 'TerminalError', reason: 'invalid-input' });
    expect((thrown as Error).message).toContain(message);
    expect((thrown as Error).message).not.toContain('hunter22');
  });

  test('but what nobody asks for is not: other fields, and other entries', async () => {
    const more = 'users:\n  - name: other\n    user: { token: [a] }';
    const kubeconfig = written(['x-my-tool: [a]'], TOKEN).replace('users:', more);
    expect(await ours({ kubeconfig })).toMatchObject({ authorization: 'Bearer hunter22' });
  });
});

describe('a user without credentials is refused before anything is contacted', () => {
  const empty = [
    'token: ""',
    'token:',
    'tokenFile: ""',
    'username: ""',
    'client-key-data: ""',
    'as: ann',
    'exec:',
  ];
  test.each(empty)('%s', async (line) => {
    await expect(ours({ kubeconfig: written([], [line]) })).rejects.toMatchObject({
      reason: 'invalid-input',
      message: expect.stringContaining('user u of `kubeconfig` has no credentials: add a token'),
    });
  });

  test('and a context without a user', async () => {
    const kubeconfig = written([], ['token: a']).replace(', user: u', '');
    await expect(ours({ kubeconfig })).rejects.toMatchObject({
      reason: 'invalid-input',
      message: expect.stringContaining('context k of `kubeconfig` names no user'),
    });
  });

  test('but not for kubectl proxy, which has them', async () => {
    const kubeconfig = written([], ['token:']).replace(
      'https://k.example.com',
      'http://127.0.0.1:8001',
    );
    expect(await ours({ kubeconfig })).toMatchObject({ authorization: '' });
  });
});

test('a file of KUBECONFIG that has no end is not read', async () => {
  await expect(ours({ kubeconfigEnv: '/dev/zero' })).rejects.toMatchObject({
    reason: 'invalid-input',
    message: expect.stringContaining('/dev/zero cannot be read: it is not a regular file'),
  });
});
