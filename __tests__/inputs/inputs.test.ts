import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { generate } from 'selfsigned';
import { parse } from 'yaml';
import { FIXED_OUTPUTS } from '../../src/core/result/output-names.js';
import { DEFAULTS } from '../../src/inputs/defaults.js';
import { readInputs } from '../../src/inputs/index.js';
import type { Inputs, RunContext } from '../../src/inputs/types.js';
import { InputError } from '../../src/platform/errors.js';

type Values = Readonly<Record<string, string>>;

const SHA = '0123456789abcdef0123456789abcdef01234567';
const OTHER_SHA = 'fedcba9876543210fedcba9876543210fedcba98';
const SECRET = 'very secret thing';
const PEMS = await generate([{ name: 'commonName', value: 'test-ca' }]);
const CERTIFICATE = PEMS.cert.trim();
const KUBECONFIG = `apiVersion: v1
kind: Config
clusters: [{ name: one, cluster: { server: 'https://one.example.com' } }]
contexts: [{ name: first, context: { cluster: one } }, { name: second, context: { cluster: one } }]
`;

/** What `source: argocd` needs. */
const ARGOCD = { source: 'argocd', 'argocd-server': 'argocd.example.com', 'argocd-token': 'abc' };

function noFile(path: string): string {
  throw new Error(`ENOENT: no such file, open '${path}'`);
}

function variables(inputs: Values): Values {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
  );
}

/** Reads inputs beside a good `application`. */
function read(inputs: Values, env: Values = {}, readFile = noFile): Promise<Inputs> {
  return readInputs({ ...variables({ application: 'shop', ...inputs }), ...env }, readFile);
}

async function problemsOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  try {
    await work();
  } catch (thrown) {
    if (thrown instanceof InputError) return thrown.problems;
    throw thrown;
  }
  return [];
}

const action = parse(readFileSync('action.yml', 'utf8')) as {
  readonly inputs: Readonly<
    Record<string, { description: string; required: boolean; default: string }>
  >;
  readonly outputs: Readonly<Record<string, { description: string }>>;
  readonly runs: unknown;
};

describe('action.yml', () => {
  test('has exactly the inputs that are read, with the same defaults', () => {
    const declared = Object.entries(action.inputs).map(([name, input]) => [name, input.default]);
    // The runner replaces the expression; without a runner there is no token. The order differs:
    // action.yml has its inputs in groups.
    expect(Object.fromEntries(declared)).toEqual({
      ...DEFAULTS,
      'github-token': `\${{ github.token }}`,
    });
  });

  test('has exactly the fixed outputs', () => {
    expect(Object.keys(action.outputs)).toEqual([...FIXED_OUTPUTS]);
  });

  test('describes everything and requires nothing', () => {
    const all = [...Object.values(action.inputs), ...Object.values(action.outputs)];
    expect(all.filter((one) => !/\w.*\.$/.test(one.description))).toEqual([]);
    expect(Object.values(action.inputs).every((input) => input.required === false)).toBe(true);
    expect(action.runs).toEqual({ using: 'node24', main: 'dist/index.js' });
  });

  test('its defaults are those of empty inputs', async () => {
    const defaults = Object.entries(action.inputs).map(([name, input]) => [name, input.default]);
    const given = Object.fromEntries(defaults.filter(([name]) => name !== 'github-token'));
    const { waitResources, filters, ...rest } = await read({ ...given, application: 'shop' });
    expect(await read({})).toMatchObject(rest);
    expect([waitResources, filters]).toEqual([[], []]);
  });
});

test('defaults', async () => {
  expect(await read({})).toEqual({
    source: 'cluster',
    applications: ['shop'],
    applicationSets: [],
    selector: '',
    applicationNamespace: 'argocd',
    minApplications: 1,
    children: false,
    access: {
      kubeconfig: undefined,
      context: '',
      server: '',
      token: '',
      oidcAudience: '',
      certificateAuthority: '',
      insecureSkipTlsVerify: false,
      kubeconfigEnv: '',
      home: '',
    },
    revision: { kind: 'auto' },
    waitFor: ['sync', 'health'],
    waitResources: [],
    images: [],
    timeoutMs: 600_000,
    trigger: 'none',
    ifMissing: 'fail',
    degradedGraceMs: 60_000,
    podFailures: 'fail',
    ifNotAutomated: 'wait',
    suspended: 'wait',
    failFast: true,
    retries: 'wait',
    filters: [],
    changes: ['created', 'updated', 'pruned'],
    liveEvidence: 'auto',
    fields: 'auto',
    logLines: 0,
    pollIntervalMs: 5000,
    report: [],
    githubToken: '',
    argocdServer: '',
    argocdToken: '',
    argocdConnector: '',
    summary: true,
    run: expect.anything(),
  });
});

test('the result is frozen to its leaves', async () => {
  const inputs = await read({ filters: 'a: A/b', 'wait-resources': 'A/b' });
  const parts = [inputs, inputs.access, inputs.waitFor, inputs.filters[0], inputs.run.commit];
  expect(parts.every((part) => Object.isFrozen(part))).toBe(true);
  expect(Object.isFrozen(inputs.waitResources[0])).toBe(true);
});

