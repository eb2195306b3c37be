import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { expectEnd, said, stepHere } from '../process/steps.ts';
import { type ApiServer, type KubeObject, startApiServer } from '../support/api-server.ts';
import { A, B, type Look, manifest } from '../support/manifest.ts';

const REFRESH = 'argocd.argoproj.io/refresh';

let server: ApiServer;
beforeEach(async () => {
  server = await startApiServer();
});
afterEach(async () => {
  await server.close();
});

interface Operation {
  readonly sync: { readonly revision?: string };
  readonly info: readonly { readonly name: string; readonly value: string }[];
  readonly initiatedBy: { readonly username: string };
}

const operationOf = (object: KubeObject | undefined) => object?.operation as Operation | undefined;
const patches = () => server.requests.filter(({ verb }) => verb === 'patch');

/** Argo CD, which refreshes and syncs what is asked for, each step a moment after the last. */
function playArgoCD(ending: Look = {}): readonly Operation[] {
  const ran: Operation[] = [];
  server.onPatch = (after) => {
    const asked = operationOf(after);
    if (asked) run(asked);
    else if (after.metadata.annotations?.[REFRESH]) {
      setTimeout(() => server.put(manifest('shop', { revision: B, ...ending })), 100);
    }
  };
  const run = (operation: Operation): void => {
    ran.push(operation);
    const look: Look = {
      revision: operation.sync.revision ?? A,
      startedAt: '2026-11-21T08:00:00Z',
      finishedAt: '2026-11-21T08:00:01Z',
      reconciledAt: '2026-11-21T08:00:02Z',
      syncPolicy: {},
      ...ending,
    };
    setTimeout(
      () => server.put(manifest('shop', { ...look, sync: 'OutOfSync', phase: 'Running' })),
      100,
    );
    setTimeout(() => server.put(manifest('shop', look)), 200);
  };
  return ran;
}

describe.each([
  ['refresh', 'normal'],
  ['hard-refresh', 'hard'],
])('%s', (trigger, kind) => {
  test('lets Argo CD look at once', async () => {
    server.put(manifest('shop'));
    playArgoCD();
    const result = await stepHere(server, { trigger, revision: B });
    expectEnd(result, 'success', 'synced');
    expect(patches().map(({ body }) => JSON.parse(body) as object)).toEqual([
      { metadata: { resourceVersion: expect.any(String), annotations: { [REFRESH]: kind } } },
    ]);
    expect(result.stdout).toContain(`Asked Argo CD to refresh argocd/shop (${kind}).`);
  });

  test('is waited for, though all looks done', async () => {
    server.put(manifest('shop', { revision: B }));
    playArgoCD({ sync: 'OutOfSync', phase: 'Failed' });
    const result = await stepHere(server, { trigger, revision: B });
    expectEnd(result, 'failure', 'sync-failed');
  });

  test('is asked for once another refresh is over, which may have begun before the push', async () => {
    server.put(manifest('shop', { annotations: { [REFRESH]: 'normal' } }));
    playArgoCD();
    void server
      .seen(({ verb }) => verb === 'watch')
      .then(() => setTimeout(() => server.put(manifest('shop')), 300));
    const result = await stepHere(server, { trigger, revision: 'none' });
    expectEnd(result, 'success', 'synced');
    expect(result.outputs['revision']).toBe(B);
  });
});

