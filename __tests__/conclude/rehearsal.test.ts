import { expect, test } from '@jest/globals';
import { rehearse, usualEnd } from '../../src/conclude/rehearsal.js';
import { begin, step } from '../../src/core/decision/state.js';
import { readInputs } from '../../src/inputs/index.js';
import type { Wait, Waits } from '../../src/wait/waits.js';
import { A, type Look } from '../support/manifest.ts';
import { application } from '../support/scripted-source.ts';

const NOW = { elapsed: 0 };
const clock = { now: () => NOW };
const inputs = await readInputs(
  { INPUT_APPLICATION: '*', INPUT_FILTERS: 'web: apps/Deployment/*/web' },
  () => '',
);

function waiting(look: Look): Wait {
  const first = begin(inputs, () => ({ kind: 'any', why: 'test' }), NOW);
  const seen = application('shop', look);
  const state = step(first, { kind: 'snapshot', application: seen, now: NOW, gap: false });
  const verdict = { kind: 'waiting', what: 'rain' } as const;
  return {
    ...{ kind: 'waiting', entries: ['shop'], state, verdict, acted: true },
    ...{ asked: new Set<string>(), look: { kind: 'none', last: 0 } },
  };
}

test('a rehearsal leaves the waits as they are', async () => {
  const wait = waiting({ revision: A, health: 'Progressing' });
  const waits: Waits = new Map([
    ['argocd/shop', wait],
    ['argocd/cart', wait],
  ]);
  await rehearse(waits, inputs, clock);
  expect([...waits]).toEqual([
    ['argocd/shop', wait],
    ['argocd/cart', wait],
  ]);
});

test.each<[string, Look]>([
  ['progressing', { revision: A, health: 'Progressing' }],
  ['not synced yet', { revision: A, sync: 'OutOfSync' }],
  ['running', { revision: A, phase: 'Running' }],
])('it is the end of a sync that changed something, also where an Application is %s', (_, look) => {
  const { end, result } = usualEnd('shop', application('shop', look), inputs, NOW);
  expect([end.conclusion, result.changes.map(({ change }) => change)]).toEqual([
    'success',
    ['updated'],
  ]);
});
