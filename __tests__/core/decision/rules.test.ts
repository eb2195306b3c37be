import { describe, expect, test } from '@jest/globals';
import { openQuestion } from '../../../src/core/decision/progress.js';
import { judge, shortRevision } from '../../../src/core/decision/rules.js';
import { begin } from '../../../src/core/decision/state.js';
import {
  A,
  API,
  app,
  applied,
  B,
  C,
  D,
  deployed,
  hook,
  type Json,
  KEEP,
  type Look,
  operation,
  type Run,
  request,
  result,
  SETTINGS,
  SOURCE,
  time,
  WEB,
} from '../support/application.ts';
import {
  ANY,
  asked,
  expected,
  follow,
  gone,
  namedAs,
  POLICY,
  patterns,
  type Row,
  related,
  revision,
  see,
  seeAfterGap,
  tick,
  type Wish,
} from '../support/follow.ts';

/** A story and what it comes to, row by row. */
function story(title: string, rows: readonly Row[], wish: Wish = {}): void {
  test(title, () => {
    expect(follow(rows, wish).verdicts).toEqual(expected(rows));
  });
}

const W = 'waiting';
const RAN_A = operation({ at: A, from: -110 });

/** The old state: all is well at A. */
function old(look: Look = {}) {
  return app({ operation: RAN_A, ...look });
}

/** Operation B has been requested, and what was known of the last one is gone. */
function requested(look: Look = {}) {
  return app({ requested: request(), ...look });
}

/** Operation B runs since second 1. */
function running(look: Look = {}, run: Run = {}) {
  return app({
    requested: request(run),
    operation: operation({ phase: 'Running', ...run }),
    ...look,
  });
}

/** Operation B ran from second 1 to 3, and was compared in second 4. */
function done(look: Look = {}, run: Run = {}) {
  return app({
    at: B,
    reconciled: 4,
    operation: operation(run),
    history: [deployed(A, -110), deployed(B, 1)],
    ...look,
  });
}

