import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { afterFirstLook, expectEnd, said, stepHere } from '../process/steps.ts';
import { type ApiServer, type ServedRequest, startApiServer } from '../support/api-server.ts';
import { A, B, type Look, manifest } from '../support/manifest.ts';
import { applicationsOf } from '../support/results.ts';

const LABELS = { team: 'shop' };
const SELECTED = { application: '', selector: 'team=shop' };
const WEB = { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name: 'web' };

/** An Application that has just created a Deployment. */
function created(name: string, look: Look = {}) {
  const results = [{ ...WEB, status: 'Synced', message: 'deployment.apps/web created' }];
  return manifest(name, { labels: LABELS, results, ...look });
}

let server: ApiServer;
beforeEach(async () => {
  server = await startApiServer();
});
afterEach(async () => {
  await server.close();
});

describe('many Applications under a selector', () => {
  test('one list sequence and one watch, whatever their number', async () => {
    for (let i = 0; i < 40; i += 1) server.put(created(`app-${i}`));
    server.put(manifest('other'));
    afterFirstLook(server, () => {
      for (let i = 0; i < 40; i += 1) server.put(created(`app-${i}`, { revision: B }));
    });
    const result = await stepHere(server, { ...SELECTED, revision: B });
    expectEnd(result, 'success', 'synced');
    expect(applicationsOf(result)).toHaveLength(40);
    const asked = server.requests.map(({ verb, query }) => [verb, query['labelSelector']]);
    expect(asked).toEqual([['watch', 'team=shop']]);
  });

  test('a server that cannot stream lists: one list, one watch', async () => {
    server.streamingList = 'reject';
    for (let i = 0; i < 10; i += 1) server.put(created(`app-${i}`));
    // The first watch is refused.
    const isSecond = ({ verb }: ServedRequest) =>
      verb === 'watch' && server.requests.some((each) => each.verb === 'list');
    afterFirstLook(
      server,
      () => {
        for (let i = 0; i < 10; i += 1) server.put(created(`app-${i}`, { revision: B }));
      },
      isSecond,
    );
    expectEnd(await stepHere(server, { ...SELECTED, revision: B }), 'success', 'synced');
    expect(server.requests.map(({ verb, status }) => [verb, status])).toEqual([
      ['watch', 422],
      ['list', 200],
      ['watch', 200],
    ]);
  });

  test('the outputs are those of all: each by itself, and the worst', async () => {
    server.put(created('one'));
    server.put(created('two', { revision: B, sync: 'OutOfSync', phase: 'Failed', history: [] }));
    server.put(created('three', { health: 'Degraded' }));
    const result = await stepHere(server, { ...SELECTED, 'wait-for': 'nothing' });
    expect(result.exitCode).toBe(0);
    expect(result.outputs).toMatchObject({
      revision: '',
      'sync-status': 'OutOfSync',
      'health-status': 'Degraded',
      'operation-phase': 'Failed',
    });
    const applications = JSON.parse(result.outputs['applications'] ?? '') as readonly object[];
    expect(applications).toMatchObject([
      {
        application: 'one',
        revision: A,
        'health-status': 'Healthy',
        'operation-phase': 'Succeeded',
      },
      { application: 'three', 'health-status': 'Degraded' },
      { application: 'two', 'sync-status': 'OutOfSync', 'operation-phase': 'Failed' },
    ]);
  });

  test('too few are waited for, with min-applications', async () => {
    server.put(created('one', { revision: B }));
    afterFirstLook(server, () => server.put(created('two', { revision: B })));
    const result = await stepHere(server, { ...SELECTED, revision: B, 'min-applications': '2' });
    expectEnd(result, 'success', 'synced');
    expect(applicationsOf(result)).toHaveLength(2);
    expect(server.requests.map(({ verb }) => verb)).toEqual(['watch']);
  });

  test('too few in the end: the message says which were found', async () => {
    server.put(created('one', { revision: B }));
    const inputs = { ...SELECTED, revision: B, 'min-applications': '2', timeout: '1s' };
    const result = await stepHere(server, inputs);
    expectEnd(result, 'timeout', 'missing');
    const [error = ''] = said(result, 'error');
    expect(error).toContain('timed out waiting for 2 Applications to match (found 1: one)');
    expect(error).not.toMatch(/Did you mean|Check `application`/);
  });

  test('agree on a revision', async () => {
    for (const name of ['one', 'two']) server.put(created(name, { revision: B }));
    const result = await stepHere(server, SELECTED);
    expect(result.outputs['revision']).toBe(B);
  });

  test('filters may be for one of them, and the matrix says which', async () => {
    server.put(created('one'));
    server.put(created('two'));
    server.put(created('two', { namespace: 'team-a' }));
    const filters = [
      "all: 'Deployment/*'",
      "one: { pattern: 'Deployment/*', application: one }",
      "here: { pattern: 'Deployment/*', application: 'argocd/*' }",
      "there: { pattern: 'Deployment/*', application: 'team-a/*' }",
      "none: { pattern: 'Deployment/*', application: three }",
    ].join('\n');
    const result = await stepHere(server, { application: '*/*', selector: 'team=shop', filters });
    expectEnd(result, 'success', 'synced');
    expect(result.outputs).toMatchObject({
      'all-count': '3',
      'one-count': '1',
      'here-count': '2',
      'there-count': '1',
      none: 'false',
      matched: '["all","one","here","there"]',
      'changed-count': '3',
    });
    const { include } = JSON.parse(result.outputs['matrix'] ?? '') as {
      readonly include: readonly { readonly filter: string; readonly application: string }[];
    };
    const jobs = include.map(({ filter, application }) => `${filter} ${application}`);
    expect(jobs.filter((job) => job.startsWith('there'))).toEqual(['there team-a/two']);
    expect(jobs).toHaveLength(7);
  });

  test('the first failure ends all, and is shown before the rest', async () => {
    server.put(created('one'));
    server.put(created('two'));
    afterFirstLook(server, () => {
      const message = 'one or more objects failed to apply';
      server.put(created('two', { revision: B, sync: 'OutOfSync', phase: 'Failed', message }));
    });
    const result = await stepHere(server, { ...SELECTED, revision: B });
    expectEnd(result, 'failure', 'sync-failed');
    expect(said(result, 'error')[0]).toMatch(/1 of 2 Applications.*two: .*failed to apply/);
    expect(applicationsOf(result)).toMatchObject([
      { application: 'one', conclusion: 'cancelled' },
      { application: 'two', conclusion: 'failure' },
    ]);
  });

  test('fail-fast: false waits for the others', async () => {
    server.put(created('one'));
    server.put(created('two', { revision: B, sync: 'OutOfSync', phase: 'Failed' }));
    afterFirstLook(server, () => server.put(created('one', { revision: B })));
    const result = await stepHere(server, { ...SELECTED, revision: B, 'fail-fast': 'false' });
    expectEnd(result, 'failure', 'sync-failed');
    expect(applicationsOf(result)).toMatchObject([
      { application: 'one', conclusion: 'success' },
      { application: 'two', conclusion: 'failure' },
    ]);
  });
});

describe('a list of names', () => {
  test('in one namespace: one watch', async () => {
    server.put(created('one'));
    server.put(created('two'));
    server.put(created('three'));
    const result = await stepHere(server, { application: 'one, two' });
    expectEnd(result, 'success', 'synced');
    expect(applicationsOf(result).map((each) => each.application)).toEqual(['one', 'two']);
    expect(server.requests.map(({ verb, namespace }) => [verb, namespace])).toEqual([
      ['watch', 'argocd'],
    ]);
  });

  test('in two namespaces', async () => {
    server.put(created('shop'));
    server.put(created('shop', { namespace: 'team-a' }));
    server.put(created('shop', { namespace: 'team-b' }));
    const result = await stepHere(server, { application: 'shop\nteam-a/shop' });
    expectEnd(result, 'success', 'synced');
    const names = applicationsOf(result).map((each) => each.application);
    expect(names).toEqual(['shop', 'team-a/shop']);
    expect(server.requests.map(({ verb, namespace }) => [verb, namespace])).toEqual([
      ['watch', ''],
    ]);
  });
});
