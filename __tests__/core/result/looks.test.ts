import { describe, expect, test } from '@jest/globals';
import {
  causesFor,
  isExplained,
  type Looks,
  lookAtFor,
  NO_LOOKS,
} from '../../../src/core/result/looks.js';
import { lookOptions, observeTree } from '../../../src/core/result/observe.js';
import { hopelessFailure } from '../../../src/core/within/lasting-failures.js';
import type { ResourceTree } from '../../../src/core/within/tree.js';
import { app, hook, type Json, operation, result, WEB } from '../support/application.ts';
import { ended, NEW, node, pod, rollout, tree, waits } from '../support/tree.ts';

const OPTIONS = {
  application: 'shop',
  namespace: 'shop',
  hooks: new Map([['batch/Job/shop/migrate', 'PreSync']]),
  succeeded: new Set<string>(),
};

const JOB = node('Job/migrate', { health: 'Degraded' });
const HOOK = tree([JOB, pod('migrate-1', JOB, [ended(3)])]);
const BROKEN = tree(rollout(pod('web-new-1', NEW, [waits('ErrImagePull')])));

type Look = readonly [seconds: number, tree: ResourceTree, settled: boolean];

function looks(...all: readonly Look[]): Looks {
  return all.reduce<Looks>(
    (known, [seconds, seen, settled]) =>
      observeTree(known, seen, OPTIONS, { elapsed: seconds * 1000 }, settled),
    NO_LOOKS,
  );
}

test('the causes of the last look, and of hooks that are gone', () => {
  expect(looks([0, HOOK, false], [10, BROKEN, true]).causes.map(({ subject }) => subject)).toEqual([
    'Deployment/web',
    'Job/migrate',
  ]);
  expect(looks([0, BROKEN, true], [10, tree([]), true]).causes).toEqual([]);
});

test.each<[string, readonly string[], readonly string[]]>([
  ['succeeded in a later attempt has nothing to tell', ['Succeeded'], []],
  ['failed again has', ['Failed'], ['Job/migrate']],
  ['is asked for in two phases has, until both have succeeded', ['Succeeded', ''], ['Job/migrate']],
])('a hook that is gone and %s', (_, phases, subjects) => {
  const results = phases.map((phase, i) =>
    hook('batch/Job/shop/migrate', ['PreSync', 'PostSync'][i] ?? '', phase),
  );
  const run = operation({ phase: 'Running', retry: 1, results });
  const known = looks([0, HOOK, false]);
  const options = lookOptions(app({ operation: run }), 'shop');
  const { causes } = observeTree(known, tree([]), options, { elapsed: 10_000 }, false);
  expect(causes.map(({ subject }) => subject)).toEqual(subjects);
});

test('what cannot start is hopeless only after the operation', () => {
  const hopeless = (known: Looks) => hopelessFailure(known.failures, { elapsed: 20_000 }, 0);
  expect(hopeless(looks([10, BROKEN, true], [20, BROKEN, true]))).toMatchObject({ looks: 2 });
  expect(hopeless(looks([10, BROKEN, false], [20, BROKEN, true]))).toBeUndefined();
  // A second operation ran in between.
  const again: readonly Look[] = [
    [0, BROKEN, true],
    [10, BROKEN, false],
    [20, BROKEN, true],
  ];
  expect(hopeless(looks(...again))).toBeUndefined();
});

describe('where the cause of a state is looked for', () => {
  const left = app({ automated: false, sync: 'OutOfSync' });
  const applicationSet = 'shops';
  const inSet = app({ automated: false, sync: 'OutOfSync', applicationSet });
  const running = (results: readonly Json[], more: Json = {}) =>
    app({ operation: { ...operation({ phase: 'Running', results }), ...more } });
  const held = running([], { message: 'operation is blocked by sync window' });
  const was = running([], { message: 'operation is blocked by sync window', phase: 'Failed' });

  test.each([
    ['rolling-sync', inSet, 'applicationset'],
    ['not-deployed', inSet, 'applicationset'],
    ['rolling-sync', left, 'resources'],
    ['rolling-sync', app({ sync: 'OutOfSync', applicationSet }), 'resources'],
    ['rolling-sync', app({ automated: false, applicationSet }), 'resources'],
    ['degraded', inSet, 'resources'],
    ['sync-window', left, 'sync-windows'],
    ['auto-sync-pending', left, 'sync-windows'],
    ['operation-running', held, 'sync-windows'],
    ['operation-running', was, 'resources'],
    ['operation-running', running([]), 'resources'],
    ['degraded', held, 'resources'],
    [undefined, held, 'resources'],
  ])('%s: %#', (rule, application, expected) => {
    expect(lookAtFor(rule, application)).toBe(expected);
  });

  const JOB_KEY = 'batch/Job/shop/migrate';
  test.each([
    ['an operation held by a window', 'operation-running', held, true],
    ['a hook runs', 'operation-running', running([hook(JOB_KEY, 'Sync', 'Running')]), true],
    ['a hook failed', 'operation-running', running([hook(JOB_KEY, 'Sync', 'Failed')]), true],
    ['a hook is done', 'operation-running', running([hook(JOB_KEY, 'Sync', 'Succeeded')]), false],
    [
      'a resource is not well yet',
      'operation-running',
      running([result(WEB, 'Synced', '', { hookPhase: 'Running' })]),
      true,
    ],
    [
      'a resource failed, which no look explains',
      'operation-running',
      running([result(WEB, 'SyncFailed', 'no', { hookPhase: 'Failed' })]),
      false,
    ],
    ['nothing runs', 'operation-running', app(), false],
    ['its turn in a RollingSync', 'rolling-sync', inSet, true],
    ['no RollingSync', 'not-deployed', left, false],
    ['health', 'degraded', left, true],
    ['a failed operation', 'operation-failed', left, true],
    ['auto-sync', 'sync-window', left, true],
    ['the comparison', 'not-synced', left, false],
    ['no rule', undefined, left, false],
  ])('it can be told: %s', (_, rule, application, expected) => {
    expect(isExplained(rule, application)).toBe(expected);
  });

  test('a RollingSync is told as the ApplicationSet has it', () => {
    const rollout = {
      ...{ set: 'shops', steps: 3, step: 2, status: 'Pending' },
      ...{ targetRevisions: [], byHand: false },
    };
    const causes = (known: Looks) => causesFor('rolling-sync', inSet, known, 'shop');
    expect(causes({ ...NO_LOOKS, rollout })).toEqual([
      {
        application: 'shop',
        subject: 'ApplicationSet/shops',
        reason: 'RollingSync',
        message: 'ApplicationSet shops is about to sync it (Pending)',
      },
    ]);
    expect(causes({ ...NO_LOOKS, rollout: 'none' })).toEqual([]);
    expect(causes(NO_LOOKS)).toEqual([]);
    const told = looks([0, BROKEN, true]);
    expect(causesFor('not-synced', left, told, 'shop')).toEqual([]);
    expect(causesFor('degraded', left, told, 'shop')).toEqual(told.causes);
  });
});
