import { describe, expect, test } from '@jest/globals';
import type { Application } from '../../src/core/application/types.js';
import type { Target } from '../../src/core/decision/target.js';
import type { RunContext } from '../../src/inputs/types.js';
import { TerminalError } from '../../src/platform/errors.js';
import type { Patch } from '../../src/sources/source.js';
import { createTrigger, type TriggerOptions } from '../../src/wait/trigger.js';
import { A, B, C, type Look } from '../support/manifest.ts';
import { recordingLog } from '../support/recording-log.ts';
import { application, scriptedSource } from '../support/scripted-source.ts';

const RUN: RunContext = {
  repository: 'acme/shop',
  serverUrl: 'https://github.com',
  apiUrl: 'https://api.github.com',
  runUrl: 'https://github.com/acme/shop/actions/runs/4711',
  actor: 'octocat',
  eventName: 'push',
  workspace: '',
  eventPath: '',
  workflowRef: '',
  branch: '',
  tempDir: '',
  commit: { kind: 'none', why: 'test' },
};
const TARGET: Target = { kind: 'revision', text: B, why: 'test' };
const { signal } = new AbortController();

function set(
  trigger: TriggerOptions['trigger'],
  { target = TARGET, run = RUN }: { readonly target?: Target; readonly run?: RunContext } = {},
) {
  const source = scriptedSource();
  const log = recordingLog();
  const act = createTrigger({ trigger, run, source, log });
  return { source, log, act: (of: Application) => act(of, target, signal) };
}

/** The operation that a patch asks for. */
function operationIn({ body }: Patch) {
  return (body as { readonly operation: Operation }).operation;
}

interface Operation {
  readonly initiatedBy: object;
  readonly info: readonly object[];
  readonly sync: object;
}

const shop = (look: Look = {}): Application => application('shop', { version: '7', ...look });
const AFTER = shop({ version: '8' });

describe('refresh', () => {
  test.each([
    ['refresh', 'normal'],
    ['hard-refresh', 'hard'],
  ] as const)('%s sets the annotation to %s', async (trigger, kind) => {
    const { source, act, log } = set(trigger);
    source.answers.push(AFTER);
    expect(await act(shop())).toEqual({
      kind: 'triggered',
      request: { what: 'refresh', resourceVersion: '8' },
    });
    expect(source.patches).toEqual([
      {
        namespace: 'argocd',
        name: 'shop',
        body: {
          metadata: {
            resourceVersion: '7',
            annotations: { 'argocd.argoproj.io/refresh': kind },
          },
        },
      },
    ]);
    expect(log.lines).toEqual([`info: Asked Argo CD to refresh argocd/shop (${kind}).`]);
  });

  test('is asked for beside an operation: it disturbs none', async () => {
    const { source, act } = set('refresh');
    source.answers.push(AFTER);
    expect(await act(shop({ phase: 'Running' }))).toMatchObject({ kind: 'triggered' });
  });

  test.each(['normal', 'hard'])('waits for the end of another one, a %s one', async (kind) => {
    const { source, act } = set('refresh');
    const annotations = { 'argocd.argoproj.io/refresh': kind };
    expect(await act(shop({ annotations }))).toBeUndefined();
    expect(source.patches).toEqual([]);
    source.answers.push(AFTER);
    expect(await act(shop())).toMatchObject({ kind: 'triggered' });
  });

  test('waits for another look after a conflict', async () => {
    const { source, act, log } = set('refresh');
    source.answers.push('conflict', AFTER);
    expect(await act(shop())).toBeUndefined();
    expect(log.lines).toEqual([]);
    expect(await act(shop())).toMatchObject({ kind: 'triggered' });
  });
});