describe('when it is over', () => {
  describe('1. the old state passes', () => {
    story('synced, healthy, succeeded: for the old revision', [
      [0, see(old()), W],
      [1, see(old({ reconciled: 1 })), W],
      [600, tick, W],
    ]);
    story(
      'but it is enough for whoever waits for no revision',
      [[0, see(old()), 'success synced']],
      {
        target: ANY,
      },
    );
    story('the whole way', [
      [0, see(old()), W],
      [1, see(requested()), W],
      [1.1, see(running({ at: B, sync: 'OutOfSync', reconciled: 1 })), W],
      [3, see(done({ sync: 'OutOfSync', reconciled: 1 })), W],
      [3.5, see(done({ reconciled: 1 })), W],
      [4, see(done({ health: 'Progressing' })), W],
      [9, see(done()), 'success synced'],
    ]);
  });

  describe('2. an operation that starts resets what was known of the last one', () => {
    for (const target of [revision(B), ANY]) {
      story(
        `requested, not started (${target.kind})`,
        [
          [0, see(requested()), W],
          [1, see(app({ requested: request({ at: A }), operation: RAN_A })), W],
          [2, see(running()), W],
        ],
        { target },
      );
    }
    story('never synced and nothing requested: nothing has come yet', [
      [0, see(app({ sync: '', at: '', history: [], health: '' })), W],
      [1, see(app({ sync: 'OutOfSync', at: B, history: [], health: 'Missing' })), W],
    ]);
  });

  describe('3. the comparison and the operation move in either order', () => {
    story('the operation first', [
      [0, see(old()), W],
      [1, see(running()), W],
      [3, see(old({ operation: operation(), reconciled: -100 })), W],
      [3.1, see(old({ operation: operation(), reconciled: 2 })), W],
      [4, see(done()), 'success synced'],
    ]);
    story('the comparison first', [
      [0, see(old()), W],
      [1, see(old({ at: B, sync: 'OutOfSync', reconciled: 1 })), W],
      [2, see(running({ at: B, sync: 'OutOfSync', reconciled: 1 })), W],
      [4, see(done()), 'success synced'],
    ]);
    story('synced at the target while its operation still runs', [
      [0, see(running({ at: B, reconciled: 3 })), W],
      [1, see(app({ at: B, reconciled: 3, requested: request(), operation: operation() })), W],
      [2, see(done()), 'success synced'],
    ]);
    story('terminating is running', [[0, see(running({ at: B }, { phase: 'Terminating' })), W]]);
  });

  describe('4. only the phase says running', () => {
    const retrying = { retry: 1, to: 3, message: 'Retrying operation. Attempt #1' };
    const outOfSync: Look = { at: B, sync: 'OutOfSync', reconciled: 1 };
    story('between attempts the finish is set', [
      [1, see(running(outOfSync)), W],
      [3, see(running(outOfSync, retrying)), W],
      [4, see(running(outOfSync, { retry: 1 })), W],
      [6, see(done({ reconciled: 7 }, { retry: 1, to: 6 })), 'success synced'],
    ]);
    story('the last attempt fails', [
      [1, see(running(outOfSync)), W],
      [3, see(running(outOfSync, retrying)), W],
      [6, see(done(outOfSync, { retry: 5, phase: 'Failed' })), 'failure sync-failed'],
    ]);
    story(
      'retries: fail gives up at the first failed one',
      [
        [1, see(running(outOfSync)), W],
        [3, see(running(outOfSync, retrying)), 'failure sync-failed'],
      ],
      { policy: { retries: 'fail' } },
    );
    story(
      'retries: fail does not care for another revision, a selective sync by hand, a dry run',
      [
        [1, see(running(outOfSync, { ...retrying, at: A })), W],
        [2, see(running(outOfSync, { ...retrying, selective: true, manual: true })), W],
        [3, see(running(outOfSync, { ...retrying, dryRun: true })), W],
        [4, see(done({ reconciled: 5 }, { retry: 3 })), 'success synced'],
      ],
      { policy: { retries: 'fail' } },
    );
    story('an operation may end in Error', [
      [1, see(running(outOfSync)), W],
      [2, see(done(outOfSync, { phase: 'Error' })), 'failure sync-failed'],
    ]);
  });

  describe('5. health is believed when it was computed after the operation', () => {
    const stale: Look = { reconciled: 2 };
    story('before the finish it is not', [
      [1, see(running()), W],
      [3, see(done(stale)), W],
      [600, tick, W],
    ]);
    story(
      'Degraded neither, even without grace',
      [[3, see(done({ ...stale, health: 'Degraded' })), W]],
      {
        policy: { degradedGraceMs: 0 },
      },
    );
    story('Suspended neither', [[3, see(done({ ...stale, health: 'Suspended' })), W]], {
      policy: { suspended: 'fail' },
    });
    story('in a later second it is', [[9, see(done({ reconciled: 4 })), 'success synced']]);
    story('in the same second it is, if the comparison is complete', [
      [1, see(running()), W],
      [3, see(done({ reconciled: 3, sync: 'OutOfSync' })), W],
      [3.1, see(done({ reconciled: 3 })), 'success synced'],
    ]);
    story('never compared: there is no health yet', [
      [0, see({ ...app({ at: B }), reconciledAt: '' }), W],
      [1, see(app({ at: B })), 'success no-change'],
    ]);

    /** Without auto-sync: B was deployed, the comparison follows C. */
    const apart: Look = {
      automated: false,
      at: C,
      sync: 'OutOfSync',
      resources: [`OutOfSync ${WEB}`],
    };
    const sameSecond = done({ ...apart, reconciled: 3 });
    story('in the same second, incomplete: five seconds after the finish by the server', [
      [4, see(sameSecond), 'waiting until 8'],
      [7.9, tick, 'waiting until 8'],
      [8, tick, 'success synced'],
    ]);
    story(
      'without the time of the server, five seconds after the first look',
      [
        [4, see(sameSecond), 'waiting until 9'],
        [8.9, tick, 'waiting until 9'],
        [9, tick, 'success synced'],
      ],
      { noServerClock: true },
    );
    story('five seconds after the finish was seen', [
      [2, see(running({ ...apart, at: A, sync: 'Synced' })), W],
      [3.5, see(sameSecond), 'waiting until 8.5'],
      [8.4, see(sameSecond), 'waiting until 8.5'],
      [8.5, tick, 'success synced'],
    ]);
    story('at once when a reconcile was seen after the finish', [
      [2, see(running({ ...apart, at: A, sync: 'Synced' })), W],
      [3, see(done({ ...apart, reconciled: 2 })), W],
      [3.1, see(sameSecond), 'success synced'],
    ]);
    story('the reconcile of the operation before is not that of this one', [
      [3, see(done({ ...apart, reconciled: 2 })), W],
      [3.1, see(done({ ...apart, reconciled: 3 }, { from: 3, to: 3 })), 'waiting until 8.1'],
    ]);
    story('a time that is no time is never late enough', [
      [0, see(done({}, { message: 'odd' })), 'success synced'],
      [1, see({ ...done(), reconciledAt: 'soon' }), W],
    ]);
    story(
      'who does not wait for health does not wait for it',
      [[3, see(done({ health: 'Degraded', reconciled: 2 })), 'success synced']],
      { policy: { waitFor: ['sync'] } },
    );
    for (const health of ['Progressing', 'Missing', 'Unknown', '']) {
      story(`${health || 'no health'} waits`, [[9, see(done({ health })), W]]);
    }
  });

  describe('6. Degraded and Suspended before and during say nothing', () => {
    for (const health of ['Degraded', 'Suspended']) {
      story(
        `a repair starts ${health}`,
        [
          [0, see(old({ health })), W],
          [1, see(requested({ health })), W],
          [2, see(running({ health, at: B, sync: 'OutOfSync' })), W],
          [3, see(done({ health, reconciled: 2 })), W],
          [4, see(done()), 'success synced'],
        ],
        { policy: { degradedGraceMs: 0, suspended: 'fail' } },
      );
    }
  });

  describe('7. a commit that changes nothing runs no operation', () => {
    story('the comparison moves on', [
      [0, see(old()), W],
      [1, see(old({ at: B, reconciled: 1 })), 'success no-change'],
    ]);
    story('which is not known of whoever names no revision', [[0, see(old()), 'success synced']], {
      target: ANY,
    });
    story('OutOfSync at the target is a change to come', [
      [0, see(old({ at: B, sync: 'OutOfSync', resources: [`OutOfSync ${WEB}`] })), W],
    ]);
    story('a dry run of the target is no operation', [
      [
        0,
        see(old({ at: B, operation: operation({ dryRun: true }), reconciled: 9 })),
        'success no-change',
      ],
    ]);
    story('a selective operation is one', [
      [0, see(done({ history: [] }, { selective: true })), 'success synced'],
    ]);
  });

  describe('8. OutOfSync can be for ever', () => {
    const skipped = result(KEEP, 'PruneSkipped', 'ignored (no prune)');
    const left: Look = {
      sync: 'OutOfSync',
      resources: [`Synced ${WEB}`, `OutOfSync ${KEEP} prune`],
    };
    story('what the full operation skipped to prune is left', [
      [1, see(running()), W],
      [4, see(done(left, { results: [skipped] })), 'success synced'],
    ]);
    story('in the same second too', [
      [4, see(done({ ...left, reconciled: 3 }, { results: [skipped] })), 'success synced'],
    ]);
    story('but nothing else may be', [
      [
        4,
        see(
          done(
            { ...left, resources: [`OutOfSync ${WEB}`, `OutOfSync ${KEEP} prune`] },
            { results: [skipped] },
          ),
        ),
        W,
      ],
    ]);
    story('not what it did not skip', [
      [4, see(done(left, { results: [applied(WEB, 'configured')] })), W],
    ]);
    story('OutOfSync without a resource that is so is not that', [
      [4, see(done({ sync: 'OutOfSync', resources: [] }, { results: [skipped] })), W],
    ]);
    story('a hook that is OutOfSync does not count', [
      [
        4,
        see(
          done(
            { ...left, resources: [...(left.resources ?? []), `OutOfSync ${API} hook`] },
            { results: [skipped] },
          ),
        ),
        'success synced',
      ],
    ]);
    const heal = { selective: true, from: 4, results: [skipped] };
    story('self-heal runs again and again, each with a start of its own', [
      [3, see(done({ ...left, reconciled: 1 }, { results: [skipped] })), W],
      [4, see(running({ ...left, at: B }, heal)), W],
      [6, see(done({ ...left, reconciled: 7 }, heal)), 'success synced'],
    ]);
    story('started late, the history knows of the full operation', [
      [60, see(done({ ...left, reconciled: 7 }, heal)), 'success synced'],
    ]);
    story('started late, without any such record, nothing is known', [
      [60, see(done({ ...left, reconciled: 7, history: [deployed(A, -110)] }, heal)), W],
    ]);
    story('started late, what is left must be there to be pruned', [
      [60, see(done({ ...left, resources: [`OutOfSync ${KEEP}`], reconciled: 7 }, heal)), W],
    ]);
    const noPrune: Look = { automated: { selfHeal: true } };
    story('auto-sync without prune: only prunes are left, no operation comes', [
      [0, see(old(noPrune)), W],
      [1, see(old({ ...noPrune, ...left, at: B, reconciled: 1 })), 'success no-change'],
    ]);
    story('auto-sync without prune: something else is left, so one comes', [
      [
        1,
        see(
          old({
            ...noPrune,
            ...left,
            at: B,
            resources: [`OutOfSync ${WEB}`, `OutOfSync ${KEEP} prune`],
          }),
        ),
        W,
      ],
      [2, see(old({ ...noPrune, ...left, at: B, requested: request() })), W],
    ]);
    story('auto-sync without prune: OutOfSync, and nothing is said to be left', [
      [1, see(old({ ...noPrune, at: B, sync: 'OutOfSync', resources: [], reconciled: 1 })), W],
    ]);
    story('auto-sync with prune prunes', [[1, see(old({ ...left, at: B, reconciled: 1 })), W]]);
    story('without auto-sync somebody may still prune', [
      [1, see(old({ ...left, automated: false, at: B, reconciled: 1 })), W],
    ]);
  });

  describe('9. a failed hook fails the operation', () => {
    const smoke = hook('batch/Job/shop/smoke', 'PostSync', 'Failed');
    const failed: Run = { phase: 'Failed', results: [applied(WEB, 'configured'), smoke] };
    story('although all is Synced and Healthy', [
      [3, see(running({ at: B, reconciled: 2 })), W],
      [4, see(done({ history: [deployed(A, -110)] }, failed)), 'failure sync-failed'],
    ]);
    story('although the comparison is with a later commit already', [
      [3, see(running({ at: B, reconciled: 2 })), W],
      [4, see(done({ at: C, history: [deployed(A, -110)] }, failed)), 'failure sync-failed'],
    ]);
    story('also when the wait starts only then', [
      [9, see(done({ at: C, history: [deployed(A, -110)] }, failed)), 'failure sync-failed'],
    ]);
    story('a failure of an older revision is none of this one', [
      [0, see(app({ operation: operation({ ...failed, at: A, from: -10 }) })), W],
      [
        1,
        see(app({ at: B, reconciled: 1, operation: operation({ ...failed, at: A, from: -10 }) })),
        'success no-change',
      ],
    ]);
    story(
      'unless the operation itself is waited for',
      [
        [
          1,
          see(app({ at: B, operation: operation({ ...failed, at: A, from: -10 }) })),
          'failure sync-failed',
        ],
      ],
      { policy: { waitFor: ['sync', 'health', 'operation'] } },
    );
    story('what is requested again at the target may still succeed', [
      [1, see(app({ at: B, requested: request(), operation: operation(failed) })), W],
      [2, see(running({ at: B }, { from: 2 })), W],
      [5, see(done({ reconciled: 9 }, { from: 2 })), 'success synced'],
    ]);
    story('so may what is requested without a revision', [
      [1, see(app({ at: B, requested: request({ at: '' }), operation: operation(failed) })), W],
    ]);
    story('what is requested at another revision does not mend it', [
      [
        1,
        see(app({ at: B, requested: request({ at: C }), operation: operation(failed) })),
        'failure sync-failed',
      ],
    ]);
    story('a selective sync by hand that failed completes nothing, so it fails nothing', [
      [1, see(done({}, { phase: 'Failed', selective: true, manual: true })), 'success synced'],
    ]);
    story('a partial self-heal that failed does', [
      [1, see(done({}, { phase: 'Failed', selective: true })), 'failure sync-failed'],
    ]);
  });

  describe('10. auto-sync gives up', () => {
    const refused = 'SyncError: auto-sync will wipe out all resources';
    const outOfSync: Look = { at: B, sync: 'OutOfSync', reconciled: 2 };
    story('with a condition: nothing will come', [
      [0, see(old()), W],
      [2, see(old({ ...outOfSync, conditions: [refused] })), 'failure auto-sync-refused'],
    ]);
    story('a condition of before is not about the target', [
      [0, see(old({ conditions: [refused] })), W],
      [1, see(old({ at: B, conditions: [refused], reconciled: 1 })), 'success no-change'],
    ]);
    story('a condition that names an earlier revision speaks of that', [
      [
        0,
        see(
          old({
            ...outOfSync,
            conditions: [`SyncError: Failed sync attempt to ${A}: one or more objects failed`],
          }),
        ),
        W,
      ],
      [
        1,
        see(
          old({
            ...outOfSync,
            conditions: [`SyncError: Failed sync attempt to ${B}: one or more objects failed`],
          }),
        ),
        'failure auto-sync-refused',
      ],
    ]);
    story('an operation under way decides', [
      [0, see(running({ ...outOfSync, conditions: [refused] })), W],
    ]);
    story('without auto-sync the condition is a leftover', [
      [0, see(old({ ...outOfSync, automated: false, conditions: [refused] })), W],
    ]);
    story('other conditions refuse nothing', [
      [0, see(old({ ...outOfSync, conditions: ['OrphanedResourceWarning: 2 orphans'] })), W],
    ]);

    for (const type of ['ComparisonError', 'InvalidSpecError', 'UnknownError']) {
      story(`${type} blocks, is the reason when time runs out, and may heal`, [
        [0, see(old()), W],
        [
          1,
          see(old({ at: 'main', sync: 'Unknown', conditions: [`${type}: no manifests`] })),
          'waiting comparison-error',
        ],
        [2, see(old({ at: B, reconciled: 2 })), 'success no-change'],
      ]);
    }
    story('Unknown without a condition blocks too', [
      [1, see(old({ at: B, sync: 'Unknown' })), 'waiting comparison-error'],
    ]);
    story('after the operation it blocks Synced', [
      [
        5,
        see(done({ sync: 'Unknown', conditions: ['ComparisonError: no manifests'] })),
        'waiting comparison-error',
      ],
    ]);
    story('a comparison that failed supersedes nothing', [
      [3, see(done({ health: 'Progressing' })), W],
      [4, see(done({ at: 'main', sync: 'Unknown', reconciled: 5 })), 'waiting comparison-error'],
    ]);
  });

  describe('11. dry runs and selective syncs complete nothing', () => {
    story('a dry run of the target', [
      [0, see(old()), W],
      [1, see(running({ at: B, sync: 'OutOfSync' }, { dryRun: true })), W],
      [3, see(old({ at: B, sync: 'OutOfSync', operation: operation({ dryRun: true }) })), W],
    ]);
    story('a dry run that failed is no failure', [
      [1, see(done({}, { dryRun: true, phase: 'Failed' })), 'success synced'],
    ]);
    story('a dry run after the operation leaves its end alone', [
      [3, see(done({ reconciled: 4, health: 'Progressing' })), W],
      [6, see(done({ reconciled: 4 }, { dryRun: true, from: 5 })), 'success synced'],
    ]);
    const outOfSync: Look = { at: B, sync: 'OutOfSync', reconciled: 5, history: [] };
    story(
      'a dry run deploys nothing, whatever is waited for',
      [[9, see(done(outOfSync, { dryRun: true })), W]],
      { policy: { waitFor: ['health'] } },
    );
    story(
      'a full operation that was cut short deploys nothing, though a selective one succeeds',
      [
        [1, see(running(outOfSync)), W],
        [9, seeAfterGap(done({ ...outOfSync, reconciled: 9 }, { selective: true, from: 5 })), W],
      ],
      { policy: { waitFor: ['health'] } },
    );
    const partly: Look = {
      at: B,
      sync: 'OutOfSync',
      reconciled: 5,
      history: [deployed(A, -110)],
      resources: [`Synced ${WEB}`, `OutOfSync ${SETTINGS}`],
    };
    story('a selective sync leaves the rest OutOfSync', [
      [3, see(done(partly, { selective: true, manual: true })), W],
      [600, tick, W],
    ]);
    story('a selective sync at the target is not its deployment, whoever tracks something else', [
      [3, see(done({ ...partly, at: C, automated: false }, { selective: true, manual: true })), W],
    ]);
    story('a selective sync that left nothing OutOfSync is enough', [
      [
        3,
        see(done({ ...partly, sync: 'Synced', resources: [] }, { selective: true, manual: true })),
        'success synced',
      ],
    ]);
  });

  describe('12. a rollback', () => {
    /** Without auto-sync; the branch is at C. */
    const manual: Look = {
      automated: false,
      at: C,
      history: [deployed(B, -200), deployed(C, -110)],
      operation: operation({ at: C, from: -110 }),
    };
    const apart: Look = {
      ...manual,
      sync: 'OutOfSync',
      reconciled: 5,
      resources: [`OutOfSync ${WEB}`],
      history: [deployed(B, -200), deployed(C, -110), deployed(B, 1)],
      operation: operation(),
    };
    story('operation and health decide, not the comparison', [
      [0, see(app(manual)), W],
      [1, see(app({ ...manual, requested: request({ manual: true }) })), W],
      [2, see(running({ ...manual, operation: operation({ phase: 'Running' }) })), W],
      [3, see(app({ ...apart, sync: 'Synced', reconciled: -100 })), W],
      [5, see(app({ ...apart, health: 'Progressing' })), W],
      [6, see(app(apart)), 'success synced'],
    ]);
    story('seen only when it is over', [[60, see(app(apart)), 'success synced']]);
    story('whatever the comparison follows meanwhile', [
      [6, see(app({ ...apart, health: 'Progressing' })), W],
      [7, see(app({ ...apart, at: D })), 'success synced'],
    ]);
    story('deployed once, but not any more: that is not it', [[0, see(app(manual)), W]]);
    story('it may fail as well', [
      [2, see(running({ ...manual, operation: operation({ phase: 'Running' }) })), W],
      [
        3,
        see(app({ ...manual, operation: operation({ phase: 'Failed' }) })),
        'failure sync-failed',
      ],
    ]);
    story('with auto-sync a comparison made later is with a successor', [
      [3, see(done({ health: 'Progressing' })), W],
      [4, see(done({ at: C, sync: 'OutOfSync', reconciled: 5 })), W],
      [
        6,
        see(done({ at: C, reconciled: 6, history: [deployed(B, 1), deployed(C, 5)] })),
        'success superseded',
      ],
    ]);
  });

  describe('13. a later commit takes over', () => {
    const ranC: Run = { at: C, from: 5 };
    const atC: Look = {
      at: C,
      reconciled: 8,
      history: [deployed(A, -110), deployed(B, 1), deployed(C, 5)],
    };
    story('the wait goes on to the end of the later one', [
      [0, see(old()), W],
      [1, see(running({ at: B, sync: 'OutOfSync', reconciled: 1 })), W],
      [4, see(done({ at: C, sync: 'OutOfSync', reconciled: 4 })), W],
      [5, see(running({ ...atC, sync: 'OutOfSync', reconciled: 4 }, ranC)), W],
      [8, see(done({ ...atC, health: 'Progressing' }, ranC)), W],
      [9, see(done(atC, ranC)), 'success superseded'],
    ]);
    story('the later one fails', [
      [1, see(running({ at: B, sync: 'OutOfSync', reconciled: 1 })), W],
      [5, see(running({ ...atC, sync: 'OutOfSync', reconciled: 4 }, ranC)), W],
      [
        8,
        see(done({ ...atC, sync: 'OutOfSync' }, { ...ranC, phase: 'Failed' })),
        'failure sync-failed',
      ],
    ]);
    story('the later one turns Degraded', [
      [5, see(done()), 'success synced'],
      [
        8,
        see(done({ ...atC, health: 'Degraded', healthSince: 8 }, ranC)),
        'waiting degraded until 68',
      ],
    ]);
    story('the target failed, and failed for good: no successor heals that', [
      [1, see(running({ at: B, sync: 'OutOfSync', reconciled: 1 })), W],
      [3, see(done({ at: C, sync: 'OutOfSync' }, { phase: 'Failed' })), 'failure sync-failed'],
    ]);
    story('seen late: the history knows both', [[60, see(done(atC, ranC)), 'success superseded']]);
    story('a later one that needs no operation takes no place', [
      [3, see(done({ health: 'Progressing' })), W],
      [6, see(done({ at: C, reconciled: 6 })), 'success synced'],
    ]);
    story('nor does one of which only a part is synced again', [
      [3, see(done({ health: 'Progressing' })), W],
      [
        9,
        see(done({ at: C, reconciled: 9 }, { at: C, from: 5, selective: true })),
        'success synced',
      ],
    ]);
    story('nor where no history is kept', [
      [3, see(done({ health: 'Progressing', history: [] })), W],
      [6, see(done({ at: C, reconciled: 6, history: [] })), 'success synced'],
    ]);
    story('nor where neither needs an operation', [
      [0, see(old()), W],
      [1, see(old({ at: B, health: 'Progressing', reconciled: 1 })), W],
      [2, see(old({ at: C, reconciled: 2 })), 'success no-change'],
    ]);
    story('but it does where one between was deployed', [
      [0, see(old()), W],
      [1, see(old({ at: B, health: 'Progressing', reconciled: 1 })), W],
      [5, see(done({ at: C, health: 'Progressing', history: [deployed(C, 2)] }, { at: C })), W],
      [9, see(done({ at: D, history: [deployed(C, 2)] }, { at: C })), 'success superseded'],
    ]);
    story('and where it took the target back before that was deployed', [
      [0, see(old()), W],
      [1, see(old({ at: B, sync: 'OutOfSync', resources: [`OutOfSync ${WEB}`] })), W],
      [2, see(old({ at: C, reconciled: 2 })), 'success superseded'],
    ]);
    story('seen late: compared after the target was deployed', [
      [60, see(done({ at: C, reconciled: 50 })), 'success synced'],
    ]);
    story('seen late, compared in the second in which the target was deployed: time tells', [
      [4, see(done({ at: C, reconciled: 3 })), 'waiting until 8'],
      [8, tick, 'success synced'],
    ]);
    story('the target was compared, but the later one deployed', [
      [1, see(old({ at: B, sync: 'OutOfSync', reconciled: 1 })), W],
      [2, see(old({ at: C, sync: 'OutOfSync', reconciled: 2 })), W],
      [
        9,
        see(done({ ...atC, history: [deployed(A, -110), deployed(C, 5)] }, ranC)),
        'success superseded',
      ],
    ]);
    story('force-pushed back to what was there before: that is no successor', [
      [0, see(old()), W],
      [1, see(old({ at: B, sync: 'OutOfSync', reconciled: 1 })), W],
      [2, see(old({ at: A, reconciled: 2 })), W],
      [600, tick, W],
    ]);
    story('deployed, then force-pushed back and compared later: it took its place', [
      [0, see(old()), W],
      [5, see(done({ health: 'Progressing' })), W],
      [9, see(done({ at: A, sync: 'OutOfSync', reconciled: 9 })), W],
      [
        12,
        see(
          done(
            {
              at: A,
              reconciled: 12,
              history: [deployed(A, -110), deployed(B, 1), deployed(A, 10)],
            },
            { at: A, from: 10 },
          ),
        ),
        'success superseded',
      ],
    ]);
    story('by hand: the last full operation decides', [
      [0, see(old({ automated: false })), W],
      [1, see(running({ automated: false, at: B, sync: 'OutOfSync' })), W],
      [5, see(running({ ...atC, automated: false, sync: 'OutOfSync' }, ranC)), W],
      [9, see(done({ ...atC, automated: false }, ranC)), 'success superseded'],
    ]);
    story('by hand: a later comparison alone is not one', [
      [3, see(done({ automated: false, health: 'Progressing' })), W],
      [
        5,
        see(done({ automated: false, at: C, sync: 'OutOfSync', reconciled: 5 })),
        'success synced',
      ],
    ]);
    story('by hand: back to what was deployed before the target was seen', [
      [0, see(old({ automated: false })), W],
      [1, see(old({ automated: false, at: B, sync: 'OutOfSync', reconciled: 1 })), W],
      [
        9,
        see(
          old({
            automated: false,
            at: C,
            sync: 'OutOfSync',
            reconciled: 9,
            operation: operation({ at: A, from: 5 }),
          }),
        ),
        W,
      ],
    ]);
    story('by hand: what was deployed long ago is not the target on its way', [
      [0, see(old({ automated: false, history: [deployed(B, -200), deployed(A, -110)] })), W],
      [9, see(done({ ...atC, automated: false, history: [deployed(C, 5)] }, ranC)), W],
    ]);
    for (const run of [
      { ...ranC, selective: true, manual: true },
      { ...ranC, dryRun: true, manual: true },
    ]) {
      story(`by hand: a ${run.dryRun ? 'dry run' : 'selective sync'} is no successor`, [
        [4, see(done({ automated: false, health: 'Progressing' })), W],
        [
          9,
          see(done({ automated: false, at: C, sync: 'OutOfSync', reconciled: 9 }, run)),
          'success synced',
        ],
      ]);
    }
    story('requested, and gone by in a gap', [
      [0, see(old()), W],
      [1, see(requested()), W],
      [9, seeAfterGap(done({ ...atC, history: [deployed(C, 5)] }, ranC)), 'success superseded'],
    ]);
    story('seen late, all in one second, but the history has their order', [
      [
        4,
        see(
          done(
            {
              at: C,
              reconciled: 3,
              history: [deployed(A, -110), deployed(B, 1), deployed(C, 3, 3)],
            },
            { at: C, from: 3, to: 3 },
          ),
        ),
        'success superseded',
      ],
    ]);

    const never = [[0, see(old({ at: C })), W]] as const;
    story('never seen, and the deployed one contains it', [
      ...never,
      [1, related(C, 'descendant'), 'success superseded'],
    ]);
    story('never seen, and the deployed one does not', [
      ...never,
      [1, related(C, 'other'), W],
      [2, see(old({ at: B, reconciled: 2 })), 'success no-change'],
    ]);
    story('never seen, contained by one that is not deployed yet', [
      [0, see(old({ at: C, sync: 'OutOfSync', resources: [`OutOfSync ${WEB}`] })), W],
      [1, related(C, 'descendant'), W],
      [5, see(running({ at: C, sync: 'OutOfSync' }, ranC)), W],
      [9, see(done({ ...atC, history: [deployed(C, 5)] }, ranC)), 'success superseded'],
    ]);
    story('never seen, contained by one whose operation fails', [
      [0, see(old({ at: C, sync: 'OutOfSync' })), W],
      [1, related(C, 'descendant'), W],
      [
        9,
        see(done({ at: C, sync: 'OutOfSync' }, { ...ranC, phase: 'Failed' })),
        'failure sync-failed',
      ],
    ]);
    story('never seen, without auto-sync: what is deployed must contain it', [
      [0, see(old({ automated: false, at: C, sync: 'OutOfSync' })), W],
      [1, related(C, 'descendant'), W],
      [2, related(A, 'other'), W],
      [
        9,
        see(done({ ...atC, automated: false, history: [deployed(C, 5)] }, ranC)),
        'success superseded',
      ],
    ]);
  });

  describe('14. several sources', () => {
    const sources = [
      { repoURL: 'https://charts.example', chart: 'shop', targetRevision: '1.x' },
      { repoURL: 'https://github.com/acme/shop', targetRevision: 'main' },
    ];
    const both = (second: string): Look => ({
      sources,
      at: ['1.2.3', second],
      history: [deployed(['1.2.3', A], -110)],
    });
    story(
      'a commit is compared with its own source',
      [
        [0, see(app({ ...both(A), operation: operation({ at: ['1.2.3', A], from: -110 }) })), W],
        [1, see(running(both(A), { at: ['1.2.3', B] })), W],
        [
          4,
          see(app({ ...both(B), operation: operation({ at: ['1.2.3', B] }), reconciled: 4 })),
          'success synced',
        ],
      ],
      { target: revision(B, [1]) },
    );
    story('not with another one', [[0, see(app({ ...both(B), reconciled: 4 })), W]], {
      target: revision(B, [0]),
    });
    story(
      'the other source alone moving on is a new deployment all the same',
      [
        [3, see(done({ ...both(B), health: 'Progressing' }, { at: ['1.2.3', B] })), W],
        [
          5,
          see(done({ ...both(B), at: ['1.2.4', B], sync: 'OutOfSync' }, { at: ['1.2.3', B] })),
          W,
        ],
        [
          9,
          see(done({ ...both(B), at: ['1.2.4', B], reconciled: 9 }, { at: ['1.2.4', B], from: 6 })),
          'success synced',
        ],
      ],
      { target: revision(B, [1]) },
    );
    story(
      'a successor contains it in one of them',
      [
        [0, see(app({ ...both(C), history: [] })), W],
        [1, related('1.2.3', 'other'), W],
        [2, related(C, 'descendant'), 'success superseded'],
      ],
      { target: revision(B) },
    );
    const pair = { drySHA: B, hydratedSHA: D };
    story('a source hydrator: the dry commit is what the user knows', [
      [0, see(old()), W],
      [1, see(old({ hydrated: { lastSuccessfulOperation: pair } })), W],
      [
        4,
        see(done({ at: D, hydrated: { lastSuccessfulOperation: pair } }, { at: D })),
        'success synced',
      ],
    ]);
    /** D is deployed, as the dry commit A was hydrated to it. */
    const first = { drySHA: A, hydratedSHA: D };
    const ranD = { at: D, from: -50 };
    const atD = (hydrated: Json, look: Look = {}): Look => ({
      at: D,
      history: [deployed(D, -50)],
      operation: operation(ranD),
      reconciled: -40,
      hydrated: { lastSuccessfulOperation: first, ...hydrated },
      ...look,
    });
    const hydration = (from: number, more: Json = {}): Json => ({
      lastComparedDryRevision: B,
      currentOperation: { phase: 'Hydrated', startedAt: time(from), ...more },
    });
    story('a source hydrator: the commit deployed already is not the doing of a later dry one', [
      [0, see(app(atD({}))), W],
      [1, see(app(atD(hydration(1, { phase: 'Hydrating' })))), W],
      [
        2,
        see(app(atD({ ...hydration(1, pair), lastSuccessfulOperation: pair }))),
        'success no-change',
      ],
    ]);
    story('a source hydrator: nor where all is over when the wait begins', [
      [
        9,
        see(app(atD({ ...hydration(1, pair), lastSuccessfulOperation: pair }))),
        'success no-change',
      ],
    ]);
    story('a source hydrator: nor in the same second, where the earlier one was seen', [
      [0, see(app(atD({}))), W],
      [
        1,
        see(app(atD({ ...hydration(-50, pair), lastSuccessfulOperation: pair }))),
        'success no-change',
      ],
    ]);
    story('a source hydrator: in the same second, unseen, it may be', [
      [
        0,
        see(app(atD({ ...hydration(-50, pair), lastSuccessfulOperation: pair }))),
        'success synced',
      ],
    ]);
    story('a source hydrator: what is deployed after the hydration is its doing', [
      [0, see(app(atD({}))), W],
      [2, see(app(atD(hydration(1, pair), { requested: request({ at: D }) }))), W],
      [
        9,
        see(
          app(atD(hydration(1, pair), { operation: operation({ at: D, from: 3 }), reconciled: 6 })),
        ),
        'success synced',
      ],
    ]);
    const failing = (from: number, more: Json = {}): Json =>
      hydration(from, { phase: 'Failed', finishedAt: time(from + 1), message: 'no', ...more });
    story('a source hydrator: a failure may pass, until it has not been tried again for long', [
      [0, see(app(atD({}))), W],
      [3, see(app(atD(failing(1, { drySHA: B })))), 'waiting until 153'],
      [152, tick, 'waiting until 153'],
      [153, tick, 'failure sync-failed'],
    ]);
    story('a source hydrator: a second failure is one, also of a commit that it does not name', [
      [0, see(app(atD({}))), W],
      [3, see(app(atD(failing(1)))), 'waiting until 153'],
      [125, see(app(atD(hydration(125, { phase: 'Hydrating' })))), W],
      [130, see(app(atD(failing(125)))), 'failure sync-failed'],
    ]);
    story('a source hydrator: that failed long before the wait began', [
      [200, see(app(atD(failing(1)))), 'failure sync-failed'],
    ]);
    const nameless = { ...failing(1), lastComparedDryRevision: undefined };
    story('a source hydrator: a failure of no named commit may be that of another', [
      [0, see(app(atD({}))), W],
      [3, see(app(atD(nameless))), W],
      [200, tick, W],
    ]);
    story('a source hydrator: the failure of another commit is none of this one', [
      [200, see(app(atD({ ...failing(1, { drySHA: A }), lastComparedDryRevision: A }))), W],
    ]);
    story('a source hydrator forgets a pair that an operation is still at', [
      [1, see(old({ hydrated: { lastSuccessfulOperation: pair } })), W],
      [
        4,
        see(
          done(
            { at: D, hydrated: { lastSuccessfulOperation: { drySHA: C, hydratedSHA: C } } },
            { at: D },
          ),
        ),
        'success synced',
      ],
    ]);
  });

  describe('15. an Application can vanish, or not exist yet', () => {
    story('it does not exist', [[0, gone, 'failure missing']]);
    story('skip', [[0, gone, 'skipped missing']], { policy: { ifMissing: 'skip' } });
    story(
      'wait',
      [
        [0, gone, 'waiting missing'],
        [5, see(app({ sync: '', at: '', history: [] })), W],
        [9, see(done()), 'success synced'],
      ],
      { policy: { ifMissing: 'wait' } },
    );
    for (const ifMissing of ['fail', 'skip'] as const) {
      story(
        `it is deleted meanwhile (if-missing ${ifMissing})`,
        [
          [0, see(old()), W],
          [1, see(old({ deleting: true })), 'failure deleted'],
          [2, gone, 'failure deleted'],
          [3, gone, 'failure deleted'],
        ],
        { policy: { ifMissing } },
      );
    }
    story('it is on its way out, whatever it shows', [
      [0, see(done({ deleting: true })), 'failure deleted'],
    ]);
    story(
      'it is on its way out, and may be created again',
      [
        [0, see(done({ deleting: true })), 'waiting missing'],
        [1, gone, 'waiting missing'],
        [9, see(done({ uid: 'uid-2' })), 'success synced'],
      ],
      { policy: { ifMissing: 'wait' } },
    );
    story(
      'it is on its way out, and its manager creates it again',
      [[0, see(done({ deleting: true })), 'waiting missing']],
      { policy: { managed: true } },
    );
    // What its ApplicationSet takes away is not waited for once it is gone.
    story(
      'it is on its way out, as its ApplicationSet has it',
      [[0, see(done({ deleting: true })), 'success synced']],
      { policy: { generated: true } },
    );
    story(
      'it is on its way out, and nobody waits',
      [[0, see(done({ deleting: true })), 'success deleted']],
      { policy: { waitFor: ['nothing'] } },
    );
    story(
      'it is deleted and created again',
      [
        [0, see(old()), W],
        [1, gone, 'waiting missing'],
        [2, gone, 'waiting missing'],
        [3, see(app({ uid: 'uid-2', sync: '', at: '', history: [] })), W],
        [9, see(done({ uid: 'uid-2' })), 'success synced'],
      ],
      { policy: { ifMissing: 'wait' } },
    );
    story('what was known of one of the same name before is forgotten', [
      [0, see(old({ uid: 'uid-1' })), W],
      [1, see(running({ uid: 'uid-1', at: B })), W],
      [2, see(app({ uid: 'uid-2', at: C, reconciled: 9 })), W],
    ]);
    story(
      'deletion is what is waited for',
      [
        [0, see(done()), W],
        [1, see(done({ deleting: true, health: 'Degraded' }, { phase: 'Failed' })), W],
        [2, gone, 'success deleted'],
      ],
      { policy: { waitFor: ['deletion'] } },
    );
    story('deletion of what does not exist', [[0, gone, 'success deleted']], {
      policy: { waitFor: ['deletion'] },
    });
  });
});

