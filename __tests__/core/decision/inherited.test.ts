import { describe, expect, test } from '@jest/globals';
import {
  A,
  app,
  applied,
  B,
  deployed,
  type Json,
  type Look,
  operation,
  type Run,
  SETTINGS,
  WEB,
} from '../support/application.ts';
import { asked, changesOf, expected, follow, type Row, see, type Wish } from '../support/follow.ts';

const OLD = [applied(WEB, 'created'), applied(SETTINGS, 'created')];
const NEW = [applied(WEB, 'unchanged'), applied(SETTINGS, 'configured')];
const FORMER: Run = { at: A, from: -100, results: OLD };

/** The operation for B, as a merge patch leaves it: with the former one's result. */
function begun(more: Run = {}): Look {
  return look({ phase: 'Running', from: 3, results: OLD, result: A, ...more });
}

function look(run: Run): Look {
  const history = [deployed(A, -100)];
  return { automated: false, at: A, history, operation: operation(run) };
}

function ended(run: Run = {}): Look {
  const history = [deployed(A, -100), deployed(B, 3, 5)];
  const own = operation({ from: 3, results: NEW, ...run });
  return { automated: false, at: B, history, reconciled: 6, operation: own };
}

/** B was deployed before. */
function again(later: Look): Look {
  const history = [deployed(B, -200), deployed(A, -100), ...(later.history ?? []).slice(1)];
  return { ...later, at: B, history };
}

function followed(looks: readonly Look[], wish: Wish = {}) {
  return follow(
    looks.map((each, i) => [i + 1, see(app(each))] as const),
    wish,
  );
}

describe('what an operation begins with is not its own', () => {
  const CHANGED = [`updated reported ${SETTINGS}`, `unchanged applied ${WEB}`];

  test.each<[string, readonly Look[]]>([
    ['from before it', [look(FORMER), begun(), ended()]],
    ['at the first look', [begun(), ended()]],
    [
      'at the first look, of a revision that was deployed before',
      [again(begun({ result: B })), again(ended())],
    ],
    [
      'after another that had none of its own',
      [look(FORMER), begun({ from: 1, phase: 'Error' }), begun(), ended()],
    ],
  ])('%s', (_, looks) => {
    expect(changesOf(followed(looks))).toEqual(CHANGED);
  });

  test('of the same revision, which this run has asked for', () => {
    const resources = [`OutOfSync ${SETTINGS}`, `Synced ${WEB}`];
    const former = {
      ...look({ ...FORMER, at: B }),
      at: B,
      resources,
      history: [deployed(B, -100)],
    };
    const again = { ...ended(), history: [deployed(B, -100), deployed(B, 3, 5)] };
    const rows = [
      [1, see(app(former))],
      [2, asked('operation', '2')],
      [3, see(app({ ...former, ...begun({ result: B }), at: B, resources, version: '3' }))],
      [4, see(app({ ...again, version: '4' }))],
    ] as const;
    expect(changesOf(follow(rows))).toEqual([
      `updated compared ${SETTINGS}`,
      `unchanged applied ${WEB}`,
    ]);
  });

  test.each<[string, readonly Json[], readonly string[]]>([
    ['it has come to the first resource', NEW.slice(0, 1), [`unchanged applied ${WEB}`]],
    ['it did the same to one of them', NEW, CHANGED],
  ])('while it runs, its own is told by any difference: %s', (_, results, changes) => {
    const former = { ...FORMER, results: [NEW[0] ?? {}, applied(SETTINGS, 'created')] };
    const looks = [look(former), begun({ results, result: B })];
    expect(changesOf(followed(looks))).toEqual(changes);
  });

  test('nor is it of one that ends in an Error without a result', () => {
    const looks = [look(FORMER), begun(), begun({ phase: 'Error', to: 4 })];
    expect(changesOf(followed(looks))).toEqual([]);
  });

  test('its former revision is not the commit of a tag', () => {
    const { state } = followed([look(FORMER), begun()]);
    expect(state.tags).toEqual(new Map());
    expect(state.application?.operation?.revisions.resolved).toEqual([B]);
    expect(state.seen.operations.at(-1)?.revisions.resolved).toEqual([B]);
  });

  test('what it says at its end is its own, even if it says the same', () => {
    const looks = [look(FORMER), begun(), ended({ results: OLD })];
    expect(changesOf(followed(looks))).toEqual([
      `created applied ${SETTINGS}`,
      `created applied ${WEB}`,
    ]);
  });

  test('it has not tried as often as the former one', () => {
    const rows: readonly Row[] = [
      [1, see(app(look({ ...FORMER, retry: 2 }))), 'waiting'],
      [2, see(app(begun({ retry: 2 }))), 'waiting'],
      [3, see(app(begun({ retry: 2, results: NEW, result: B }))), 'waiting'],
      [4, see(app(begun({ retry: 1, results: NEW, result: B }))), 'failure sync-failed'],
    ];
    const wish: Wish = { policy: { retries: 'fail' } };
    expect(follow(rows, wish).verdicts).toEqual(expected(rows));
  });
});
