import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { reportedUpTo } from '../../src/github/since.js';
import { readInputs } from '../../src/inputs/index.js';
import { type Clock, systemClock } from '../../src/platform/clock.js';
import { fakeClock } from '../support/fake-clock.ts';
import { type GithubServer, startGithub } from '../support/github-server.ts';
import { A, B, C } from '../support/manifest.ts';
import { type RecordingLog, recordingLog } from '../support/recording-log.ts';

let github: GithubServer;
let log: RecordingLog;

beforeEach(async () => {
  github = await startGithub();
  log = recordingLog();
  const run = { file: 'deploy.yml', branch: 'main', conclusion: 'success' };
  github.repository.runs.push(
    { ...run, conclusion: 'cancelled', head_sha: B, created_at: '2026-11-21T08:00:00Z' },
    {
      ...{ ...run, branch: 'next', event: 'pull_request' },
      ...{ head_sha: C, created_at: '2026-11-21T07:30:00Z' },
    },
    { ...run, file: 'test.yml', head_sha: C, created_at: '2026-11-21T07:30:00Z' },
    { ...run, head_sha: A, created_at: '2026-11-21T07:00:00Z' },
  );
});
afterEach(() => github.close());

async function since(
  env: Readonly<Record<string, string>> = {},
  clock: Clock | undefined = undefined,
  signal = new AbortController().signal,
) {
  const inputs = await readInputs(
    {
      INPUT_APPLICATION: 'shop',
      INPUT_SERVER: 'https://kubernetes.example.com',
      INPUT_TOKEN: 'x',
      INPUT_SINCE: 'last-success',
      'INPUT_GITHUB-TOKEN': 'ghs_token',
      GITHUB_REPOSITORY: 'acme/shop',
      GITHUB_API_URL: github.url,
      GITHUB_WORKFLOW_REF: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main',
      GITHUB_REF_NAME: 'main',
      ...env,
    },
    () => '{}',
  );
  const parts = { env: {}, clock: clock ?? systemClock(), random: () => 0, log };
  return reportedUpTo(inputs, parts, signal);
}

describe('the last successful run', () => {
  test('is that of this workflow on this branch, whatever was cancelled since', async () => {
    expect(await since()).toEqual({ revision: A, from: '2026-11-21T06:59:00Z' });
    expect(github.requests).toEqual(['GET /repos/acme/shop/actions/workflows/deploy.yml/runs']);
    expect(log.lines).toEqual([
      `info: since: the last successful run of this workflow on main was for ${A}.`,
    ]);
  });

  test("is told by GitHub's clock, which says nothing about the cluster's", async () => {
    const clock = systemClock();
    expect(await since({}, clock)).toMatchObject({ revision: A });
    expect(clock.now().server).toBeUndefined();
  });

  test('of a pull request is on its own branch', async () => {
    const env = { GITHUB_HEAD_REF: 'next', GITHUB_REF_NAME: '7/merge' };
    expect(await since({ ...env, GITHUB_EVENT_NAME: 'pull_request' })).toMatchObject({
      revision: C,
    });
  });

  test.each<[string, object, Readonly<Record<string, string>>?]>([
    ["of a fork's branch of that name", { head_repository: { full_name: 'mallory/shop' } }],
    ['of a fork that is gone', { head_repository: null }],
    ['of a pull request from the branch', { event: 'pull_request' }],
    ['of a push, for a pull request', { event: 'push' }, { GITHUB_EVENT_NAME: 'pull_request' }],
    ['about another commit', { event: 'workflow_run' }],
  ])('leaves out runs %s', async (_, other, env = {}) => {
    const { runs } = github.repository;
    const ours = { file: 'deploy.yml', branch: 'main', conclusion: 'success' };
    const [event] = Object.values(env);
    if (event) runs.push({ ...ours, event, head_sha: B, created_at: '2026-11-21T06:00:00Z' });
    const later = { ...ours, head_sha: C, created_at: '2026-11-21T07:45:00Z', ...other };
    runs.unshift(...Array<typeof later>(5).fill(later));
    expect(await since(env)).toMatchObject({ revision: event ? B : A });
  });

  test('there may be none yet', async () => {
    github.repository.runs.length = 0;
    expect(await since()).toEqual({ revision: '' });
    expect(log.of('info')).toEqual([expect.stringContaining('has succeeded yet')]);
  });

  test.each([
    ['without the right to ask', {}, /permissions:\n {2}contents: read\n {2}actions: read/],
    ['without a token', { 'INPUT_GITHUB-TOKEN': '' }, /github-token is empty/],
    ['outside of a workflow', { GITHUB_WORKFLOW_REF: '' }, /GITHUB_WORKFLOW_REF/],
    ['of an odd workflow', { GITHUB_WORKFLOW_REF: '../../x@y' }, /GITHUB_WORKFLOW_REF/],
    ['without a branch', { GITHUB_REF_NAME: '' }, /GITHUB_REF_NAME/],
    [
      'of a run about another commit',
      { GITHUB_EVENT_NAME: 'workflow_run' },
      /runs of workflow_run/,
    ],
  ])('is not known %s', async (_, env, why) => {
    github.rights.clear();
    expect(await since(env)).toEqual({ revision: '' });
    expect(log.of('warning')).toEqual([expect.stringMatching(why)]);
    expect(log.of('warning').join()).toContain('all recorded deployments count');
  });

  test('is asked for again where GitHub fails', async () => {
    let failures = 0;
    github.fault = () => {
      failures += 1;
      return failures > 1 ? undefined : { status: 502, message: 'Bad Gateway' };
    };
    expect(await since()).toMatchObject({ revision: A });
  });

  test('is waited for no longer than ten seconds', async () => {
    github.fault = () => 'never';
    const clock = fakeClock();
    const asked = since({}, clock);
    while (github.requests.length === 0) await clock.settle();
    await clock.advance(10_000);
    expect(await asked).toEqual({ revision: '' });
    expect(log.of('warning')).toEqual([expect.stringContaining('did not answer for 10 s')]);
  });

  test('is given up in silence when the run is cancelled', async () => {
    github.fault = () => 'never';
    const cancel = new AbortController();
    const asked = since({}, undefined, cancel.signal);
    await github.seen(/runs$/);
    cancel.abort();
    expect(await asked).toEqual({ revision: '' });
    expect(log.lines).toEqual([]);
  });
});

test('a revision is what it is, and nothing is asked for', async () => {
  expect(await since({ INPUT_SINCE: B })).toEqual({ revision: B });
  expect(await since({ INPUT_SINCE: '' })).toBeUndefined();
  expect(github.requests).toEqual([]);
});
