import { describe, expect, test } from '@jest/globals';
import {
  A,
  app,
  applied,
  B,
  C,
  deployed,
  type Json,
  type Look,
  operation,
  type Run,
  request,
  result,
  SETTINGS,
  time,
  WEB,
} from './support/application.ts';
import {
  changesOf,
  classesOf,
  type Followed,
  follow,
  related,
  see,
  seeAfterGap,
} from './support/follow.ts';

const OLD = app({ operation: operation({ at: A, from: -110 }) });
const FAILED = result(WEB, 'SyncFailed', 'no');
const UNCHANGED = applied(SETTINGS, 'unchanged');

function running(run: Run, look: Look = {}) {
  const state = operation({ phase: 'Running', ...run });
  return app({ at: B, sync: 'OutOfSync', requested: request(run), operation: state, ...look });
}

function ended(run: Run, look: Look = {}) {
  return app({ at: B, reconciled: 30, operation: operation(run), ...look });
}

function settings(followed: Followed): string {
  return changesOf(followed).find((each) => each.endsWith(SETTINGS)) ?? 'nothing';
}

const KNOWN = `unchanged applied ${SETTINGS}`;
const UNKNOWN = `updated reported ${SETTINGS}`;

describe('attempts of one operation', () => {
  const first = running({ retry: 0 });
  const results: readonly Json[] = [UNCHANGED, FAILED];

  test('in the same attempt a gap hides nothing', () => {
    const followed = follow([
      [1, see(first)],
      [5, seeAfterGap(ended({ phase: 'Failed', results }))],
    ]);
    expect(settings(followed)).toBe(KNOWN);
    expect(classesOf(followed).evidence).toBe('complete');
  });

  test('the results of an attempt may have gone by in a gap', () => {
    const followed = follow([
      [1, see(first)],
      [5, seeAfterGap(running({ retry: 1, results }))],
      [9, see(ended({ phase: 'Failed', retry: 1, results }))],
    ]);
    expect(settings(followed)).toBe(UNKNOWN);
    expect(classesOf(followed).evidence).toBe('partial');
  });

  test('without a gap they have been seen', () => {
    const followed = follow([
      [1, see(first)],
      [3, see(running({ results }))],
      [5, see(running({ retry: 1, results }))],
      [9, seeAfterGap(ended({ phase: 'Failed', retry: 1, results }))],
    ]);
    expect(settings(followed)).toBe(KNOWN);
  });
});

describe('an operation whose end was not seen', () => {
  const next: Run = { at: C, from: 20, results: [UNCHANGED, applied(WEB, 'unchanged')] };

  test('may have changed anything, if another one came after it', () => {
    const followed = follow([
      [1, see(running({}))],
      [25, seeAfterGap(ended(next, { at: C }))],
    ]);
    expect(settings(followed)).toBe(UNKNOWN);
    expect(classesOf(followed).evidence).toBe('partial');
  });

  test('has told all of itself, if its end was seen', () => {
    const followed = follow([
      [1, see(running({}))],
      [3, see(ended({ phase: 'Failed', results: [UNCHANGED, FAILED] }))],
      [25, seeAfterGap(ended(next, { at: C }))],
    ]);
    expect(settings(followed)).toBe(KNOWN);
    expect(classesOf(followed).evidence).toBe('complete');
  });

  test('has not told all of itself while it runs', () => {
    const followed = follow([[1, see(running({ results: [UNCHANGED] }))]]);
    expect(settings(followed)).toBe(KNOWN);
    expect(classesOf(followed).evidence).toBe('partial');
  });
});

