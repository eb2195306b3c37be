import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { readInputs } from '../../src/inputs/index.js';
import { expectEnd, said } from '../process/steps.ts';
import type { StepResult } from '../support/action.ts';
import type { DexConnector, DexOptions } from '../support/argocd/dex.ts';
import { type ArgocdServer, isStream, startArgocdServer } from '../support/argocd-server.ts';
import { type GithubIssuer, startGithubIssuer } from '../support/github-issuer.ts';
import { A, B, manifest } from '../support/manifest.ts';
import { runHere } from '../support/run-here.ts';

/** Login to Argo CD by GitHub's OIDC token, without a stored one. */

const SUBJECT = 'repo:acme@123456/shop@456789:ref:refs/heads/main';
const ALLOWED = `p, ${SUBJECT}, applications, get, default/shop, allow`;
const BY_ID = 'p, role:ci, applications, get, */*, allow\ng, 456789, role:ci';

let github: GithubIssuer;
let argocd: ArgocdServer;
beforeEach(async () => {
  github = await startGithubIssuer();
  argocd = await startArgocdServer({ rootPath: '/argocd', objects: [manifest('shop')] });
  argocd.dex.options = { connectors: [connector()], policy: ALLOWED };
});
afterEach(async () => {
  await argocd.close();
  await github.close();
});

function connector(over: Partial<DexConnector> = {}): DexConnector {
  const { accepts } = github;
  return { id: 'github-actions', name: 'GitHub Actions', type: 'oidc', accepts, ...over };
}

type Inputs = Readonly<Record<string, string>>;

async function run(inputs: Inputs = {}, env: Inputs = github.env): Promise<StepResult> {
  const access = {
    source: 'argocd',
    'argocd-server': argocd.url,
    'certificate-authority': argocd.ca,
  };
  const rest = { application: 'shop', revision: 'none', timeout: '60s' };
  const before = tokens();
  const result = await runHere({ inputs: { ...access, ...rest, ...inputs }, env });
  const own = tokens().filter((token) => !before.includes(token));
  expectNoSecret(result, own);
  return result;
}

/** Those of GitHub and those of Argo CD. */
function tokens(): readonly string[] {
  return [...github.minted, ...argocd.dex.given];
}

/** Tokens are masked, and are nowhere else. */
function expectNoSecret(result: StepResult, secrets: readonly string[]): void {
  const { stdout, stderr, summary, outputs, results } = result;
  const masked = new Set(said(result, 'add-mask'));
  const log = stdout.replaceAll(/^::add-mask::.*$/gm, '');
  const shown = [log, stderr, summary, JSON.stringify(outputs), JSON.stringify(results)].join('\n');
  for (const token of secrets) {
    expect(masked).toContain(token);
    for (const part of token.split('.')) expect(shown).not.toContain(part);
  }
}

/** Requests of one path, below the root path. */
function asked(path: string) {
  return argocd.requests.filter((request) => request.path === `/argocd${path}`);
}

const SETTINGS = '/api/v1/settings';
const EXCHANGE = '/api/dex/token';

