import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type ApiServer, startApiServer } from '../support/api-server.ts';
import { type GithubServer, startGithub } from '../support/github-server.ts';
import { A, B, manifest } from '../support/manifest.ts';
import { expectEnd, said, stepOn } from './steps.ts';

/** The built action reports to GitHub: what it loads for that is bundled, and signals end it. */

let server: ApiServer;
let github: GithubServer;

beforeEach(async () => {
  [server, github] = await Promise.all([startApiServer(), startGithub()]);
  github.repository.commits.add(B);
});
afterEach(async () => {
  await Promise.all([server.close(), github.close()]);
});

const INPUTS = { revision: B, report: 'deployment,check,comment', since: 'last-success' };

function runner() {
  const env = {
    GITHUB_API_URL: github.url,
    GITHUB_SHA: B,
    GITHUB_WORKFLOW_REF: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main',
  };
  return { env, githubToken: 'ghs_token' };
}

function states(): readonly unknown[] {
  return github.repository.deployments.flatMap((each) => each.statuses.map(({ state }) => state));
}

test('everything at once', async () => {
  const base = { repo: { full_name: 'acme/shop' } };
  const times = { merged_at: '2026-11-21T06:59:00Z', merge_commit_sha: B };
  github.repository.pulls.set(B, [{ number: 7, base, ...times }]);
  server.put(manifest('shop', { revision: B }));
  const result = await stepOn(server, INPUTS, runner());
  expectEnd(result, 'success', 'synced');
  expect(said(result, 'warning')).toEqual([]);
  expect(states()).toEqual(['in_progress', 'success']);
  expect(github.repository.checks).toHaveLength(1);
  expect(github.repository.comments).toHaveLength(1);
});

test('a cancelled run leaves no Deployment in progress', async () => {
  server.put(manifest('shop', { revision: A }));
  const when = github.seen(/statuses$/);
  const result = await stepOn(server, INPUTS, { ...runner(), signal: { name: 'SIGTERM', when } });
  expectEnd(result, 'cancelled', 'cancelled');
  expect(states()).toEqual(['in_progress', 'error']);
  expect(github.repository.checks).toEqual([]);
});

test('a run that is cancelled while GitHub hangs is cancelled all the same', async () => {
  github.fault = () => 'never';
  const when = github.seen(/runs$/);
  const result = await stepOn(server, INPUTS, { ...runner(), signal: { name: 'SIGINT', when } });
  expectEnd(result, 'cancelled', 'cancelled');
});