describe('what is accepted', () => {
  test.each<[Values, object]>([
    [{ timeout: '90s' }, { timeoutMs: 90_000 }],
    [{ timeout: '5m' }, { timeoutMs: 300_000 }],
    [{ timeout: '1h30m' }, { timeoutMs: 5_400_000 }],
    [{ timeout: '1h0m5s' }, { timeoutMs: 3_605_000 }],
    [{ timeout: '45' }, { timeoutMs: 45_000 }],
    [{ timeout: '0' }, { timeoutMs: 0 }],
    [{ timeout: ' 5m\n' }, { timeoutMs: 300_000 }],
    [{ timeout: '576h' }, { timeoutMs: 2_073_600_000 }],
    [{ timeout: '  ' }, { timeoutMs: 600_000 }],
    [{ 'degraded-grace': 'never' }, { degradedGraceMs: Number.POSITIVE_INFINITY }],
    [{ 'degraded-grace': '0' }, { degradedGraceMs: 0 }],
    [{ 'poll-interval': '1s' }, { pollIntervalMs: 1000 }],
    [{ 'pod-failures': 'wait' }, { podFailures: 'wait' }],
    [{ 'if-not-automated': 'fail' }, { ifNotAutomated: 'fail' }],
    [{ 'log-lines': '200' }, { logLines: 200 }],
    [{ application: 'a, b\nc,,a\n' }, { applications: ['a', 'b', 'c'] }],
    [{ application: 'team-*/shop-?, x/[a-c]y' }, { applications: ['team-*/shop-?', 'x/[a-c]y'] }],
    [{ application: 'shop-{a,b}, c' }, { applications: ['shop-{a,b}', 'c'] }],
    [{ application: 'shop.eu' }, { applications: ['shop.eu'] }],
    [
      { application: '', selector: 'a=b' },
      { applications: [], selector: 'a=b' },
    ],
    [{ 'application-namespace': '*' }, { applicationNamespace: '*' }],
    [{ selector: 'a==b, example.com/c!=d' }, { selector: 'a==b, example.com/c!=d' }],
    [{ selector: 'a in (b, c),d notin (e),f,!g' }, { selector: 'a in (b, c),d notin (e),f,!g' }],
    [{ selector: 'a=,n>3' }, { selector: 'a=,n>3' }],
    [{ revision: 'none' }, { revision: { kind: 'none' } }],
    [{ revision: 'abcdef1' }, { revision: { kind: 'revision', text: 'abcdef1' } }],
    [{ revision: SHA }, { revision: { kind: 'revision', text: SHA } }],
    [{ revision: '1.2.3' }, { revision: { kind: 'revision', text: '1.2.3' } }],
    [{ revision: '42' }, { revision: { kind: 'revision', text: '42' } }],
    [{ revision: 'sha256:00ff' }, { revision: { kind: 'revision', text: 'sha256:00ff' } }],
    [{ 'wait-for': 'health, health' }, { waitFor: ['health'] }],
    [{ 'wait-for': 'deletion' }, { waitFor: ['deletion'] }],
    [{ 'wait-for': 'nothing,nothing' }, { waitFor: ['nothing'] }],
    [{ 'wait-for': 'operation\nsync' }, { waitFor: ['operation', 'sync'] }],
    [{ changes: 'hook,failed' }, { changes: ['hook', 'failed'] }],
    [{ trigger: 'hard-refresh' }, { trigger: 'hard-refresh' }],
    [
      { 'fail-fast': 'false', summary: 'false' },
      { failFast: false, summary: false },
    ],
    [{ 'argocd-server': 'argocd.example.com' }, { argocdServer: 'https://argocd.example.com' }],
    [{ 'argocd-server': 'argo.local:8080/cd/' }, { argocdServer: 'https://argo.local:8080/cd' }],
    [{ 'argocd-server': 'http://argo.local' }, { argocdServer: 'http://argo.local' }],
    [{ since: 'last-success' }, { reportedUpTo: { kind: 'last-success' } }],
    [{ since: 'abcdef1' }, { reportedUpTo: { kind: 'revision', text: 'abcdef1' } }],
    [{ report: 'check, deployment\ncheck' }, { report: ['check', 'deployment'] }],
    [{ 'github-token': 'ghs_x' }, { githubToken: 'ghs_x' }],
    [{ filters: '{}' }, { filters: [] }],
    [{ filters: '# none yet' }, { filters: [] }],
  ])('%j', async (inputs, expected) => {
    expect(await read(inputs)).toMatchObject(expected);
  });

  test.each<[Values, object]>([
    [{ kubeconfig: KUBECONFIG }, { kubeconfig: parse(KUBECONFIG) }],
    [{ kubeconfig: Buffer.from(KUBECONFIG).toString('base64') }, { kubeconfig: parse(KUBECONFIG) }],
    [
      { kubeconfig: Buffer.from(KUBECONFIG).toString('base64').replace(/.{60}/g, '$&\n') },
      { kubeconfig: parse(KUBECONFIG) },
    ],
    [{ kubeconfig: KUBECONFIG, context: 'second' }, { context: 'second' }],
    [
      { kubeconfig: KUBECONFIG, 'insecure-skip-tls-verify': 'true' },
      { insecureSkipTlsVerify: true },
    ],
    [{ context: 'of-the-environment' }, { context: 'of-the-environment' }],
    [
      { server: 'https://k.example.com', token: 't' },
      { server: 'https://k.example.com', token: 't' },
    ],
    [
      { server: 'https://k.example.com:6443/a/b/', token: 't' },
      { server: 'https://k.example.com:6443/a/b' },
    ],
    [{ server: 'http://127.0.0.1:8001' }, { server: 'http://127.0.0.1:8001' }],
    [{ server: 'http://localhost:8001', token: 't' }, { server: 'http://localhost:8001' }],
    [{ server: 'http://[::1]:8001' }, { server: 'http://[::1]:8001' }],
  ])('access %j', async (inputs, expected) => {
    expect((await read(inputs)).access).toMatchObject(expected);
  });

  test('the environment of kubectl', async () => {
    const { access } = await read({}, { KUBECONFIG: '/a:/b', HOME: '/home/me' });
    expect(access).toMatchObject({ kubeconfigEnv: '/a:/b', home: '/home/me' });
  });

  test('patterns to wait for', async () => {
    const { waitResources } = await read({
      'wait-resources': 'Deployment/{web,api}, !Deployment/x\nJob/*',
    });
    expect(waitResources.map((pattern) => pattern.text)).toEqual([
      'Deployment/{web,api}',
      '!Deployment/x',
      'Job/*',
    ]);
  });
});

