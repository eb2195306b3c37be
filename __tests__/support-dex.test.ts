import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Dex, type DexOptions } from './support/argocd/dex.ts';
import { startArgocdServer } from './support/argocd-server.ts';
import { ask } from './support/client.ts';
import { type GithubIssuer, startGithubIssuer } from './support/github-issuer.ts';
import { manifest } from './support/manifest.ts';

/** The test server logs in, refuses and allows as Argo CD 3.6-dev with Dex 2.45 was seen to do. */

const CLIENT = `Basic ${Buffer.from('argo-cd-cli:').toString('base64')}`;
const SUBJECT = 'repo:acme@123456/shop@456789:ref:refs/heads/main';
const OAUTH = 'urn:ietf:params:oauth';

let github: GithubIssuer;
beforeAll(async () => {
  github = await startGithubIssuer();
});
afterAll(() => github.close());

async function minted(audience = 'argocd'): Promise<string> {
  const url = `${github.env['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience=${audience}`;
  const authorization = `Bearer ${github.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}`;
  const answer = await fetch(url, { headers: { authorization } });
  return ((await answer.json()) as { readonly value: string }).value;
}

function form(over: Readonly<Record<string, string>>): string {
  return new URLSearchParams({
    connector_id: 'ci',
    grant_type: `${OAUTH}:grant-type:token-exchange`,
    subject_token_type: `${OAUTH}:token-type:id_token`,
    ...over,
  }).toString();
}

function dexWith(options: DexOptions = {}): Dex {
  const connectors = [
    { id: 'ci', name: 'CI', type: 'oidc', groups: 'repository_id', accepts: github.accepts },
    { id: 'people', name: 'People', type: 'github' },
  ];
  return new Dex({ connectors, ...options });
}

describe('an exchange', () => {
  test('whatever the audience is, for a token of a day', async () => {
    const dex = dexWith();
    const { code, text } = dex.exchange(
      CLIENT,
      form({ subject_token: await minted('another-service') }),
      Date.now(),
    );
    expect([code, JSON.parse(text)]).toMatchObject([
      200,
      { token_type: 'bearer', expires_in: 86_399 },
    ]);
    const [token = ''] = dex.given;
    expect(dex.session(token, Date.now())).toMatchObject({ subject: SUBJECT, groups: ['456789'] });
    expect(dex.session(token, Date.now() + 86_400_000)).toBeUndefined();
  });

  test.each<[string, number, RegExp, DexOptions?, Readonly<Record<string, string>>?]>([
    ['an unknown connector', 400, /connector does not exist/, {}, { connector_id: 'none' }],
    ['one of another type', 400, /connector does not exist/, {}, { connector_id: 'people' }],
    ['a foreign token', 401, /^{"error":"access_denied"}$/, {}, { subject_token: 'a.b.c' }],
    ['an expired token', 401, /access_denied/, { skewMs: 400_000 }],
    ['no such grant', 400, /unsupported_grant_type/, { noExchange: true }],
    ['Dex that is down', 502, /^$/, { down: true }],
  ])('is refused: %s', async (_, code, text, options = {}, over = {}) => {
    const body = form({ subject_token: await minted(), ...over });
    const reply = dexWith(options).exchange(CLIENT, body, Date.now());
    expect([reply.code, reply.text]).toEqual([code, expect.stringMatching(text)]);
  });
});

test.each([
  ['by subject', `p, ${SUBJECT}, applications, get, default/*, allow`, true],
  ['by another subject', `p, ${SUBJECT}2, applications, get, */*, allow`, false],
  ['by a group with a role', 'p, role:ci, applications, get, */*, allow\ng, 456789, role:ci', true],
  ['by a group in place of a role', 'p, 456789, applications, get, */*, allow', false],
  ['for another action', `p, ${SUBJECT}, applications, sync, */*, allow`, false],
])('a policy %s', (_, policy, allowed) => {
  const session = { subject: SUBJECT, groups: ['456789'], until: 0 };
  expect(dexWith({ policy }).allows(session, 'get', 'default/shop')).toBe(allowed);
});

test('without a policy a list is empty, and a get is denied', async () => {
  const server = await startArgocdServer({ objects: [manifest('shop')] });
  try {
    server.dex.options = dexWith().options;
    const body = form({ subject_token: await minted() });
    const { text } = server.dex.exchange(CLIENT, body, Date.now());
    const { access_token: token } = JSON.parse(text) as { readonly access_token: string };
    const list = await ask(server, '/api/v1/applications', { token });
    expect([list.code, JSON.parse(list.text)]).toMatchObject([200, { items: null }]);
    expect((await ask(server, '/api/v1/applications/shop', { token })).code).toBe(403);
    expect((await ask(server, '/api/v1/settings', { token: '' })).text).toContain('"id":"ci"');
  } finally {
    await server.close();
  }
});