test('before the first look nothing is known', () => {
  const now = { elapsed: 0 };
  expect(
    judge(
      begin(POLICY, () => ANY, now),
      now,
    ),
  ).toEqual({
    kind: 'waiting',
    what: 'the first answer from the server',
    rule: 'not-read-yet',
  });
});

describe('wait-for', () => {
  const failedA = operation({ at: A, from: -110, phase: 'Failed' });
  const outOfSync: Look = { sync: 'OutOfSync', resources: [`OutOfSync ${WEB}`] };
  const WISHES = {
    operation: { policy: { waitFor: ['operation'] }, target: ANY },
    sync: { policy: { waitFor: ['sync'] }, target: ANY },
    health: { policy: { waitFor: ['health'] }, target: ANY },
    all: { policy: { waitFor: ['operation', 'sync', 'health'] }, target: ANY },
  } as const satisfies Record<string, Wish>;

  test.each<[string, Look, Readonly<Record<keyof typeof WISHES, string>>]>([
    [
      'all is well',
      {},
      { operation: 'success', sync: 'success', health: 'success', all: 'success' },
    ],
    ['OutOfSync', outOfSync, { operation: 'success', sync: W, health: 'success', all: W }],
    [
      'Progressing',
      { health: 'Progressing' },
      { operation: 'success', sync: 'success', health: W, all: W },
    ],
    ['requested', { requested: request() }, { operation: W, sync: W, health: W, all: W }],
    [
      'the last operation failed',
      { operation: failedA },
      { operation: 'failure', sync: 'failure', health: 'failure', all: 'failure' },
    ],
    [
      'the last operation failed, and a later revision was compared',
      { operation: failedA, at: B },
      { operation: 'failure', sync: 'success', health: 'success', all: 'failure' },
    ],
    [
      'the last operation failed, and the branch moved on that nobody deploys',
      { operation: failedA, at: B, automated: false },
      { operation: 'failure', sync: 'failure', health: 'failure', all: 'failure' },
    ],
    [
      'a dry run failed',
      { operation: operation({ at: A, dryRun: true, phase: 'Failed' }) },
      { operation: 'success', sync: 'success', health: 'success', all: 'success' },
    ],
  ])('without a revision: %s', (_, look, wanted) => {
    const came = Object.fromEntries(
      Object.entries(WISHES).map(([name, wish]) => {
        const { verdict } = follow([[0, see(old(look))]], wish);
        return [name, verdict.kind === 'done' ? verdict.conclusion : W];
      }),
    );
    expect(came).toEqual(wanted);
  });

  story(
    'operation: a revision that needs none is done with, whatever its health',
    [
      [0, see(old()), W],
      [1, see(old({ at: B, health: 'Degraded', reconciled: 1 })), 'success no-change'],
    ],
    { policy: { waitFor: ['operation'] } },
  );
  story(
    'operation: the comparison need not agree, but the operation must be the one',
    [
      [1, see(running()), W],
      [
        3,
        see(done({ ...outOfSync, at: B, reconciled: 1, health: 'Progressing' })),
        'success synced',
      ],
    ],
    { policy: { waitFor: ['operation'] } },
  );

  test.each<[string, Look, string]>([
    ['all is well', { at: B, reconciled: 4, operation: operation() }, 'success synced'],
    ['no operation was needed', { at: B }, 'success no-change'],
    ['the old state', {}, 'success synced'],
    [
      'an operation runs',
      { operation: operation({ phase: 'Running' }) },
      'success operation-running',
    ],
    ['one is requested', { requested: request() }, 'success operation-running'],
    ['it failed', { at: B, operation: operation({ phase: 'Failed' }) }, 'success sync-failed'],
    [
      'Degraded',
      { at: B, reconciled: 4, health: 'Degraded', operation: operation() },
      'success degraded',
    ],
    [
      'Suspended',
      { at: B, reconciled: 4, health: 'Suspended', operation: operation() },
      'success suspended',
    ],
    [
      'a comparison error',
      { at: 'main', sync: 'Unknown', conditions: ['ComparisonError: no'] },
      'success comparison-error',
    ],
  ])('nothing: reports %s as it is', (_, look, verdict) => {
    const followed = follow([[0, see(old(look))]], { policy: { waitFor: ['nothing'] } });
    expect(followed.verdicts).toEqual([`0: ${verdict}`]);
  });
  story('nothing: but a missing Application is missing', [[0, gone, 'failure missing']], {
    policy: { waitFor: ['nothing'] },
  });
});