describe('certificate-authority', () => {
  const at = async (value: string) => {
    const { access } = await read({
      server: 'https://k.example.com',
      token: 't',
      'certificate-authority': value,
    });
    return access.certificateAuthority;
  };
  const bundle = `# ours\n${CERTIFICATE}\n\n${CERTIFICATE}\n`;

  test.each([
    ['PEM', CERTIFICATE, `${CERTIFICATE}\n`],
    ['a bundle with comments', bundle, `${CERTIFICATE}\n${CERTIFICATE}\n`],
    ['base64', Buffer.from(CERTIFICATE).toString('base64'), `${CERTIFICATE}\n`],
  ])('%s', async (_, value, expected) => {
    expect(await at(value)).toBe(expected);
  });

  test.each([
    ['no PEM', 'my-ca', /^certificate-authority: "my-ca" has no PEM block: accepted are/],
    ['a path', '/etc/ssl/ca.pem', /"\/etc\/ssl\/ca.pem" has no PEM block/],
    ['a key', PEMS.private, /block 1 of 1 is a (RSA )?PRIVATE KEY, not a CERTIFICATE/],
    ['a key beside it', `${CERTIFICATE}\n${PEMS.private}`, /block 2 of 2 is a (RSA )?PRIVATE KEY/],
    ['a cut key', PEMS.private.slice(0, 300), /\(hidden\) is a broken private key/],
    ['a cut certificate', CERTIFICATE.slice(0, 300), /has a PEM block that does not end/],
    ['a cut one beside', `${CERTIFICATE}\n${CERTIFICATE.slice(0, 300)}`, /does not end/],
    ['a broken one', CERTIFICATE.replace(/MII..../, ''), /block 1 of 1 is no certificate/],
    [
      'a broken one in base64',
      Buffer.from(CERTIFICATE.replace(/MII..../, '')).toString('base64'),
      /block 1 of 1 is no certificate/,
    ],
  ])('%s is refused', async (_, value, problem) => {
    const problems = await problemsOf(() => at(value));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
    expect(problems[0]).toMatch(/accepted are certificates as PEM, or base64/);
    expect(problems[0]).not.toContain(PEMS.private.split('\n')[1]);
  });

  const event = { source: 'event', 'argocd-server': 'https://argocd.example.com' };
  test.each<[string, Values]>([
    ['with source: argocd', { ...ARGOCD, 'argocd-token': 't' }],
    ['to an event, by a token', { ...event, 'argocd-token': 't' }],
    ['to an event, by a login', { ...event, 'argocd-connector': 'github-actions' }],
  ])('is that of the Argo CD server %s', async (_, inputs) => {
    const { access } = await read({ ...inputs, 'certificate-authority': CERTIFICATE });
    expect(access.certificateAuthority).toContain('BEGIN CERTIFICATE');
  });
});

/** Inputs, the name the message begins with, the value it shows, the remedy. */
type Bad = readonly [inputs: Values, name: string, shown: string, remedy: string];

