import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { resolveTarget } from '../../src/core/decision/target.js';
import { githubReport } from '../../src/github/report/reporter.js';
import { readInputs } from '../../src/inputs/index.js';
import { A, app } from '../core/support/application.ts';
import { report, result } from '../report/reports.ts';
import { type FakeClock, fakeClock } from '../support/fake-clock.ts';
import { type GithubServer, startGithub } from '../support/github-server.ts';
import { type RecordingLog, recordingLog } from '../support/recording-log.ts';

let github: GithubServer;
let clock: FakeClock;
let log: RecordingLog;
let cancel: AbortController;

beforeEach(async () => {
  github = await startGithub();
  github.repository.commits.add(A);
  clock = fakeClock();
  log = recordingLog();
  cancel = new AbortController();
});
afterEach(() => github.close());

const SHOP = app({});
const ENDED = report({
  applications: [
    result({
      revision: A,
      revisions: [A],
      target: A,
      repositories: ['https://github.com/acme/shop.git'],
    }),
  ],
});

async function reporter(
  parts = 'deployment,check,comment',
  more: Readonly<Record<string, string>> = {},
) {
  const env = {
    INPUT_APPLICATION: 'shop',
    INPUT_SERVER: 'https://kubernetes.example.com',
    INPUT_TOKEN: 'x',
    INPUT_REVISION: A,
    INPUT_REPORT: parts,
    'INPUT_GITHUB-TOKEN': 'ghs_token',
    GITHUB_REPOSITORY: 'acme/shop',
    GITHUB_API_URL: github.url,
    ...more,
  };
  const inputs = await readInputs(env, () => '{}');
  const options = { env: {}, clock, log, random: () => 0, cancelled: cancel.signal };
  const made = githubReport(inputs, options);
  if (!made) throw new Error(log.lines.join('\n'));
  made.waiting(SHOP, resolveTarget(inputs.revision, inputs.run, SHOP));
  return made;
}

/** Of the only Deployment. */
function states(): readonly unknown[] {
  return github.repository.deployments.flatMap((each) => each.statuses.map(({ state }) => state));
}

/** Until some real I/O has led to it. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await clock.settle();
}

describe('GitHub that does not answer', () => {
  test('holds the end up for ten seconds and no more, and each part says so', async () => {
    github.fault = () => 'never';
    const of = await reporter();
    const finished = of.finish(ENDED);
    await until(() => github.requests.length >= 3);
    await clock.advance(10_000);
    await finished;
    expect(log.of('warning')).toEqual(
      ['Deployment', 'check run', 'comment'].map(
        (name) =>
          `report: the ${name} could not be written to GitHub: GitHub did not answer for 10 s.`,
      ),
    );
  });

  test('at the end only, leaves no Deployment in progress', async () => {
    const of = await reporter('deployment');
    await until(() => states().length === 1);
    github.fault = (_, { state }) => (state === 'success' ? 'never' : undefined);
    const finished = of.finish(ENDED);
    await until(() => github.requests.length === 3);
    await clock.advance(10_000);
    await finished;
    expect(states()).toEqual(['in_progress', 'error']);
  });
});

describe('a run that is cancelled', () => {
  test('while it waits: its Deployment is an error, and nothing else is written', async () => {
    const of = await reporter();
    await until(() => states().length === 1);
    cancel.abort();
    await of.finish({ ...ENDED, conclusion: 'cancelled', reason: 'cancelled' });
    expect(github.repository.deployments[0]?.statuses).toMatchObject([
      { state: 'in_progress' },
      { state: 'error', description: 'The run was cancelled' },
    ]);
    expect([github.repository.checks, log.of('warning')]).toEqual([[], []]);
  });

  test('while it writes: ends at once, in silence', async () => {
    github.fault = (line) => (line.endsWith('check-runs') ? 'never' : undefined);
    const of = await reporter('check');
    const finished = of.finish(ENDED);
    await github.seen(/check-runs$/);
    cancel.abort();
    await finished;
    expect(log.of('warning')).toEqual([]);
  });

  test('has half a second for it, and no more', async () => {
    const of = await reporter();
    await until(() => states().length === 1);
    github.fault = () => 'never';
    cancel.abort();
    const finished = of.finish(ENDED);
    await until(() => github.requests.length === 3);
    await clock.advance(500);
    await finished;
    expect(states()).toEqual(['in_progress']);
  });
});

test('an Application is begun once, whoever asks for its target', async () => {
  const of = await reporter('deployment');
  of.waiting(SHOP, { kind: 'revision', text: A, why: '' });
  await of.finish(ENDED);
  expect(github.repository.deployments).toHaveLength(1);
  expect(states()).toEqual(['in_progress', 'success']);
});

test('a right that was refused at the beginning is asked for at the end again, and told once', async () => {
  github.rights.delete('deployments: write');
  const of = await reporter('deployment');
  await until(() => github.requests.length === 1);
  await of.finish(ENDED);
  expect(log.of('warning')).toEqual([expect.stringContaining('deployments: write')]);
});

describe('the comment of an earlier run', () => {
  const ARGOCD = { INPUT_SERVER: '', INPUT_TOKEN: '', INPUT_SOURCE: 'argocd' };
  const SET = { INPUT_APPLICATION: '', INPUT_APPLICATIONSET: 'shops' };
  const argocdAt = (host: string) => {
    return { ...ARGOCD, 'INPUT_ARGOCD-TOKEN': 'x', 'INPUT_ARGOCD-SERVER': host };
  };

  test.each<[string, number, object, object]>([
    ['with the same inputs is renewed', 1, {}, { INPUT_TIMEOUT: '20m' }],
    ['about another Application stays', 2, {}, { INPUT_APPLICATION: 'web' }],
    ['about another ApplicationSet stays', 2, SET, { ...SET, INPUT_APPLICATIONSET: 'webs' }],
    ['about other labels stays', 2, {}, { INPUT_SELECTOR: 'team=web' }],
    ['about another namespace stays', 2, {}, { 'INPUT_APPLICATION-NAMESPACE': 'team-b' }],
    ['about another cluster stays', 2, {}, { INPUT_SERVER: 'https://staging.example.com' }],
    ['about another Argo CD stays', 2, argocdAt('a.example.com'), argocdAt('b.example.com')],
  ])('%s', async (_, count, first, second) => {
    const base = { repo: { full_name: 'acme/shop' } };
    github.repository.pulls.set(A, [{ number: 7, state: 'open', base }]);
    for (const inputs of [first, second]) {
      await (await reporter('comment', { ...inputs })).finish(ENDED);
    }
    expect(github.repository.comments).toHaveLength(count);
  });
});

test('a check run of an ApplicationSet has its name', async () => {
  const set = { INPUT_APPLICATION: '', INPUT_APPLICATIONSET: 'shops' };
  await (await reporter('check', set)).finish(ENDED);
  expect(github.repository.checks).toMatchObject([{ name: 'Argo CD: shops' }]);
});

test('what the run is about may be no commit', async () => {
  const of = await reporter();
  const chart = result({ revision: '1.2.3', revisions: ['1.2.3'], repositories: ['oci://x/y'] });
  await of.finish(report({ applications: [chart] }));
  expect(log.of('info').toSorted()).toEqual(
    ['Deployment', 'check run', 'comment'].map(
      (name) =>
        `report: wrote no ${name}, because this run is not about a known commit of acme/shop.`,
    ),
  );
});