describe('wait-resources', () => {
  const only = (...texts: readonly string[]): Wish => ({
    policy: { waitResources: patterns(...texts) },
  });
  const mixed: Look = {
    sync: 'OutOfSync',
    health: 'Degraded',
    resources: [`Synced ${WEB} Healthy`, `OutOfSync ${API} Degraded`, `Synced ${SETTINGS}`],
  };
  story(
    'asks health and sync of those only',
    [[9, see(done(mixed)), 'success synced']],
    only('Deployment/web'),
  );
  story('waits for those', [[9, see(done(mixed)), W]], only('Deployment/*'));
  story(
    'negative patterns take some away',
    [[9, see(done(mixed)), 'success synced']],
    only('Deployment/*', '!Deployment/api'),
  );
  story(
    'the worst of them counts',
    [
      [
        9,
        see(
          done({
            health: 'Degraded',
            healthSince: 4,
            resources: [`Synced ${WEB} Suspended`, `Synced ${API} Progressing`],
          }),
        ),
        W,
      ],
      [
        10,
        see(
          done({
            health: 'Degraded',
            healthSince: 4,
            resources: [`Synced ${WEB} Degraded`, `Synced ${API} Progressing`],
          }),
        ),
        'waiting degraded until 70',
      ],
      [
        11,
        see(
          done({
            health: 'Degraded',
            resources: [`Synced ${WEB} Suspended`, `Synced ${API} Healthy`],
          }),
        ),
        'waiting suspended',
      ],
      [
        12,
        see(
          done({
            health: 'Degraded',
            resources: [`Synced ${WEB} Healthy`, `Synced ${API} Healthy`, `Synced ${KEEP} Missing`],
          }),
        ),
        'success synced',
      ],
    ],
    only('Deployment/*'),
  );
  const turning = (web: string) =>
    see(
      done({
        health: 'Degraded',
        healthSince: 4,
        resources: [`Synced ${WEB} ${web}`, `Synced ${API} Degraded`],
      }),
    );
  story(
    'their grace begins when they turn Degraded, however long the Application has been',
    [
      [9, turning('Progressing'), W],
      [300, turning('Degraded'), 'waiting degraded until 360'],
      [330, turning('Progressing'), W],
      [340, turning('Degraded'), 'waiting degraded until 400'],
      [400, tick, 'failure degraded'],
    ],
    only('Deployment/web'),
  );
  story(
    'where Argo CD keeps no health by resource, that of the Application counts',
    [[9, see(done({ health: 'Progressing' })), W]],
    only('Deployment/web'),
  );
  story(
    'of kinds for which Argo CD has no health, beside others that are not well',
    [
      [
        9,
        see(
          done({ health: 'Degraded', resources: [`Synced ${WEB} Degraded`, `Synced ${SETTINGS}`] }),
        ),
        'success synced',
      ],
    ],
    only('ConfigMap/*'),
  );
  story(
    'where the health of resources is in the tree only, that of the Application counts',
    [
      [
        9,
        see({
          ...done({
            health: 'Missing',
            resources: [`Synced ${WEB} Degraded`, `Synced ${SETTINGS}`],
          }),
          healthInTree: true,
        }),
        W,
      ],
    ],
    only('ConfigMap/*'),
  );
  story(
    'a Healthy Application has healthy resources',
    [[9, see(done({ resources: [`Synced ${WEB} Progressing`] })), 'success synced']],
    only('Deployment/web'),
  );
  story(
    'that match nothing of what is deployed are a mistake',
    [
      [0, see(old()), W],
      [1, see(running({ at: B, sync: 'OutOfSync' })), W],
      [9, see(done()), 'failure invalid-input'],
    ],
    only('Deployment/wbe'),
  );
  const fresh = { ...app({ at: [], history: [], resources: [], sync: '', health: '' }) };
  const failed = app({ sync: 'Unknown', resources: [], conditions: ['ComparisonError: no'] });
  story(
    'are no mistake before the first comparison, nor while that fails',
    [
      [0, see({ ...fresh, reconciledAt: '' }), W],
      [1, see(failed), 'waiting comparison-error'],
      [2, see(old({ reconciled: 2 })), 'success synced'],
    ],
    { ...only('Deployment/web'), target: ANY },
  );
  story(
    'a hook is none of them',
    [
      [
        9,
        see(done({ resources: [`Synced ${WEB} hook`, `Synced ${API}`] })),
        'failure invalid-input',
      ],
    ],
    only('Deployment/web'),
  );
  story(
    'the same second is not complete for them',
    [
      [4, see(done({ reconciled: 3, resources: [`Synced ${WEB} Healthy`] })), 'waiting until 8'],
      [8, tick, 'success synced'],
    ],
    only('Deployment/web'),
  );
});