describe('a full operation that only the history knows', () => {
  test('may have changed anything, though that of the target was seen', () => {
    const known = { at: C, history: [deployed(A, -110), deployed(B, 1), deployed(C, 10)] };
    const heal: Run = { at: C, selective: true, from: 20, results: [applied(WEB, 'unchanged')] };
    const followed = follow([
      [3, see(ended({ results: [UNCHANGED] }, { history: [deployed(A, -110), deployed(B, 1)] }))],
      [25, seeAfterGap(ended(heal, known))],
    ]);
    expect(settings(followed)).toBe(UNKNOWN);
    expect(classesOf(followed).evidence).toBe('partial');
  });

  test('is none where a selective one was seen to be the first, and no history is kept', () => {
    const heal: Run = { selective: true, from: 5, results: [UNCHANGED] };
    const followed = follow([
      [0, see({ ...OLD, history: [] })],
      [1, see(app({ at: B, history: [], operation: operation({ at: A, from: -110 }) }))],
      [9, see(ended(heal, { history: [] }))],
    ]);
    expect(settings(followed)).toBe(KNOWN);
    expect(classesOf(followed).evidence).toBe('complete');
  });
});

describe('a successor whose operation is the first one seen', () => {
  const run: Run = { at: C, from: 20, results: [UNCHANGED] };
  const look: Look = { at: C, history: [deployed(A, -110), deployed(C, 20)] };
  const compared = app({
    at: B,
    sync: 'OutOfSync',
    operation: operation({ at: A, from: -110 }),
  });

  test('after a gap: the operation of the target may have failed in it', () => {
    const followed = follow([
      [0, see(OLD)],
      [1, see(compared)],
      [25, seeAfterGap(ended(run, look))],
    ]);
    expect(settings(followed)).toBe(UNKNOWN);
    const live = (seconds: number) =>
      new Map([[SETTINGS, { creationTimestamp: time(-500), lastWrite: time(seconds) }]]);
    expect(changesOf(followed, live(5))).toEqual([
      `updated live ${SETTINGS}`,
      `updated reported ${WEB}`,
    ]);
    expect(changesOf(followed, live(-109))).toContain(`unchanged live ${SETTINGS}`);
    expect(classesOf(followed, live(5)).evidence).toBe('partial');
  });

  test('without a gap there was none', () => {
    const followed = follow([
      [0, see(OLD)],
      [1, see(compared)],
      [25, see(ended(run, look))],
    ]);
    expect(settings(followed)).toBe(KNOWN);
    expect(classesOf(followed).evidence).toBe('complete');
  });

  test('requested after a gap, the same', () => {
    const asking = app({ at: B, sync: 'OutOfSync', requested: request({ at: C }) });
    const jump = (arrival: typeof see) =>
      follow([
        [0, see(OLD)],
        [1, see(compared)],
        [20, arrival(asking)],
        [25, see(ended(run, look))],
      ]);
    expect(settings(jump(see))).toBe(KNOWN);
    expect(settings(jump(seeAfterGap))).toBe(UNKNOWN);
    expect(classesOf(jump(seeAfterGap)).evidence).toBe('partial');
  });

  test('only requested when time runs out, the same', () => {
    const asking = (at: string) => app({ at: B, sync: 'OutOfSync', requested: request({ at }) });
    const evidence = (...rows: Parameters<typeof follow>[0]) => classesOf(follow(rows)).evidence;
    expect(evidence([9, see(asking(C))])).toBe('partial');
    expect(evidence([0, see(OLD)], [1, see(compared)], [9, seeAfterGap(asking(C))])).toBe(
      'partial',
    );
    expect(evidence([0, see(OLD)], [1, see(compared)], [9, see(asking(C))])).toBe('complete');
    expect(evidence([9, see(asking(B))])).toBe('complete');
  });

  test('never seen, the same', () => {
    const jump = (arrival: typeof see) =>
      follow([
        [0, see(OLD)],
        [25, arrival(ended(run, look))],
        [26, related(C, 'descendant')],
      ]);
    expect(settings(jump(see))).toBe(KNOWN);
    expect(settings(jump(seeAfterGap))).toBe(UNKNOWN);
  });

  test('an operation of the target is its own, gap or no gap', () => {
    const followed = follow([
      [0, see(OLD)],
      [
        25,
        seeAfterGap(
          ended({ results: [UNCHANGED] }, { history: [deployed(A, -110), deployed(B, 1)] }),
        ),
      ],
    ]);
    expect(settings(followed)).toBe(KNOWN);
    expect(classesOf(followed).evidence).toBe('complete');
  });
});
