import { describe, expect, test } from '@jest/globals';
import { judge } from '../../../src/core/decision/rules.js';
import { begin } from '../../../src/core/decision/state.js';
import type { Target } from '../../../src/core/decision/target.js';
import type { Cause } from '../../../src/core/result/causes.js';
import { type Looks, NO_LOOKS } from '../../../src/core/result/looks.js';
import {
  decided,
  type End,
  explained,
  settle,
  timedOut,
  undecidedOf,
} from '../../../src/core/result/settle.js';
import {
  A,
  app,
  applied,
  B,
  C,
  deployed,
  type Look,
  operation,
  SETTINGS,
  time,
  WEB,
} from '../support/application.ts';
import {
  ANY,
  type Followed,
  follow,
  gone,
  look,
  POLICY,
  related,
  revision,
  see,
} from '../support/follow.ts';

const GOOD: End = { conclusion: 'success', reason: 'synced', what: 'the revision is deployed' };
const BAD: End = { conclusion: 'failure', reason: 'degraded', what: 'it is Degraded' };

function resultAt({ state, now }: Followed, end: End = GOOD) {
  return settle('shop', state, end, now).result;
}

function done(look: Look = {}, results = [applied(WEB, 'created')]): Followed {
  const history = [deployed(A, -110), deployed(B, 1)];
  const state = operation({ results });
  return follow([[10, see(app({ at: B, reconciled: 4, history, operation: state, ...look }))]]);
}

describe('what was waited for is not what was deployed before', () => {
  const DELETED: End = { conclusion: 'success', reason: 'deleted', what: 'it was deleted' };
  const history = [deployed(A, -110), deployed(B, 1)];
  const last = operation({ results: [applied(WEB, 'created')] });
  const there = see(app({ at: B, reconciled: 4, history, operation: last }));

  test.each([
    [
      'gone',
      [
        [10, there],
        [12, gone],
      ] as const,
      DELETED,
    ],
    ['still there', [[10, there]] as const, BAD],
  ])('a wait for deletion reports no changes: %s', (_, rows, end) => {
    const followed = follow(rows, { policy: { waitFor: ['deletion'] } });
    expect(resultAt(followed, end)).toMatchObject({ changes: [], evidence: 'complete' });
    expect(resultAt(follow(rows), end).changes).toHaveLength(1);
  });

  test('it goes on while the Application cannot be read', () => {
    const rows = [[10, see({ ...app(), unreadable: 'x' })]] as const;
    const { verdict } = follow(rows, { policy: { waitFor: ['deletion'] } });
    expect(verdict).toMatchObject({ kind: 'waiting', what: 'the Application to be deleted' });
    expect(follow(rows, { policy: { waitFor: ['nothing'] } }).verdict).toMatchObject({
      kind: 'done',
      reason: 'internal-error',
    });
  });
});

describe('a resource that cannot be read', () => {
  test('makes the evidence partial, also where only an earlier snapshot had it', () => {
    const before = { ...app(), unreadableResources: ['x'] };
    const history = [deployed(A, -110), deployed(B, 1)];
    const last = operation({ results: [applied(WEB, 'created')] });
    const after = app({ at: B, reconciled: 4, history, operation: last });
    const seen = (first: typeof before | ReturnType<typeof app>) =>
      resultAt(
        follow([
          [0, see(first)],
          [10, see(after)],
        ]),
      ).evidence;
    expect([seen(before), seen(app())]).toEqual(['partial', 'complete']);
  });
});

