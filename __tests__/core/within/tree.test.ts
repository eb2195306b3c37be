import { expect, test } from '@jest/globals';
import { findingsIn } from '../../../src/core/within/findings.js';
import { familyOf, type PodState, type TreeNode } from '../../../src/core/within/tree.js';
import { event, node, pod, RUNNING, tree, waits } from '../support/tree.ts';

const BROKEN = node('Deployment/broken', { health: 'Progressing' });
const WELL = node('Deployment/well', { health: 'Healthy' });

/** A pod that counts how often its state is read. */
function counted(of: TreeNode, reads: Map<string, number>): TreeNode {
  const { pod: state, ...rest } = of;
  return {
    ...rest,
    get pod(): PodState | undefined {
      reads.set(of.name, (reads.get(of.name) ?? 0) + 1);
      return state;
    },
  } as TreeNode;
}

/** `WELL` with so many pods, and `BROKEN` with one. */
function crowd(size: number, reads = new Map<string, number>()): readonly TreeNode[] {
  const pods = Array.from({ length: size }, (_, i) => pod(`well-${i}`, WELL, [RUNNING]));
  const bad = pod('bad', BROKEN, [waits('ErrImagePull')]);
  return [WELL, BROKEN, ...[...pods, bad].map((each) => counted(each, reads))];
}

test('the pods of what is well are not looked at', () => {
  const reads = new Map<string, number>();
  const found = findingsIn(tree(crowd(1_000, reads)));
  expect(found.map(({ at }) => at.name)).toEqual(['bad']);
  expect([...reads.keys()]).toEqual(['bad']);
});

test('what is below a resource is found once, whatever events tell later', () => {
  const nodes = crowd(3);
  const before = tree(nodes);
  const after = tree(nodes, [event(BROKEN, 'FailedCreate', 'exceeded quota')]);
  const below = familyOf(before).currentBelow(BROKEN);
  expect(below.map(({ name }) => name)).toEqual(['broken', 'bad']);
  expect(familyOf(after).currentBelow(BROKEN)).toBe(below);
  expect(familyOf(before).eventsOf(BROKEN)).toEqual([]);
  expect(familyOf(after).eventsOf(BROKEN)).toHaveLength(1);
});
