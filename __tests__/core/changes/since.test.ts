import { describe, expect, test } from '@jest/globals';
import type { LiveTimes } from '../../../src/core/changes/live-times.js';
import { scopeOf } from '../../../src/core/changes/scope.js';
import type { Since } from '../../../src/core/decision/state.js';
import {
  A,
  API,
  app,
  applied,
  B,
  C,
  D,
  deployed,
  type Json,
  type Look,
  operation,
  request,
  SETTINGS,
  time,
  WEB,
} from '../support/application.ts';
import {
  ANY,
  asked,
  changesOf,
  classesOf,
  type Followed,
  follow,
  revision,
  see,
  type Wish,
} from '../support/follow.ts';

/** A, B and C were deployed one after the other; B's run was cancelled, C is waited for. */
const HISTORY = [deployed(A, -300), deployed(B, -200), deployed(C, 1)];
const RESOURCES = [SETTINGS, WEB, API].map((each) => `Synced ${each}`);

function done(look: Look = {}, results: readonly Json[] = [applied(WEB, 'configured')]) {
  const ran = operation({ at: C, results });
  return see(
    app({ at: C, reconciled: 4, history: HISTORY, resources: RESOURCES, operation: ran, ...look }),
  );
}

function since(given: Since | undefined, wish: Wish = {}): Wish {
  const policy = given ? { policy: { since: given } } : {};
  return { target: revision(C), ...policy, ...wish };
}

function late(given: Since | undefined, look: Look = {}, wish: Wish = {}): Followed {
  return follow([[10, done(look)]], since(given, wish));
}

function scope(followed: Followed) {
  const { startedAt, hidden, sinceUnrecorded } = scopeOf(followed.state);
  return { startedAt, hidden, sinceUnrecorded };
}

const REVISION = (text: string): Since => ({ revision: text });

describe('where the scope begins', () => {
  test.each<[string, Since | undefined, Look, number, boolean, boolean]>([
    ['without `since`: at the target', undefined, {}, 1, false, false],
    ['after the last that was reported', REVISION(A), {}, -200, true, false],
    ['by the beginning of a SHA', REVISION(A.slice(0, 8)), {}, -200, true, false],
    ['at the target, where the one before it was reported', REVISION(B), {}, 1, false, false],
    ['at the target, where that was reported', REVISION(C), {}, 1, false, false],
    ['at the first on record, where it is not on it', REVISION(D), {}, -300, true, true],
    ['at the first on record, where it is not known', REVISION(''), {}, -300, true, true],
    [
      'from the time on, where it is not on record',
      { revision: D, from: time(-250) },
      {},
      -200,
      true,
      false,
    ],
    [
      'by the record rather than by the time',
      { revision: B, from: time(-400) },
      {},
      1,
      false,
      false,
    ],
    [
      'at the first on record, where that begins after the time',
      { revision: D, from: time(-400) },
      {},
      -300,
      true,
      true,
    ],
    [
      'at the target, where nothing came after the time',
      { revision: D, from: time(0) },
      {},
      1,
      false,
      false,
    ],
    [
      'after the last of several deployments of it',
      REVISION(A),
      { history: [deployed(A, -300), deployed(B, -200), deployed(A, -100), deployed(C, 1)] },
      1,
      false,
      false,
    ],
    ['at the operation, where no history is kept', REVISION(A), { history: [] }, 1, false, true],
  ])('%s', (_, given, look, from, hidden, sinceUnrecorded) => {
    expect(scope(late(given, look))).toEqual({ startedAt: time(from), hidden, sinceUnrecorded });
  });

  test('for a target that needed no operation, at what came before it', () => {
    const look: Look = { history: [deployed(A, -300), deployed(B, -200)] };
    const before = operation({ at: B, from: -200, results: [applied(API, 'created')] });
    const row = done({ ...look, operation: before });
    const told = follow([[10, row]], since(REVISION(A)));
    expect(changesOf(told)).toEqual([`created applied ${API}`]);
    expect(classesOf(told).evidence).toBe('complete');
    expect(changesOf(follow([[10, row]], since(undefined)))).toEqual([]);
  });

  test('whatever is deployed counts with what came before it', () => {
    expect(scope(late(REVISION(A), {}, { target: ANY })).startedAt).toBe(time(-200));
    expect(scope(late(undefined, {}, { target: ANY })).startedAt).toBe(time(1));
  });

  test('of several sources, the revision is that of the source that is waited for', () => {
    const both = (x: string, y: string, from: number) => deployed([x, y], from);
    const look: Look = {
      at: [A, C],
      sources: [{}, {}],
      history: [both(A, A, -300), both(A, B, -200), both(A, C, 1)],
      operation: operation({ at: [A, C] }),
    };
    const wish = { target: revision(C, [1]) };
    expect(scope(late(REVISION(A), look, wish)).startedAt).toBe(time(-200));
  });

  test('a run that asks for the operation reports what was deployed before it too', () => {
    const before = app({
      at: B,
      history: HISTORY.slice(0, 2),
      operation: operation({ at: B, from: -200, results: [applied(API, 'created')] }),
    });
    const rows = [
      [0, see(before)],
      [1, asked('operation', '2')],
      [10, done({ version: 3 }, [applied(WEB, 'unchanged')])],
    ] as const;
    const told = changesOf(follow(rows, since(REVISION(A))));
    expect(told).toEqual([`created applied ${API}`, `unchanged applied ${WEB}`]);
    expect(changesOf(follow(rows, since(undefined)))).toEqual([`unchanged applied ${WEB}`]);
  });
});

