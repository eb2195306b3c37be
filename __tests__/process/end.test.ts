import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ApiServer, startApiServer } from '../support/api-server.ts';
import { A, B, type Look, manifest } from '../support/manifest.ts';
import { expectEnd, said, stepOn } from './steps.ts';

let server: ApiServer;
beforeEach(async () => {
  server = await startApiServer();
});
afterEach(async () => {
  await server.close();
});

/** Does something when the step has had its first look. */
function afterFirstLook(work: () => void): void {
  void server.seen(({ verb }) => verb === 'watch').then(() => setTimeout(work, 200));
}

describe('time runs out, and the step says what it waited for', () => {
  const LEFT = { version: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'settings' };
  const SLOW = { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name: 'web' };
  const failing = { type: 'ComparisonError', message: 'unable to resolve main to a commit SHA' };

  test.each<[string, Look, Readonly<Record<string, string>>, string, RegExp]>([
    [
      'a manual Application that nobody syncs',
      { revision: B, synced: A, sync: 'OutOfSync', syncPolicy: {} },
      {},
      'timeout',
      /auto-sync is off.*trigger: sync/,
    ],
    [
      'a revision that Argo CD has not seen',
      { revision: A },
      {},
      'timeout',
      /timed out waiting for revision bbbbbbbb.*has not compared.*trigger: refresh/,
    ],
    [
      'Degraded without an end of grace',
      {
        revision: B,
        health: 'Degraded',
        resources: [
          {
            ...SLOW,
            status: 'Synced',
            health: { status: 'Degraded', message: 'exceeded its progress deadline' },
          },
        ],
      },
      { 'degraded-grace': 'never' },
      'degraded',
      /Degraded/,
    ],
    [
      'a comparison that fails',
      { revision: 'main', sync: 'Unknown', conditions: [failing] },
      {},
      'comparison-error',
      /condition ComparisonError: unable to resolve main/,
    ],
    [
      'Suspended',
      { revision: B, health: 'Suspended' },
      {},
      'suspended',
      /Healthy \(it is Suspended\)/,
    ],
    [
      'an operation that runs and runs',
      {
        revision: B,
        sync: 'OutOfSync',
        phase: 'Running',
        message: 'waiting for healthy state of web',
      },
      {},
      'timeout',
      /operation for bbbbbbbb to end.*waiting for healthy state of web/,
    ],
    [
      'what is left OutOfSync',
      { revision: B, sync: 'OutOfSync', resources: [{ ...LEFT, status: 'OutOfSync' }] },
      {},
      'timeout',
      /Synced \(1 OutOfSync\)/,
    ],
  ])('%s', async (_, look, inputs, reason, message) => {
    server.put(manifest('shop', look));
    const result = await stepOn(server, { revision: B, timeout: '1s', ...inputs });
    expectEnd(result, 'timeout', reason);
    expect(said(result, 'error')[0]).toMatch(message);
    expect(result.outputs['message']).toMatch(message);
    expect(result.durationMs).toBeGreaterThan(1000);
    expect(result.durationMs).toBeLessThan(5000);
  });

  test('the annotations name the resources', async () => {
    const health = { status: 'Degraded', message: 'exceeded its progress deadline' };
    const resources = Array.from({ length: 14 }, (_, i) => ({
      ...SLOW,
      name: `web-${i}`,
      status: 'Synced',
      health,
    }));
    server.put(manifest('shop', { revision: B, health: 'Degraded', resources }));
    const result = await stepOn(server, { timeout: '0', 'degraded-grace': 'never' });
    expectEnd(result, 'timeout', 'degraded');
    const errors = said(result, 'error');
    expect(errors).toHaveLength(10);
    expect(errors.join('\n')).toContain(
      'Deployment/shop/web-0: Degraded: exceeded its progress deadline',
    );
    expect(errors.at(-1)).toMatch(/^… and \d+ more/);
  });

  test('the last look finds what a silent watch did not tell', async () => {
    server.put(manifest('shop', { revision: A }));
    server.intercept = ({ verb }) =>
      verb === 'watch' ? { kind: 'silence', afterEvents: 2 } : undefined;
    afterFirstLook(() => server.put(manifest('shop', { revision: B })));
    const result = await stepOn(server, { revision: B, timeout: '1s' });
    expectEnd(result, 'success', 'synced');
    expect(server.requests.map(({ verb }) => verb)).toEqual(['watch', 'list']);
  });

  test('timeout 0 looks once', async () => {
    server.put(manifest('shop', { revision: B }));
    expectEnd(await stepOn(server, { revision: B, timeout: '0' }), 'success', 'synced');
    expect(server.requests.map(({ verb }) => verb)).toEqual(['list']);
  });
});

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (name) => {
  test('while it waits: outputs and summary are written, and it is gone within a second', async () => {
    server.put(manifest('shop', { revision: A }));
    const signal = { name, whenLog: /waiting for revision/ };
    const result = await stepOn(server, { revision: B, filters: 'web: Deployment/*' }, { signal });
    expectEnd(result, 'cancelled', 'cancelled');
    expect(result.signal).toBeNull();
    expect(result.afterSignalMs).toBeLessThan(1000);
    expect(result.outputs).toMatchObject({ web: 'false', matched: '[]', 'sync-status': 'Synced' });
    expect(result.outputs['message']).toBe('shop: cancelled while waiting for revision bbbbbbbb');
    expect(result.summary).toContain('cancelled');
    expect(result.results).toMatchObject({ conclusion: 'cancelled' });
  });
});

describe('SIGTERM', () => {
  const signal = { name: 'SIGTERM', afterMs: 1000 } as const;

  test('while the server cannot be reached', async () => {
    await server.stop();
    const result = await stepOn(server, {}, { signal });
    expectEnd(result, 'cancelled', 'cancelled');
    expect(result.afterSignalMs).toBeLessThan(1000);
  });

  test('while a request hangs', async () => {
    server.intercept = () => ({ kind: 'hang' });
    const result = await stepOn(server, {}, { signal });
    expectEnd(result, 'cancelled', 'cancelled');
    expect(result.afterSignalMs).toBeLessThan(1000);
  });

  test('while the last look hangs', async () => {
    server.put(manifest('shop', { revision: A }));
    server.intercept = ({ verb }) => (verb === 'list' ? { kind: 'hang' } : undefined);
    const result = await stepOn(server, { revision: B, timeout: '0' }, { signal });
    expectEnd(result, 'cancelled', 'cancelled');
    expect(result.afterSignalMs).toBeLessThan(1000);
  });

  test('while live evidence hangs: the end stands, the evidence is partial', async () => {
    const web = {
      group: 'apps',
      version: 'v1',
      kind: 'Deployment',
      namespace: 'shop',
      name: 'web',
    };
    const results = [{ ...web, status: 'Synced', message: 'configured' }];
    server.put(manifest('shop', { revision: B, results }));
    server.intercept = ({ resource, verb }) =>
      resource === 'deployments.apps' || verb === 'discovery' ? { kind: 'hang' } : undefined;
    const result = await stepOn(server, { revision: B }, { signal });
    expectEnd(result, 'success', 'synced');
    expect(result.outputs['evidence']).toBe('partial');
    expect(result.afterSignalMs).toBeLessThan(1000);
  });
});