describe('a login', () => {
  test('asks for the settings once, and exchanges once', async () => {
    expectEnd(await run(), 'success', 'synced');
    expect([asked(SETTINGS).length, asked(EXCHANGE).length]).toEqual([1, 1]);
    expect(asked(SETTINGS)[0]?.headers.authorization).toBe('');
    expect(github.audiences).toEqual([argocd.url]);
  });

  test('by a connector that is named asks for no settings', async () => {
    argocd.dex.options = { connectors: [connector({ id: 'ci' }), connector()], policy: ALLOWED };
    expectEnd(await run({ 'argocd-connector': 'ci' }), 'success', 'synced');
    expect([asked(SETTINGS).length, asked(EXCHANGE).length]).toEqual([0, 1]);
    expect(asked(EXCHANGE)[0]?.body).toContain('connector_id=ci&');
  });

  test('with an audience that is given', async () => {
    expectEnd(await run({ 'oidc-audience': 'argocd' }), 'success', 'synced');
    expect(github.audiences).toEqual(['argocd']);
  });

  test('is not made where a token is given', async () => {
    expectEnd(await run({ 'argocd-token': argocd.token }), 'success', 'synced');
    expect([asked(SETTINGS).length, asked(EXCHANGE).length]).toEqual([0, 0]);
    expect(github.minted).toEqual([]);
  });

  test('by the group of the repository', async () => {
    const connectors = [connector({ groups: 'repository_id' })];
    argocd.dex.options = { connectors, policy: BY_ID };
    expectEnd(await run(), 'success', 'synced');
  });

  test.each<[string, readonly Partial<DexConnector>[], string]>([
    ['the only one of type oidc', [{ id: 'ci' }, { id: 'people', type: 'saml' }], 'ci'],
    ['the one called github-actions', [{ id: 'other' }, {}], 'github-actions'],
    ['one whose id is not told, by its name', [{ id: '', name: 'github-actions' }], ''],
  ])('finds %s', async (_, connectors, id) => {
    const made = connectors.map((each) => connector(each));
    const known = made.map((each) => (each.id === '' ? { ...each, id: undefined } : each));
    argocd.dex.options = { connectors: known as readonly DexConnector[], policy: ALLOWED };
    expectEnd(await run(), 'success', 'synced');
    expect(asked(EXCHANGE)[0]?.body).toContain(`connector_id=${id || 'github-actions'}&`);
  });

  test('is made again when its token is refused within the wait', async () => {
    argocd.put(manifest('shop', { revision: A }));
    const running = run({ revision: B });
    await argocd.seen(isStream);
    argocd.dex.revoke();
    for (const stream of argocd.streams) stream.drop();
    await argocd.seen(() => asked(EXCHANGE).length > 1);
    argocd.put(manifest('shop', { revision: B }));
    expectEnd(await running, 'success', 'synced');
    expect(asked(SETTINGS)).toHaveLength(1);
  });

  test('Argo CD a year ahead of the runner is no matter, if GitHub agrees with it', async () => {
    argocd.now = () => Date.now() + 365 * 24 * 3600 * 1000;
    github.now = argocd.now;
    expectEnd(await run(), 'success', 'synced');
    expect(asked(EXCHANGE)).toHaveLength(1);
  });

  test('a Dex that is restarted is waited for', async () => {
    argocd.dex.options = { ...argocd.dex.options, down: true };
    const running = run();
    await argocd.seen(({ path }) => path.endsWith(EXCHANGE));
    await argocd.seen(() => asked(EXCHANGE).length > 1);
    argocd.dex.options = { ...argocd.dex.options, down: false };
    expectEnd(await running, 'success', 'synced');
  });
});

interface Failure {
  readonly name: string;
  readonly dex?: () => DexOptions;
  readonly inputs?: Inputs;
  readonly env?: Inputs;
  readonly prepare?: () => void;
  /** `CONCLUSION/REASON` */
  readonly ends: string;
  /** In the first annotation. */
  readonly says: readonly (string | RegExp)[];
  readonly exchanges?: number;
}

const PASTE = ['dex.config: |\n', '    - type: oidc\n', 'claimMapping: { groups: repository_id }'];