describe('the result of an Application', () => {
  test('that came to its end', () => {
    expect(resultAt(done({ images: ['web:2'] }))).toMatchObject({
      application: 'shop',
      conclusion: 'success',
      reason: 'synced',
      message: 'shop is at bbbbbbbb: the revision is deployed',
      revision: B,
      revisions: [B],
      syncStatus: 'Synced',
      healthStatus: 'Healthy',
      operationPhase: 'Succeeded',
      startedAt: time(1),
      finishedAt: time(3),
      evidence: 'complete',
      blockers: [],
      summaryImages: ['web:2'],
      changes: [{ application: 'shop', change: 'created', name: 'web' }],
    });
  });

  test('that did not says why, first of all', () => {
    const sick = done({ health: 'Degraded', healthSince: 2, healthMessage: 'crash\n  loop' });
    const failed = resultAt(sick, BAD);
    expect(failed.message).toBe(
      'shop: it is Degraded (health: Degraded since 2026-03-01T12:00:02Z: crash loop)',
    );
    expect(failed.blockers).toEqual([
      { subject: 'health', message: 'Degraded since 2026-03-01T12:00:02Z: crash\n  loop' },
    ]);
    expect(resultAt(sick).blockers).toEqual([]);
  });

  test('a long reason is cut', () => {
    const { message } = resultAt(done({ health: 'Degraded', healthMessage: 'x'.repeat(999) }), BAD);
    expect(message.length).toBeLessThan(350);
    expect(message).toMatch(/x…\)$/);
  });

  test('names what failed rather than the operation that did', () => {
    const failed = follow([
      [
        3,
        see(
          app({
            at: B,
            operation: operation({
              phase: 'Failed',
              message: 'one or more objects failed',
              results: [{ ...applied(WEB, ''), status: 'SyncFailed', message: 'immutable' }],
            }),
          }),
        ),
      ],
    ]);
    const end: End = { conclusion: 'failure', reason: 'sync-failed', what: 'it ended Failed' };
    expect(resultAt(failed, end).message).toBe(
      'shop: it ended Failed (Deployment/shop/web: immutable)',
    );
  });

  test.each<[End['reason'], readonly string[]]>([
    ['timeout', ['revision']],
    ['unreachable', []],
    ['forbidden', []],
    ['invalid-input', []],
  ])('that ends with %s names what is in the way of an Application only', (reason, subjects) => {
    const followed = follow([[10, see(app({ at: A }))]]);
    const { blockers, message } = resultAt(followed, { ...BAD, reason, what: 'what happened' });
    expect(blockers.map(({ subject }) => subject)).toEqual(subjects);
    if (subjects.length === 0) expect(message).toBe('shop: what happened');
  });

  test.each<[End['conclusion'], string]>([
    ['timeout', 'shop: timed out waiting for rain'],
    ['cancelled', 'shop: cancelled while waiting for rain'],
    ['failure', 'shop: rain'],
    ['skipped', 'shop: rain'],
  ])('%s in words', (conclusion, message) => {
    const end: End = { conclusion, reason: 'timeout', what: 'rain' };
    expect(resultAt(done(), end).message).toBe(message);
  });

  test('that does not exist is empty', () => {
    const end: End = { conclusion: 'failure', reason: 'missing', what: 'it does not exist' };
    expect(resultAt(follow([[0, gone]]), end)).toMatchObject({
      message: 'shop: it does not exist',
      revision: '',
      revisions: [],
      syncStatus: '',
      healthStatus: '',
      operationPhase: '',
      startedAt: '',
      finishedAt: '',
      changes: [],
      blockers: [],
    });
  });

  test('that was deleted keeps what was last seen of it', () => {
    const history = [deployed(A, -110), deployed(B, 1)];
    const last = app({ at: B, reconciled: 4, history, operation: operation(), health: 'Missing' });
    const followed = follow([
      [10, see(last)],
      [11, gone],
    ]);
    const end: End = { conclusion: 'success', reason: 'deleted', what: 'it was deleted' };
    expect(resultAt(followed, end)).toMatchObject({
      message: 'shop: it was deleted',
      healthStatus: 'Missing',
      revision: B,
    });
  });
});

describe('the revision in the end', () => {
  const of = (look: Look, target: Target = revision(B)) => {
    const state = app({ reconciled: 4, operation: operation(), ...look });
    const { revision, revisions } = resultAt(follow([[10, see(state)]], { target }));
    return [revision, revisions];
  };
  const history = [deployed(A, -110), deployed(B, 1)];

  test.each<[string, Look, string]>([
    ['is the compared one, if Synced', { at: C, history: [...history, deployed(C, 5)] }, C],
    ['is that of the target, where a later one needed no operation', { at: C, history }, B],
    ['is the last one on record, if not', { at: C, sync: 'OutOfSync', history }, B],
    [
      'is the one that decides, where there is no record',
      { at: B, sync: 'OutOfSync', history: [] },
      B,
    ],
  ])('%s', (_, look, wanted) => {
    expect(of(look)).toEqual([wanted, [wanted]]);
  });

  test('of several sources is that of the target', () => {
    const at = ['1.2.3', B];
    const look: Look = { at, sources: [{}, {}], history: [] };
    expect(of(look, revision(B, [1]))).toEqual([B, at]);
    expect(of(look, revision(B))).toEqual(['', at]);
    expect(of(look, ANY)).toEqual(['', at]);
    expect(of({ ...look, at: [B, B] }, ANY)).toEqual([B, [B, B]]);
    // Another source has gone since.
    expect(of({ at: B }, revision(B, [1]))).toEqual([B, [B]]);
  });
});

