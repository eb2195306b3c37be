import { describe, expect, test } from '@jest/globals';
import { begin, step } from '../../src/core/decision/state.js';
import { type Circumstances, endAll } from '../../src/wait/outcome.js';
import type { Wait } from '../../src/wait/waits.js';
import { B, type Look } from '../support/manifest.ts';
import { application } from '../support/scripted-source.ts';

const NOW = { elapsed: 0 };
const RESOURCES = 1_250;
const NOTHING: Circumstances = {
  error: undefined,
  cancelled: false,
  trouble: undefined,
  failedFast: false,
};

const results = Array.from({ length: RESOURCES }, (_, i) => ({
  version: 'v1',
  kind: 'ConfigMap',
  namespace: 'shop',
  name: `settings-${i}`,
  status: 'Synced',
  message: 'configmap/settings created',
}));
const LARGE: Look = { revision: B, health: 'Degraded', results };

/** Waits of `count` Applications that go on, each with so many changes. */
function waiting(count: number, look: Look = LARGE): Map<string, Wait> {
  const policy = {
    waitFor: ['health'],
    waitResources: [],
    images: [],
    degradedGraceMs: Number.POSITIVE_INFINITY,
    podFailures: 'fail',
    ifNotAutomated: 'wait',
    timeoutMs: 600_000,
    suspended: 'wait',
    retries: 'wait',
    ifMissing: 'fail',
  } as const;
  const state = step(
    begin(policy, () => ({ kind: 'any', why: 'test' }), NOW),
    {
      kind: 'snapshot',
      application: application('shop', look),
      now: NOW,
      gap: false,
    },
  );
  const verdict = { kind: 'waiting', what: 'rain' } as const;
  const wait = {
    kind: 'waiting',
    entries: ['shop-*'],
    state,
    verdict,
    acted: true,
    asked: new Set<string>(),
    look: { kind: 'none', last: 0 } as const,
  } as const;
  return new Map(Array.from({ length: count }, (_, i) => [`argocd/shop-${i}`, wait]));
}

const end = (count: number, circumstances: Partial<Circumstances>) =>
  endAll(waiting(count), { ...NOTHING, ...circumstances }, (key) => key, NOW);

describe('a cancelled run', () => {
  const { ends, untold } = end(7, { cancelled: true });
  const all = [...ends.values()];

  test('tells so many changes and no more', () => {
    expect(untold).toBe(3);
    expect(all.map(({ result }) => result.changes.length)).toEqual([
      ...Array(4).fill(RESOURCES),
      ...Array(3).fill(0),
    ]);
  });

  test('says that some are missing, and leaves out nothing else', () => {
    const [first, last] = [all.at(0)?.result, all.at(-1)?.result];
    expect(last).toMatchObject({
      application: 'argocd/shop-6',
      conclusion: 'cancelled',
      evidence: 'partial',
      revision: first?.revision,
      healthStatus: 'Degraded',
      blockers: first?.blockers,
      message: 'argocd/shop-6: cancelled while waiting for rain',
    });
  });

  test('the same of Applications that are done', () => {
    const waits = new Map<string, Wait>(
      [...ends].map(([key], i) => {
        const settled = { ...all[0], result: { ...all[0]?.result, application: `${i}` } };
        return [key, { kind: 'done', settled, shown: {} } as Wait];
      }),
    );
    const again = endAll(waits, { ...NOTHING, cancelled: true }, (key) => key, NOW);
    expect(again.untold).toBe(3);
    const last = again.ends.get('argocd/shop-6');
    expect(last?.result).toMatchObject({ application: '6', changes: [], evidence: 'partial' });
    expect(waits.size).toBe(0);
  });
});

test.each([
  ['cancelled', { cancelled: true }, 1],
  // Once for what is in the way, once for the first of it, which the message names.
  ['at its timeout', {}, 2],
])('what is in the way is looked for, %s, no more often than it is told', (_, how, times) => {
  let looks = 0;
  const waits = new Map(
    [...waiting(3)].map(([key, wait]) => {
      if (wait.kind === 'done' || !wait.state.application) throw new Error('it must wait');
      const application = {
        ...wait.state.application,
        get conditions() {
          looks += 1;
          return [];
        },
      };
      return [key, { ...wait, state: { ...wait.state, application } } satisfies Wait] as const;
    }),
  );
  endAll(waits, { ...NOTHING, ...how }, (key) => key, NOW);
  expect(looks).toBe(3 * times);
});

test('resources that nothing happened to count too, as each has to be classified', () => {
  const resources = results.map((each) => ({ ...each, message: '' }));
  const waits = waiting(7, { revision: B, results: [], resources });
  const { untold } = endAll(waits, { ...NOTHING, cancelled: true }, (key) => key, NOW);
  expect(untold).toBe(3);
});

test('any other run tells all changes', () => {
  const { ends, untold } = end(7, {});
  expect(untold).toBeUndefined();
  const counts = [...ends.values()].map(({ result }) => result.changes.length);
  expect(counts).toEqual(Array(7).fill(RESOURCES));
});

test('why the server did not answer stands in brackets, without a full stop', () => {
  const { ends } = end(1, { trouble: 'connect ECONNREFUSED 127.0.0.1:6443.' });
  expect([...ends.values()].map((settled) => settled.end.what)).toEqual([
    'an answer from the server (connect ECONNREFUSED 127.0.0.1:6443)',
  ]);
});

test('a failure of another Application ends the wait, not the server that has no answer', () => {
  const { ends } = end(1, { trouble: 'connection refused', failedFast: true });
  expect([...ends.values()].map((settled) => settled.end)).toEqual([
    {
      ...{ conclusion: 'cancelled', reason: 'cancelled' },
      what: 'rain, as another Application failed',
    },
  ]);
});
