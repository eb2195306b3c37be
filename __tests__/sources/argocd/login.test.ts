import { getCACertificates } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { githubOidc } from '../../../src/github/oidc.js';
import { tokenEndpoint } from '../../../src/github/token-endpoint.js';
import { transport } from '../../../src/http/transport.js';
import { readInputs } from '../../../src/inputs/index.js';
import { systemClock } from '../../../src/platform/clock.js';
import { TransientError } from '../../../src/platform/errors.js';
import { argocdEndpoint } from '../../../src/sources/argocd/connect.js';
import { identityFrom, policyForRun } from '../../../src/sources/argocd/identity.js';
import { argocdLogin } from '../../../src/sources/argocd/login.js';
import { openArgocdApi } from '../../../src/sources/open.js';
import { foreignCertificates } from '../../support/api/certificates.ts';
import { type ArgocdServer, startArgocdServer } from '../../support/argocd-server.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { type GithubIssuer, startGithubIssuer } from '../../support/github-issuer.ts';
import { startProxy } from '../../support/proxy.ts';
import { recordingLog } from '../../support/recording-log.ts';

const { signal } = new AbortController();

let github: GithubIssuer;
let argocd: ArgocdServer;
beforeEach(async () => {
  github = await startGithubIssuer();
  argocd = await startArgocdServer();
  argocd.dex.options = { connectors: [{ id: 'ci', name: 'CI', type: 'oidc', ...github }] };
});
afterEach(async () => {
  await argocd.close();
  await github.close();
});

function loginAt({
  expiresIn = 86_399,
  server = argocd.url,
  env = {},
  ca = argocd.ca,
  insecure = false,
} = {}) {
  argocd.dex.options = { ...argocd.dex.options, expiresIn };
  const clock = fakeClock();
  const mask = () => undefined;
  const trust = { certificateAuthority: ca, insecureSkipTlsVerify: insecure };
  const dependencies = { env, log: recordingLog(), mask };
  const endpoint = argocdEndpoint({ server, trust }, dependencies);
  const ask = tokenEndpoint({ env: github.env, clock, mask });
  const oidc = githubOidc(argocd.url, clock, ask);
  return { clock, login: argocdLogin({ endpoint, oidc, connector: '', clock, mask }) };
}

const exchanges = () => argocd.requests.filter(({ path }) => path === '/api/dex/token').length;
const settings = () => argocd.requests.filter(({ path }) => path === '/api/v1/settings').length;

/** When credentials are asked for, in seconds; `!`: the last ones were refused. */
test.each<[string, number, readonly (number | `${number}!`)[], number]>([
  ['one login serves for a day', 86_399, [0, 3_600, 86_338], 1],
  ['a minute before its end it is renewed', 86_399, [0, 86_338, 86_340], 2],
  ['a short one is renewed in the middle', 60, [0, 29, 31, 59], 2],
  ['one that was refused is renewed', 86_399, [0, '1!', 2], 2],
  ['each refusal renews', 86_399, [0, '1!', '2!'], 3],
  ['one that says no life is used until it is refused', 0, [0, 900_000, '900001!'], 2],
])('%s', async (_, expiresIn, moments, count) => {
  const { clock, login } = loginAt({ expiresIn });
  let now = 0;
  for (const moment of moments) {
    const at = Number.parseInt(String(moment), 10);
    await clock.advance((at - now) * 1000);
    now = at;
    // GitHub's and Argo CD's clocks go with the run's.
    const began = Date.now();
    github.now = () => began + now * 1000;
    argocd.now = github.now;
    await login.credentials(String(moment).endsWith('!'), signal);
  }
  expect(exchanges()).toBe(count);
  expect(settings()).toBe(1);
});

test('requests at one time share one login, also those that were refused', async () => {
  const { login } = loginAt();
  const ask = (fresh: boolean) => login.credentials(fresh, signal);
  const [first, ...others] = await Promise.all([ask(false), ask(true), ask(false)]);
  expect(others).toEqual([first, first]);
  expect(exchanges()).toBe(1);
  await Promise.all([ask(true), ask(true)]);
  expect(exchanges()).toBe(2);
});

