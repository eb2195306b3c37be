import { expect, test } from '@jest/globals';
import { withLastLooks } from '../../src/conclude/causes.js';
import { begin, step } from '../../src/core/decision/state.js';
import { NO_LOOKS } from '../../src/core/result/looks.js';
import { type End, settle } from '../../src/core/result/settle.js';
import type { Look } from '../../src/wait/looks.js';
import { POLICY } from '../core/support/follow.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { application } from '../support/scripted-source.ts';

const NOW = { elapsed: 0 };
const END: End = {
  conclusion: 'timeout',
  reason: 'degraded',
  what: 'Healthy (it is Degraded)',
  rule: 'degraded',
};

/** The end of an Application that did not get well. */
function degraded(name: string) {
  const first = begin(POLICY, () => ({ kind: 'any', why: 'test' }), NOW);
  const seen = application(name, { health: 'Degraded' });
  const state = step(first, { kind: 'snapshot', application: seen, now: NOW, gap: false });
  return [`argocd/${name}`, settle(name, state, END, NOW)] as const;
}

const cause = (application: string) => ({
  ...{ application, subject: 'Deployment/web', reason: 'ImagePullBackOff' },
  message: 'cannot pull the image',
});

const look: Look = async ({ name }) => {
  if (name === 'slow') await new Promise(() => undefined);
  return { looks: { ...NO_LOOKS, causes: [cause(name)] }, final: false };
};

test('a last look that takes too long takes nothing away from the others', async () => {
  const clock = fakeClock();
  const outcome = { ends: new Map(['one', 'slow', 'two'].map(degraded)) };
  const cancelled = new AbortController().signal;
  const looked = withLastLooks(outcome, { look, clock, cancelled });
  await clock.advance(4000);
  const { ends } = await looked;
  expect([...ends].map(([key, { result }]) => [key, result.causes])).toEqual([
    ['argocd/one', [cause('one')]],
    ['argocd/slow', []],
    ['argocd/two', [cause('two')]],
  ]);
});
