import { describe, expect, test } from '@jest/globals';
import { parseApplicationSet } from '../../../src/core/applicationset/parse.js';
import {
  isRolledOut,
  isSameRollout,
  rolloutSentence,
  rolloutsOf,
  stepName,
} from '../../../src/core/applicationset/rollout.js';
import { type SetLook, type SetRollout, setManifest } from '../../support/set-manifest.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);

function rolloutIn(look: SetLook, application: string) {
  const rollout = rolloutsOf(parseApplicationSet(setManifest(look)))?.(application);
  if (!rollout) throw new Error('there is no RollingSync');
  return rollout;
}

function three(...statuses: readonly [string, string, string]): readonly SetRollout[] {
  return ['dev', 'staging', 'prod'].map((name, i) => [
    `set-${name}`,
    statuses[i] ?? '',
    String(i + 1),
    B,
  ]);
}

const STEPS = ['', '', ''];

describe('what an Application waits for in a RollingSync', () => {
  type Case = readonly [string, SetLook, application: string, sentence: string];
  const CASES: readonly Case[] = [
    [
      'an earlier step',
      { steps: STEPS, rollout: three('Healthy', 'Progressing', 'Waiting') },
      'set-prod',
      'step 2 of 3 waits for set-staging (Progressing)',
    ],
    [
      'the first of two earlier steps',
      { steps: STEPS, rollout: three('Pending', 'Pending', 'Waiting') },
      'set-prod',
      'step 1 of 3 waits for set-dev (Pending)',
    ],
    [
      'its turn, though it was asked for before its time',
      { steps: STEPS, rollout: three('Pending', 'Pending', 'Waiting') },
      'set-staging',
      'step 1 of 3 waits for set-dev (Pending)',
    ],
    [
      'its ApplicationSet',
      { steps: STEPS, rollout: three('Healthy', 'Pending', 'Waiting') },
      'set-staging',
      'ApplicationSet shops is about to sync it (Pending)',
    ],
    [
      'its ApplicationSet, which has not seen the commit',
      { steps: STEPS, rollout: three('Healthy', 'Healthy', 'Healthy') },
      'set-staging',
      'ApplicationSet shops has not noticed the revision yet',
    ],
    [
      'another of its own step, as of maxUpdate',
      {
        steps: [1],
        rollout: [
          ['set-a', 'Progressing', '1', B],
          ['set-b', 'Waiting', '1', B],
          ['set-c', 'Waiting', '1', B],
        ],
      },
      'set-b',
      'step 1 of 1 waits for set-a (Progressing)',
    ],
    [
      'a person, as no step selects it',
      { steps: [''], rollout: [['set-a', 'Waiting', '-1', B]] },
      'set-a',
      'no step of the RollingSync of ApplicationSet shops selects it, so it has to be synced by hand',
    ],
    [
      'a person, as its step syncs none',
      { steps: ['', '0%'], rollout: [['set-a', 'Waiting', '2', B]] },
      'set-a',
      'step 2 of 2 has maxUpdate: 0, so it has to be synced by hand',
    ],
    [
      'a person, as its step syncs none, in a number',
      { steps: [0], rollout: [['set-a', 'Waiting', '1', B]] },
      'set-a',
      'step 1 of 1 has maxUpdate: 0, so it has to be synced by hand',
    ],
    [
      'an earlier step, and not for what no step selects',
      {
        steps: STEPS,
        rollout: [
          ['set-other', 'Waiting', '-1', B],
          ['set-a', 'Pending', '1', B],
          ['set-b', 'Waiting', '2', B],
        ],
      },
      'set-b',
      'step 1 of 3 waits for set-a (Pending)',
    ],
    [
      'nothing in its step that may go beside it',
      {
        steps: [2],
        rollout: [
          ['set-a', 'Progressing', '1', B],
          ['set-b', 'Pending', '1', B],
        ],
      },
      'set-b',
      'ApplicationSet shops is about to sync it (Pending)',
    ],
    [
      'its ApplicationSet, as all of its step do',
      {
        steps: [1],
        rollout: [
          ['set-a', 'Waiting', '1', B],
          ['set-b', 'Waiting', '1', B],
        ],
      },
      'set-b',
      'ApplicationSet shops is about to sync it (Waiting)',
    ],
    [
      'its ApplicationSet for another commit, not a later step',
      { steps: STEPS, rollout: three('Healthy', 'Progressing', 'Waiting') },
      'set-dev',
      'ApplicationSet shops has not noticed the revision yet',
    ],
    [
      'many',
      {
        steps: ['', ''],
        rollout: [
          ...Array.from({ length: 8 }, (_, i) => [`a-${i}`, 'Pending', '1', B] as const),
          ['b', 'Waiting', '2', B],
        ],
      },
      'b',
      'step 1 of 2 waits for a-0 (Pending), a-1 (Pending), a-2 (Pending), a-3 (Pending), a-4 (Pending) and 3 more',
    ],
  ];

  test.each(CASES)('%s', (_, look, application, sentence) => {
    expect(rolloutSentence(rolloutIn(look, application))).toBe(sentence);
  });

  test('an Application that it does not know yet', () => {
    const rollout = rolloutIn({ steps: STEPS, rollout: three('Healthy', '', '') }, 'set-new');
    expect(rollout).toMatchObject({ status: '', step: 0, byHand: false });
    expect(stepName(rollout)).toBe('a step of the RollingSync of ApplicationSet shops');
    expect(rolloutSentence(rollout)).toBe('ApplicationSet shops has not noticed the revision yet');
  });

  test('the name of its step', () => {
    const rollout = rolloutIn({ steps: STEPS, rollout: three('Healthy', '', '') }, 'set-staging');
    expect(stepName(rollout)).toBe('step 2 of 3 of the RollingSync of ApplicationSet shops');
  });

  test('a RollingSync that has only begun knows no Application yet', () => {
    const set = parseApplicationSet(setManifest({ steps: STEPS }));
    const condition = { type: 'RolloutProgressing', status: 'True', reason: '', message: '' };
    const begun = { ...set, conditions: [...set.conditions, condition] };
    expect(rolloutsOf(begun)?.('set-dev')).toMatchObject({ status: '', steps: 3 });
  });
});

