import { describe, expect, test } from '@jest/globals';
import { githubOidc } from '../../src/github/oidc.js';
import { TerminalError, TransientError } from '../../src/platform/errors.js';
import { fakeClock } from '../support/fake-clock.js';

const AUDIENCE = 'my-cluster';
/** GitHub's tokens live so long, in seconds. */
const LIFE = 300;

/** A token in GitHub's form, of a time that has nothing to do with this machine's. */
function tokenOf(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part(claims)}.c2lnbmF0dXJl`;
}

function claims(over: object = {}) {
  return {
    aud: AUDIENCE,
    sub: 'repo:acme/shop:ref:refs/heads/main',
    repository: 'acme/shop',
    ref: 'refs/heads/main',
    iat: 1_000,
    exp: 1_000 + LIFE,
    ...over,
  };
}

const { signal } = new AbortController();

type Ask = (audience: string, signal: AbortSignal) => Promise<string>;

/** GitHub, answering with one token after another. */
function github(...answers: readonly (object | Error | string)[]) {
  const clock = fakeClock();
  const asked: string[] = [];
  const ask: Ask = async (audience) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)] ?? {};
    asked.push(audience);
    if (answer instanceof Error) throw answer;
    return typeof answer === 'string' ? answer : tokenOf({ ...answer, jti: asked.length });
  };
  return { clock, asked, oidc: githubOidc(AUDIENCE, clock, ask) };
}

/** What is asked for at these seconds; `!`: the last token was refused. */
test.each<[string, readonly (number | `${number}!`)[], number, object?]>([
  ['one token serves', [0, 10, 239], 1],
  ['a minute before its end it is renewed', [0, 239, 240], 2],
  ['so is the next one', [0, 240, 470, 480], 3],
  ['a refused one is renewed', [0, '1!', 2], 2],
  ['each refusal renews', [0, '1!', '2!'], 3],
  ['one that lives a minute is good for one request', [0, 1], 2, { exp: 1_060 }],
  ['one that says no end is good for one request', [0, 1], 2, { exp: undefined }],
  ['one whose end is before its beginning too', [0, 1], 2, { exp: 0 }],
  ['one whose end is no number too', [0, 1], 2, { exp: 'soon' }],
])('%s', async (_, moments, count, over = {}) => {
  const { clock, asked, oidc } = github(claims(over));
  let now = 0;
  for (const moment of moments) {
    const at = Number.parseInt(String(moment), 10);
    await clock.advance((at - now) * 1000);
    now = at;
    await oidc.mint(String(moment).endsWith('!'), signal);
  }
  expect(asked).toEqual(Array(count).fill(AUDIENCE));
});

test("its life is counted from the asking, by the token's own times", async () => {
  const clock = fakeClock();
  let asked = 0;
  const slow: Ask = async () => {
    asked += 1;
    await clock.sleep(100_000);
    // An hour away from whatever this machine believes.
    const iat = Math.floor(Date.now() / 1000) + 3600;
    return tokenOf(claims({ iat, exp: iat + LIFE }));
  };
  const oidc = githubOidc(AUDIENCE, clock, slow);
  const first = oidc.mint(false, signal);
  await clock.advance(100_000);
  await first;
  await clock.advance(139_000);
  await oidc.mint(false, signal);
  expect(asked).toBe(1);
  await clock.advance(1_000);
  void oidc.mint(false, signal);
  expect(asked).toBe(2);
});

test('requests at one time share one token', async () => {
  const { asked, oidc } = github(claims());
  const tokens = await Promise.all([
    oidc.mint(false, signal),
    oidc.mint(false, signal),
    oidc.mint(false, signal),
  ]);
  expect(new Set(tokens).size).toBe(1);
  expect(asked).toHaveLength(1);
});

describe('a token that several requests wait for', () => {
  /** GitHub answers when it is told to, unless nobody waits any more. */
  function slowGithub() {
    const answered = Promise.withResolvers<string>();
    const asked: AbortSignal[] = [];
    const ask: Ask = (_, life) => {
      asked.push(life);
      life.addEventListener('abort', () => answered.reject(new Error('given up')));
      return answered.promise;
    };
    const oidc = githubOidc(AUDIENCE, fakeClock(), ask);
    return { asked, oidc, answer: () => answered.resolve(tokenOf(claims())) };
  }

  test('is not lost with the request that asked for it first', async () => {
    const { asked, oidc, answer } = slowGithub();
    const first = new AbortController();
    const given = oidc.mint(false, first.signal);
    const other = oidc.mint(false, signal);
    first.abort('over');
    await expect(given).rejects.toThrow(TransientError);
    answer();
    expect(await other).toMatch(/^eyJ/);
    expect(asked).toHaveLength(1);
  });

  test('is given up with the last of them', async () => {
    const { asked, oidc } = slowGithub();
    const [first, second] = [new AbortController(), new AbortController()];
    const both = [oidc.mint(false, first.signal), oidc.mint(false, second.signal)];
    const ended = Promise.allSettled(both);
    first.abort('over');
    expect(asked[0]?.aborted).toBe(false);
    second.abort('over');
    await ended;
    expect(asked[0]?.aborted).toBe(true);
  });
});

test('a fault passes, and is not remembered', async () => {
  const { oidc } = github(new Error('Error message: 503\n  Service\nUnavailable'), claims());
  const failed = Promise.all([oidc.mint(false, signal), oidc.mint(false, signal)]);
  await expect(failed).rejects.toThrow(TransientError);
  await expect(failed).rejects.toThrow(
    'GitHub gave no OIDC token: Error message: 503 Service Unavailable',
  );
  expect(await oidc.mint(false, signal)).toMatch(/^eyJ/);
});

test('a job that may not ask is told what to write', async () => {
  const oidc = githubOidc(AUDIENCE, fakeClock(), undefined);
  const error = await oidc.mint(false, signal).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TerminalError);
  expect(error).toMatchObject({
    reason: 'invalid-input',
    message: expect.stringContaining('oidc-audience is "my-cluster"'),
    remedy: expect.stringContaining('\n  id-token: write'),
  });
});

test('there is nothing to tell before there is a token', () => {
  expect(github(claims()).oidc.describe()).toBe('');
});

test.each<[string, object | string, RegExp]>([
  ['its claims', claims(), /aud my-cluster, sub repo:acme\/shop:ref:refs\/heads\/main, .*1970-01/],
  ['those that are missing', {}, /aud \(none\), sub \(none\), repository \(none\), ref \(none\)/],
  ['an audience of several', claims({ aud: ['a', 'b'] }), /aud a,b,/],
  ['a time that is none', claims({ exp: 'soon' }), /exp unknown/],
  ['a time beyond the calendar', claims({ exp: 1e300 }), /exp unknown/],
  ['little of a long one', claims({ sub: 'x'.repeat(9_999) }), /sub x{200},/],
  ['nothing of what is no token', 'nonsense', /aud \(none\)/],
  ['nothing of what is no JSON', 'a.bm9uc2Vuc2U.c', /aud \(none\)/],
  ['nothing of JSON that is no object', 'a.bnVsbA.c', /aud \(none\)/],
])('what it tells of a token: %s', async (_, answer, told) => {
  const { oidc } = github(answer);
  const token = await oidc.mint(false, signal);
  expect(oidc.describe()).toMatch(told);
  for (const part of token.split('.')) {
    if (part.length > 8) expect(oidc.describe()).not.toContain(part);
  }
});

test('what it tells is of the last token', async () => {
  const { oidc } = github(claims(), claims({ ref: 'refs/tags/v2' }));
  await oidc.mint(false, signal);
  await oidc.mint(true, signal);
  expect(oidc.describe()).toContain('ref refs/tags/v2');
});
