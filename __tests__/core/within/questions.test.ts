import { describe, expect, test } from '@jest/globals';
import { nodesToAskAbout, podsToRead } from '../../../src/core/within/questions.js';
import type { TreeNode } from '../../../src/core/within/tree.js';
import {
  container,
  ended,
  event,
  NEW,
  node,
  OLD,
  pod,
  RUNNING,
  rollout,
  tree,
  waits,
} from '../support/tree.ts';

const names = (nodes: readonly TreeNode[]) => nodes.map(({ kind, name }) => `${kind}/${name}`);

describe('which pods are read closely', () => {
  const starting = pod('a', NEW, [waits('ContainerCreating')]);
  const crashing = pod('b', NEW, [ended(1)]);
  const pulls = [1, 2, 3].map((i) => pod(`c${i}`, NEW, [waits('ErrImagePull')]));

  test('one for each cause, the most telling first, and no more than asked for', () => {
    const all = tree(rollout(starting, crashing, ...pulls, pod('d', NEW, [RUNNING])));
    expect(names(podsToRead(all, 9))).toEqual(['Pod/c1', 'Pod/b', 'Pod/a']);
    expect(names(podsToRead(all, 2))).toEqual(['Pod/c1', 'Pod/b']);
  });

  test('the same cause in two workloads is two', () => {
    const set = node('StatefulSet/db');
    const other = pod('db-0', set, [ended(1)]);
    expect(names(podsToRead(tree([...rollout(crashing), set, other]), 9))).toHaveLength(2);
  });
});

describe('what is asked for its events', () => {
  test.each<[string, readonly TreeNode[], readonly string[]]>([
    ['a pod that is about to start', [pod('a', NEW, [waits('ContainerCreating')])], ['Pod/a']],
    ['a pod that is not ready', [pod('a', NEW, [container({ running: true })])], ['Pod/a']],
    [
      'what makes pods and has none',
      [pod('old', OLD, [ended(1)])],
      ['Deployment/web', 'ReplicaSet/web-new'],
    ],
    ['not a pod that says why', [pod('a', NEW, [waits('ErrImagePull')])], []],
    [
      'not a pod of which the scheduler says why',
      [
        pod('a', NEW, [], {
          unschedulable: { reason: 'Unschedulable', message: 'no nodes', since: '' },
        }),
      ],
      [],
    ],
  ])('%s', (_, pods, expected) => {
    expect(names(nodesToAskAbout(tree(rollout(...pods)), 9))).toEqual(expected);
  });

  test.each([
    ['the pod, where the scheduler says nothing', '', ['Pod/db-0']],
    [
      'the claims without a volume, where it waits for them',
      'pod has unbound immediate PersistentVolumeClaims',
      ['PersistentVolumeClaim/data'],
    ],
  ])('%s', (_, message, expected) => {
    const set = node('StatefulSet/db');
    const unschedulable = { reason: 'Unschedulable', message, since: '' };
    const claims = [
      node('PersistentVolumeClaim/data', { owner: set }),
      node('PersistentVolumeClaim/logs', { owner: set, health: 'Healthy' }),
      node('Widget/data', { owner: set }),
    ];
    const nodes = [set, pod('db-0', set, [], { unschedulable }), ...claims];
    expect(names(nodesToAskAbout(tree(nodes), 9))).toEqual(expected);
  });

  test('the most telling first, and nothing that has no health', () => {
    const set = node('StatefulSet/db');
    const starting = pod('a', NEW, [waits('ContainerCreating')]);
    const unready = pod('db-0', set, [container({ running: true })]);
    const all = tree([...rollout(starting), set, unready, node('ConfigMap/c', { health: '' })]);
    expect(names(nodesToAskAbout(all, 9))).toEqual(['Pod/db-0', 'Pod/a']);
    const silent = node('ControllerRevision/db-1', { owner: set, health: '' });
    expect(names(nodesToAskAbout(tree([set, silent]), 9))).toEqual(['StatefulSet/db']);
  });

  test('no more than asked for, and nothing of what is well', () => {
    const claims = Array.from({ length: 9 }, (_, i) => node(`PersistentVolumeClaim/c${i}`));
    const well = node('Job/done', { health: 'Healthy' });
    expect(nodesToAskAbout(tree([well, ...claims]), 5)).toHaveLength(5);
    const told = claims.map((each) => event(each, 'FailedBinding', 'no volume'));
    expect(nodesToAskAbout(tree(claims, told), 5)).toEqual([]);
  });
});
