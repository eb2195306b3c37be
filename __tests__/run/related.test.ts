import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { expectEnd, said, stepHere } from '../process/steps.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';
import { A, B, C, type Look, manifest } from '../support/manifest.ts';
import { turnClock } from '../support/turn-clock.ts';

/** What the stand-in for GitHub's API answers, by the end of the path. */
type Answers = Readonly<Record<string, { readonly status: number; readonly body: object }>>;

let server: ApiServer;
let github: Server;
let asked: string[];
let answers: Answers;

beforeEach(async () => {
  asked = [];
  answers = {};
  server = await startApiServer();
  github = createServer((request, response) => {
    const path = request.url?.split('?')[0] ?? '';
    asked.push(path);
    const known = Object.entries(answers).find(([end]) => path.endsWith(end));
    const { status, body } = known?.[1] ?? { status: 404, body: { message: 'Not Found' } };
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((listening) => github.listen(0, '127.0.0.1', listening));
});
afterEach(async () => {
  github.closeAllConnections();
  github.close();
  await server.close();
});

/** Enough for all that is asked. */
const IN_VAIN = { timeout: '20s' };

/** A step that waits for B, with the job's token. */
function wait(inputs: Readonly<Record<string, string>> = {}, githubToken = 'ghs_token') {
  const { port } = github.address() as AddressInfo;
  const env = { GITHUB_API_URL: `http://127.0.0.1:${port}/api/v3` };
  return stepHere(server, { revision: B, ...inputs }, { env, githubToken, clock: turnClock() });
}

const compared = (status: string) => ({ status: 200, body: { status } });
const LATER: Look = { revision: C };

describe('a revision that was never seen', () => {
  test('is superseded when what is deployed contains it', async () => {
    answers = { [`/compare/${B}...${C}`]: compared('ahead') };
    server.put(manifest('shop', LATER));
    const result = await wait();
    expectEnd(result, 'success', 'superseded');
    expect(result.outputs['revision']).toBe(C);
    expect(asked).toEqual([`/api/v3/repos/acme/shop/compare/${B}...${C}`]);
  });

  test('is superseded with timeout 0 too', async () => {
    answers = { [`/compare/${B}...${C}`]: compared('ahead') };
    server.put(manifest('shop', LATER));
    expectEnd(await wait({ timeout: '0' }), 'success', 'superseded');
  });

  test('the later revision must come to its end', async () => {
    answers = { [`/compare/${B}...${C}`]: compared('ahead') };
    server.put(manifest('shop', { ...LATER, sync: 'OutOfSync', phase: 'Failed' }));
    expectEnd(await wait(), 'failure', 'sync-failed');
  });

  test.each(['behind', 'diverged'])('is waited for when what is deployed is %s', async (status) => {
    answers = { [`/compare/${B}...${C}`]: compared(status) };
    server.put(manifest('shop', LATER));
    const result = await wait(IN_VAIN);
    expectEnd(result, 'timeout', 'timeout');
    expect(said(result, 'error')[0]).toContain('timed out waiting for revision bbbbbbbb');
    expect(asked).toHaveLength(1);
  });

  test('is waited for when GitHub knows no such commit, and the log says so', async () => {
    server.put(manifest('shop', LATER));
    const result = await wait(IN_VAIN);
    expectEnd(result, 'timeout', 'timeout');
    expect(result.stdout).toContain('no such commit');
    expect(result.stdout).toContain('contents: read');
  });

  test('is waited for when GitHub limits the rate', async () => {
    answers = { [C]: { status: 403, body: { message: 'API rate limit exceeded' } } };
    server.put(manifest('shop', LATER));
    const result = await wait(IN_VAIN);
    expectEnd(result, 'timeout', 'timeout');
    expect(result.stdout).toContain("GitHub's rate limit");
  });

  test('without a token GitHub is not asked', async () => {
    answers = { [`/compare/${B}...${C}`]: compared('ahead') };
    server.put(manifest('shop', LATER));
    expectEnd(await wait(IN_VAIN, ''), 'timeout', 'timeout');
    expect(asked).toEqual([]);
  });

  test('of another repository: GitHub is not asked', async () => {
    server.put(manifest('shop', { ...LATER, repoURL: 'https://git.example.com/acme/shop' }));
    expectEnd(await wait(IN_VAIN), 'timeout', 'timeout');
    expect(asked).toEqual([]);
  });
});

describe('a branch as the revision', () => {
  const TRACKED: Look = { targetRevision: 'main' };

  test('is the commit that it names', async () => {
    answers = { '/commits/main': { status: 200, body: { sha: B } } };
    server.put(manifest('shop', { ...TRACKED, revision: B }));
    const result = await wait({ revision: 'main' });
    expectEnd(result, 'success', 'synced');
    expect(result.outputs['revision']).toBe(B);
    expect(asked[0]).toBe('/api/v3/repos/acme/shop/commits/main');
  });

  test('is not satisfied by what was deployed of it before', async () => {
    answers = { '/commits/main': { status: 200, body: { sha: B } } };
    server.put(manifest('shop', { ...TRACKED, revision: A }));
    expectEnd(await wait({ ...IN_VAIN, revision: 'main' }), 'timeout', 'timeout');
  });

  test('nor while GitHub cannot say what it names', async () => {
    answers = { '/commits/main': { status: 500, body: { message: 'oops' } } };
    server.put(manifest('shop', { ...TRACKED, revision: A }));
    const result = await wait({ ...IN_VAIN, revision: 'main' });
    expectEnd(result, 'timeout', 'timeout');
    expect(said(result, 'error')[0]).toContain('GitHub to say which commit main names');
  });
});