describe('the evidence', () => {
  test('is partial where the revision was never seen and the end is bad', () => {
    const never = follow([[0, see(app({ operation: operation({ at: A, from: -110 }) }))]]);
    const end: End = { conclusion: 'timeout', reason: 'timeout', what: 'the revision' };
    expect(resultAt(never, end).evidence).toBe('partial');
    const any = follow([[0, see(app({ operation: operation({ at: A, from: -110 }) }))]], {
      target: ANY,
    });
    expect(resultAt(any, end).evidence).toBe('complete');
  });

  test('is complete where the revision was never seen, but what contains it from the start', () => {
    const run = { at: C, from: 5, results: [applied(WEB, 'created')] };
    const history = [deployed(A, -110), deployed(C, 5)];
    const followed = follow([
      [0, see(app({ operation: operation({ at: A, from: -110 }) }))],
      [9, see(app({ at: C, reconciled: 8, history, operation: operation(run) }))],
      [10, related(C, 'descendant')],
    ]);
    expect(resultAt(followed).evidence).toBe('complete');
  });

  test('is partial where its operation had not ended', () => {
    const running = app({ at: B, sync: 'OutOfSync', operation: operation({ phase: 'Running' }) });
    const followed = follow([
      [0, see(running)],
      [1, gone],
    ]);
    const end: End = { conclusion: 'failure', reason: 'deleted', what: 'it was deleted' };
    expect(resultAt(followed, end).evidence).toBe('partial');
  });

  test('of live objects is asked where nothing else decides', () => {
    const results = [applied(WEB, 'configured'), applied(SETTINGS, 'created')];
    const { state, now } = done({}, results);
    const settled = settle('shop', state, GOOD, now);
    expect(undecidedOf(settled)).toMatchObject([{ kind: 'Deployment', name: 'web' }]);
    const nothing = begin(POLICY, () => ANY, now);
    expect(undecidedOf(settle('shop', nothing, BAD, now))).toEqual([]);
  });

  test('of live objects is used', () => {
    const { state, now } = done({}, [applied(WEB, 'configured')]);
    const live = new Map([[WEB, { creationTimestamp: time(-500), lastWrite: time(-400) }]]);
    const settled = settle('shop', state, GOOD, now);
    expect(settled.result).toMatchObject({
      evidence: 'partial',
      changes: [{ change: 'updated', evidence: 'reported' }],
    });
    expect(decided(settled, live)).toMatchObject({
      evidence: 'complete',
      changes: [{ change: 'unchanged', evidence: 'live' }],
    });
  });
});

test('the end of a wait whose time is over has the cause that is known', () => {
  const { verdict } = follow([
    [10, see(app({ at: B, reconciled: 4, operation: operation(), health: 'Suspended' }))],
  ]);
  if (verdict.kind !== 'waiting') throw new Error('it is over');
  expect(timedOut(verdict)).toEqual({
    conclusion: 'timeout',
    reason: 'suspended',
    what: 'Healthy (it is Suspended)',
    rule: 'suspended',
  });
  const now = { elapsed: 0 };
  const first = judge(
    begin(POLICY, () => ANY, now),
    now,
  );
  expect(timedOut(first as typeof verdict).reason).toBe('timeout');
});

const HOOK = {
  ...{ group: 'batch', version: 'v1', kind: 'Job', namespace: 'shop', name: 'migrate' },
  ...{ hookType: 'PreSync', syncPhase: 'PreSync', status: '', message: '' },
};

