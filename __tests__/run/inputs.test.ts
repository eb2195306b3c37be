import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { expectEnd, said, stepHere } from '../process/steps.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';

/** What is given, how the value shows, and what is said to do. */
interface Bad {
  readonly input: string;
  readonly value: string;
  /** Default: the value in quotes; `(hidden)` of a secret. */
  readonly shown?: string;
  readonly remedy: RegExp;
  /** Inputs beside it; an empty `server` takes the access away. */
  readonly beside?: Readonly<Record<string, string>>;
}

const HIDDEN = '(hidden)';
const NO_SERVER = { server: '', token: '', 'certificate-authority': '' };
const KUBECONFIG = `apiVersion: v1
kind: Config
clusters: [{ name: one, cluster: { server: 'https://127.0.0.1:1' } }]
contexts: [{ name: first, context: { cluster: one } }]
`;
const BOMB = `a: &a [x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]
d: [*c, *c, *c, *c, *c, *c, *c, *c, *c]`;

const BAD: readonly Bad[] = [
  { input: 'application', value: '', shown: '""', remedy: /give the name of an Application/ },
  { input: 'application', value: 'a/b/c', remedy: /write name or namespace\/name/ },
  { input: 'application', value: 'Shop', remedy: /use lower-case letters/ },
  { input: 'application', value: '!shop', remedy: /use a label selector/ },
  { input: 'application', value: ',', remedy: /items between commas/ },
  { input: 'selector', value: 'team in', remedy: /accepted are key=value/ },
  { input: 'application-namespace', value: 'Argo CD', remedy: /one name, or \* for all/ },
  { input: 'source', value: 'kubernetes', remedy: /accepted .*cluster/ },
  {
    input: 'kubeconfig',
    value: '~/.kube/config',
    shown: HIDDEN,
    remedy: /content of a kubeconfig/,
    beside: NO_SERVER,
  },
  { input: 'kubeconfig', value: KUBECONFIG, shown: 'server', remedy: /one of the two/ },
  {
    input: 'context',
    value: 'production',
    remedy: /accepted are first/,
    beside: { ...NO_SERVER, kubeconfig: KUBECONFIG },
  },
  { input: 'server', value: 'kubernetes.example.com', remedy: /accepted is a URL/ },
  { input: 'server', value: 'http://kubernetes.example.com', remedy: /plain http.*https:/ },
  {
    input: 'server',
    value: 'https://admin:hunter22@kubernetes.example.com',
    shown: HIDDEN,
    remedy: /give them as token/,
  },
  {
    input: 'server',
    value: 'https://kubernetes.example.com',
    remedy: /add token/,
    beside: { token: '' },
  },
  { input: 'token', value: 'two\nlines', shown: HIDDEN, remedy: /one bearer token/ },
  {
    input: 'token',
    value: 'alone',
    shown: HIDDEN,
    remedy: /add the API server's URL/,
    beside: { ...NO_SERVER, token: 'alone' },
  },
  { input: 'certificate-authority', value: 'nonsense', remedy: /certificates as PEM/ },
  {
    input: 'certificate-authority',
    value: '-----BEGIN PRIVATE KEY-----\nMIIE',
    shown: HIDDEN,
    remedy: /certificates as PEM/,
  },
  { input: 'insecure-skip-tls-verify', value: 'yes', remedy: /true and false/ },
  { input: 'argocd-server', value: 'ftp://argocd.example.com', remedy: /a URL .*or a host/ },
  { input: 'revision', value: 'abc', remedy: /7 or more digits/ },
  { input: 'revision', value: 'my branch', remedy: /auto, none, a commit SHA/ },
  { input: 'wait-for', value: 'healthy', remedy: /operation, sync, health, deletion, nothing/ },
  { input: 'wait-for', value: 'sync,deletion', remedy: /deletion alone/ },
  { input: 'wait-resources', value: 'web', remedy: /Kind\/name/ },
  { input: 'wait-resources', value: 'created:*/*', remedy: /patterns without/ },
  { input: 'timeout', value: '10 minutes', remedy: /90s, 5m, 1h30m/ },
  { input: 'timeout', value: '900h', remedy: /up to 576h/ },
  { input: 'trigger', value: 'force', remedy: /none, refresh, hard-refresh, sync/ },
  { input: 'min-applications', value: 'many', remedy: /whole numbers from 1/ },
  { input: 'if-missing', value: 'ignore', remedy: /fail, wait, skip/ },
  { input: 'degraded-grace', value: 'forever', remedy: /or never/ },
  { input: 'suspended', value: 'ok', remedy: /wait, succeed, fail/ },
  { input: 'fail-fast', value: 'True', remedy: /true and false/ },
  { input: 'retries', value: '3', remedy: /wait, fail/ },
  { input: 'filters', value: 'filters.yml', remedy: /actions\/checkout/ },
  { input: 'filters', value: 'web: [', shown: 'line', remedy: /line 1/ },
  {
    input: 'filters',
    value: 'web: Deployment',
    remedy: /line 1.*Kind\/name/s,
    shown: '"Deployment"',
  },
  { input: 'filters', value: 'message: Deployment/*', shown: '"message"', remedy: /line 1/ },
  { input: 'filters', value: "web: '!Deployment/*'", shown: 'web', remedy: /line 1.*positive/s },
  { input: 'filters', value: "web: 'made:*/*'", shown: 'made', remedy: /created/ },
  { input: 'filters', value: BOMB, shown: 'alias', remedy: /line/ },
  { input: 'changes', value: 'changed', remedy: /created, updated/ },
  { input: 'live-evidence', value: 'on', remedy: /auto, off/ },
  { input: 'poll-interval', value: '0', remedy: /1s or more/ },
  { input: 'since', value: 'yesterday', remedy: /last-success and a commit SHA/ },
  { input: 'report', value: 'checks', remedy: /deployment, check, comment/ },
  { input: 'github-token', value: 'two words', shown: HIDDEN, remedy: /one bearer token/ },
  { input: 'summary', value: 'no', remedy: /true and false/ },
];

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer();
});
afterAll(async () => {
  await server.close();
});