describe('an annotated tag', () => {
  /** Its object, which Argo CD shows in place of the commit B. */
  const TAG = '7'.repeat(40);
  const tagged = operation({ at: TAG, result: B });
  story('is its commit, as soon as an operation tells', [
    [0, see(old()), W],
    [1, see(old({ at: TAG, sync: 'OutOfSync', reconciled: 1 })), W],
    [1.5, related(TAG, 'descendant'), W],
    [2, see(app({ at: TAG, sync: 'OutOfSync', operation: tagged, reconciled: 1 })), W],
    [9, see(done({ at: TAG, operation: tagged })), 'success synced'],
  ]);
  story(
    'is its commit, also for whoever names the tag object',
    [[9, see(done({ at: TAG, operation: tagged })), 'success synced']],
    {
      target: revision(TAG),
    },
  );
  story('is its commit, as GitHub says where no operation came', [
    [0, see(old({ at: TAG })), W],
    [1, related(TAG, { tagOf: B }), 'success no-change'],
  ]);
  story(
    'of several sources, too',
    [
      [
        9,
        see(
          app({
            at: ['1.2.3', TAG],
            sources: [{}, {}],
            reconciled: 9,
            operation: operation({ at: ['1.2.3', TAG] }),
            history: [deployed(['1.2.3', TAG], 1)],
          }),
        ),
        W,
      ],
      [10, related(TAG, { tagOf: B }), 'success synced'],
    ],
    { target: revision(B, [1]) },
  );
  story('of another commit is another revision', [
    [0, see(old({ at: TAG })), W],
    [1, related(TAG, { tagOf: C }), W],
    [2, related(C, 'descendant'), 'success superseded'],
  ]);
});

