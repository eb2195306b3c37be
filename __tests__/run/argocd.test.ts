import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ArgocdServer, startArgocdServer } from '../support/argocd-server.ts';
import { manifest } from '../support/manifest.ts';
import { loadTrace } from '../support/replay.ts';
import { changesOf } from '../support/results.ts';
import { runHere } from '../support/run-here.ts';

let argocd: ArgocdServer;
beforeEach(async () => {
  argocd = await startArgocdServer({ rootPath: '/argocd' });
});
afterEach(async () => {
  await argocd.close();
});

function access(): Readonly<Record<string, string>> {
  return {
    source: 'argocd',
    'argocd-server': argocd.url,
    'argocd-token': argocd.token,
    'certificate-authority': argocd.ca,
  };
}

describe('through Argo CD', () => {
  const run = (inputs: Readonly<Record<string, string>>) =>
    runHere({ inputs: { ...access(), timeout: '60s', revision: 'none', ...inputs } });

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
    expect(changesOf(result)).toEqual([...(trace.expect.changes ?? [])].sort());
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

  test('trigger: sync that a sync window denies to everybody', async () => {
    argocd.put(manifest('shop', { syncPolicy: {} }));
    argocd.within = () => ({ tree: {}, windows: { canSync: false } });
    const result = await run({ application: 'shop', trigger: 'sync' });
    expect(result.outputs).toMatchObject({ conclusion: 'failure', reason: 'sync-window' });
    expect(result.outputs['message']).toContain('cannot sync: blocked by sync window');
    expect(result.stdout).toContain('manualSync: true');
    expect(result.stdout).not.toContain('policy.csv');
  });

  test('trigger: refresh', async () => {
    argocd.put(manifest('shop'));
    const result = await run({ application: 'shop', trigger: 'hard-refresh' });
    expect(result.outputs['conclusion']).toBe('success');
    expect(argocd.requests.some(({ query }) => query['refresh'] === 'hard')).toBe(true);
  });
});