describe('sync', () => {
  test('runs an operation, and waits for that one', async () => {
    // It failed before: what was before the trigger decides nothing.
    server.put(
      manifest('shop', { revision: B, sync: 'OutOfSync', phase: 'Failed', syncPolicy: {} }),
    );
    const ran = playArgoCD();
    const result = await stepHere(server, { trigger: 'sync', revision: B });
    expectEnd(result, 'success', 'synced');
    expect(result.outputs['started-at']).toBe('2026-11-21T08:00:00Z');
    expect(ran).toMatchObject([
      { sync: { revision: B }, initiatedBy: { username: 'github:octocat' } },
    ]);
    expect(ran[0]?.info).toContainEqual({
      name: 'Run',
      value: 'https://github.com/acme/shop/actions/runs/4711',
    });
  });

  test('that fails, fails the run', async () => {
    server.put(manifest('shop', { revision: B, syncPolicy: {} }));
    playArgoCD({ phase: 'Failed', sync: 'OutOfSync', message: 'one or more objects failed' });
    const result = await stepHere(server, { trigger: 'sync', revision: B });
    expectEnd(result, 'failure', 'sync-failed');
    expect(said(result, 'error').join()).toContain('one or more objects failed');
  });

  test('adopts the operation that runs for the revision', async () => {
    server.put(manifest('shop', { revision: B, sync: 'OutOfSync', phase: 'Running' }));
    const done = manifest('shop', { revision: B });
    void server
      .seen(({ verb }) => verb === 'watch')
      .then(() => setTimeout(() => server.put(done), 300));
    const result = await stepHere(server, { trigger: 'sync', revision: B });
    expectEnd(result, 'success', 'synced');
    expect(patches()).toEqual([]);
    expect(result.stdout).toContain('under way: waiting for it');
  });

  test('waits for the end of another operation first', async () => {
    server.put(manifest('shop', { phase: 'Running', syncPolicy: {} }));
    const ran = playArgoCD();
    void server
      .seen(({ verb }) => verb === 'watch')
      .then(() => setTimeout(() => server.put(manifest('shop', { syncPolicy: {} })), 300));
    const result = await stepHere(server, { trigger: 'sync', revision: B });
    expectEnd(result, 'success', 'synced');
    expect(ran).toHaveLength(1);
    expect(patches()).toHaveLength(1);
  });

  test('reads again after a conflict', async () => {
    server.put(manifest('shop', { syncPolicy: {} }));
    const ran = playArgoCD();
    let conflicts = 0;
    server.intercept = ({ verb }) => {
      if (verb !== 'patch' || conflicts > 0) return undefined;
      conflicts += 1;
      // The watch tells of the new version before the old one is refused.
      server.put(manifest('shop', { syncPolicy: {}, health: 'Progressing' }));
      return { kind: 'delay', ms: 200 };
    };
    const result = await stepHere(server, { trigger: 'sync', revision: B });
    expectEnd(result, 'success', 'synced');
    expect(patches().map(({ status }) => status)).toEqual([409, 200]);
    expect(ran).toHaveLength(1);
  });

  test('is tried again after a passing fault, though nothing else happens', async () => {
    server.put(manifest('shop', { syncPolicy: {} }));
    playArgoCD();
    let faults = 0;
    server.intercept = ({ verb }) => {
      if (verb !== 'patch' || faults > 0) return undefined;
      faults += 1;
      return { kind: 'status', code: 503 };
    };
    const result = await stepHere(server, { trigger: 'sync', revision: B });
    expectEnd(result, 'success', 'synced');
    expect(patches().map(({ status }) => status)).toEqual([503, 200]);
  });

  test('of whatever is tracked, without a revision', async () => {
    server.put(manifest('shop', { syncPolicy: {} }));
    const ran = playArgoCD();
    expectEnd(await stepHere(server, { trigger: 'sync' }), 'success', 'synced');
    expect(ran[0]?.sync).toEqual({});
  });
});

test.each(['refresh', 'sync'])(
  '%s that is not allowed, with the Role that would help',
  async (trigger) => {
    server.put(manifest('shop'));
    server.authorize = ({ verb }) => verb !== 'patch';
    const result = await stepHere(server, { trigger });
    expectEnd(result, 'failure', 'forbidden');
    const [error = ''] = said(result, 'error');
    expect(error).toContain('patch applications.argoproj.io "shop" in namespace "argocd"');
    expect(error).toContain('verbs: [list, watch, patch]');
  },
);

test('nothing is written without a trigger', async () => {
  server.put(manifest('shop'));
  await stepHere(server);
  expect(server.requests.map(({ method }) => method)).toEqual(['GET']);
});
