import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { afterFirstLook, expectEnd, said, stepHere } from '../process/steps.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';
import { A, B, type Look, manifest } from '../support/manifest.ts';

let server: ApiServer;
beforeEach(async () => {
  server = await startApiServer();
});
afterEach(async () => {
  await server.close();
});

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
    const result = await stepHere(server, { revision: B, timeout: '1s', ...inputs });
    expectEnd(result, 'timeout', reason);
    expect(said(result, 'error')[0]).toMatch(message);
    expect(result.outputs['message']).toMatch(message);
  });

  test('the annotations name the resources', async () => {
    const health = { status: 'Degraded', message: 'exceeded its progress deadline' };
    const resources = Array.from({ length: 14 }, (_, i) => ({
      ...SLOW,
      name: `web-${i}`,
      status: 'Synced',
      health,
    }));
    // In a cluster that cannot be looked at: the Application's own words are all there is.
    const destination = { server: 'https://far.example.com', namespace: 'shop' };
    server.put(manifest('shop', { revision: B, health: 'Degraded', resources, destination }));
    const result = await stepHere(server, { timeout: '0', 'degraded-grace': 'never' });
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
    afterFirstLook(server, () => server.put(manifest('shop', { revision: B })));
    const result = await stepHere(server, { revision: B, timeout: '1s' });
    expectEnd(result, 'success', 'synced');
    expect(server.requests.map(({ verb }) => verb)).toEqual(['watch', 'list']);
  });

  test('timeout 0 looks once', async () => {
    server.put(manifest('shop', { revision: B }));
    expectEnd(await stepHere(server, { revision: B, timeout: '0' }), 'success', 'synced');
    expect(server.requests.map(({ verb }) => verb)).toEqual(['list']);
  });
});
