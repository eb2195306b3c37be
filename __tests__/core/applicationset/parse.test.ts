import { describe, expect, test } from '@jest/globals';
import { DecodeError } from '../../../src/core/application/decode.js';
import { parseApplicationSet } from '../../../src/core/applicationset/parse.js';
import { loadFan } from '../../support/fan.ts';
import { setManifest } from '../../support/set-manifest.ts';

describe('an ApplicationSet on the wire', () => {
  test('as it was recorded', () => {
    const recorded = loadFan('applicationset-rolling-sync').events.find(
      ({ object }) => object.kind === 'ApplicationSet',
    )?.object;
    const old = ['c6d48ebb7076f1fffe834ce9a5b39bb03847951c'];
    expect(parseApplicationSet(recorded)).toMatchObject({
      ...{ namespace: 'argocd', name: 'shops', generation: 1 },
      ...{ deleting: false, refreshing: false },
      specWrittenAt: '2026-11-25T21:26:51Z',
      applications: ['set-dev', 'set-prod', 'set-staging'],
      steps: [{ maxUpdate: '' }, { maxUpdate: '' }, { maxUpdate: '' }],
      rollout: [
        { application: 'set-dev', status: 'Healthy', step: 1, targetRevisions: old },
        { application: 'set-prod', status: 'Healthy', step: 3, targetRevisions: old },
        { application: 'set-staging', status: 'Healthy', step: 2, targetRevisions: old },
      ],
    });
  });

  test('all that may be absent', () => {
    const bare = { metadata: { name: 'shops', namespace: 'argocd' } };
    expect(parseApplicationSet(bare)).toEqual({
      ...{ namespace: 'argocd', name: 'shops', uid: '', resourceVersion: '', generation: 0 },
      ...{ deleting: false, refreshing: false, specWrittenAt: '' },
      ...{ conditions: [], applications: [], rollout: [] },
    });
  });

  test('what is about to happen to it', () => {
    const look = { deleting: true, refreshing: true, steps: ['0%', 2, ''] };
    const read = parseApplicationSet(setManifest(look));
    expect(read).toMatchObject({ deleting: true, refreshing: true });
    expect(read.steps?.map(({ maxUpdate }) => maxUpdate)).toEqual(['0%', '2', '']);
  });

  test.each([
    ['of another strategy, left from a RollingSync', { type: 'AllAtOnce', rollingSync: {} }],
    ['of a RollingSync without any', { type: 'RollingSync' }],
  ])('no steps %s', (_, strategy) => {
    const spec = { strategy };
    expect(parseApplicationSet({ ...setManifest(), spec }).steps).toBeUndefined();
  });

  test('an Application that no step selects is in step 0', () => {
    const rollout = [['set-dev', 'Waiting', '-1', 'a']] as const;
    expect(parseApplicationSet(setManifest({ rollout })).rollout).toMatchObject([{ step: 0 }]);
  });

  test.each([
    [1, '2026-03-01T11:00:00Z'],
    [2, ''],
  ])(
    'without a record of writes, spec %s was written when it was created, or nobody knows',
    (generation, when) => {
      const object = setManifest({ generation });
      const metadata = { ...object.metadata, creationTimestamp: '2026-03-01T11:00:00Z' };
      expect(parseApplicationSet({ ...object, metadata }).specWrittenAt).toBe(when);
    },
  );

  test('only a write of the spec counts as one', () => {
    const object = setManifest({ specWrittenAt: '2026-03-01T12:00:00Z' });
    const status = { subresource: 'status', fieldsV1: { 'f:status': {} } };
    const managedFields = [
      ...(object.metadata['managedFields'] as readonly object[]),
      { ...status, time: '2026-03-01T13:00:00Z' },
      { fieldsV1: { 'f:metadata': {} }, time: '2026-03-01T14:00:00Z' },
    ];
    const read = parseApplicationSet({
      ...object,
      metadata: { ...object.metadata, managedFields },
    });
    expect(read.specWrittenAt).toBe('2026-03-01T12:00:00Z');
  });

  test('what cannot be read is told by place, and whose it is', () => {
    const read = parseApplicationSet({ ...setManifest(), status: { conditions: [1] } });
    expect(read).toMatchObject({
      name: 'shops',
      conditions: [],
      unreadable: 'ApplicationSet argocd/shops.status.conditions[0] must be an object, not number',
    });
    expect(() => parseApplicationSet({ metadata: {} })).toThrow(DecodeError);
  });
});
