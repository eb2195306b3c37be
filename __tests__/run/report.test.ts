import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { expectEnd, said, stepHere } from '../process/steps.ts';
import type { StepResult } from '../support/action.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';
import { type GithubServer, type Json, startGithub } from '../support/github-server.ts';
import { A, B, C, type Look, manifest } from '../support/manifest.ts';
import { eventOf, goldenPayloads } from '../support/payloads.ts';
import { runHere } from '../support/run-here.ts';

let server: ApiServer;
let github: GithubServer;

beforeEach(async () => {
  [server, github] = await Promise.all([startApiServer(), startGithub()]);
  for (const commit of [A, B, C]) github.repository.commits.add(commit);
});
afterEach(async () => {
  await Promise.all([server.close(), github.close()]);
});

const WORKFLOW = 'acme/shop/.github/workflows/deploy.yml@refs/heads/main';

/** A step on a push of B that reports all there is, unless told otherwise. */
function step(
  inputs: Readonly<Record<string, string>> = {},
  more: { readonly githubToken?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<StepResult> {
  const env = {
    GITHUB_API_URL: github.url,
    GITHUB_SHA: B,
    GITHUB_WORKFLOW_REF: WORKFLOW,
    ...more.env,
  };
  const given = { revision: B, report: 'deployment,check,comment', ...inputs };
  return stepHere(server, given, { githubToken: 'ghs_token', ...more, env });
}

function merged(number: number, commit: string, more: Json = {}): Json {
  const base = { repo: { full_name: 'acme/shop' } };
  const times = { merged_at: '2026-11-21T06:59:00Z', merge_commit_sha: commit };
  return { number, state: 'closed', base, ...times, ...more };
}

function deploy(name = 'shop', look: Look = {}): void {
  server.put(manifest(name, { revision: B, ...look }));
}

/** An Application that users reach at these addresses. */
function deployAt(externalURLs: readonly string[]): void {
  const { status, ...rest } = manifest('shop', { revision: B });
  server.put({ ...rest, status: { ...(status as object), summary: { externalURLs } } });
}

/** `environment ref: states` */
function deployments(): readonly string[] {
  return github.repository.deployments.map(
    ({ environment, ref, statuses }) =>
      `${environment} ${ref.slice(0, 1)}: ${statuses.map((each) => each.state).join(' ')}`,
  );
}

function lastStatus(): Json {
  return github.repository.deployments.at(-1)?.statuses.at(-1) ?? {};
}

const FAILED: Look = { revision: B, sync: 'OutOfSync', phase: 'Failed', message: 'no' };

describe('a Deployment', () => {
  test('is in progress, then how it ended', async () => {
    deploy();
    expectEnd(await step(), 'success', 'synced');
    expect(deployments()).toEqual(['shop b: in_progress success']);
    expect(github.repository.deployments[0]?.request).toEqual({
      ref: B,
      environment: 'shop',
      description: 'Deployed by Argo CD',
      auto_merge: false,
      required_contexts: [],
      transient_environment: false,
    });
    expect(lastStatus()).toMatchObject({
      log_url: 'https://github.com/acme/shop/actions/runs/4711',
      auto_inactive: true,
    });
  });

  test('is in progress while the step waits', async () => {
    server.put(manifest('shop', { revision: A }));
    const waiting = step();
    await github.seen(/statuses$/);
    expect(deployments()).toEqual(['shop b: in_progress']);
    deploy();
    await waiting;
    expect(deployments()).toEqual(['shop b: in_progress success']);
  });

  test('that failed is of the commit that was to be deployed', async () => {
    server.put(manifest('shop', { ...FAILED, history: [] }));
    expectEnd(await step(), 'failure', 'sync-failed');
    expect(deployments()).toEqual(['shop b: in_progress failure']);
    expect(String(lastStatus().description)).toMatch(/^shop: /);
  });

  test('whose end is not known is an error', async () => {
    server.put(manifest('shop', { revision: A }));
    expectEnd(await step({ timeout: '1s' }), 'timeout', 'timeout');
    expect(deployments()).toEqual(['shop b: in_progress error']);
  });

  test('that a later one took the place of is inactive, and that one is on record', async () => {
    server.put(manifest('shop', { revision: B, sync: 'OutOfSync', health: 'Progressing' }));
    const waiting = step();
    await github.seen(/statuses$/);
    deploy('shop', { revision: C, startedAt: '2026-11-21T07:01:00Z' });
    const result = await waiting;
    expectEnd(result, 'success', 'superseded');
    expect(deployments()).toEqual(['shop b: in_progress inactive', 'shop c: success']);
  });

  test('makes the one before it inactive', async () => {
    deploy();
    await step();
    await step();
    expect(deployments()).toEqual([
      'shop b: in_progress success inactive',
      'shop b: in_progress success',
    ]);
  });

  test('of each of several Applications', async () => {
    deploy('shop');
    deploy('api', { namespace: 'team' });
    await step({ application: 'shop,team/api' });
    expect(deployments().toSorted()).toEqual([
      'shop b: in_progress success',
      'team/api b: in_progress success',
    ]);
    expect(github.repository.checks).toHaveLength(1);
  });

  test('of whatever is deployed is known at the end only', async () => {
    deploy();
    await step({ revision: 'none' });
    expect(deployments()).toEqual(['shop b: success']);
  });

  test("of another repository's revision is of the commit of this run", async () => {
    deploy('shop', { revision: C, repoURL: 'https://github.com/acme/config' });
    await step({ revision: C });
    expect(deployments()).toEqual(['shop b: in_progress success']);
  });

  test('of one Application, where another one is skipped', async () => {
    deploy();
    await step({ application: 'shop, none', 'if-missing': 'skip' });
    expect(deployments()).toEqual(['shop b: in_progress success']);
  });

  const ARGOCD = { 'argocd-server': 'https://argocd.example.com' };
  test.each<[string, readonly string[], Readonly<Record<string, string>>, string | undefined]>([
    ['where users reach it', ['https://shop.example.com'], ARGOCD, 'https://shop.example.com/'],
    ['with a title', ['Shop|https://shop.example.com/x'], {}, 'https://shop.example.com/x'],
    ['the first of the web', ['javascript:alert(1)', 'http://a.example'], {}, 'http://a.example/'],
    ['not with credentials', ['https://a:b@c.example'], {}, undefined],
    ['in Argo CD', [], ARGOCD, 'https://argocd.example.com/applications/argocd/shop'],
    ['not known', [], {}, undefined],
  ])('has the address of its environment: %s', async (_, urls, inputs, expected) => {
    deployAt(urls);
    await step(inputs);
    expect(lastStatus().environment_url).toBe(expected);
  });

  test('of more Applications than GitHub takes are those of the first', async () => {
    for (let i = 0; i < 22; i += 1) deploy(`shop-${i}`);
    const result = await step({ application: 'shop-*', report: 'deployment' });
    expect(new Set(deployments())).toHaveProperty('size', 20);
    expect(deployments().every((each) => each.endsWith('in_progress success'))).toBe(true);
    expect(said(result, 'warning').join()).toContain('only the first 20 of 22 Applications');
  });
});

describe('a check run', () => {
  test('has the summary, on the commit that was waited for', async () => {
    deploy();
    await step({ report: 'check' }, { env: { GITHUB_SHA: C } });
    const [check] = github.repository.checks;
    expect(check).toMatchObject({
      name: 'Argo CD: shop',
      head_sha: B,
      status: 'completed',
      conclusion: 'success',
      details_url: 'https://github.com/acme/shop/actions/runs/4711',
      output: { title: 'shop: synced' },
    });
    expect(JSON.stringify(check)).toContain('Nothing changed');
    expect(deployments()).toEqual([]);
  });

  test.each<[Look, string, string]>([
    [FAILED, '60s', 'failure'],
    [{ revision: A }, '1s', 'timed_out'],
  ])('%j: %s %s', async (look, timeout, conclusion) => {
    server.put(manifest('shop', look));
    await step({ report: 'check', timeout });
    expect(github.repository.checks).toMatchObject([{ conclusion }]);
  });

  test('of very much is cut to what GitHub takes, in bytes', async () => {
    const results = Array.from({ length: 400 }, (_, i) => ({
      kind: 'ConfigMap',
      version: 'v1',
      namespace: 'shop',
      name: `settings-${i}`,
      status: 'Synced',
      message: `configmap/settings-${i} created ${'ä@'.repeat(100)}`,
    }));
    github.repository.pulls.set(B, [merged(7, B)]);
    deploy('shop', { results });
    const result = await step();
    expect(said(result, 'warning')).toEqual([]);
    const [check] = github.repository.checks;
    expect(Buffer.byteLength(String(check?.output?.summary))).toBeGreaterThan(60_000);
    expect(github.repository.comments[0]?.body).toContain('left out for want of room');
  });
});

describe('a comment', () => {
  test('is on the pull request that made the commit, once', async () => {
    github.repository.pulls.set(B, [
      merged(5, A),
      merged(6, B, { base: { repo: { full_name: 'else/where' } } }),
      merged(7, B),
    ]);
    deploy();
    const first = await step({ report: 'comment' });
    expect(first.stdout).toContain('commented on pull request 7.');
    server.put(manifest('shop', FAILED));
    await step({ report: 'comment' });
    expect(github.repository.comments).toHaveLength(1);
    const [comment] = github.repository.comments;
    expect(comment).toMatchObject({ issue: 7 });
    expect(comment?.body).toMatch(/^<!-- argocd-post-sync [0-9a-f]{20} -->\n## ❌ /);
    expect(comment?.body).toContain('actions/runs/4711');
  });

  test('of other Applications, or of another workflow, is another one', async () => {
    github.repository.pulls.set(B, [merged(7, B)]);
    deploy('shop');
    deploy('api');
    await step({ report: 'comment' });
    await step({ report: 'comment', application: 'api' });
    await step(
      { report: 'comment' },
      { env: { GITHUB_WORKFLOW_REF: WORKFLOW.replace('deploy.', 'test.') } },
    );
    await step(
      { report: 'comment' },
      { env: { GITHUB_WORKFLOW_REF: WORKFLOW.replace('main', 'next') } },
    );
    expect(github.repository.comments).toHaveLength(3);
  });

  test('is found behind a hundred others', async () => {
    github.repository.pulls.set(B, [merged(7, B)]);
    deploy();
    await step({ report: 'comment' });
    const [own] = github.repository.comments.splice(0);
    const user = { login: 'octocat', type: 'User' };
    for (let id = 100; id < 250; id += 1) {
      github.repository.comments.push({ id, issue: 7, user, body: 'Nice.' });
    }
    if (own) github.repository.comments.push(own);
    await step({ report: 'comment' });
    expect(github.repository.comments).toHaveLength(151);
  });

  test('that a person has copied is not touched', async () => {
    github.repository.pulls.set(B, [merged(7, B)]);
    deploy();
    await step({ report: 'comment' });
    const [own] = github.repository.comments.splice(0);
    const body = `${own?.body.split('\n')[0]}\nmine`;
    github.repository.comments.push({
      id: 99,
      issue: 7,
      user: { login: 'eve', type: 'User' },
      body,
    });
    await step({ report: 'comment' });
    expect(github.repository.comments).toMatchObject([{ id: 99, body }, { issue: 7 }]);
  });

  test("of a person's token is renewed by it", async () => {
    github.login = 'octocat';
    github.repository.pulls.set(B, [merged(7, B)]);
    deploy();
    await step({ report: 'comment' });
    await step({ report: 'comment' });
    expect(github.repository.comments).toHaveLength(1);
  });

  test('is on an open pull request whose commit is deployed', async () => {
    github.repository.pulls.set(B, [
      merged(8, '', { state: 'open', merged_at: null, merge_commit_sha: C }),
    ]);
    deploy();
    await step({ report: 'comment' });
    expect(github.repository.comments).toMatchObject([{ issue: 8 }]);
  });

  test('is nowhere without a pull request, and the log says so', async () => {
    deploy();
    const result = await step({ report: 'comment' });
    expect(github.repository.comments).toEqual([]);
    expect(result.stdout).toContain(`no pull request of acme/shop contains commit ${B}`);
    expect(said(result, 'warning')).toEqual([]);
  });
});

describe('an event from the cluster', () => {
  const payload = goldenPayloads().get('update-client-side-1');
  const revision = String(payload?.['revision']);

  function run(report: string, application = '', event: unknown = eventOf(payload)) {
    return runHere({
      event,
      inputs: { source: 'event', report, application },
      githubToken: 'ghs_token',
      env: {
        GITHUB_EVENT_NAME: 'repository_dispatch',
        GITHUB_API_URL: github.url,
        GITHUB_SHA: C,
        GITHUB_WORKFLOW_REF: WORKFLOW,
      },
    });
  }

  test('is about its own revision, not about the head of the default branch', async () => {
    github.repository.commits.add(revision);
    github.repository.pulls.set(revision, [merged(7, revision)]);
    expectEnd(await run('deployment,check,comment'), 'success', 'synced');
    expect(github.repository.deployments).toMatchObject([
      { ref: revision, environment: 'shop-csa', statuses: [{ state: 'success' }] },
    ]);
    expect(github.repository.checks).toMatchObject([{ head_sha: revision }]);
    expect(github.repository.comments).toMatchObject([{ issue: 7 }]);
  });

  test('of a version of a chart is about no commit, least of all that of the run', async () => {
    const chart = eventOf({ ...payload, revision: '1.2.3' });
    expectEnd(await run('deployment,check', '', chart), 'success', 'synced');
    expect(github.requests).toEqual([]);
  });

  test('of another Application is nothing to report', async () => {
    const result = await run('deployment,check,comment', 'web');
    expectEnd(result, 'skipped', 'other-application');
    expect(github.requests).toEqual([]);
  });

  test('of a revision of another repository warns', async () => {
    const result = await run('deployment');
    expectEnd(result, 'success', 'synced');
    expect(said(result, 'warning').join()).toContain(`No ref found for: ${revision}`);
  });
});

describe('texts of the cluster', () => {
  const HOSTILE = '@acme/everyone see #1, GH-2 https://evil.example <img src=x> <!-- --> | `x`';

  test('are no mention, link, reference or markup', async () => {
    github.repository.pulls.set(B, [merged(7, B)]);
    server.put(manifest('shop', { ...FAILED, message: HOSTILE.repeat(3) }));
    await step();
    const [comment] = github.repository.comments;
    const [check] = github.repository.checks;
    for (const page of [comment?.body.split('\n').slice(1).join('\n'), check?.output?.summary]) {
      expect(page).toContain('everyone');
      expect(page).not.toMatch(/@acme|#1,|GH-2|https:\/\/evil|<img|<!--/);
    }
    expect(String(lastStatus().description)).toHaveLength(140);
  });
});

describe('what goes wrong warns, and no step fails for it', () => {
  const PARTS = [
    ['deployment', 'deployments: write', 'Deployment'],
    ['check', 'checks: write', 'check run'],
    ['comment', 'pull-requests: write', 'comment'],
  ] as const;

  test.each(PARTS)('%s without %s', async (report, right, name) => {
    github.rights.delete(right);
    github.repository.pulls.set(B, [merged(7, B)]);
    deploy();
    const result = await step({ report });
    expectEnd(result, 'success', 'synced');
    const [warning = '', ...more] = said(result, 'warning');
    expect(more).toEqual([]);
    expect(warning).toContain(`the ${name} could not be written to GitHub`);
    expect(warning).toContain(`permissions:\n  contents: read\n  ${right}`);
    expect(warning).toContain('Resource not accessible by integration');
  });

  test('the other parts are written all the same', async () => {
    github.rights.delete('deployments: write');
    github.repository.pulls.set(B, [merged(7, B)]);
    deploy();
    await step();
    expect(github.repository.checks).toHaveLength(1);
    expect(github.repository.comments).toHaveLength(1);
  });

  test.each<[number, string, RegExp]>([
    [401, 'Bad credentials', /github-token is not valid/],
    [403, 'API rate limit exceeded', /rate limit for this token is used up/],
    [429, 'Too Many Requests', /rate limit/],
    [422, 'Validation Failed', /GitHub refused it \(422: Validation Failed\)/],
    [500, 'Server Error', /500: Server Error/],
  ])('%i %s', async (status, message, why) => {
    github.fault = () => ({ status, message });
    deploy();
    const result = await step({ report: 'check' });
    expectEnd(result, 'success', 'synced');
    expect(said(result, 'warning')).toEqual([expect.stringMatching(why)]);
  });

  test('GitHub that is not there', async () => {
    deploy();
    const result = await step({}, { env: { GITHUB_API_URL: 'http://127.0.0.1:1' } });
    expectEnd(result, 'success', 'synced');
    expect(said(result, 'warning')).toHaveLength(3);
  });

  test('what a second request does not double is sent again', async () => {
    const failed = new Set<string>();
    github.fault = (line, { state = '' }) => {
      const once = `${line} ${state}`;
      if (line.endsWith('/deployments') || failed.has(once)) return undefined;
      failed.add(once);
      return { status: 502, message: 'Bad Gateway' };
    };
    deploy();
    await step({ report: 'deployment' });
    expect(deployments()).toEqual(['shop b: in_progress success']);
  });

  test('what would be doubled is sent once', async () => {
    github.fault = () => ({ status: 502, message: 'Bad Gateway' });
    deploy();
    await step({ report: 'check' });
    expect(github.requests.filter((each) => each.endsWith('check-runs'))).toHaveLength(1);
  });

  test('a Deployment whose end could not be written does not stay in progress', async () => {
    github.fault = (_, { state }) =>
      state === 'success' ? { status: 422, message: 'Validation Failed' } : undefined;
    deploy();
    const result = await step({ report: 'deployment' });
    expectEnd(result, 'success', 'synced');
    expect(deployments()).toEqual(['shop b: in_progress error']);
  });

  test('a commit that GitHub does not know', async () => {
    github.repository.commits.delete(B);
    deploy();
    const result = await step();
    expectEnd(result, 'success', 'synced');
    expect(said(result, 'warning').join()).toContain(`No ref found for: ${B}`);
  });

  test('no token', async () => {
    deploy();
    const result = await step({}, { githubToken: '' });
    expectEnd(result, 'success', 'synced');
    expect(said(result, 'warning')).toEqual([
      'report: writing nothing to GitHub, because github-token is empty.',
    ]);
    expect(github.requests).toEqual([]);
  });

  test('a run that begins with bad inputs writes nothing', async () => {
    await step({ timeout: 'soon' });
    expect(github.requests).toEqual([]);
  });
});

test('a proxy that is no proxy keeps the reports from GitHub, and no more', async () => {
  deploy();
  const env = {
    HTTPS_PROXY: 'ftp://proxy.example.com',
    GITHUB_API_URL: 'https://github.example.com/api/v3',
  };
  const result = await step({ since: 'last-success' }, { env });
  expectEnd(result, 'success', 'synced');
  expect(said(result, 'warning')).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^since: .*HTTPS_PROXY must be a URL/),
      expect.stringMatching(/^report: the Deployment could not be .*HTTPS_PROXY must be a URL/),
    ]),
  );
});
