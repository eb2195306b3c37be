import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { step } from '../../src/core/decision/state.js';
import type { Target } from '../../src/core/decision/target.js';
import { commitQuestions } from '../../src/github/relate.js';
import type { Inputs } from '../../src/inputs/types.js';
import { systemClock } from '../../src/platform/clock.js';
import { app, B, C, operation } from '../core/support/application.ts';
import { follow, revision, see } from '../core/support/follow.ts';
import { recordingLog } from '../support/recording-log.ts';

let github: Server;
let asked: string[];
let answers: Readonly<Record<string, object>>;

beforeEach(async () => {
  asked = [];
  answers = {};
  github = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    asked.push(path.replace('/repos/acme/shop/', ''));
    const known = Object.entries(answers).find(([end]) => path.endsWith(end));
    response.writeHead(known ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(known?.[1] ?? { message: 'Not Found' }));
  });
  await new Promise<void>((listening) => github.listen(0, '127.0.0.1', listening));
});
afterEach(async () => {
  github.closeAllConnections();
  await new Promise((closed) => github.close(closed));
});

const TAG = '7'.repeat(40);

const SHOP = { repoURL: 'https://github.com/acme/shop', targetRevision: 'main' };

/** What a run for a ref learns of C, deployed from a source that tracks something. */
async function relationOf(
  targetRevision: string,
  ref: string,
  deployed = C,
  { source = SHOP, target = revision(B, [0]) }: { source?: object; target?: Target } = {},
) {
  const sources = [{ ...source, targetRevision }];
  const run = {
    repository: 'acme/shop',
    serverUrl: 'https://github.com',
    apiUrl: `http://127.0.0.1:${(github.address() as AddressInfo).port}`,
    commit: { kind: 'commit', sha: B, ref, defaultBranch: 'main' },
  } as Inputs['run'];
  const { state } = follow([[0, see(app({ at: deployed, sources, operation: operation() }))]], {
    target,
  });
  const { relate } = commitQuestions(
    { githubToken: 'word', run },
    { env: {}, clock: systemClock(), log: recordingLog() },
  );
  const relation = await relate(state, deployed, new AbortController().signal);
  const next = relation && step(state, { kind: 'relation', revision: deployed, relation });
  return { relation, compared: next?.application?.comparison.revisions.resolved };
}

describe('how what is deployed relates to the target', () => {
  test.each([
    ['main', 'refs/heads/main'],
    ['HEAD', 'refs/tags/v1'],
    ['', 'refs/tags/v1'],
    ['production', 'refs/heads/production'],
  ])('a branch (%s in a run for %s) is compared, and nothing else asked', async (tracked, ref) => {
    answers = { [`compare/${B}...${C}`]: { status: 'ahead' } };
    expect((await relationOf(tracked, ref)).relation).toBe('descendant');
    expect(asked).toEqual([`compare/${B}...${C}`]);
  });

  test('what may be a tag object is looked up: whatever a comparison says of it', async () => {
    answers = {
      [`git/tags/${TAG}`]: { object: { type: 'commit', sha: B } },
      [`compare/${B}...${TAG}`]: { status: 'ahead' },
    };
    const { relation, compared } = await relationOf('v1', 'refs/tags/v1', TAG);
    expect(relation).toEqual({ tagOf: B });
    expect(compared).toEqual([B]);
    expect(asked).toEqual([`git/tags/${TAG}`]);
  });

  test.each<[string, string, object, Target]>([
    ['a chart', '1.2.3', { ...SHOP, chart: 'shop' }, revision(B, [0])],
    ['another server', C, { ...SHOP, repoURL: 'https://gitlab.com/acme/shop' }, revision(B, [0])],
    ['what is deployed by a name', '1.2.3', SHOP, revision(B, [0])],
    ['a target by a name', C, SHOP, revision('v1', [0])],
    ['whatever is deployed', C, SHOP, { kind: 'any', why: '' }],
  ])('GitHub is not asked about %s', async (_, deployed, source, target) => {
    const { relation } = await relationOf('main', 'refs/heads/main', deployed, { source, target });
    expect(relation).toBe('other');
    expect(asked).toEqual([]);
  });

  test('and compared where it is none', async () => {
    answers = { [`compare/${B}...${C}`]: { status: 'behind' } };
    expect((await relationOf('v1', 'refs/tags/v1')).relation).toBe('other');
    expect(asked).toEqual([`git/tags/${C}`, `compare/${B}...${C}`]);
  });
});