const BAD: readonly Bad[] = [
  [{ application: '', applicationset: 'shop-*' }, 'applicationset', '"shop-*"', 'without globs'],
  [{ application: '', applicationset: 'a/b/c' }, 'applicationset', '"a/b/c"', 'namespace/name'],
  [{ applicationset: 'web' }, 'applicationset', '"web"', 'together with application'],
  [
    { application: '', selector: 'a=b', applicationset: 'web' },
    'applicationset',
    '"web"',
    'together with selector',
  ],
  [
    { application: '', applicationset: 'web', source: 'event' },
    'applicationset',
    '"web"',
    'use application',
  ],
  [
    { application: '', applicationset: 'web', 'wait-for': 'deletion' },
    'applicationset',
    '"web"',
    'globs such as shop-*',
  ],
  [
    { application: '', applicationset: 'a/web, api', 'application-namespace': '*' },
    'applicationset',
    '"api"',
    'write namespace/name',
  ],
  [{ application: '' }, 'application', '""', 'give the name'],
  [{ application: 'Shop' }, 'application', '"Shop"', 'lower-case'],
  [{ application: 'a b' }, 'application', '"a b"', 'lower-case'],
  [{ application: 'a/b/c' }, 'application', '"a/b/c"', 'namespace/name'],
  [{ application: '/a' }, 'application', '"/a"', 'namespace/name'],
  [{ application: 'a/' }, 'application', '"a/"', 'namespace/name'],
  [{ application: '-a' }, 'application', '"-a"', 'write name'],
  [{ application: 'a.b/c' }, 'application', '"a.b/c"', 'write name'],
  [{ application: '!a' }, 'application', '"!a"', 'selector'],
  [{ application: 'a-{b' }, 'application', '"a-{b"', 'close it'],
  [{ application: 'a-[b' }, 'application', '"a-[b"', 'close it'],
  [{ application: ',' }, 'application', '","', 'accepted'],
  [{ application: 'x'.repeat(300) }, 'application', `"${'x'.repeat(80)}…"`, 'write name'],
  [{ 'application-namespace': 'team-*' }, 'application-namespace', '"team-*"', 'accepted'],
  [{ 'application-namespace': 'a,b' }, 'application-namespace', '"a,b"', 'accepted'],
  [{ source: 'cluser' }, 'source', '"cluser"', 'accepted are cluster, argocd, event'],
  [{ ...ARGOCD, 'argocd-server': '' }, 'argocd-server', '""', 'give the URL'],
  [{ ...ARGOCD, 'argocd-connector': 'ci' }, 'argocd-connector', '"ci"', 'remove one of the two'],
  [{ ...ARGOCD, 'oidc-audience': 'cd' }, 'oidc-audience', '"cd"', 'remove one of the two'],
  [
    { ...ARGOCD, 'argocd-token': '', 'argocd-connector': '$'.concat('{{ vars.X }}') },
    'argocd-connector',
    '{{ vars.X }}',
    'an id of dex.config',
  ],
  [
    { ...ARGOCD, 'argocd-server': 'http://argocd.example.com' },
    'argocd-server',
    '"http://argocd.example.com"',
    'accepted is https://',
  ],
  [{ ...ARGOCD, kubeconfig: KUBECONFIG }, 'kubeconfig', '(hidden)', 'or set source: cluster'],
  [{ ...ARGOCD, token: 't' }, 'token', '(hidden)', 'remove it'],
  [{ ...ARGOCD, context: 'first' }, 'context', '"first"', 'or set source: cluster'],
  [{ ...ARGOCD, server: 'http://localhost' }, 'server', '"http://localhost"', 'remove it'],
  [
    { source: 'event', 'argocd-token': 'abc' },
    'argocd-token',
    '(hidden)',
    'add the URL of the Argo CD server',
  ],
  [{ 'argocd-connector': 'ci' }, 'argocd-connector', '"ci"', 'add the URL of the Argo CD server'],
  [
    { 'argocd-server': 'http://argocd.example.com', 'argocd-connector': 'ci' },
    'argocd-server',
    '"http://argocd.example.com"',
    'accepted is https://',
  ],
  [{ source: 'event', selector: 'a=b' }, 'selector', '"a=b"', 'use application'],
  [{ source: 'event', trigger: 'sync' }, 'trigger', '"sync"', 'accepted is only none'],
  [{ source: 'event', since: 'last-success' }, 'since', '"last-success"', 'use source: cluster'],
  [
    { source: 'event', 'min-applications': '2' },
    'min-applications',
    '"2"',
    'about one Application: accepted is 1',
  ],
  [{ children: 'yes' }, 'children', '"yes"', 'true'],
  [{ source: 'event', children: 'true' }, 'children', '"true"', 'use source: cluster'],
  [{ 'wait-for': 'deletion', children: 'true' }, 'children', '"true"', 'name the Applications'],
  [{ source: 'event', context: 'c' }, 'context', '"c"', 'add kubeconfig or remove it'],
  [{ selector: 'a=b,' }, 'selector', '"a=b,"', 'accepted'],
  [{ selector: 'a=b c' }, 'selector', '"a=b c"', 'accepted'],
  [{ selector: 'a in b' }, 'selector', '"a in b"', 'accepted'],
  [{ selector: 'a in (b' }, 'selector', '"a in (b"', 'accepted'],
  [{ selector: '-a=b' }, 'selector', 'key "-a"', 'accepted'],
  [{ selector: 'A.B/c' }, 'selector', 'key "A.B/c"', 'accepted'],
  [{ selector: 'a=b_' }, 'selector', 'value "b_"', 'accepted'],
  [{ selector: 'a>b' }, 'selector', '"a>b"', 'accepted'],
  [{ selector: '!a=b' }, 'selector', '"!a=b"', 'accepted'],
  [{ selector: `a=${'b'.repeat(64)}` }, 'selector', 'value "bbb', 'accepted'],
  [
    { kubeconfig: '~/.kube/config' },
    'kubeconfig',
    '(hidden)',
    'looks like a path or a word, not a kubeconfig: accepted',
  ],
  [{ kubeconfig: SECRET }, 'kubeconfig', '(hidden)', 'accepted'],
  [{ kubeconfig: '{}' }, 'kubeconfig', '(hidden)', 'no list of clusters: accepted'],
  [{ kubeconfig: `a: [${SECRET}` }, 'kubeconfig', '(hidden)', 'cannot be read as YAML: accepted'],
  [
    { kubeconfig: Buffer.from(SECRET).toString('base64') },
    'kubeconfig',
    '(hidden)',
    'after decoding base64: accepted',
  ],
  [
    { kubeconfig: KUBECONFIG, context: 'third' },
    'context',
    '"third"',
    'accepted are first, second',
  ],
  [{ context: 'a\nb' }, 'context', '"a\\nb"', 'accepted'],
  [{ server: 'https://k', token: 't', context: 'c' }, 'context', '"c"', 'remove'],
  [
    { server: 'https://k', token: 't', kubeconfig: KUBECONFIG },
    'server',
    '"https://k"',
    'remove the other',
  ],
  [{ server: 'https://k.example.com' }, 'server', '"https://k.example.com"', 'add token'],
  [{ server: 'https://127.0.0.1:6443' }, 'server', '"https://127.0.0.1:6443"', 'add token'],
  [
    { server: 'https://localhost:6443', token: ' ' },
    'server',
    '"https://localhost:6443"',
    'add token',
  ],
  [{ source: 'event', server: 'https://localhost' }, 'server', '"https://localhost"', 'add token'],
  [{ ...ARGOCD, server: 'https://localhost' }, 'server', '"https://localhost"', 'remove it'],
  [{ server: `https://k/${'/'.repeat(100_000)}x` }, 'server', '"https://k/', 'add token'],
  [{ server: 'k.example.com', token: 't' }, 'server', '"k.example.com"', 'accepted is a URL'],
  [
    { server: 'http://k.example.com', token: 't' },
    'server',
    '"http://k.example.com"',
    'accepted is a URL such as https://',
  ],
  [
    { server: 'http://127.0.0.1.example.com', token: 't' },
    'server',
    '"http://127.0.0.1.example.com"',
    'https://',
  ],
  [{ server: 'https://k\nl', token: 't' }, 'server', '"https://k\\nl"', 'https://'],
  [{ server: 'ftp://k', token: 't' }, 'server', '"ftp://k"', 'https://'],
  [{ server: 'https://me:pass@k', token: 't' }, 'server', '(hidden)', 'give them as token'],
  [{ server: 'https://k?x=1', token: 't' }, 'server', '"https://k?x=1"', 'accepted'],
  [{ token: SECRET.replaceAll(' ', '-') }, 'token', '(hidden)', "add the API server's URL"],
  [{ server: 'https://k', token: SECRET }, 'token', '(hidden)', 'accepted is one bearer token'],
  [
    { 'certificate-authority': CERTIFICATE },
    'certificate-authority',
    'the bundle',
    "add the API server's URL",
  ],
  [{ 'oidc-audience': 'my-cluster' }, 'oidc-audience', '"my-cluster"', "add the API server's URL"],
  [{ 'argocd-token': 'abc' }, 'argocd-token', '(hidden)', 'add the URL of the Argo CD server'],
  [{ ...ARGOCD, 'argocd-token': SECRET }, 'argocd-token', '(hidden)', 'one bearer token'],
  [{ 'argocd-server': 'ftp://a' }, 'argocd-server', '"ftp://a"', 'accepted'],
  [{ 'argocd-server': 'a b' }, 'argocd-server', '"a b"', 'accepted'],
  [{ 'argocd-server': 'https://me:pass@a' }, 'argocd-server', '(hidden)', 'accepted'],
  [
    { 'insecure-skip-tls-verify': 'yes' },
    'insecure-skip-tls-verify',
    '"yes"',
    'accepted are true and false',
  ],
  [
    {
      server: 'https://k',
      token: 't',
      'certificate-authority': CERTIFICATE,
      'insecure-skip-tls-verify': 'true',
    },
    'insecure-skip-tls-verify',
    '"true"',
    'remove one',
  ],
  [{ revision: 'abc12' }, 'revision', '"abc12"', '7 or more digits'],
  [{ revision: 'ABC' }, 'revision', '"ABC"', '7 or more digits'],
  [{ revision: 'a b' }, 'revision', '"a b"', 'accepted'],
  [{ revision: 'a\u0007' }, 'revision', '"a\\u0007"', 'accepted'],
  [{ revision: '--upload-pack=x' }, 'revision', '"--upload-pack=x"', 'accepted'],
  [{ revision: 'x'.repeat(256) }, 'revision', `"${'x'.repeat(80)}…"`, 'accepted'],
  [{ 'wait-for': 'synced' }, 'wait-for', '"synced"', 'accepted are operation, sync, health'],
  [{ 'wait-for': 'deletion,health' }, 'wait-for', '"deletion,health"', 'deletion alone'],
  [{ 'wait-for': 'sync,nothing' }, 'wait-for', '"sync,nothing"', 'nothing alone'],
  [{ 'wait-for': ',' }, 'wait-for', '","', 'accepted'],
  [{ 'wait-resources': 'web' }, 'wait-resources', '"web"', 'write Kind/name'],
  [{ 'wait-resources': '!A/b' }, 'wait-resources', '"!A/b"', 'add a positive one'],
  [
    { 'wait-resources': 'created:A/b' },
    'wait-resources',
    '"created:A/b"',
    'accepted are patterns without',
  ],
  [{ timeout: '-5s' }, 'timeout', '"-5s"', '90s, 5m, 1h30m'],
  [{ timeout: '5 m' }, 'timeout', '"5 m"', '90s, 5m, 1h30m'],
  [{ timeout: '1.5m' }, 'timeout', '"1.5m"', '90s, 5m, 1h30m'],
  [{ timeout: '1.5x' }, 'timeout', '"1.5x"', '90s, 5m, 1h30m'],
  [{ timeout: '5M' }, 'timeout', '"5M"', '90s, 5m, 1h30m'],
  [{ timeout: '30s1m' }, 'timeout', '"30s1m"', '90s, 5m, 1h30m'],
  [{ timeout: '500ms' }, 'timeout', '"500ms"', '90s, 5m, 1h30m'],
  [{ timeout: '1e3' }, 'timeout', '"1e3"', '90s, 5m, 1h30m'],
  [{ timeout: 'never' }, 'timeout', '"never"', '90s, 5m, 1h30m'],
  [{ timeout: '577h' }, 'timeout', '"577h"', 'up to 576h'],
  [{ timeout: '9'.repeat(400) }, 'timeout', '"999', 'up to 576h'],
  [{ 'poll-interval': '0' }, 'poll-interval', '"0"', '1s or more'],
  [{ 'degraded-grace': 'forever' }, 'degraded-grace', '"forever"', 'or never'],
  [{ 'pod-failures': 'ignore' }, 'pod-failures', '"ignore"', 'accepted are fail, wait'],
  [{ 'if-not-automated': 'sync' }, 'if-not-automated', '"sync"', 'accepted are wait, fail'],
  [{ 'log-lines': '201' }, 'log-lines', '"201"', 'accepted are 0 to 200'],
  [{ 'log-lines': '-1' }, 'log-lines', '"-1"', 'accepted are 0 to 200'],
  [{ 'log-lines': '1e2' }, 'log-lines', '"1e2"', 'accepted are 0 to 200'],
  [{ trigger: 'Sync' }, 'trigger', '"Sync"', 'accepted are none, refresh'],
  [{ image: 'web' }, 'image', '"web"', 'accepted are NAME:TAG'],
  [{ image: 'web:2', 'wait-for': 'deletion' }, 'image', '"web:2"', 'remove one of them'],
  [{ source: 'event', image: 'web:2' }, 'image', '"web:2"', 'use image in filters'],
  [{ 'min-applications': '0' }, 'min-applications', '"0"', 'whole numbers from 1'],
  [{ 'min-applications': '2.5' }, 'min-applications', '"2.5"', 'whole numbers from 1'],
  [{ 'min-applications': '1000000' }, 'min-applications', '"1000000"', 'to 100000'],
  [{ 'min-applications': '2' }, 'min-applications', '"2"', 'use globs or a selector'],
  [{ 'if-missing': 'ignore' }, 'if-missing', '"ignore"', 'accepted are fail, wait, skip'],
  [{ suspended: 'ok' }, 'suspended', '"ok"', 'accepted are wait, succeed, fail'],
  [{ 'fail-fast': 'True' }, 'fail-fast', '"True"', 'accepted are true and false'],
  [{ retries: '5' }, 'retries', '"5"', 'accepted are wait, fail'],
  [{ filters: 'web: x' }, 'filters', 'line 1: filter "web": pattern "x"', 'write Kind/name'],
  [{ filters: 'web: A/b\nweb: A/c' }, 'filters', 'line 2: filter "web"', 'another name'],
  [{ filters: '.github/none.yml' }, 'filters', '".github/none.yml"', 'actions/checkout'],
  [{ changes: 'created,updatd' }, 'changes', '"updatd"', 'accepted are created'],
  [{ 'live-evidence': 'on' }, 'live-evidence', '"on"', 'accepted are auto, off'],
  [{ image: 'shop/web:1', since: 'abcdef0' }, 'since', '"abcdef0"', 'remove one of the two'],
  [{ since: 'main' }, 'since', '"main"', 'last-success and a commit SHA'],
  [{ since: 'abcdef' }, 'since', '"abcdef"', 'of 7 or more digits'],
  [{ report: 'checks' }, 'report', '"checks"', 'accepted are deployment, check, comment'],
  [
    { report: 'check,deployment', 'wait-for': 'deletion' },
    'report',
    '"check,deployment"',
    'remove deployment from it',
  ],
  [{ 'github-token': SECRET }, 'github-token', '(hidden)', 'accepted'],
  [{ summary: '1' }, 'summary', '"1"', 'accepted are true and false'],
];