describe('a tag that only the Application names', () => {
  const on = (tag: string, look: Look = {}) => {
    const sources = [{ ...SOURCE, targetRevision: tag }];
    const history = [deployed(A, -110, -108, { ...SOURCE, targetRevision: 'v1' })];
    return old({ sources, history, ...look });
  };
  const v2: Wish = { target: revision('v2') };
  story(
    'of the commit that is deployed already is seen all the same',
    [
      [0, see(on('v1')), W],
      [1, see(on('v2', { health: 'Progressing', reconciled: 1 })), W],
      [2, see(on('v3', { at: B, reconciled: 2 })), 'success no-change'],
    ],
    v2,
  );
  story(
    'is followed by a third one of that commit',
    [
      [0, see(on('v1')), W],
      [1, see(on('v2', { health: 'Progressing', reconciled: 1 })), W],
      [2, see(on('v1', { health: 'Progressing', reconciled: 1 })), W],
      [3, see(on('v3', { reconciled: 3 })), 'success no-change'],
    ],
    v2,
  );
  story(
    'that needs no operation is not replaced by the next one, which needs none either',
    [
      [0, see(on('v1')), W],
      [1, see(on('v2', { at: B, health: 'Progressing', reconciled: 1 })), W],
      [2, see(on('v3', { at: C, reconciled: 2 })), 'success no-change'],
    ],
    v2,
  );
});

