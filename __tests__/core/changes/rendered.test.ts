import { describe, expect, test } from '@jest/globals';
import { prunedUnseen, withRendered } from '../../../src/core/changes/rendered.js';
import type { Json } from '../../../src/core/fields/lists.js';
import { renderedResources } from '../../../src/core/fields/rendering.js';
import type { Change } from '../../../src/core/result/vocabulary.js';

const object = (name: string, more: Json = {}, kind = 'ConfigMap'): Json => ({
  ...{ apiVersion: 'v1', kind, metadata: { name } },
  ...more,
});
const change = (name: string, more: Partial<Change> = {}): Change => ({
  ...{ application: 'shop', group: '', version: 'v1', kind: 'ConfigMap', namespace: 'shop', name },
  ...{ change: 'updated', evidence: 'reported', message: '', images: [], phase: '' },
  ...more,
});
const masked = { data: { password: '++++++++' } };

const resources = renderedResources({
  namespace: 'shop',
  before: [
    object('same', { data: { a: '1' } }),
    object('edited', { data: { a: '1' } }),
    object('gone'),
    object('kept'),
    object('creds', masked, 'Secret'),
    object('more', masked, 'Secret'),
    object('typed', { ...masked, type: 'Opaque' }, 'Secret'),
    object('role', { apiVersion: 'rbac.authorization.k8s.io/v1' }, 'ClusterRole'),
  ],
  after: [
    object('same', { data: { a: '1' } }),
    object('edited', { data: { a: '2' } }),
    object('fresh'),
    object('creds', masked, 'Secret'),
    object('more', { data: { ...masked.data, user: '++++++++' } }, 'Secret'),
    object('typed', { ...masked, type: 'lab.dev/token' }, 'Secret'),
  ],
});
const found = { resources, whole: true, managed: ({ name }: { name: string }) => name === 'kept' };

describe('classes by what is rendered', () => {
  test.each<readonly [string, Change, string]>([
    ['differs', change('edited'), 'updated rendered'],
    ['is the same', change('same'), 'unchanged rendered'],
    ['is new', change('fresh'), 'created rendered'],
    ['is in neither', change('other'), 'updated reported'],
    ['left Git', change('gone'), 'updated reported'],
    [
      'is a Secret whose values are masked',
      change('creds', { kind: 'Secret' }),
      'updated reported',
    ],
    ['is a Secret with another key', change('more', { kind: 'Secret' }), 'updated rendered'],
    ['is a Secret of another type', change('typed', { kind: 'Secret' }), 'updated rendered'],
    ['was told better', change('same', { evidence: 'compared' }), 'updated compared'],
    [
      'was told to be of another class',
      change('edited', { change: 'unchanged', evidence: 'live' }),
      'unchanged live',
    ],
  ])('what %s', (_what, one, expected) => {
    const [told] = withRendered([one], found, true);
    expect(`${told?.change} ${told?.evidence}`).toBe(expected);
    expect(withRendered([one], found, false)[0]?.fields).toBeUndefined();
  });

  test('fields are those of updated resources', () => {
    const told = withRendered([change('edited'), change('same'), change('fresh')], found, true);
    expect(told.map(({ fields }) => fields?.changes.length)).toEqual([1, undefined, undefined]);
  });

  test('what left Git and is gone was pruned, unless that was told', () => {
    const pruned = prunedUnseen('shop', [], found);
    expect(pruned.map(({ kind, namespace, name }) => `${kind}/${namespace}/${name}`)).toEqual([
      'ConfigMap/shop/gone',
      'ClusterRole//role',
    ]);
    // Of a kind that only its definition tells to have no namespace.
    const issuer = { apiVersion: 'cert-manager.io/v1', kind: 'ClusterIssuer' };
    const custom = renderedResources({
      ...{ namespace: 'shop', after: [] },
      before: [{ ...issuer, metadata: { name: 'acme' } }],
    });
    const told = change('acme', {
      ...{ group: 'cert-manager.io', kind: 'ClusterIssuer', namespace: '', change: 'pruned' },
    });
    expect(prunedUnseen('shop', [told], { ...found, resources: custom })).toEqual([]);
    const known = change('gone', { change: 'pruned', evidence: 'applied' });
    expect(prunedUnseen('shop', [known], found)).toHaveLength(1);
  });
});
