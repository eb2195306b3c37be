import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Commits, githubCommits } from '../../src/github/commits.js';
import { systemClock } from '../../src/platform/clock.js';
import { fakeClock } from '../support/fake-clock.ts';
import { A, B } from '../support/manifest.ts';
import { startProxy } from '../support/proxy.ts';
import { type RecordingLog, recordingLog } from '../support/recording-log.ts';

interface Answer {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

let server: Server;
let requests: { readonly url: string; readonly authorization: string }[];
let answer: Answer | 'never';
let log: RecordingLog;
const { signal } = new AbortController();

beforeEach(async () => {
  requests = [];
  answer = { status: 200, body: { status: 'ahead', sha: A } };
  log = recordingLog();
  server = createServer((request, response) => {
    requests.push({ url: request.url ?? '', authorization: request.headers.authorization ?? '' });
    if (answer === 'never') return;
    const { status, body, headers = {} } = answer;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

function commits({ token = 'secret-token', base = '', clock = systemClock() } = {}): Commits {
  const { port } = server.address() as AddressInfo;
  const apiUrl = `http://127.0.0.1:${port}${base}`;
  return githubCommits({ token, apiUrl, log, env: {}, clock });
}

const contains = (of = commits()) => of.contains('acme/shop', A, B, signal);

const LIMITED = { message: 'API rate limit exceeded for installation ID 1.' };
const SECONDARY = { message: 'You have exceeded a secondary rate limit.' };
const REFUSED = { message: 'Resource not accessible by integration' };

describe('whether a deployed commit contains the target', () => {
  test.each([
    ['ahead', true],
    ['identical', true],
    ['behind', false],
    ['diverged', false],
  ])('%s: %s', async (status, expected) => {
    answer = { status: 200, body: { status } };
    expect(await contains()).toBe(expected);
    expect(log.of('info')).toEqual([]);
  });

  test('one small request, with the token', async () => {
    await contains();
    expect(requests).toEqual([
      {
        url: `/repos/acme/shop/compare/${A}...${B}?per_page=1&page=2`,
        authorization: 'token secret-token',
      },
    ]);
  });

  test('the same question of many is asked once, and again only where the answer may change', async () => {
    const of = commits();
    expect(await Promise.all([contains(of), contains(of)])).toEqual([true, true]);
    expect(await contains(of)).toBe(true);
    expect(requests).toHaveLength(1);
    const later = commits();
    answer = { status: 503, body: {} };
    expect(await contains(later)).toBeUndefined();
    answer = { status: 200, body: { status: 'behind' } };
    expect(await contains(later)).toBe(false);
  });

  test("below the base path of GitHub Enterprise's API", async () => {
    expect(await contains(commits({ base: '/api/v3' }))).toBe(true);
    expect(requests[0]?.url).toMatch(/^\/api\/v3\/repos\/acme\/shop\/compare\//);
  });

  test('without a token nothing is asked, and the log says so once', async () => {
    const unable = commits({ token: '' });
    expect([await contains(unable), await contains(unable)]).toEqual([false, false]);
    expect(requests).toEqual([]);
    expect(log.of('debug')).toEqual([expect.stringContaining('without github-token')]);
  });

  test.each<[number, object, boolean | undefined, RegExp]>([
    [404, { message: 'Not Found' }, false, /no such commit, or .*contents: read/],
    [401, { message: 'Bad credentials' }, false, /github-token is not valid/],
    [403, REFUSED, false, /may not read the repository/],
    [422, { message: 'No common ancestor' }, false, /no such commit/],
    [403, LIMITED, undefined, /rate limit .*asking again later/],
    [403, SECONDARY, undefined, /rate limit/],
    [429, { message: 'Too Many Requests' }, undefined, /rate limit/],
    [500, { message: 'Server Error' }, undefined, /now .*asking again later/],
    [503, { message: 'Unavailable' }, undefined, /now .*asking again later/],
  ])('%i %j: %s', async (status, body, expected, said) => {
    answer = { status, body };
    const of = commits();
    expect(await contains(of)).toBe(expected);
    expect(log.of('info')).toEqual([expect.stringMatching(said)]);
    expect(log.of('info').join()).toContain('compare aaaaaaaa with bbbbbbbb in acme/shop');
    // Asked again, it says so once only.
    await contains(of);
    expect(log.of('info')).toHaveLength(1);
    expect(log.lines.join('\n')).not.toContain('secret-token');
  });

  test('a redirect, as for a renamed repository, is not followed, and the log says so', async () => {
    answer = { status: 301, body: {}, headers: { location: '/repositories/1/compare?state=x' } };
    expect(await contains()).toBe(false);
    expect(requests).toHaveLength(1);
    expect(log.of('info')).toEqual([
      expect.stringMatching(/sends elsewhere \(\/repositories\/1\/compare\).*was renamed/),
    ]);
  });

  test('an answer that is larger than any that is needed is given up', async () => {
    answer = { status: 200, body: { status: 'ahead', padding: 'x'.repeat(5_000_000) } };
    expect(await contains()).toBeUndefined();
    expect(log.of('info')).toEqual([
      expect.stringMatching(/GitHub at 127\.0\.0\.1:\d+ sent an answer of more than 4 MiB/),
    ]);
  });

  test('an answer that never comes has a deadline', async () => {
    answer = 'never';
    const clock = fakeClock();
    const asked = contains(commits({ clock }));
    while (requests.length === 0) await clock.settle();
    await clock.advance(30_000);
    expect(await asked).toBeUndefined();
    expect(log.of('info')).toEqual([expect.stringContaining('no answer for 30 s')]);
  });

  test('a token that is echoed is not shown', async () => {
    answer = { status: 500, body: { message: 'bad token secret-token' } };
    await contains();
    expect(log.of('info')).toEqual([expect.stringContaining('500: bad token (hidden)')]);
  });

  test('GitHub is asked by the proxy of the environment', async () => {
    const { port } = server.address() as AddressInfo;
    const proxy = await startProxy({ port });
    const env = { HTTP_PROXY: proxy.url };
    const apiUrl = 'http://ghe.example.com/api/v3';
    const of = githubCommits({ token: 'secret-token', apiUrl, log, env, clock: systemClock() });
    expect(await contains(of)).toBe(true);
    expect(proxy.targets).toEqual(['ghe.example.com:80']);
    proxy.close();
  });

  test('an answer that never comes is given up with the signal, in silence', async () => {
    answer = 'never';
    const abort = new AbortController();
    const asked = commits().contains('acme/shop', A, B, abort.signal);
    setTimeout(() => abort.abort(), 20);
    expect(await asked).toBeUndefined();
    expect(log.of('info')).toEqual([]);
  });

  test('a host that cannot be reached may be asked again', async () => {
    const of = commits();
    await new Promise((closed) => server.close(closed));
    expect(await contains(of)).toBeUndefined();
    expect(log.of('info').join()).toContain('asking again later');
    server.listen(0, '127.0.0.1');
  });
});

describe('which commit a name names', () => {
  const resolve = (of = commits(), ref = 'main') => of.resolve('acme/shop', ref, signal);

  test('a tag or a branch', async () => {
    expect(await resolve()).toBe(A);
    expect(requests[0]?.url).toBe('/repos/acme/shop/commits/main?per_page=1&page=2');
  });

  test('a name with a slash stays one', async () => {
    await resolve(commits(), 'feature/x?y');
    expect(requests[0]?.url).toBe('/repos/acme/shop/commits/feature%2Fx%3Fy?per_page=1&page=2');
  });

  test('without a token nothing is asked', async () => {
    expect(await resolve(commits({ token: '' }))).toBe('');
    expect(requests).toEqual([]);
  });

  test.each([
    [404, ''],
    [401, ''],
    [422, ''],
    [429, undefined],
    [500, undefined],
  ])('%i: %j, and the log says why', async (status, expected) => {
    answer = { status, body: { message: 'no' } };
    expect(await resolve()).toBe(expected);
    expect(log.of('info')).toEqual([expect.stringContaining('resolve main in acme/shop')]);
  });
});

describe('which commit an annotated tag names', () => {
  const tagged = (of = commits()) => of.tagged('acme/shop', B, signal);

  test.each([
    ['commit', A],
    // A tag of a tag, or of what is no commit.
    ['tag', ''],
    ['tree', ''],
  ])('that is of a %s: %j', async (type, expected) => {
    answer = { status: 200, body: { object: { type, sha: A } } };
    expect(await tagged()).toBe(expected);
    expect(requests[0]?.url).toContain(`/repos/acme/shop/git/tags/${B}`);
  });

  test('none, where it is a commit: the log has nothing of it', async () => {
    answer = { status: 404, body: { message: 'Not Found' } };
    expect(await tagged()).toBe('');
    expect(log.of('info')).toEqual([]);
  });

  test('is asked again where GitHub cannot tell now', async () => {
    answer = { status: 429, body: { message: 'Too Many Requests' } };
    expect(await tagged()).toBeUndefined();
    expect(log.of('info')).toEqual([expect.stringContaining('tag bbbbbbbb')]);
  });

  test('without a token nothing is asked', async () => {
    expect(await tagged(commits({ token: '' }))).toBe('');
    expect(requests).toEqual([]);
  });
});
