import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runAction, type StepResult } from '../support/action.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';
import { type ArgocdServer, isStream, startArgocdServer } from '../support/argocd-server.ts';
import { loadTrace, replay, type Stage, type Trace, traceNames } from '../support/replay.ts';

/** How many times faster than recorded. */
const SPEED = 20;

/** What a recording needs beside the defaults. */
const INPUTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  create: { 'if-missing': 'wait' },
  'create-server-side': { 'if-missing': 'wait' },
  'waves-first-sync': { 'if-missing': 'wait' },
  'paused-rollout-resumed': { suspended: 'succeed' },
  degraded: { 'degraded-grace': '1s' },
};

let kubernetes: ApiServer;
let argocd: ArgocdServer;
beforeEach(async () => {
  kubernetes = await startApiServer();
  argocd = await startArgocdServer({ rootPath: '/argocd' });
});
afterEach(async () => {
  await Promise.all([kubernetes.close(), argocd.close()]);
});

async function waitOn(
  trace: Trace,
  server: Stage,
  begin: Promise<unknown>,
  inputs: Readonly<Record<string, string>>,
): Promise<StepResult> {
  const playing = replay(server, trace, { begin, speed: SPEED });
  const result = await runAction({
    inputs: {
      application: trace.application,
      revision: trace.revision,
      timeout: '30s',
      ...INPUTS[trace.trace],
      ...inputs,
    },
    killAfterMs: 40_000,
  });
  playing.stop();
  return result;
}

function throughKubernetes(trace: Trace): Promise<StepResult> {
  const { url: server, token, ca } = kubernetes;
  const begin = kubernetes.seen(({ verb }) => verb === 'watch' || verb === 'list');
  return waitOn(trace, kubernetes, begin, { server, token, 'certificate-authority': ca });
}

async function throughArgocd(trace: Trace): Promise<StepResult> {
  return waitOn(trace, argocd, argocd.seen(isStream), {
    source: 'argocd',
    'argocd-server': argocd.url,
    'argocd-token': argocd.token,
    'certificate-authority': argocd.ca,
  });
}

interface Resource {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly change: string;
  readonly phase: string;
}

interface Results {
  readonly applications: readonly { readonly 'all-resources': readonly Resource[] }[];
}

/** Everything that a wait decides. */
function decisionsOf({ exitCode, outputs, results }: StepResult) {
  const resources = (results as Results).applications.flatMap((each) => each['all-resources']);
  const names = ['conclusion', 'reason', 'revision', 'revisions', 'sync-status', 'health-status'];
  return {
    exitCode,
    outputs: Object.fromEntries(
      [...names, 'operation-phase', 'images', 'changed-count', 'evidence', 'started-at'].map(
        (name) => [name, outputs[name]],
      ),
    ),
    resources: resources
      .map(({ group, kind, namespace, name, change, phase }) =>
        [change, `${group}/${kind}/${namespace}/${name}`, phase].join(' '),
      )
      .sort(),
  };
}

describe('every recording ends the same through Argo CD and through Kubernetes', () => {
  test.each(traceNames())('%s', async (name) => {
    const trace = loadTrace(name);
    const [there, here] = await Promise.all([throughKubernetes(trace), throughArgocd(trace)]);
    expect(here.stderr).toBe('');
    expect(here.outputs['conclusion']).toBe(trace.expect.conclusion);
    expect(decisionsOf(here)).toEqual(decisionsOf(there));
  });
});
