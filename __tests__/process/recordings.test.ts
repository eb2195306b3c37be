import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runAction, type StepResult } from '../support/action.ts';
import { startApiServer } from '../support/api-server.ts';
import { isStream, startArgocdServer } from '../support/argocd-server.ts';
import { atATime } from '../support/at-a-time.ts';
import {
  caseNames,
  loadCase,
  loadTrace,
  replay,
  type Stage,
  type Trace,
  traceNames,
} from '../support/replay.ts';
import { said } from './steps.ts';

/** The built action on every recording from its start, through Kubernetes and through Argo CD. */

/** How many times faster than recorded: what is over within 46 s then is over within 2.3 s. */
const SPEED = 20;

/** What a recording needs beside the defaults. */
const INPUTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  create: { 'if-missing': 'wait' },
  'create-server-side': { 'if-missing': 'wait' },
  'waves-first-sync': { 'if-missing': 'wait' },
  'paused-rollout-resumed': { suspended: 'succeed' },
  degraded: { 'degraded-grace': '1s' },
};

interface Resource {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly change: string;
  readonly phase: string;
}

interface Results {
  readonly applications: readonly {
    readonly 'all-resources': readonly Resource[];
    readonly rule: string;
  }[];
}

/** `CHANGE group/Kind/namespace/name`, and of a hook its phase. */
function resourcesOf({ results }: StepResult): readonly string[] {
  return (results as Results).applications
    .flatMap((each) => each['all-resources'])
    .map(({ change, group, kind, namespace, name, phase }) => {
      const place = `${group}/${kind}/${namespace}/${name}`;
      return change === 'hook' ? `hook ${place} ${phase}` : `${change} ${place}`;
    })
    .sort();
}

function isHook(resource: string): boolean {
  return resource.startsWith('hook ');
}

function changesIn(resources: readonly string[]): readonly string[] {
  return resources.filter((each) => !isHook(each) && !each.startsWith('unchanged '));
}

type Inputs = Readonly<Record<string, string>>;

async function waitOn(
  trace: Trace,
  stage: Stage,
  begin: Promise<unknown>,
  access: Inputs,
  startAt = 0,
): Promise<StepResult> {
  const { application, revision } = trace;
  const playing = replay(stage, trace, { begin, speed: SPEED, startAt });
  const of = { application, revision, timeout: '90s', ...INPUTS[trace.trace], ...trace.inputs };
  return runAction({ inputs: { ...of, ...access }, killAfterMs: 100_000 }).finally(playing.stop);
}

async function throughKubernetes(
  trace: Trace,
  inputs: Inputs = {},
  startAt = 0,
): Promise<StepResult> {
  const server = await startApiServer();
  const begin = server.seen(({ verb }) => verb === 'watch' || verb === 'list');
  const { url, token, ca } = server;
  const access = { server: url, token, 'certificate-authority': ca, ...inputs };
  return waitOn(trace, server, begin, access, startAt).finally(server.close);
}

async function throughArgocd(trace: Trace): Promise<StepResult> {
  const server = await startArgocdServer({ rootPath: '/argocd' });
  const { url, token, ca } = server;
  const access = {
    ...{ source: 'argocd', 'argocd-server': url, 'argocd-token': token },
    'certificate-authority': ca,
  };
  return waitOn(trace, server, server.seen(isStream), access).finally(server.close);
}

/** They wait most of the time. */
const AT_A_TIME = 4;
let runs: ReadonlyMap<string, Promise<readonly [kubernetes: StepResult, argocd: StepResult]>>;

beforeAll(() => {
  runs = atATime(AT_A_TIME, traceNames(), (name) => {
    const trace = loadTrace(name);
    return Promise.all([throughKubernetes(trace), throughArgocd(trace)]);
  });
});
afterAll(() => Promise.allSettled(runs.values()));

async function runsOf(name: string) {
  return (await runs.get(name)) ?? Promise.reject(new Error(`no run of ${name}`));
}

describe.each(traceNames())('%s', (name) => {
  const { expect: truth } = loadTrace(name);

  test('comes to its end, with what it changed', async () => {
    const [result] = await runsOf(name);
    expect(result.stderr).toBe('');
    expect(result.outputs).toMatchObject({
      conclusion: truth.conclusion,
      ...(truth.reason ? { reason: truth.reason } : {}),
      ...(truth.deployed ? { revision: truth.deployed } : {}),
      ...(truth.health ? { 'health-status': truth.health } : {}),
      ...(truth.syncStatus ? { 'sync-status': truth.syncStatus } : {}),
    });
    expect(result.exitCode).toBe(truth.conclusion === 'success' ? 0 : 1);
    const resources = resourcesOf(result);
    if (truth.changes) expect(changesIn(resources)).toEqual([...truth.changes].sort());
    const hooks = truth.hooks?.map((hook) => `hook ${hook}`).sort();
    if (hooks) expect(resources.filter(isHook)).toEqual(hooks);
  });

  test('ends the same through Argo CD', async () => {
    const [kubernetes, argocd] = await runsOf(name);
    const decided = ({ exitCode, stderr, outputs }: StepResult) => ({
      ...{ exitCode, stderr },
      outputs: Object.fromEntries(DECISIONS.map((output) => [output, outputs[output]])),
    });
    expect(decided(argocd)).toEqual(decided(kubernetes));
    expect(resourcesOf(argocd)).toEqual(resourcesOf(kubernetes));
  });
});

const DECISIONS = [
  ...['conclusion', 'reason', 'revision', 'revisions', 'sync-status', 'health-status'],
  ...['operation-phase', 'images', 'changed-count', 'evidence', 'started-at'],
];

/** Each case from its first event, and from its last. */
const CASES = caseNames().flatMap((name) => {
  const last = loadCase(name).events.at(-1)?.t ?? 0;
  return last > 0 ? [[name, 0] as const, [name, last] as const] : [[name, 0] as const];
});
let cases: ReadonlyMap<(typeof CASES)[number], Promise<StepResult>>;

describe('the built action on every case', () => {
  beforeAll(() => {
    cases = atATime(AT_A_TIME, CASES, ([name, startAt]) => {
      const trace = loadCase(name);
      const ends = trace.expect.conclusion !== 'timeout';
      return throughKubernetes(trace, ends ? {} : { timeout: '3s' }, startAt);
    });
  });
  afterAll(() => Promise.allSettled(cases.values()));

  test.each(CASES.map((each) => [...each, each] as const))('%s, from %i ms', async (...row) => {
    const [name, startAt, key] = row;
    const { expect: truth } = loadCase(name);
    const result = await (cases.get(key) ?? Promise.reject(new Error(`no run of ${name}`)));
    expect(result.stderr).toBe('');
    expect(result.outputs).toMatchObject({ conclusion: truth.conclusion, reason: truth.reason });
    if (truth.deployed) expect(result.outputs['revision']).toBe(truth.deployed);
    // Late, a message alone does not tell an update.
    if (truth.changes && startAt === 0)
      expect(changesIn(resourcesOf(result))).toEqual(truth.changes);
    const [annotation = ''] = said(result, 'error');
    for (const text of truth.says ?? []) expect(annotation).toContain(text);
    for (const text of truth.neverSays ?? []) expect(annotation).not.toContain(text);
    const [application] = (result.results as Results).applications;
    expect(application?.rule).toMatch(/^[a-z-]+$/);
  });
});