describe('a bad value', () => {
  test.each(BAD.map((bad) => [bad.input, bad.value, bad] as const))(
    '%s: %j',
    async (input, value, bad) => {
      const result = await stepHere(server, { ...bad.beside, [input]: value });
      expectEnd(result, 'failure', 'invalid-input');
      const [error = '', ...others] = said(result, 'error');
      expect(others).toEqual([]);
      expect(error).toContain(
        `${input === 'kubeconfig' && bad.shown === 'server' ? 'server' : input}: `,
      );
      expect(error).toContain(bad.shown ?? JSON.stringify(value));
      expect(error).toMatch(bad.remedy);
      expect(result.outputs['message']).not.toBe('');
      expect(server.requests).toEqual([]);
    },
  );
});

test('several bad values are told of together', async () => {
  const result = await stepHere(server, { timeout: 'soon', retries: '3', filters: 'web: [' });
  expectEnd(result, 'failure', 'invalid-input');
  const [error = '', ...others] = said(result, 'error');
  expect(others).toEqual([]);
  for (const name of ['timeout', 'retries', 'filters']) expect(error).toContain(`\n${name}: `);
  expect(result.outputs['message']).toBe('3 inputs are not valid');
  expect(result.summary).toContain('retries');
  expect(server.requests).toEqual([]);
});

test('a value of spaces is the default', async () => {
  const result = await stepHere(server, { timeout: '  ', 'if-missing': ' skip ' });
  expectEnd(result, 'skipped', 'missing');
});

test('every output is there, whatever was wrong', async () => {
  const { outputs } = await stepHere(server, { timeout: 'soon' });
  expect(outputs).toMatchObject({
    changed: 'false',
    'changed-count': '0',
    resources: '[]',
    matched: '[]',
    matrix: '{"include":[]}',
    applications: '[]',
  });
});

test('no access at all', async () => {
  const result = await stepHere(server, NO_SERVER);
  expectEnd(result, 'failure', 'invalid-input');
  expect(said(result, 'error').join()).toMatch(
    /No access to a cluster.*kubeconfig.*server.*secret that does not exist/,
  );
});