describe('sync', () => {
  test('asks for an operation as auto-sync would, in the name of the run', async () => {
    const { source, act, log } = set('sync');
    source.answers.push(AFTER);
    const retry = { limit: 3, backoff: { duration: '5s' } };
    const syncPolicy = {
      automated: { prune: true },
      retry,
      syncOptions: ['ServerSideApply=true'],
    };
    expect(await act(shop({ syncPolicy }))).toEqual({
      kind: 'triggered',
      request: { what: 'operation', resourceVersion: '8' },
    });
    expect(source.patches).toEqual([
      {
        namespace: 'argocd',
        name: 'shop',
        body: {
          metadata: { resourceVersion: '7' },
          operation: {
            initiatedBy: { username: 'github:octocat' },
            info: [
              { name: 'Reason', value: 'Triggered by a GitHub workflow of acme/shop' },
              { name: 'Run', value: RUN.runUrl },
            ],
            retry,
            sync: { revision: B, prune: true, syncOptions: ['ServerSideApply=true'] },
          },
        },
      },
    ]);
    expect(log.lines).toEqual(['info: Asked Argo CD to sync argocd/shop.']);
  });

  const SOURCES = [
    { repoURL: 'https://charts.example.com', chart: 'shop', targetRevision: '1.2.3' },
    { repoURL: 'https://github.com/acme/shop', targetRevision: 'main' },
    { repoURL: 'https://github.com/acme/values' },
  ];
  test.each<[string, Look, Target, object]>([
    ['without pruning', { syncPolicy: {} }, TARGET, { revision: B }],
    [
      'pruning, though auto-sync is off',
      { syncPolicy: { automated: { prune: true, enabled: false } } },
      TARGET,
      { revision: B, prune: true },
    ],
    ['for what is tracked', { syncPolicy: {} }, { kind: 'any', why: 'test' }, {}],
    [
      'of several sources, only the own',
      { sources: SOURCES, syncPolicy: {} },
      { ...TARGET, sources: new Set([1]) },
      { revisions: ['1.2.3', B, 'HEAD'] },
    ],
    [
      'of several sources, all',
      { sources: SOURCES, syncPolicy: {} },
      TARGET,
      { revisions: [B, B, B] },
    ],
  ])('%s', async (_, look, target, sync) => {
    const { source, act } = set('sync', { target });
    source.answers.push(AFTER);
    await act(shop(look));
    expect(source.patches.map((patch) => operationIn(patch).sync)).toEqual([sync]);
  });

  describe('with a source hydrator', () => {
    const made = (dry: string, hydrated: string): Look => ({
      hydrator: { lastSuccessfulOperation: { drySHA: dry, hydratedSHA: hydrated } },
    });

    test('what the revision was hydrated to is synced', async () => {
      const { source, act } = set('sync');
      source.answers.push(AFTER);
      expect(await act(shop(made(B, C)))).toMatchObject({ kind: 'triggered' });
      expect(source.patches.map((patch) => operationIn(patch).sync)).toEqual([
        { revision: C, prune: true },
      ]);
    });

    test.each<[string, Look]>([
      ['of which nothing is known', { hydrator: {} }],
      ['that hydrated the commit before', made(A, C)],
    ])('nothing is synced before that: one %s', async (_, look) => {
      const { source, act } = set('sync');
      expect(await act(shop(look))).toBeUndefined();
      expect(source.patches).toEqual([]);
    });

    test('whatever is tracked needs no hydration', async () => {
      const { source, act } = set('sync', { target: { kind: 'any', why: 'test' } });
      source.answers.push(AFTER);
      expect(await act(shop(made(A, C)))).toMatchObject({ kind: 'triggered' });
      expect(source.patches.map((patch) => operationIn(patch).sync)).toEqual([{ prune: true }]);
    });
  });

  test.each([
    ['octocat', 'github:octocat'],
    ['', 'github:acme/shop'],
  ])('of actor %j is initiated by %s', async (actor, username) => {
    const { source, act } = set('sync', { run: { ...RUN, actor, runUrl: '' } });
    source.answers.push(AFTER);
    await act(shop());
    const [operation] = source.patches.map(operationIn);
    expect(operation?.initiatedBy).toEqual({ username });
    expect(operation?.info).toHaveLength(1);
  });

  test.each<[string, Look]>([
    ['running', { phase: 'Running', synced: B }],
    ['requested', { requested: { sync: { revision: B } } }],
  ])('adopts an operation for the revision that is %s', async (_, look) => {
    const { source, act, log } = set('sync');
    expect(await act(shop(look))).toEqual({ kind: 'triggered' });
    expect(source.patches).toEqual([]);
    expect(log.lines.join()).toContain('is under way');
  });

  test.each<[string, Look, Target]>([
    ['for another revision', { phase: 'Running', synced: A }, TARGET],
    ['requested for another revision', { requested: { sync: { revision: A } } }, TARGET],
    ['that is terminated', { phase: 'Terminating', synced: A }, TARGET],
    [
      'of some resources',
      {
        phase: 'Running',
        synced: B,
        operation: { sync: { revision: B, resources: [{ kind: 'Job', name: 'x' }] } },
      },
      TARGET,
    ],
    ['that is a dry run', { requested: { sync: { revision: B, dryRun: true } } }, TARGET],
    [
      'when no revision is asked for',
      { phase: 'Running', synced: B },
      { kind: 'any', why: 'test' },
    ],
  ])('waits for the end of an operation %s', async (_, look, target) => {
    const { source, act } = set('sync', { target });
    expect(await act(shop(look))).toBeUndefined();
    expect(source.patches).toEqual([]);
    source.answers.push(AFTER);
    expect(await act(shop())).toMatchObject({ kind: 'triggered' });
  });

  test('is asked for again after a conflict, of the new version', async () => {
    const { source, act } = set('sync');
    source.answers.push('conflict', AFTER);
    expect(await act(shop({ version: '7' }))).toBeUndefined();
    expect(await act(shop({ version: '9' }))).toMatchObject({ kind: 'triggered' });
    const versions = source.patches.map(
      ({ body }) => (body as { metadata: { resourceVersion: string } }).metadata.resourceVersion,
    );
    expect(versions).toEqual(['7', '9']);
  });
});

test('none: nothing is done', async () => {
  const { source, act } = set('none');
  expect(await act(shop())).toEqual({ kind: 'triggered' });
  expect(source.patches).toEqual([]);
});

describe('one request at a time', () => {
  test('for an Application', async () => {
    const { source, act } = set('sync');
    const answer = Promise.withResolvers<Application>();
    source.answers.push(answer.promise, AFTER);
    const first = act(shop());
    expect(await act(shop({ version: '9' }))).toBeUndefined();
    answer.resolve(AFTER);
    expect(await first).toMatchObject({ kind: 'triggered' });
    expect(source.patches).toHaveLength(1);
  });

  test('but those for another one go beside it', async () => {
    const { source, act } = set('sync');
    source.answers.push(new Promise(() => undefined), AFTER);
    void act(shop());
    expect(await act(application('other'))).toMatchObject({ kind: 'triggered' });
  });

  test('and a failed one makes room for the next', async () => {
    const { source, act } = set('refresh');
    const error = new TerminalError('forbidden', 'may not patch');
    source.answers.push(error, AFTER);
    await expect(act(shop())).rejects.toBe(error);
    expect(await act(shop())).toMatchObject({ kind: 'triggered' });
  });
});