test('a fault is not remembered', async () => {
  const { login } = loginAt();
  argocd.dex.options = { ...argocd.dex.options, down: true };
  await expect(login.credentials(false, signal)).rejects.toThrow(TransientError);
  argocd.dex.options = { ...argocd.dex.options, down: false };
  const { headers } = await login.credentials(false, signal);
  expect(headers.authorization).toBe(`Bearer ${argocd.dex.given.at(-1)}`);
});

test('a login that hangs ends with the run', async () => {
  const { login } = loginAt();
  const run = new AbortController();
  argocd.intercept = () => {
    setImmediate(() => run.abort());
    return { kind: 'hang' };
  };
  await expect(login.credentials(false, run.signal)).rejects.toThrow('given up');
});

test('a login goes on for the others when the request that began it is given up', async () => {
  const { login } = loginAt();
  const first = new AbortController();
  argocd.intercept = () => {
    first.abort();
    return undefined;
  };
  const [given, ...others] = await Promise.allSettled([
    login.credentials(false, first.signal),
    login.credentials(false, signal),
    login.credentials(true, signal),
  ]);
  expect(given).toMatchObject({ status: 'rejected' });
  expect(others.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
  expect([settings(), exchanges()]).toEqual([1, 1]);
});

test('it goes by way of the proxy', async () => {
  const { port } = new URL(argocd.url);
  const proxy = await startProxy({ port: Number(port) });
  try {
    const env = { HTTPS_PROXY: proxy.url };
    const { login } = loginAt({ server: `https://localhost.example.com:${port}`, env });
    // The name is not that of the certificate, which only the server itself can tell.
    await expect(login.credentials(false, signal)).rejects.toThrow('cannot be trusted');
    expect(proxy.targets).toEqual([`localhost.example.com:${port}`]);
  } finally {
    proxy.close();
  }
});

test('a certificate is verified, unless that is switched off', async () => {
  const { ca } = await foreignCertificates();
  await expect(loginAt({ ca }).login.credentials(false, signal)).rejects.toThrow(
    'cannot be trusted',
  );
  expect(argocd.requests).toEqual([]);
  await loginAt({ ca: '', insecure: true }).login.credentials(false, signal);
  expect(exchanges()).toBe(1);
});

describe('beside another source', () => {
  type Inputs = Readonly<Record<string, string>>;

  async function open(given: Inputs) {
    const cluster = {
      ...{ application: 'shop', server: 'https://kubernetes.example.com' },
      ...{ 'oidc-audience': 'my-cluster', 'certificate-authority': argocd.ca },
    };
    const env = Object.entries({ ...cluster, ...given }).map(([name, value]) => {
      return [`INPUT_${name.toUpperCase()}`, value] as const;
    });
    const inputs = await readInputs(Object.fromEntries(env), () => '');
    const console = { ...recordingLog(), mask: () => undefined };
    return openArgocdApi(inputs, { env: github.env, clock: systemClock(), console });
  }

  test.each([
    ['no server', {}],
    ['a server for links', { 'argocd-server': 'https://argocd.example.com' }],
  ])('%s: nothing is asked', async (_, given) => {
    expect(await open(given)).toBeUndefined();
    expect(github.minted).toEqual([]);
  });

  test('a token', async () => {
    const api = await open({ 'argocd-server': argocd.url, 'argocd-token': 'a-token' });
    const credentials = await api?.connection.credentials(false, signal);
    expect(credentials?.headers.authorization).toBe('Bearer a-token');
    expect(api?.identity).toBeUndefined();
  });

  test.each(['cluster', 'event'])('source: %s, and a connector', async (source) => {
    const api = await open({ source, 'argocd-server': argocd.url, 'argocd-connector': 'ci' });
    expect(argocd.requests).toEqual([]);
    const credentials = await api?.connection.credentials(false, signal);
    expect(credentials?.headers.authorization).toBe(`Bearer ${argocd.dex.given[0]}`);
    expect(api?.identity?.()?.subject).toBe('repo:acme@123456/shop@456789:ref:refs/heads/main');
    // Not that of the cluster: Argo CD could use such a token there.
    expect(github.audiences).toEqual([argocd.url]);
  });

  test("the cluster's authority is one more, in place of the only one", async () => {
    const api = await open({ 'argocd-server': argocd.url, 'argocd-token': 'a-token' });
    const [publicly = ''] = getCACertificates('default');
    expect(api?.connection.trust.ca).toContain(argocd.ca.trim());
    expect(api?.connection.trust.ca).toContain(publicly.trim());
  });

  const KUBECONFIG = { server: '', 'oidc-audience': '', kubeconfig: 'clusters: []' };
  test.each<[string, string, Inputs]>([
    ['server', 'certificate-authority:', {}],
    ['a kubeconfig', 'NODE_EXTRA_CA_CERTS:', KUBECONFIG],
    ['the access of the runner', 'NODE_EXTRA_CA_CERTS:', { ...KUBECONFIG, kubeconfig: '' }],
    ['source: event', 'certificate-authority:', { ...KUBECONFIG, kubeconfig: '', source: 'event' }],
    ['an event and a kubeconfig', 'NODE_EXTRA_CA_CERTS:', { ...KUBECONFIG, source: 'event' }],
  ])('whose certificate nobody trusts: what helps beside %s', async (_, remedy, given) => {
    const token = { 'argocd-server': argocd.url, 'argocd-token': 'a-token' };
    const api = await open({ ...token, ...given, 'certificate-authority': '' });
    if (!api) throw new Error('not connected');
    const pool = transport(api.connection, systemClock());
    const error = await pool.send({ path: '/' }, signal).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ reason: 'unreachable', remedy: expect.stringContaining(remedy) });
  });
});

