import { describe, expect, test } from '@jest/globals';
import { runAction, type Step } from '../support/action.ts';
import { eventOf, goldenPayloads } from '../support/payloads.ts';

const GOLDEN = goldenPayloads();

/** A run that an event has started; there is no network that could answer. */
function run(event: unknown, step: Step = {}) {
  return runAction({
    event,
    ...step,
    inputs: { source: 'event', ...step.inputs },
    env: { GITHUB_EVENT_NAME: 'repository_dispatch', ...step.env },
  });
}

describe('the built action on an event', () => {
  test('a small one: outputs as of any source', async () => {
    const inputs = { filters: 'settings: /ConfigMap/*/settings', changes: 'created, updated' };
    const result = await run(eventOf(GOLDEN.get('update-client-side-1')), { inputs });
    expect([result.exitCode, result.stderr]).toEqual([0, '']);
    expect(result.outputs).toMatchObject({
      ...{ conclusion: 'success', reason: 'synced', changed: 'true', 'changed-count': '6' },
      ...{ settings: 'true', 'settings-count': '1', matched: '["settings"]' },
      ...{ 'sync-status': 'Synced', 'health-status': 'Healthy', 'operation-phase': 'Succeeded' },
      ...{ revision: 'e059dad52e0836148ab513d4a8a412e2ee13b715', evidence: 'complete' },
      ...{ 'started-at': '2026-11-21T06:56:37Z', 'duration-seconds': '0', images: '[]' },
    });
    expect(result.results).toBeDefined();
    expect(result.summary).toContain('shop-csa');
  });

  test('200 resources', async () => {
    const result = await run(eventOf(GOLDEN.get('two-hundred')));
    expect(result.exitCode).toBe(0);
    expect(result.outputs).toMatchObject({ 'changed-count': '200', evidence: 'partial' });
  });

  test('a truncated one fails, and says what to do', async () => {
    const result = await run(eventOf(GOLDEN.get('truncated')));
    expect(result.exitCode).toBe(1);
    expect(result.outputs).toMatchObject({
      ...{ conclusion: 'failure', reason: 'truncated', evidence: 'partial' },
      ...{ 'operation-phase': 'Succeeded', changed: 'false' },
    });
    expect(result.stdout).toContain('source: cluster');
  });

  test('a failed operation names what failed', async () => {
    const result = await run(eventOf(GOLDEN.get('sync-failed-2')));
    expect(result.exitCode).toBe(1);
    expect(result.outputs).toMatchObject({ conclusion: 'failure', reason: 'sync-failed' });
    expect(result.stdout).toMatch(/^::error::/m);
  });

  test('a hostile one is refused by its key', async () => {
    const payload = { ...GOLDEN.get('update-client-side-1'), health: '::stop-commands::x\n' };
    const result = await run(eventOf(payload));
    expect(result.exitCode).toBe(1);
    expect(result.outputs).toMatchObject({ conclusion: 'failure', reason: 'invalid-input' });
    expect(result.outputs['message']).toContain('client_payload.health');
    expect(result.stdout).not.toMatch(/^::stop-commands/m);
  });

  test('another event is no event of ours', async () => {
    const result = await run({ ref: 'refs/heads/main' }, { env: { GITHUB_EVENT_NAME: 'push' } });
    expect(result.outputs).toMatchObject({ conclusion: 'failure', reason: 'invalid-input' });
  });
});
