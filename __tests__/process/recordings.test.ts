import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { faultsOf } from '../../scripts/e2e/checks.ts';
import { runAction, type StepResult } from '../support/action.ts';
import { startApiServer } from '../support/api-server.ts';
import { isStream, startArgocdServer } from '../support/argocd-server.ts';
import { atATime } from '../support/at-a-time.ts';
import {
  inputsOf,
  loadTrace,
  replay,
  type Stage,
  type Trace,
  traceNames,
} from '../support/replay.ts';
import { placeOf, resourcesOf } from '../support/results.ts';

/** The built action on every recording from its start, through Kubernetes and through Argo CD. */

/** How many times faster than recorded: what is over within 46 s then is over within 2.3 s. */
const SPEED = 20;

type Inputs = Readonly<Record<string, string>>;

async function waitOn(
  trace: Trace,
  stage: Stage,
  begin: Promise<unknown>,
  access: Inputs,
): Promise<StepResult> {
  const playing = replay(stage, trace, { begin, speed: SPEED });
  const inputs = { ...inputsOf(trace), ...access, timeout: '90s' };
  return runAction({ inputs, killAfterMs: 100_000 }).finally(playing.stop);
}

async function throughKubernetes(trace: Trace): Promise<StepResult> {
  const server = await startApiServer();
  const begin = server.seen(({ verb }) => verb === 'watch' || verb === 'list');
  const { url, token, ca } = server;
  const access = { server: url, token, 'certificate-authority': ca };
  return waitOn(trace, server, begin, access).finally(server.close);
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
    expect(faultsOf(result, truth)).toEqual([]);
  });

  test('ends the same through Argo CD', async () => {
    const [kubernetes, argocd] = await runsOf(name);
    const decided = ({ exitCode, stderr, outputs }: StepResult) => ({
      ...{ exitCode, stderr },
      outputs: Object.fromEntries(DECISIONS.map((output) => [output, outputs[output]])),
    });
    expect(decided(argocd)).toEqual(decided(kubernetes));
    expect(classesOf(argocd)).toEqual(classesOf(kubernetes));
  });
});

/** Every resource, the unchanged ones too. */
function classesOf(result: StepResult): readonly string[] {
  return resourcesOf(result)
    .map((each) => `${each.change} ${placeOf(each)} ${each.phase}`)
    .sort();
}

const DECISIONS = [
  ...['conclusion', 'reason', 'revision', 'revisions', 'sync-status', 'health-status'],
  ...['operation-phase', 'images', 'changed-count', 'evidence', 'started-at'],
];
