import { describe, expect, test } from '@jest/globals';
import { parseApplicationSet } from '../../../src/core/applicationset/parse.js';
import {
  believedIn,
  type SeenSet,
  type Standing,
  standingOf,
  standingOnceRead,
  withoutSet,
  withSet,
} from '../../../src/core/applicationset/standing.js';
import { type SetLook, setManifest } from '../../support/set-manifest.ts';

const START = Date.parse('2026-03-01T12:00:00Z');
const at = (seconds: number) => ({ elapsed: seconds * 1000, server: START + seconds * 1000 });
const time = (seconds: number) => new Date(START + seconds * 1000).toISOString();

type Look = readonly [second: number, look: SetLook | undefined];

/** What is known after some looks, each at its second; undefined: it is not there. */
function seen(...looks: readonly Look[]): SeenSet {
  const all = looks.reduce<SeenSet | undefined>((before, [second, look]) => {
    if (!look) return withoutSet(before, at(second));
    return withSet(before, parseApplicationSet(setManifest(look)), at(second));
  }, undefined);
  if (!all) throw new Error('there was no look');
  return all;
}

describe('how an ApplicationSet stands to its Applications', () => {
  type Looks = readonly Look[];
  const GENERATED = { kind: 'generated', applications: ['set-dev'] };
  const CASES: readonly (readonly [string, Looks, second: number, standing: object])[] = [
    ['all is generated', [[0, {}]], 0, GENERATED],
    ['it does not exist', [[0, undefined]], 0, { kind: 'missing' }],
    [
      'it never existed',
      [
        [0, undefined],
        [1, undefined],
      ],
      1,
      { kind: 'missing' },
    ],
    [
      'it was deleted',
      [
        [0, {}],
        [1, undefined],
      ],
      1,
      { kind: 'deleted' },
    ],
    [
      'it is gone for long',
      [
        [0, {}],
        [1, undefined],
        [2, undefined],
      ],
      2,
      { kind: 'deleted' },
    ],
    ['it is being deleted', [[0, { deleting: true }]], 0, { kind: 'deleting' }],
    ['its controller has not seen it', [[0, { state: 'none' }]], 0, { kind: 'generating' }],
    ['its resources are not up to date', [[0, { state: 'generating' }]], 0, { kind: 'generating' }],
    ['its generators are to run again', [[0, { refreshing: true }]], 0, { kind: 'generating' }],
    [
      'an error',
      [[0, { state: { error: 'no project' } }]],
      0,
      { kind: 'error', reason: 'ApplicationValidationError', message: 'no project' },
    ],
    [
      'an error with generators that are to run again',
      [[0, { state: { error: 'no project' }, refreshing: true }]],
      0,
      { kind: 'error', reason: 'ApplicationValidationError', message: 'no project' },
    ],
    [
      'an error that went away, for a moment: its Applications may be a little behind',
      [
        [0, { state: { error: 'no project' } }],
        [5, {}],
      ],
      5.4,
      { kind: 'generating', recheckAt: 6000 },
    ],
    [
      'an error that went away',
      [
        [0, { state: { error: 'no' } }],
        [5, {}],
      ],
      6,
      GENERATED,
    ],
    [
      'a spec that was written just before the first look',
      [[0, { generation: 2, specWrittenAt: time(-4) }]],
      0,
      { kind: 'generating', recheckAt: 6000 },
    ],
    ['an older spec', [[0, { generation: 2, specWrittenAt: time(-10) }]], 0, GENERATED],
    ['the first spec, however young', [[0, { specWrittenAt: time(0) }]], 0, GENERATED],
    [
      'a spec that changed while it was followed, whatever its time',
      [
        [0, {}],
        [20, { generation: 2, specWrittenAt: time(-60) }],
      ],
      21,
      { kind: 'generating', recheckAt: 30_000 },
    ],
    [
      'the same, later',
      [
        [0, {}],
        [20, { generation: 2 }],
      ],
      30,
      GENERATED,
    ],
    [
      'a spec of which nothing tells the age',
      [[0, { generation: 2 }]],
      3,
      { kind: 'generating', recheckAt: 10_000 },
    ],
    [
      'another one of the same name',
      [
        [0, { generation: 3 }],
        [20, { generation: 1, uid: 'other' }],
      ],
      20,
      GENERATED,
    ],
  ];

  test.each(CASES)('%s', (_, looks, second, standing) => {
    expect(standingOf(seen(...looks), at(second))).toEqual(standing);
  });

  test('one that cannot be read', () => {
    const read = parseApplicationSet({ ...setManifest(), status: [] });
    expect(standingOf(withSet(undefined, read, at(0)), at(0))).toEqual({
      kind: 'unreadable',
      problem: 'ApplicationSet argocd/shops.status must be an object, not a list',
    });
  });
});

describe('how one stands that is read now and then', () => {
  const read = (look: SetLook | undefined, before: Standing | undefined, ageMs: number) =>
    standingOnceRead(look && parseApplicationSet(setManifest(look)), before, ageMs, {
      elapsed: 100,
    });
  const GENERATED = { kind: 'generated', applications: ['set-dev'] } as const;
  const DOUBTED = { kind: 'generating', recheckAt: 100 } as const;
  type Case = readonly [
    string,
    SetLook | undefined,
    before: Standing | undefined,
    ageMs: number,
    Standing,
  ];
  test.each<Case>([
    ['an old spec, well', {}, undefined, 10_000, GENERATED],
    ['a young one', {}, undefined, 4000, { kind: 'generating', recheckAt: 6100 }],
    ['one that was young', {}, DOUBTED, 10_000, GENERATED],
    ['one that was well', {}, GENERATED, 10_000, GENERATED],
    [
      'one that has just finished: the other watch may be behind',
      {},
      { kind: 'generating' },
      60_000,
      { kind: 'generating', recheckAt: 1100 },
    ],
    [
      'likewise after an error',
      {},
      { kind: 'missing' },
      60_000,
      { kind: 'generating', recheckAt: 1100 },
    ],
    ['not finished', { state: 'none' }, GENERATED, 60_000, { kind: 'generating' }],
    ['not there', undefined, GENERATED, 60_000, { kind: 'missing' }],
    ['being deleted', { deleting: true }, undefined, 60_000, { kind: 'deleting' }],
  ])('%s', (_, look, before, ageMs, expected) => {
    expect(read(look, before, ageMs)).toEqual(expected);
  });

  test.each([
    [0, 10_000],
    [9999, 1],
    [10_000, 0],
    [Number.POSITIVE_INFINITY, 0],
  ])('what was written %s ms ago is believed in %s ms', (ageMs, rest) => {
    expect(believedIn(ageMs)).toBe(rest);
  });
});