describe('suspended', () => {
  const paused = done({ health: 'Suspended' });
  story('wait', [
    [9, see(paused), 'waiting suspended'],
    [600, see(done()), 'success synced'],
  ]);
  story('succeed', [[9, see(paused), 'success synced']], { policy: { suspended: 'succeed' } });
  story('fail', [[9, see(paused), 'failure suspended']], { policy: { suspended: 'fail' } });
});

describe('degraded-grace', () => {
  const sick: Look = { health: 'Degraded', healthSince: -50 };
  const minute: Wish = { policy: { degradedGraceMs: 60_000 } };
  story(
    "is counted from the operation's end",
    [
      [0, see(old(sick)), W],
      [1, see(running({ ...sick, at: B, sync: 'OutOfSync' })), W],
      [4, see(done(sick)), 'waiting degraded until 64'],
      [63.9, tick, 'waiting degraded until 64'],
      [64, tick, 'failure degraded'],
    ],
    minute,
  );
  story(
    'is counted from the target first seen',
    [
      [0, see(old(sick)), W],
      [20, see(old({ ...sick, at: B, reconciled: 20 })), 'waiting degraded until 80'],
      [40, see(old({ ...sick, at: B, reconciled: 40 })), 'waiting degraded until 80'],
      [80, tick, 'failure degraded'],
    ],
    minute,
  );
  story(
    'is counted from turning Degraded',
    [
      [4, see(done({ health: 'Progressing' })), W],
      [30, see(done({ health: 'Degraded', healthSince: 29 })), 'waiting degraded until 90'],
      [50, see(done({ health: 'Progressing', healthSince: 50 })), W],
      [60, see(done({ health: 'Degraded', healthSince: 60 })), 'waiting degraded until 120'],
      [120, tick, 'failure degraded'],
    ],
    minute,
  );
  story(
    'is counted from the first look where all was so then',
    [
      [300, see(done({ ...sick, healthSince: 20 })), 'waiting degraded until 360'],
      [360, tick, 'failure degraded'],
    ],
    minute,
  );
  story(
    'is counted from the first look without a target too',
    [
      [30, see(done({ ...sick, healthSince: 20 })), 'waiting degraded until 90'],
      [90, tick, 'failure degraded'],
    ],
    { ...minute, target: ANY },
  );
  story(
    'is counted from the first look where nobody knows since when',
    [
      [
        9,
        see({ ...done(), health: { ...done(sick).health, lastTransitionTime: '' } }),
        'waiting degraded until 69',
      ],
    ],
    minute,
  );
  story(
    'recovery ends it',
    [
      [4, see(done(sick)), 'waiting degraded until 64'],
      [63, see(done()), 'success synced'],
    ],
    minute,
  );
  story(
    '0 fails at once, but only what can be believed',
    [
      [3, see(done({ ...sick, reconciled: 2 })), W],
      [4, see(done(sick)), 'failure degraded'],
    ],
    { policy: { degradedGraceMs: 0 } },
  );
  story(
    'never waits for the timeout, and gives the cause',
    [
      [4, see(done(sick)), 'waiting degraded'],
      [86_400, tick, 'waiting degraded'],
    ],
    { policy: { degradedGraceMs: Number.POSITIVE_INFINITY } },
  );
});