describe('what is refused', () => {
  test.each(BAD)('%j', async (inputs, name, shown, remedy) => {
    const problems = await problemsOf(() => read(inputs));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name}: `));
    expect(problems[0]).toContain(shown);
    expect(problems[0]).toContain(remedy);
    expect(problems[0]).not.toContain(SECRET);
    expect(problems[0]).not.toContain('pass@');
    expect(problems[0]).not.toContain('\n');
  });

  test('everything in one go, each input named', async () => {
    const inputs: Values = {
      application: 'A',
      'application-namespace': 'B',
      source: 'c',
      selector: '=',
      kubeconfig: 'd',
      'insecure-skip-tls-verify': 'e',
      'oidc-audience': 'f',
      'argocd-server': 'g h',
      'argocd-token': 'i i',
      revision: 'abc',
      'wait-for': 'j',
      'wait-resources': 'k',
      timeout: 'l',
      trigger: 'm',
      'if-missing': 'n',
      'degraded-grace': 'o',
      'pod-failures': 'p',
      'if-not-automated': 'p',
      suspended: 'p',
      'fail-fast': 'q',
      retries: 'r',
      filters: '{s: t}',
      changes: 'u',
      'live-evidence': 'v',
      'log-lines': 'w',
      'poll-interval': 'w',
      'github-token': 'x y',
      since: 'x',
      report: 'y',
      summary: 'z',
    };
    const problems = await problemsOf(() => read(inputs));
    const named = new Set(problems.map((problem) => problem.split(':')[0]));
    expect([...named].sort()).toEqual(Object.keys(inputs).sort());
    expect(problems).toHaveLength(named.size);
  });
});

test('whatever is given, nothing but an InputError is thrown', async () => {
  const names = Object.keys(DEFAULTS).map((name) => fc.constant(name));
  const inputs = fc.dictionary(fc.oneof(...names), fc.string({ unit: 'grapheme' }), { minKeys: 1 });
  const holds = async (values: Values) => (await problemsOf(() => read(values))).every(Boolean);
  await fc.assert(fc.asyncProperty(inputs, holds));
});

describe('filters from a file', () => {
  const workspace = { GITHUB_WORKSPACE: '/srv/space' };
  const file = (at: string, text: string) => (path: string) => (path === at ? text : noFile(path));
  test.each([
    ['.github/filters.yml', '/srv/space/.github/filters.yml'],
    [' ./filters.yml\n', '/srv/space/filters.yml'],
    ['/etc/filters.yml', '/etc/filters.yml'],
  ])('%j is %s', async (value, path) => {
    const { filters } = await read({ filters: value }, workspace, file(path, "web: 'A/b'"));
    expect(filters.map((filter) => filter.name)).toEqual(['web']);
  });

  test('its problems name the file', async () => {
    const readFile = file('/srv/space/f.yml', '\nweb: x');
    expect(await problemsOf(() => read({ filters: 'f.yml' }, workspace, readFile))).toEqual([
      expect.stringMatching(/^filters: "f.yml" line 2: filter "web": pattern "x"/),
    ]);
  });
});

describe('the run', () => {
  const ENV = {
    GITHUB_REPOSITORY: 'acme/shop',
    GITHUB_SHA: SHA,
    GITHUB_REF: 'refs/heads/main',
    GITHUB_EVENT_NAME: 'push',
    GITHUB_EVENT_PATH: '/event.json',
    GITHUB_RUN_ID: '7',
  };
  const at = async (env: Values, payload: unknown): Promise<RunContext> => {
    const { run } = await read({}, { ...ENV, ...env }, (path) =>
      path === '/event.json' ? JSON.stringify(payload) : noFile(path),
    );
    return run;
  };
  const repository = { default_branch: 'main' };
  const workflowRun = (more: object = {}) => ({
    repository,
    workflow_run: {
      head_sha: OTHER_SHA,
      head_branch: 'release',
      head_repository: { full_name: 'acme/shop' },
      ...more,
    },
  });
  const pull = (more: object = {}, action = 'closed') => ({
    action,
    repository,
    pull_request: { merged: true, merge_commit_sha: OTHER_SHA, base: { ref: 'main' }, ...more },
  });
  const commit = (sha: string, ref: string, defaultBranch = 'main') => ({
    kind: 'commit',
    sha,
    ref,
    defaultBranch,
  });
  const none = (why: RegExp) => ({ kind: 'none', why: expect.stringMatching(why) });
  const PR = { GITHUB_EVENT_NAME: 'pull_request', GITHUB_REF: 'refs/pull/5/merge' };
  const WORKFLOW_RUN = { GITHUB_EVENT_NAME: 'workflow_run' };

  test.each<[string, Values, unknown, object]>([
    ['push', {}, { repository }, commit(SHA, 'refs/heads/main')],
    ['tag', { GITHUB_REF: 'refs/tags/v1' }, { repository }, commit(SHA, 'refs/tags/v1')],
    [
      'upper case',
      { GITHUB_SHA: SHA.toUpperCase() },
      { repository },
      commit(SHA, 'refs/heads/main'),
    ],
    ['no payload', { GITHUB_EVENT_PATH: '' }, {}, commit(SHA, 'refs/heads/main', '')],
    ['missing payload', { GITHUB_EVENT_PATH: '/none' }, {}, commit(SHA, 'refs/heads/main', '')],
    ['odd payload', {}, [1], commit(SHA, 'refs/heads/main', '')],
    [
      'merge group',
      { GITHUB_EVENT_NAME: 'merge_group', GITHUB_REF: 'refs/heads/gh-readonly-queue/main/pr-1' },
      { repository },
      commit(SHA, 'refs/heads/gh-readonly-queue/main/pr-1'),
    ],
    ['workflow_run', WORKFLOW_RUN, workflowRun(), commit(OTHER_SHA, 'refs/heads/release')],
    [
      'workflow_run of a fork',
      WORKFLOW_RUN,
      workflowRun({ head_repository: { full_name: 'eve/shop' } }),
      none(/another repository \(eve\/shop\)/),
    ],
    [
      'workflow_run of a deleted fork',
      WORKFLOW_RUN,
      workflowRun({ head_repository: null }),
      none(/another repository \(not named\)/),
    ],
    [
      'workflow_run without branch',
      WORKFLOW_RUN,
      workflowRun({ head_branch: null }),
      none(/names no commit/),
    ],
    ['workflow_run without payload', WORKFLOW_RUN, {}, none(/names no commit/)],
    ['merged', PR, pull(), commit(OTHER_SHA, 'refs/heads/main')],
    [
      'merged, target',
      { GITHUB_EVENT_NAME: 'pull_request_target' },
      pull(),
      commit(OTHER_SHA, 'refs/heads/main'),
    ],
    ['closed', PR, pull({ merged: false }), none(/pull_request event/)],
    ['opened', PR, pull({}, 'opened'), none(/pull_request event/)],
    [
      'opened, target',
      { GITHUB_EVENT_NAME: 'pull_request_target' },
      pull({ merged: false }, 'opened'),
      none(/pull_request_target event/),
    ],
    [
      'review',
      { ...PR, GITHUB_EVENT_NAME: 'pull_request_review' },
      pull(),
      none(/pull_request_review event/),
    ],
    ['merged without commit', PR, pull({ merge_commit_sha: null }), none(/names no commit/)],
    [
      'ref of a pull request',
      { GITHUB_EVENT_NAME: 'workflow_dispatch', GITHUB_REF: 'refs/pull/5/head' },
      {},
      none(/workflow_dispatch event/),
    ],
    ['deletion', {}, { deleted: true, repository }, none(/refs\/heads\/main was deleted/)],
    ['zeros', { GITHUB_SHA: '0'.repeat(40) }, { repository }, none(/was deleted/)],
    ['no commit', { GITHUB_SHA: 'main' }, { repository }, none(/"main" is not a commit SHA/)],
    ['outside of Actions', { GITHUB_SHA: '', GITHUB_REF: '' }, {}, none(/not set, as outside/)],
  ])('%s', async (_, env, payload, expected) => {
    expect((await at(env, payload)).commit).toEqual(expected);
  });

  test('a payload that is no JSON counts as empty', async () => {
    expect((await read({}, ENV, () => '{')).run.commit).toEqual(commit(SHA, 'refs/heads/main', ''));
  });

  test('what GitHub says', async () => {
    const env = {
      GITHUB_SERVER_URL: 'https://git.example.com',
      GITHUB_API_URL: 'https://git.example.com/api/v3/',
      GITHUB_ACTOR: 'me',
      GITHUB_WORKFLOW_REF: 'acme/shop/.github/workflows/x.yml@refs/heads/main',
      GITHUB_REF_NAME: '7/merge',
      GITHUB_HEAD_REF: 'feature/x',
      GITHUB_WORKSPACE: '/w',
      RUNNER_TEMP: '/t',
    };
    expect(await at(env, {})).toMatchObject({
      repository: 'acme/shop',
      serverUrl: 'https://git.example.com',
      apiUrl: 'https://git.example.com/api/v3',
      runUrl: 'https://git.example.com/acme/shop/actions/runs/7',
      actor: 'me',
      workflowRef: 'acme/shop/.github/workflows/x.yml@refs/heads/main',
      branch: 'feature/x',
      eventName: 'push',
      workspace: '/w',
      tempDir: '/t',
    });
    expect((await read({})).run).toMatchObject({
      repository: '',
      serverUrl: 'https://github.com',
      apiUrl: 'https://api.github.com',
      runUrl: '',
    });
  });
});