const FAILURES: readonly Failure[] = [
  {
    name: 'no id-token: write',
    env: {},
    ends: 'failure/invalid-input',
    says: ['argocd-token is not given', 'may not ask GitHub for an OIDC token', 'id-token: write'],
    exchanges: 0,
  },
  {
    name: 'no Dex',
    dex: () => ({}),
    ends: 'failure/invalid-input',
    says: ['has no Dex to exchange', 'no `dex.config`', ...PASTE],
    exchanges: 0,
  },
  {
    name: 'no Dex, and a connector is named',
    dex: () => ({}),
    inputs: { 'argocd-connector': 'ci' },
    ends: 'failure/invalid-input',
    says: ['has no Dex to exchange', ...PASTE],
  },
  {
    name: 'oidc.config only',
    dex: () => ({ oidcConfig: { name: 'Okta', issuer: 'https://acme.okta.com' } }),
    ends: 'failure/invalid-input',
    says: ['`oidc.config` (Okta)', /argocd-token: \$\{\{ secrets\.ARGOCD_TOKEN/, ...PASTE],
    exchanges: 0,
  },
  {
    name: 'no connector of type oidc',
    dex: () => ({ connectors: [connector({ id: 'people', type: 'github' })] }),
    ends: 'failure/invalid-input',
    says: ['no Dex connector of type oidc', 'people (github)', ...PASTE],
    exchanges: 0,
  },
  {
    name: 'several connectors',
    dex: () => ({ connectors: [connector({ id: 'one' }), connector({ id: 'two' })] }),
    ends: 'failure/invalid-input',
    says: ['has 2 Dex connectors of type oidc', 'one (oidc), two (oidc)', 'argocd-connector: one'],
    exchanges: 0,
  },
  {
    name: 'a connector whose id is not told',
    dex: () => ({ connectors: [{ name: 'GitHub', type: 'oidc' }] }),
    ends: 'failure/invalid-input',
    says: ['does not tell the id', 'GitHub (oidc)', 'argocd-connector: github-actions'],
    exchanges: 0,
  },
  {
    name: 'no such connector',
    inputs: { 'argocd-connector': 'github' },
    ends: 'failure/invalid-input',
    says: ['has no Dex connector github', 'it has github-actions (oidc)', '      id: github\n'],
  },
  {
    name: 'the grant is refused',
    dex: () => ({ connectors: [connector()], noExchange: true }),
    ends: 'failure/unauthorized',
    says: ['unsupported_grant_type', 'oauth2:\n    grantTypes:', 'grant-type:token-exchange'],
  },
  {
    name: 'the connector has another issuer',
    dex: () => ({ connectors: [connector({ accepts: () => undefined })] }),
    ends: 'failure/unauthorized',
    says: [
      'does not accept a token of https://token.actions.githubusercontent.com',
      'letter by letter',
      'https://HOST/_services/token',
      '        issuer: https://token.actions.githubusercontent.com\n',
    ],
    // Once more, with a token that cannot have expired.
    exchanges: 2,
  },
  {
    name: 'a token of GitHub Enterprise Server',
    prepare: () => {
      github.claims = { iss: 'https://ghes.example.com/_services/token' };
      argocd.dex.options = { connectors: [connector({ accepts: () => undefined })] };
    },
    ends: 'failure/unauthorized',
    says: ['        issuer: https://ghes.example.com/_services/token\n'],
    exchanges: 2,
  },
  {
    name: 'the clock of Dex is wrong',
    dex: () => ({ connectors: [connector()], skewMs: 3_600_000 }),
    ends: 'failure/unauthorized',
    says: ['the clock of Dex is wrong', /valid from \d{4}-.*Z to \d{4}-.*Z/],
    exchanges: 2,
  },
  {
    name: 'the token is echoed in a refusal',
    prepare: () => {
      argocd.intercept = ({ path, body }) => {
        if (!path.endsWith(EXCHANGE)) return undefined;
        const token = new URLSearchParams(body).get('subject_token');
        const error = JSON.stringify({ error: 'invalid_request', error_description: token });
        return { kind: 'status', code: 400, body: error };
      };
    },
    ends: 'failure/unauthorized',
    says: ['invalid_request: (hidden)', ...PASTE],
  },
  {
    name: 'the answer is half of a token',
    inputs: { timeout: '1s' },
    prepare: () => {
      const body = '{"access_token": "eyJ';
      argocd.intercept = ({ path }) =>
        path.endsWith(EXCHANGE) ? { kind: 'status', code: 200, body } : undefined;
    },
    ends: 'timeout/unreachable',
    says: [/without a token: is it Argo CD that answers/],
  },
  {
    name: 'a login page in front',
    prepare: () => {
      const headers = { location: 'https://login.example.com/?state=secret' };
      argocd.intercept = () => ({ kind: 'status', code: 302, headers });
    },
    ends: 'failure/unreachable',
    says: ['with a redirect to https://login.example.com/,'],
    exchanges: 0,
  },
  {
    name: 'a path that is not the one of --rootpath',
    prepare: () => {
      argocd.intercept = () => ({ kind: 'status', code: 404, body: '404 page not found' });
    },
    ends: 'failure/invalid-input',
    says: ['when asked for its settings', '--rootpath'],
    exchanges: 0,
  },
  {
    name: 'Argo CD does not accept the token of its Dex',
    prepare: () => {
      argocd.intercept = ({ path }) =>
        path.includes('/applications') ? { kind: 'status', code: 401, body: '{}' } : undefined;
    },
    ends: 'failure/unauthorized',
    says: ['does not accept the token that its own Dex has given', '`url` in argocd-cm'],
    exchanges: 2,
  },
];

const PASTED = { source: 'argocd', argocdServer: 'https://argocd.example.com' };

/** The inputs to paste, with words in place of secrets. */
function blocksIn(remedy: string): readonly Inputs[] {
  return [...remedy.matchAll(/^with:\n(?: {2}.*(?:\n|$))+/gm)].map(([block]) => {
    return (parse(block.replaceAll(/\$\{\{.*?\}\}/g, 'word')) as { readonly with: Inputs }).with;
  });
}

describe('a failure', () => {
  test.each(FAILURES.map((each) => [each.name, each] as const))('%s', async (_, failure) => {
    const { dex, prepare, inputs, env, ends, says, exchanges = 1 } = failure;
    if (dex) argocd.dex.options = dex();
    prepare?.();
    const result = await run(inputs, env);
    const [conclusion = '', reason = ''] = ends.split('/');
    expectEnd(result, conclusion, reason);
    const [error = ''] = said(result, 'error');
    for (const text of says) {
      if (typeof text === 'string') expect(error).toContain(text);
      else expect(error).toMatch(text);
    }
    if (conclusion === 'failure') expect(asked(EXCHANGE)).toHaveLength(exchanges);
    for (const block of blocksIn(error)) {
      const given = Object.entries({ application: 'shop', ...block });
      const variables = given.map(([name, value]) => [`INPUT_${name.toUpperCase()}`, `${value}`]);
      const read = readInputs(Object.fromEntries(variables), () => '');
      await expect(read.catch(({ message }) => message)).resolves.toMatchObject({ ...PASTED });
    }
  });
});

describe('a login that may not', () => {
  /** The policy of a message, which then is put in place. */
  async function followed(inputs: Inputs, part: RegExp): Promise<StepResult> {
    const denied = await run(inputs);
    const [error = ''] = said(denied, 'error');
    const [block = ''] = part.exec(error) ?? [];
    const lines = block.split('\n').filter((line) => /^[pg], /.test(line));
    expect(lines).not.toEqual([]);
    argocd.dex.options = {
      ...argocd.dex.options,
      policy: lines.join('\n').replaceAll('PROJECT', 'default'),
    };
    return run(inputs);
  }

  const BY_SUBJECT = /by this subject alone:\n.*?\n(?![pg],)/s;
  const BY_REPOSITORY = /by its id, .*$/s;

  test.each([
    ['a branch', {}],
    ['a subject of before immutable ones', { sub: 'repo:acme/shop:ref:refs/heads/main' }],
    ['an environment', { sub: 'repo:acme@123456/shop@456789:environment:live, "eu"' }],
    ['a branch that looks like a policy', { sub: 'repo:a/b:ref:refs/heads/x,applications,*' }],
  ])('is told the policy for %s by subject, which helps', async (_, claims) => {
    github.claims = claims;
    argocd.dex.options = { connectors: [connector()] };
    expectEnd(await followed({}, BY_SUBJECT), 'success', 'synced');
  });

  test('is told the policy by repository, which helps', async () => {
    argocd.dex.options = { connectors: [connector({ groups: 'repository_id' })] };
    expectEnd(await followed({}, BY_REPOSITORY), 'success', 'synced');
  });

  test('is told what the connector lacks for a policy by repository', async () => {
    argocd.dex.options = { connectors: [connector()] };
    const [error = ''] = said(await run(), 'error');
    expect(error).toContain(`This run is logged in as ${SUBJECT}.`);
    expect(error).toContain(`p, ${SUBJECT}, applications, get, PROJECT/shop, allow`);
    expect(error).toContain("and argocd-rbac-cm has `scopes: '[groups]'`");
    expect(error).toContain('g, 456789, role:ci');
    expect(error).toContain('does not check the audience');
  });

  test('sync, where it may get', async () => {
    argocd.put(manifest('shop', { syncPolicy: {} }));
    const result = await run({ trigger: 'sync' });
    expectEnd(result, 'failure', 'forbidden');
    const [error = ''] = said(result, 'error');
    expect(error).toContain(`p, ${SUBJECT}, applications, sync, default/shop, allow`);
  });

  test('is warned where the subject is that of every pull request', async () => {
    github.claims = { sub: 'repo:acme@123456/shop@456789:pull_request' };
    const [error = ''] = said(await run(), 'error');
    expect(error).toContain('the subject of every pull request of the repository');
    argocd.dex.options = { ...argocd.dex.options, policy: '' };
  });
});
