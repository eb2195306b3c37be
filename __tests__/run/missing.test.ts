import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { afterFirstLook, expectEnd, said, stepHere } from '../process/steps.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';
import { A, B, manifest } from '../support/manifest.ts';
import { applicationsOf } from '../support/results.ts';

let server: ApiServer;
beforeEach(async () => {
  server = await startApiServer();
});
afterEach(async () => {
  await server.close();
});

describe('an Application that does not exist', () => {
  test('fails, with the names that are most like it', async () => {
    for (const name of ['shop-api', 'shop-web', 'billing']) server.put(manifest(name));
    const result = await stepHere(server, { application: 'shop-ap' });
    expectEnd(result, 'failure', 'missing');
    expect(said(result, 'error')[0]).toMatch(/does not exist.*Did you mean shop-api/);
    expect(said(result, 'error')[0]).not.toContain('billing');
    expect(result.outputs['message']).toContain('shop-api');
    expect(applicationsOf(result)).toMatchObject([{ application: 'shop-ap', reason: 'missing' }]);
  });

  test('fails, with advice where nothing is like it', async () => {
    server.put(manifest('billing'));
    const result = await stepHere(server);
    expectEnd(result, 'failure', 'missing');
    expect(said(result, 'error')[0]).toContain('`if-missing: wait`');
  });

  test('fails, though the names may not be listed', async () => {
    server.authorize = ({ verb, name }) => verb === 'watch' && name === 'shop';
    const result = await stepHere(server);
    expectEnd(result, 'failure', 'missing');
  });

  test('is skipped', async () => {
    const result = await stepHere(server, { 'if-missing': 'skip', filters: 'web: Deployment/*' });
    expectEnd(result, 'skipped', 'missing');
    expect(result.outputs).toMatchObject({ changed: 'false', web: 'false', matched: '[]' });
  });

  test('is waited for', async () => {
    afterFirstLook(server, () => server.put(manifest('shop', { revision: B })));
    const result = await stepHere(server, { 'if-missing': 'wait', revision: B });
    expectEnd(result, 'success', 'synced');
    expect(result.outputs['revision']).toBe(B);
  });

  test('is waited for in vain', async () => {
    const result = await stepHere(server, { 'if-missing': 'wait', timeout: '1s' });
    expectEnd(result, 'timeout', 'missing');
  });

  test.each([
    ['application', 'shop-*'],
    ['selector', 'team=shop'],
  ])('nothing that the %s finds is a failure too', async (input, value) => {
    server.put(manifest('billing'));
    const result = await stepHere(server, { application: '', [input]: value });
    expectEnd(result, 'failure', 'missing');
    expect(said(result, 'error')[0]).toContain(value);
  });
});

describe('an Application that is deleted', () => {
  test('fails the wait for a revision', async () => {
    server.put(manifest('shop', { revision: A }));
    afterFirstLook(server, () => server.remove('argocd', 'shop'));
    const result = await stepHere(server, { revision: B });
    expectEnd(result, 'failure', 'deleted');
  });

  test('ends the wait for its deletion', async () => {
    server.put(manifest('shop'));
    afterFirstLook(server, () => server.remove('argocd', 'shop'));
    expectEnd(await stepHere(server, { 'wait-for': 'deletion' }), 'success', 'deleted');
  });

  test('was deleted already', async () => {
    expectEnd(await stepHere(server, { 'wait-for': 'deletion' }), 'success', 'deleted');
  });

  test('is not deleted in time', async () => {
    server.put(manifest('shop'));
    const result = await stepHere(server, { 'wait-for': 'deletion', timeout: '1s' });
    expectEnd(result, 'timeout', 'timeout');
    expect(said(result, 'error')[0]).toContain('to be deleted');
  });
});

describe('wait-for', () => {
  test('nothing: reports the state as it is', async () => {
    server.put(manifest('shop', { sync: 'OutOfSync', health: 'Degraded', phase: 'Running' }));
    const result = await stepHere(server, { 'wait-for': 'nothing' });
    expectEnd(result, 'success', 'operation-running');
    expect(result.outputs).toMatchObject({
      'sync-status': 'OutOfSync',
      'health-status': 'Degraded',
      'operation-phase': 'Running',
    });
  });

  test('operation: neither sync nor health', async () => {
    server.put(manifest('shop', { sync: 'OutOfSync', health: 'Degraded' }));
    expectEnd(await stepHere(server, { 'wait-for': 'operation' }), 'success', 'synced');
  });

  test('operation: its end', async () => {
    server.put(manifest('shop', { phase: 'Running' }));
    afterFirstLook(server, () => server.put(manifest('shop', { phase: 'Failed', message: 'no' })));
    expectEnd(await stepHere(server, { 'wait-for': 'operation' }), 'failure', 'sync-failed');
  });

  test('sync: not health', async () => {
    server.put(manifest('shop', { health: 'Degraded' }));
    expectEnd(await stepHere(server, { 'wait-for': 'sync' }), 'success', 'synced');
  });
});
