import { afterEach, describe, expect, test } from '@jest/globals';
import { type KubeObject, startApiServer } from '../support/api-server.ts';
import { startArgocdServer } from '../support/argocd-server.ts';
import { B, manifest } from '../support/manifest.ts';
import { eventsIn, resourceTreeOf } from '../support/resource-tree.ts';
import {
  abortedFor,
  FAILED_METRIC,
  FAILED_RUN,
  pausedFor,
  pod,
  replicaSet,
  rollout,
} from '../support/rollouts.ts';
import { runHere } from '../support/run-here.ts';
import { turnClock } from '../support/turn-clock.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

type Inputs = Readonly<Record<string, string>>;

async function throughArgocd(shop: KubeObject, live: readonly KubeObject[]): Promise<Inputs> {
  const within = () => ({ tree: { ...resourceTreeOf(live) }, events: eventsIn(live) });
  const server = await startArgocdServer({ objects: [shop], live, within });
  closing.push(() => server.close());
  const { url, token, ca } = server;
  const access = { 'argocd-server': url, 'argocd-token': token, 'certificate-authority': ca };
  return { source: 'argocd', ...access };
}

async function throughKubernetes(shop: KubeObject, live: readonly KubeObject[]): Promise<Inputs> {
  const server = await startApiServer({ objects: [shop], live });
  closing.push(() => server.close());
  const { url, token, ca } = server;
  return { server: url, token, 'certificate-authority': ca };
}

const WEB = { group: 'argoproj.io', version: 'v1alpha1', kind: 'Rollout', name: 'web' };

function shop(health: string): KubeObject {
  return manifest('shop', { revision: B, health, resources: [{ ...WEB, namespace: 'shop' }] });
}

function run(access: Inputs, inputs: Inputs) {
  const common = { application: 'shop', revision: B, 'live-evidence': 'off', fields: 'off' };
  return runHere({ clock: turnClock(), inputs: { ...access, ...common, ...inputs } });
}

const SETS = [replicaSet('old'), replicaSet('new')];
const PAUSED = [rollout({ status: pausedFor('CanaryPauseStep', 1) }), ...SETS];
const WHY =
  'Rollout/web is paused at step 2 of 5 (RolloutPaused, weight 20 %): it waits for a person to resume it (kubectl argo rollouts promote web --namespace shop)';

describe.each([
  ['argocd', throughArgocd],
  ['cluster', throughKubernetes],
] as const)('source: %s', (_, open) => {
  test('a paused Rollout is waited for: the step and what resumes it, in the log and on timeout', async () => {
    const access = await open(shop('Suspended'), PAUSED);
    const { outputs, stdout, summary } = await run(access, { timeout: '30s' });
    expect(outputs).toMatchObject({ conclusion: 'timeout', reason: 'suspended' });
    expect(outputs['message']).toBe(
      `shop: timed out waiting for Healthy (it is Suspended): ${WHY}`,
    );
    expect(stdout).toContain(`waiting for Healthy (it is Suspended): ${WHY}`);
    expect(summary).toContain('paused at step 2 of 5');
    expect(JSON.parse(outputs['causes'] ?? '')).toEqual([
      {
        ...{ application: 'shop', subject: 'Rollout/web', reason: 'RolloutPaused' },
        ...{ message: WHY, since: '2026-03-01T12:00:00Z' },
      },
    ]);
  });

  test('suspended: fail says so too, and succeed asks for nothing more', async () => {
    const failing = await open(shop('Suspended'), PAUSED);
    const failed = await run(failing, { suspended: 'fail', timeout: '1m' });
    expect(failed.outputs).toMatchObject({ conclusion: 'failure', reason: 'suspended' });
    expect(failed.outputs['message']).toBe(`shop failed: ${WHY}`);
    const succeeded = await run(failing, { suspended: 'succeed', timeout: '1m' });
    expect(succeeded.outputs).toMatchObject({ conclusion: 'success', causes: '[]' });
  });

  test('an aborted one is Degraded: the metric that failed', async () => {
    const status = abortedFor(`Step-based analysis phase error/failed: ${FAILED_METRIC}`);
    const access = await open(shop('Degraded'), [rollout({ status }), ...SETS, FAILED_RUN]);
    const { outputs } = await run(access, { 'degraded-grace': '0s', timeout: '1m' });
    expect(outputs).toMatchObject({ conclusion: 'failure', reason: 'degraded' });
    expect(outputs['message']).toContain(
      'shop failed: Rollout/web was aborted (RolloutAborted): metric success-rate of AnalysisRun web-6cfb658bb6-2-2 failed (last value [0.87])',
    );
  });

  test('a new pod that cannot start ends the wait, an old one does not', async () => {
    const waiting = { state: { waiting: { reason: 'ErrImagePull', message: 'not found' } } };
    const status = { phase: 'Progressing', currentStepIndex: 0, updatedReplicas: 0 };
    const web = rollout({ status });
    const inputs = { 'degraded-grace': '0s', timeout: '60s' };
    const access = await open(shop('Progressing'), [web, ...SETS, pod('new', waiting)]);
    expect((await run(access, inputs)).outputs).toMatchObject({
      ...{ conclusion: 'failure', reason: 'pod-failure' },
      message: expect.stringContaining('Rollout/web cannot pull registry.example.com/web:new'),
    });
    const other = await open(shop('Progressing'), [web, ...SETS, pod('old', waiting)]);
    expect((await run(other, inputs)).outputs).toMatchObject({
      ...{ conclusion: 'timeout', reason: 'timeout' },
      message: expect.stringContaining('Rollout/web is at step 1 of 5'),
    });
  });
});
