import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runAction, type StepResult } from '../support/action.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';
import { type ArgocdServer, isStream, startArgocdServer } from '../support/argocd-server.ts';
import { manifest } from '../support/manifest.ts';
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
  return waitOn(trace, argocd, argocd.seen(isStream), access());
}

function access(): Readonly<Record<string, string>> {
  return {
    source: 'argocd',
    'argocd-server': argocd.url,
    'argocd-token': argocd.token,
    'certificate-authority': argocd.ca,
  };
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

function changedIn({ results }: StepResult): readonly string[] {
  return (results as Results).applications
    .flatMap((each) => each['all-resources'])
    .filter((each) => !['unchanged', 'hook'].includes(each.change))
    .map(({ change, group, kind, namespace, name }) => {
      return `${change} ${group}/${kind}/${namespace}/${name}`;
    })
    .sort();
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

describe('through Argo CD', () => {
  const run = (inputs: Readonly<Record<string, string>>) =>
    runAction({ inputs: { ...access(), timeout: '10s', revision: 'none', ...inputs } });

  test('the token is masked, and the UI is linked', async () => {
    argocd.put(manifest('shop', { phase: 'Failed' }));
    const result = await run({ application: 'shop' });
    expect(result.stdout).toMatch(/^::add-mask::argocd-test-token$/m);
    expect(result.outputs).toMatchObject({ conclusion: 'failure', reason: 'sync-failed' });
    expect(result.summary).toContain('/argocd/applications/argocd/shop');
  });

  test('one that is not there, or may not be seen', async () => {
    argocd.put(manifest('shop'));
    const result = await run({ application: 'shpo' });
    expect(result.outputs).toMatchObject({ conclusion: 'failure', reason: 'missing' });
    expect(result.outputs['message']).toContain('Did you mean shop?');
    expect(result.stdout).toContain('p, role:ci, applications, get, PROJECT/shpo, allow');
  });

  test('a bad token ends at once', async () => {
    const result = await run({ application: 'shop', 'argocd-token': 'wrong' });
    expect(result.outputs).toMatchObject({ conclusion: 'failure', reason: 'unauthorized' });
    expect(result.durationMs).toBeLessThan(5_000);
  });

  test('live evidence of another cluster', async () => {
    const trace = loadTrace('started-late');
    const destination = { server: 'https://far.example.com', namespace: 'shop-csa' };
    for (const { object } of trace.events) {
      argocd.put({ ...object, spec: { ...(object['spec'] as object), destination } });
    }
    argocd.setLive(trace.live);
    const { application, revision } = trace;
    const result = await run({ application, revision });
    expect(changedIn(result)).toEqual([...(trace.expect.changes ?? [])].sort());
  });

  test('trigger: sync, then the end of that operation', async () => {
    const state = { startedAt: '2026-11-21T08:00:00Z', finishedAt: '2026-11-21T08:00:02Z' };
    argocd.put(manifest('shop', { syncPolicy: {} }));
    argocd.onSync = () => {
      argocd.put(
        manifest('shop', { syncPolicy: {}, ...state, reconciledAt: '2026-11-21T08:00:03Z' }),
      );
    };
    const result = await run({ application: 'shop', trigger: 'sync' });
    expect(result.outputs).toMatchObject({ conclusion: 'success', reason: 'synced' });
    expect(result.outputs['started-at']).toBe('2026-11-21T08:00:00Z');
    const [sync] = argocd.requests.filter(({ method }) => method === 'POST');
    expect(sync?.path).toBe('/argocd/api/v1/applications/shop/sync');
    expect(sync?.body).toContain('actions/runs/4711');
  });

  test('trigger: sync that is not allowed', async () => {
    argocd.put(manifest('shop', { syncPolicy: {} }));
    argocd.allow = (action) => action === 'get';
    const result = await run({ application: 'shop', trigger: 'sync' });
    expect(result.outputs).toMatchObject({ conclusion: 'failure', reason: 'forbidden' });
    expect(result.stdout).toContain('p, role:ci, applications, sync, default/shop, allow');
  });

  test('trigger: refresh', async () => {
    argocd.put(manifest('shop'));
    const result = await run({ application: 'shop', trigger: 'hard-refresh' });
    expect(result.outputs['conclusion']).toBe('success');
    expect(argocd.requests.some(({ query }) => query['refresh'] === 'hard')).toBe(true);
  });
});
