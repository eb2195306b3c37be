import { expect, test } from '@jest/globals';
import { NO_LOOKS } from '../../../src/core/result/looks.js';
import { observeTree } from '../../../src/core/result/observe.js';
import { nodesToAskAbout, podsToRead, rolloutsToRead } from '../../../src/core/within/questions.js';
import type { ResourceTree, TreeNode } from '../../../src/core/within/tree.js';
import { costOf } from '../../support/cost.ts';
import { ended, event, node, pod, tree, waits } from '../support/tree.ts';

const SIZE = 5_000;
const OPTIONS = {
  ...{ application: 'shop', namespace: 'shop' },
  ...{ hooks: new Map<string, string>(), succeeded: new Set<string>() },
};

function times<T>(count: number, make: (i: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

/** All that is done with a tree in one look. */
function look(of: ResourceTree): void {
  podsToRead(of, 5);
  rolloutsToRead(of, 5);
  nodesToAskAbout(of, 5);
  observeTree(NO_LOOKS, of, OPTIONS, { elapsed: 0 }, true);
}

const ROOT = node('Deployment/web', { revision: 2 });
const SET = node('ReplicaSet/web-new', { owner: ROOT, revision: 2 });
const ROLLOUT = node('Rollout/web', {
  ...{ group: 'argoproj.io', health: 'Degraded', healthMessage: 'RolloutAborted: analysis failed' },
  rollout: { abort: { since: '' } },
});

function run(i: number): TreeNode {
  return node(`AnalysisRun/r${i}`, {
    ...{ group: 'argoproj.io', owner: ROLLOUT, createdAt: `2026-03-01T12:00:${i}Z` },
    analysis: { phase: 'Failed', message: '', metrics: [] },
  });
}

/** A look takes less than some parsings of two megabytes, and not the square of its nodes. */
test.each<[string, () => ResourceTree]>([
  [
    'pods of one ReplicaSet, with one cause',
    () => tree([ROOT, SET, ...times(SIZE, (i) => pod(`p${i}`, SET, [waits('ErrImagePull')]))]),
  ],
  [
    'pods with a cause each',
    () => tree([ROOT, SET, ...times(SIZE, (i) => pod(`p${i}`, SET, [ended(i)]))]),
  ],
  ['workloads', () => tree(times(SIZE, (i) => node(`Deployment/d${i}`)))],
  [
    'old ReplicaSets',
    () =>
      tree([ROOT, ...times(SIZE, (i) => node(`ReplicaSet/s${i}`, { owner: ROOT, revision: i }))]),
  ],
  [
    'owners above one another',
    () => tree(times(SIZE, (i) => node(`Widget/w${i}`, { owners: [`uid-Widget-w${i + 1}`] }))),
  ],
  ['AnalysisRuns of one Rollout', () => tree([ROLLOUT, ...times(SIZE, run)])],
  [
    'Rollouts below one resource, all of them aborted',
    () => {
      const parent = node('Fleet/web', { health: 'Degraded' });
      return tree([
        parent,
        ...times(SIZE, (i) => ({ ...ROLLOUT, name: `r${i}`, uid: `r${i}`, owners: [parent.uid] })),
      ]);
    },
  ],
  [
    'events of one pod',
    () => {
      const one = pod('p', SET, [waits('ContainerCreating')]);
      const events = times(SIZE, (i) => event(one, 'FailedMount', `attempt ${i}`, String(i)));
      return tree([ROOT, SET, one], events);
    },
  ],
])('5,000 %s', async (_, make) => {
  expect(await costOf(() => look(make()), 10)).toBeLessThan(15);
});