describe('what the deployments in between changed', () => {
  const live = (writes: Readonly<Record<string, number>>): ReadonlyMap<string, LiveTimes> =>
    new Map(
      Object.entries(writes).map(([name, at]) => [
        name,
        { creationTimestamp: time(-900), lastWrite: time(at) },
      ]),
    );
  const WRITTEN = live({ [SETTINGS]: -400, [WEB]: 2, [API]: -199 });

  test('is told by what was written to the live objects since', () => {
    const followed = late(REVISION(A));
    expect(changesOf(followed, WRITTEN)).toEqual([
      `unchanged live ${SETTINGS}`,
      `updated live ${API}`,
      `updated live ${WEB}`,
    ]);
    // What was pruned, nobody knows.
    expect(classesOf(followed, WRITTEN).evidence).toBe('partial');
  });

  test('is not told without `since`', () => {
    expect(changesOf(late(undefined), WRITTEN)).toEqual([`updated live ${WEB}`]);
  });

  test('is told by the result on show at the first look', () => {
    const before = app({
      at: B,
      history: HISTORY.slice(0, 2),
      operation: operation({ at: B, from: -200, results: [applied(API, 'created')] }),
    });
    const followed = follow(
      [
        [0, see(before)],
        [1, see(app({ at: C, requested: request({ at: C }), history: HISTORY.slice(0, 2) }))],
        [10, done({}, [applied(WEB, 'created')])],
      ],
      since(REVISION(A)),
    );
    expect(changesOf(followed)).toEqual([`created applied ${API}`, `created applied ${WEB}`]);
    expect(classesOf(followed).evidence).toBe('complete');
  });

  test('is not what the revision itself changed, which is on show at the first look', () => {
    const before = app({
      history: HISTORY.slice(0, 1),
      operation: operation({ at: A, from: -300, results: [applied(API, 'created')] }),
    });
    const look: Look = { history: [deployed(A, -300), deployed(C, 1)] };
    const rows = [
      [0, see(before)],
      [10, done(look, [applied(WEB, 'created')])],
    ] as const;
    expect(changesOf(follow(rows, since(REVISION(A))))).toEqual([`created applied ${WEB}`]);
  });

  test('is told of a sync that failed too, which is on no record', () => {
    const results = [applied(API, 'created')];
    const before = app({
      at: B,
      history: HISTORY.slice(0, 1),
      operation: operation({ at: B, from: -200, phase: 'Failed', results }),
    });
    const followed = follow(
      [
        [0, see(before)],
        [10, done({ history: [deployed(A, -300), deployed(C, 1)] })],
      ],
      since(REVISION(A)),
    );
    expect(changesOf(followed)).toContain(`created applied ${API}`);
  });

  test('a revision that is not on record makes the evidence partial', () => {
    const applying = done({ history: [deployed(C, 1)] }, [applied(WEB, 'created')]);
    expect(classesOf(follow([[10, applying]], since(REVISION(D)))).evidence).toBe('partial');
    expect(classesOf(follow([[10, applying]], since(undefined))).evidence).toBe('complete');
  });
});
