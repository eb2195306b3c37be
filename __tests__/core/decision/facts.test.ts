import { describe, expect, test } from '@jest/globals';
import { cameAfter, type Fact } from '../../../src/core/decision/facts.js';
import {
  healthSeen,
  lastEnding,
  recordedAt,
  targetFirstSeen,
} from '../../../src/core/decision/progress.js';
import {
  A,
  app,
  B,
  C,
  D,
  deployed,
  type Look,
  operation,
  request,
  time,
} from '../support/application.ts';
import { follow, see, type Wish } from '../support/follow.ts';

describe('whether a fact came after another one', () => {
  const where = (at: number) => ({
    at,
    seen: { elapsed: at },
    revisions: { resolved: [B], tracked: [] },
  });
  const compared = (at: number): Fact => ({ kind: 'compared', ...where(at) });
  const operated = (at: number, seconds: number): Fact => ({
    kind: 'operated',
    startedAt: time(seconds),
    ...where(at),
  });

  test.each<[string, Fact, Fact, string]>([
    ['in a later snapshot', compared(2), compared(1), 'yes'],
    ['in an earlier one', compared(1), compared(2), 'no'],
    ['in an earlier one, whatever the times are', operated(1, 9), operated(2, 3), 'no'],
    ['in the same one, without times', compared(0), compared(0), 'unknown'],
    ['in the same one, at a later time', operated(0, 9), operated(0, 3), 'yes'],
    ['in the same one, at an earlier time', operated(0, 3), operated(0, 9), 'no'],
    ['in the same one, in one second', operated(0, 3), operated(0, 3), 'unknown'],
    ['in the same one, of which one has no time', operated(0, 3), compared(0), 'unknown'],
  ])('%s', (_, fact, than, after) => {
    expect(cameAfter(fact, than)).toBe(after);
  });
});

describe('what the facts tell', () => {
  const stateAfter = (looks: readonly Look[], wish: Wish = {}) =>
    follow(
      looks.map((look, i) => [i, see(app(look))] as const),
      wish,
    ).state;

  test.each<[string, Look]>([
    ['compared', { at: B }],
    ['requested', { requested: request() }],
    ['in an operation', { operation: operation({ phase: 'Running' }) }],
    ['in the history', { history: [deployed(A, -110), deployed(B, 1), deployed(C, 5)] }],
  ])('the target is first seen where it is %s', (_, look) => {
    expect(targetFirstSeen(stateAfter([{}, look, { at: C }]))).toMatchObject({ at: 1 });
    expect(targetFirstSeen(stateAfter([{}, { at: C }]))).toBeUndefined();
  });

  test('without auto-sync only what was deployed last counts', () => {
    const history = [deployed(B, -200), deployed(A, -110)];
    expect(targetFirstSeen(stateAfter([{ automated: false, history }]))).toBeUndefined();
    expect(targetFirstSeen(stateAfter([{ history }]))).toMatchObject({ at: 0 });
  });

  test('what was there before its hydration was not the target yet', () => {
    const pair = (dry: string) => ({ lastSuccessfulOperation: { drySHA: dry, hydratedSHA: D } });
    const looks = [A, A, B].map((dry): Look => ({ at: D, hydrated: pair(dry) }));
    expect(targetFirstSeen(stateAfter(looks))).toMatchObject({ at: 2 });
  });

  test('an end has its reconcile, and none of the operation before', () => {
    const run = (from: number, reconciled: number): Look => ({
      reconciled,
      operation: operation({ from }),
    });
    expect(lastEnding(stateAfter([run(1, 1)]))).toEqual({ finishedAt: time(3), reconciled: false });
    expect(lastEnding(stateAfter([run(1, 1), run(1, 4)]))?.reconciled).toBe(true);
    expect(lastEnding(stateAfter([run(1, 1), run(1, 4), run(1, 5)]))?.reconciled).toBe(true);
    expect(lastEnding(stateAfter([run(1, 1), run(1, 4), run(5, 4)]))).toMatchObject({
      finishedAt: time(7),
      reconciled: false,
      seen: { elapsed: 2000 },
    });
    expect(lastEnding(stateAfter([{ operation: operation({ dryRun: true }) }]))).toBeUndefined();
  });

  test('health has a time once it was seen to turn', () => {
    expect(healthSeen(stateAfter([{ health: 'Degraded' }, {}, {}]))?.elapsed).toBe(1000);
    expect(healthSeen(stateAfter([{ health: 'Degraded' }]))).toBeUndefined();
  });

  test('the last deployment on record is that of the first look', () => {
    expect(recordedAt(stateAfter([{}, { history: [deployed(A, -110), deployed(B, 1)] }]))).toBe(
      time(-110),
    );
    expect(recordedAt(stateAfter([{ history: [] }, {}]))).toBe('');
  });
});