test.each<[string, SetLook]>([
  ['no strategy', {}],
  ['a controller without progressive syncs', { steps: STEPS }],
])('%s is no RollingSync', (_, look) => {
  expect(rolloutsOf(parseApplicationSet(setManifest(look)))).toBeUndefined();
});

test('an Application is rolled out when it is Healthy for the very revisions', () => {
  const rollout = rolloutIn({ steps: STEPS, rollout: three('Healthy', 'Pending', '') }, 'set-dev');
  const at = (...resolved: readonly string[]) => ({ resolved, tracked: [] });
  expect(isRolledOut(rollout, at(B))).toBe(true);
  for (const other of [at(A), at(), at(B, B)]) expect(isRolledOut(rollout, other)).toBe(false);
  expect(isRolledOut({ ...rollout, status: 'Progressing' }, at(B))).toBe(false);
  expect(isRolledOut({ ...rollout, targetRevisions: [A, B] }, at(A, A))).toBe(false);
});

test('rollouts are the same where they tell the same', () => {
  const of = (...statuses: readonly [string, string, string]) =>
    rolloutIn({ steps: STEPS, rollout: three(...statuses) }, 'set-prod');
  const before = of('Healthy', 'Progressing', 'Waiting');
  expect(isSameRollout(before, of('Healthy', 'Progressing', 'Waiting'))).toBe(true);
  expect(isSameRollout(before, of('Healthy', 'Pending', 'Waiting'))).toBe(false);
  expect(isSameRollout(before, of('Healthy', 'Progressing', 'Pending'))).toBe(false);
  expect(isSameRollout(before, { ...before, targetRevisions: [A] })).toBe(false);
  expect(isSameRollout(before, 'none')).toBe(false);
  expect(isSameRollout('none', 'none')).toBe(true);
});
