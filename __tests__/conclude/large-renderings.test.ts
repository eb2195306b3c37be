import { expect, test } from '@jest/globals';
import { withRendered } from '../../src/core/changes/rendered.js';
import { differences } from '../../src/core/fields/difference.js';
import { type Json, mergeKeysOf } from '../../src/core/fields/lists.js';
import { renderedResources } from '../../src/core/fields/rendering.js';
import type { Change } from '../../src/core/result/vocabulary.js';
import { growthOf } from '../support/cost.ts';

/** Manifests of about 5 KB, of which each tenth differs between two revisions. */
function manifests(count: number, revision: number): readonly string[] {
  return Array.from({ length: count }, (_, i) =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `c${i}` },
      data: Object.fromEntries(
        Array.from({ length: 50 }, (_, key) => [
          `key${key}`,
          `${'v'.repeat(80)}${i % 10 === 0 && key === 7 ? revision : 0}`,
        ]),
      ),
    }),
  );
}

const change = (name: string): Change => ({
  ...{ application: 'shop', group: '', version: 'v1', kind: 'ConfigMap', namespace: 'shop', name },
  ...{ change: 'updated', evidence: 'reported', message: '', images: [], phase: '' },
});

function compared(count: number): readonly Change[] {
  const [before, after] = [1, 2].map((each) =>
    manifests(count, each).map((text) => JSON.parse(text)),
  );
  const resources = renderedResources({
    namespace: 'shop',
    before: before ?? [],
    after: after ?? [],
  });
  const changes = Array.from({ length: count }, (_, i) => change(`c${i}`));
  return withRendered(changes, { resources, managed: () => true, whole: true }, true);
}

test('1,000 manifests of two revisions, 5 MB each', async () => {
  expect(manifests(1000, 1).join('').length).toBeGreaterThan(4.5e6);
  const all = compared(1000);
  expect(all.filter((each) => each.change === 'updated')).toHaveLength(100);
  expect(all.filter((each) => each.change === 'unchanged')).toHaveLength(900);
  // Linear: eight times as many cost no more than some twelve times as much.
  const growth = await growthOf(
    () => compared(125),
    () => compared(1000),
  );
  expect(growth).toBeLessThan(20);
});

/** Many fields of every kind: keys, elements by a merge key, elements by their index. */
function object(count: number, value: string): Json {
  const each = <T>(make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));
  const env = each((i) => ({ name: `E${i}`, value }));
  const containers = [{ name: 'main', env }];
  return {
    data: Object.fromEntries(each((i) => [`k${i}`, value])),
    spec: {
      template: { spec: { containers } },
      rules: each((i) => ({ host: `${i}.example`, value })),
    },
  };
}

test('an object of 3,000 changed fields, and in proportion', async () => {
  const compare = (count: number) =>
    differences(object(count, 'a'), object(count, 'b'), mergeKeysOf(''));
  expect(compare(1000)).toHaveLength(3000);
  const growth = await growthOf(
    () => compare(150),
    () => compare(1500),
  );
  expect(growth).toBeLessThan(30);
});