describe('trigger', () => {
  const failed = operation({ at: B, from: -20, phase: 'Failed' });
  story('an operation: what ended before the request is not its end', [
    [0, see(app({ at: B, version: 10, operation: failed })), 'failure sync-failed'],
    [0.1, asked('operation', '11'), W],
    [0.2, see(app({ at: B, version: 10, operation: failed })), W],
    [0.3, see(app({ at: B, version: 11, requested: request(), operation: failed })), W],
    [1, see(running({ at: B, version: 12 })), W],
    [9, see(done({ version: 13 })), 'success synced'],
  ]);
  story('an operation: a snapshot from before that comes late is not believed', [
    [0, see(done({ version: 10 })), 'success synced'],
    [0.1, asked('operation', '12'), W],
    [0.2, see(done({ version: 11 })), W],
    [1, see(running({ at: B, version: 12 })), W],
    [9, see(done({ version: 13 }, { from: 5 })), W],
    [9.1, see(done({ version: 14, reconciled: 9 }, { from: 5 })), 'success synced'],
  ]);
  story('an operation: requested and ended between two looks', [
    [0, see(done({ version: 10 })), 'success synced'],
    [0.1, asked('operation', '11'), W],
    [5, see(done({ version: 20, reconciled: 7 }, { from: 2, to: 4 })), 'success synced'],
  ]);
  story('an operation: its failure counts, though it is of an unknown revision', [
    [0, see(old({ version: 10 })), W],
    [0.1, asked('operation', '11'), W],
    [
      5,
      see(app({ version: 12, operation: operation({ at: 'main', phase: 'Error' }) })),
      'failure sync-failed',
    ],
  ]);
  story('an operation: Synced at the revision does not replace it', [
    [0, see(old({ at: B, version: 10 })), 'success no-change'],
    [0.1, asked('operation', '11'), W],
    [0.2, see(old({ at: B, version: 11, reconciled: 11 })), W],
  ]);
  story('an operation: of what never had one', [
    [0, see(app({ at: B, version: 10 })), 'success no-change'],
    [0.1, asked('operation', '11'), W],
    [0.2, see(app({ at: B, version: 12 })), W],
  ]);
  story('an operation: versions that are no numbers can only be equal', [
    [0, see(done({ version: 'abc' })), 'success synced'],
    [0.1, asked('operation', 'def'), W],
    [0.2, see(running({ at: B, version: 'xyz' })), W],
    [1, see(running({ at: B, version: 'def' }, { from: 5 })), W],
    [9, see(done({ version: 'uvw', reconciled: 9 }, { from: 5 })), 'success synced'],
  ]);
  story(
    'an operation: the target without a revision needs it too',
    [
      [0, see(old({ version: 10 })), 'success synced'],
      [0.1, asked('operation', '11'), W],
      [
        9,
        see(app({ version: 12, reconciled: 9, operation: operation({ at: A, from: 5 }) })),
        'success synced',
      ],
    ],
    { target: ANY },
  );
  story('a refresh: until Argo CD has taken the annotation away', [
    [0, see(old({ at: B, version: 10 })), 'success no-change'],
    [0.1, asked('refresh', '11'), W],
    [0.2, see(old({ at: B, version: 10 })), W],
    [0.3, see(old({ at: B, version: 11, refreshing: true })), W],
    [2, see(old({ at: B, version: 12, reconciled: 2 })), 'success no-change'],
  ]);
  story('a refresh: a failure of before is still one', [
    [0, asked('refresh', '11'), W],
    [1, see(done({ version: 12 }, { phase: 'Failed' })), 'failure sync-failed'],
  ]);
});

describe('a tag or branch that GitHub must look up', () => {
  const lookup = { kind: 'revision', text: 'main', lookup: 'acme/shop', why: '' } as const;
  story(
    'nothing is decided before it has answered',
    [
      [0, see(done()), W],
      [1, namedAs(B), 'success synced'],
    ],
    { target: lookup },
  );
  story(
    'the commit it names is not deployed yet',
    [
      [0, see(old()), W],
      [1, namedAs(B), W],
      [9, see(done()), 'success synced'],
    ],
    { target: lookup },
  );
  story(
    'what it does not know may be a branch, which is always "deployed"',
    [
      [0, see(done()), W],
      [1, namedAs(), 'failure invalid-input'],
    ],
    { target: lookup },
  );
});

describe('two operations in one second', () => {
  const left: Look = { at: B, sync: 'OutOfSync', reconciled: 1 };
  story('an ended operation does not run again: it is another one', [
    [2, see(done(left, { from: 1, to: 1, phase: 'Failed', at: A })), W],
    [2.1, see(running(left, { from: 1 })), W],
    [2.2, see(done({ reconciled: 2 }, { from: 1, to: 1 })), 'success synced'],
  ]);
  story('a full and a selective one', [
    [2, see(done({ ...left, history: [] }, { from: 1, to: 1 })), W],
    [
      2.1,
      see(
        done(
          { ...left, history: [], reconciled: 3, sync: 'Synced' },
          { from: 1, to: 1, selective: true },
        ),
      ),
      'success synced',
    ],
  ]);
});

describe('what is waited for, in words', () => {
  test.each<[string, Look, Partial<Wish>, string]>([
    ['an unseen revision', {}, {}, 'revision bbbbbbbb'],
    ['a request', { requested: request() }, {}, 'the operation for bbbbbbbb to start'],
    [
      'a running operation',
      { operation: operation({ phase: 'Running' }) },
      {},
      'the operation for bbbbbbbb to end',
    ],
    [
      'a retry',
      { operation: operation({ phase: 'Running', retry: 2, limit: 5 }) },
      {},
      'the operation for bbbbbbbb to end (retry 2 of 5)',
    ],
    [
      'a retry without limit',
      { operation: operation({ phase: 'Running', retry: 2, limit: -1 }) },
      {},
      'the operation for bbbbbbbb to end (retry 2)',
    ],
    [
      'a termination',
      { operation: operation({ phase: 'Terminating' }) },
      {},
      'the terminating operation for bbbbbbbb to end',
    ],
    ['an operation to come', { at: B, sync: 'OutOfSync' }, {}, 'an operation for bbbbbbbb'],
    [
      'sync',
      {
        at: B,
        sync: 'OutOfSync',
        operation: operation(),
        resources: [`OutOfSync ${WEB}`, `OutOfSync ${API}`],
      },
      {},
      'Synced (2 OutOfSync)',
    ],
    [
      'health',
      { at: B, reconciled: 4, operation: operation(), health: 'Missing' },
      {},
      'Healthy (it is Missing)',
    ],
    [
      'health that is not known',
      { at: B, reconciled: 4, operation: operation(), health: '' },
      {},
      'Healthy (it is not known yet)',
    ],
    [
      'a trustworthy health',
      { at: B, reconciled: 1, operation: operation() },
      {},
      'health to be computed after the operation',
    ],
    ['deletion', {}, { policy: { waitFor: ['deletion'] } }, 'the Application to be deleted'],
    [
      'a name',
      {},
      { target: { kind: 'revision', text: 'v1', lookup: 'acme/shop', why: '' } },
      'GitHub to say which commit v1 names',
    ],
  ])('%s', (_, look, wish, what) => {
    expect(follow([[9, see(old(look))]], wish).verdict).toMatchObject({ kind: 'waiting', what });
  });

  test.each([
    [[B], 'bbbbbbbb'],
    [['1.2.3', B], '1.2.3, bbbbbbbb'],
    [[B, B], 'bbbbbbbb'],
    [[], 'the revision'],
  ])('%j is called %s', (resolved, short) => {
    expect(shortRevision({ resolved, tracked: [] })).toBe(short);
  });
});

describe('what only the repository can answer', () => {
  const ask = (look: Look, wish: Wish = {}) => {
    const { state } = follow([[0, see(old(look))]], wish);
    return openQuestion(state)?.revisions;
  };
  const both: Look = { at: ['1.2.3', C], sources: [{}, {}], history: [] };

  test.each<[string, Look, Wish, readonly string[] | undefined]>([
    ['what is compared, with auto-sync', { at: C }, {}, [C]],
    ['what is deployed, without', { at: C, automated: false }, {}, [A]],
    ['only of the sources of the target', both, { target: revision(B, [1]) }, [C]],
    ['of all sources, where it may be any', both, { target: revision(B) }, ['1.2.3', C]],
    ['nothing where nothing is known yet', { at: '' }, {}, undefined],
    ['nothing where the target was seen', { at: B }, {}, undefined],
    ['nothing where no revision is waited for', { at: C }, { target: ANY }, undefined],
    [
      'nothing where the target was deployed once',
      { at: C, automated: false, history: [deployed(B, -200), deployed(C, -110)] },
      {},
      undefined,
    ],
    [
      'nothing while its name is looked up',
      { at: C },
      { target: { kind: 'revision', text: 'v1', lookup: 'acme/shop', why: '' } },
      undefined,
    ],
  ])('%s', (_, look, wish, revisions) => {
    expect(ask(look, wish)).toEqual(revisions);
  });

  test('is asked once', () => {
    const { state } = follow([
      [0, see(old({ at: C }))],
      [1, related(C, 'other')],
    ]);
    expect(openQuestion(state)).toBeUndefined();
    expect(openQuestion(follow([[0, gone]]).state)).toBeUndefined();
  });
});

test('a hydrated commit is waited for by both names', () => {
  const hydrated = { lastSuccessfulOperation: { drySHA: B, hydratedSHA: D } };
  const { verdict } = follow([
    [0, see(app())],
    [1, see(app({ hydrated }))],
  ]);
  expect(verdict.what).toBe('revision bbbbbbbb, hydrated as dddddddd');
});