describe('the policy for a run', () => {
  const NOBODY = { sub: 'repo:acme/shop:ref:refs/heads/main', repositoryId: '' };

  test("the subject is the upstream one of Argo CD's token, else that of GitHub's", () => {
    const claims = { federated_claims: { user_id: 'acme' }, groups: ['456789', 7, {}] };
    expect(identityFrom(claims, NOBODY)).toMatchObject({
      subject: 'acme',
      groups: ['456789', '7'],
    });
    expect(identityFrom({}, NOBODY)).toMatchObject({ subject: NOBODY.sub, groups: [] });
  });

  test.each([
    ['a login that has its group', ['456789'], 'which is among the groups of this login:'],
    ['one that has not', ['1'], 'once the connector has `insecureEnableGroups: true`'],
  ])('by repository, for %s', (_, groups, told) => {
    const identity = identityFrom({ groups }, { ...NOBODY, repositoryId: '456789' });
    const policy = policyForRun(identity, 'default/shop', ['get']);
    expect(policy).toContain(told);
    expect(policy.match(/^[pg], (?:role|4).*$/gm)).toEqual([
      'p, role:ci, applications, get, default/shop, allow',
      'g, 456789, role:ci',
    ]);
  });

  test('a token that names no repository gets no policy by repository', () => {
    const policy = policyForRun(identityFrom({}, NOBODY), 'default/shop', ['get', 'sync']);
    expect(policy.match(/^[pg], .*$/gm)).toEqual([
      `p, ${NOBODY.sub}, applications, get, default/shop, allow`,
      `p, ${NOBODY.sub}, applications, sync, default/shop, allow`,
    ]);
  });

  test.each([
    ['a,b', 'p, "a,b", applications, get, x, allow'],
    ['a"b', 'p, "a""b", applications, get, x, allow'],
    [' a', 'p, " a", applications, get, x, allow'],
  ])('a subject that is no plain field: %s', (sub, line) => {
    expect(policyForRun(identityFrom({}, { ...NOBODY, sub }), 'x', ['get'])).toContain(line);
  });
});
