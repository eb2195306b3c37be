import { describe, expect, test } from '@jest/globals';
import { shared, sharedList, sharedWith } from '../../../src/core/application/interning.js';
import { parseApplication } from '../../../src/core/application/parse.js';
import { loadTrace, traceNames } from '../../support/replay.ts';

describe('an Application with what it has in common with its snapshot before', () => {
  const snapshots = (name: string) =>
    loadTrace(name).events.flatMap(({ object }) =>
      object ? [parseApplication(structuredClone(object))] : [],
    );

  test.each(traceNames())('%s: is what it was', (name) => {
    const all = snapshots(name);
    expect(all.map((each, i) => sharedWith(all[i - 1] ?? each, each))).toEqual(all);
  });

  test('keeps the objects of all resources that are as they were, and no others', () => {
    const before = snapshots('waves-and-hooks').at(-1);
    const after = snapshots('waves-and-hooks').at(-1);
    if (!before || !after) throw new Error('the recording is too short');
    const [first, ...rest] = before.comparison.resources;
    if (!first) throw new Error('the recording has no resources');
    // One has changed, another place is no change.
    const changed = { ...first, status: 'OutOfSync' };
    const next = { ...after, comparison: { ...after.comparison, resources: [...rest, changed] } };
    const { resources } = sharedWith(before, next).comparison;
    expect(resources.slice(0, -1).every((each, i) => each === rest[i])).toBe(true);
    expect(resources.at(-1)).toEqual(changed);
    expect(resources.at(-1)).not.toBe(first);
  });
});

test('texts are what they were, however many and long they are', () => {
  const texts = Array.from({ length: 25_000 }, (_, i) => `name-${i}`);
  const all = [...texts, 'x'.repeat(1000)];
  expect(all.filter((text) => shared(text) !== text)).toEqual([]);
});

test('lists are shared where they are equal, and only there', () => {
  const one = ['web:1', 'proxy:2'];
  expect(sharedList(one)).toBe(one);
  expect(sharedList([...one])).toBe(one);
  for (const other of [
    ['web:1'],
    ['web:1\nproxy:2'],
    ['web:1,proxy:2'],
    ['proxy:2', 'web:1'],
    [],
  ]) {
    expect(sharedList(other)).toEqual(other);
  }
});
