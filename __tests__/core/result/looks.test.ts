import { expect, test } from '@jest/globals';
import { type Looks, NO_LOOKS } from '../../../src/core/result/looks.js';
import { lookOptions, observeTree } from '../../../src/core/result/observe.js';
import { hopelessFailure } from '../../../src/core/within/lasting-failures.js';
import type { ResourceTree } from '../../../src/core/within/tree.js';
import { app, hook, operation } from '../support/application.ts';
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