describe('causes', () => {
  const cause = (subject: string, over: Partial<Cause> = {}): Cause => {
    return { application: 'shop', subject, reason: 'X', message: `${subject} is broken`, ...over };
  };
  const looks: Looks = {
    ...NO_LOOKS,
    causes: [cause('Deployment/web'), cause('Job/migrate', { hook: true })],
  };
  const said = 'Caused by a DaemonSet';
  const { state, now } = follow([
    [
      10,
      see(
        app({
          at: B,
          reconciled: 4,
          health: 'Degraded',
          healthSince: 3,
          healthMessage: said,
          operation: operation(),
        }),
      ),
    ],
    [11, look(() => looks)],
  ]);
  const ended = (end: End) => settle('shop', state, end, now).result;

  test('of health: those of its resources', () => {
    const result = ended({ ...BAD, rule: 'degraded' });
    expect(result.message).toBe('shop failed: Deployment/web is broken');
    expect(result.causes.map(({ subject }) => subject)).toEqual(['Deployment/web']);
    expect(JSON.stringify(result.blockers)).not.toContain(said);
  });

  test('of what was Degraded before the deployment: since when', () => {
    const before = follow([
      [10, see(app({ at: B, reconciled: 4, health: 'Degraded', operation: operation() }))],
      [11, look(() => looks)],
    ]);
    expect(resultAt(before, { ...BAD, rule: 'degraded' }).message).toMatch(
      /^shop failed: Deployment\/web is broken \(Degraded since .*, before the operation began/,
    );
  });

  test('of a timeout, with what it waited for', () => {
    const result = ended({ ...BAD, conclusion: 'timeout', rule: 'not-healthy' });
    expect(result.message).toBe(
      'shop: timed out waiting for it is Degraded: Deployment/web is broken',
    );
  });

  test('of an operation that failed: those of its hooks', () => {
    const result = ended({ ...BAD, reason: 'sync-failed', rule: 'operation-failed' });
    expect(result.causes.map(({ subject }) => subject)).toEqual(['Job/migrate']);
  });

  test('of an operation that runs: those of its hooks first', () => {
    const hook = { ...HOOK, hookPhase: 'Running' };
    const running = operation({ phase: 'Running', results: [hook] });
    const followed = follow([
      [10, see(app({ at: B, operation: running }))],
      [11, look(() => looks)],
    ]);
    const result = resultAt(followed, { ...BAD, conclusion: 'timeout', rule: 'operation-running' });
    expect(result.causes.map(({ subject }) => subject)).toEqual(['Job/migrate', 'Deployment/web']);
  });

  test.each<[string, End]>([
    ['a success', { ...GOOD, rule: 'synced' }],
    ['a revision that did not come', { ...BAD, conclusion: 'timeout', rule: 'not-deployed' }],
    ['an operation that waits for nothing within', { ...BAD, rule: 'operation-running' }],
    ['a run that was cancelled', { ...BAD, conclusion: 'cancelled', reason: 'cancelled' }],
  ])('none: %s', (_, end) => {
    expect(ended(end).causes).toEqual([]);
  });

  test('of auto-sync that does not start: the sync windows, and the reason', () => {
    const windows = [cause('sync window', { message: 'a deny sync window blocks auto-sync' })];
    const end: End = {
      ...BAD,
      conclusion: 'timeout',
      reason: 'timeout',
      rule: 'auto-sync-pending',
    };
    const pending = follow([
      [10, see(app({ at: B, sync: 'OutOfSync', operation: operation({ at: A }) }))],
    ]);
    const blind = settle('shop', pending.state, end, pending.now);
    expect(blind.result).toMatchObject({ reason: 'timeout', causes: [] });
    const { result, end: told } = explained(blind, { ...looks, windows: { causes: windows } });
    expect(result).toMatchObject({ reason: 'sync-window', causes: windows });
    expect(told.reason).toBe('sync-window');
    expect(result.message).toMatch(/^shop: timed out waiting for .*: a deny sync window blocks/);
  });

  test('none that helps: what Argo CD says of health', () => {
    const blind = { ...state, looks: NO_LOOKS };
    const { result } = settle('shop', blind, { ...BAD, rule: 'degraded' }, now);
    expect(JSON.stringify(result.blockers)).toContain(said);
  });
});
