import { describe, expect, test } from '@jest/globals';
import { blockersOf, causeOf } from '../../../src/core/result/blockers.js';
import { costOf } from '../../support/cost.ts';
import {
  A,
  API,
  app,
  applied,
  B,
  C,
  hook,
  type Json,
  KEEP,
  type Look,
  operation,
  type Run,
  request,
  result,
  SETTINGS,
  serverTime,
  WEB,
} from '../support/application.ts';
import { ANY, follow, gone, patterns, related, see, type Wish } from '../support/follow.ts';

const RAN_A = operation({ at: A, from: -110 });

/** What is said of a look at second 10, as `subject: message`. */
function said(look: Look, wish: Wish = {}): readonly string[] {
  const { state, now } = follow([[10, see(app({ operation: RAN_A, ...look }))]], wish);
  return blockersOf(state, now).map(({ subject, message }) => `${subject}: ${message}`);
}

const NOT_COMPARED =
  /^revision: Argo CD has not compared b{40} yet \(it compared aaaaaaaa at 2026-03-01T11:58:20Z\b.*\).*`trigger: refresh`/;

describe('what keeps an Application from its end', () => {
  test('nothing, where all is well', () => {
    expect(said({ at: B })).toEqual([]);
    expect(said({}, { target: ANY })).toEqual([]);
  });

  test('what does not exist explains nothing', () => {
    for (const rows of [
      [[0, gone]],
      [
        [0, see(app({ health: 'Degraded' }))],
        [1, gone],
      ],
    ] as const) {
      const { state, now } = follow(rows);
      expect(blockersOf(state, now)).toEqual([]);
    }
  });

  test('conditions, but no warnings', () => {
    expect(
      said({
        at: B,
        conditions: [
          'InvalidSpecError: no project',
          'InvalidSpecError: no cluster',
          'OrphanedResourceWarning: one',
          'SyncError: failed',
        ],
      }),
    ).toEqual([
      'condition InvalidSpecError: no project',
      'condition InvalidSpecError: no cluster',
      'condition SyncError: failed',
    ]);
  });

  describe('an operation', () => {
    test('that failed, with the resources that did, and no others', () => {
      const results = [
        applied(SETTINGS, 'configured'),
        result(WEB, 'SyncFailed', 'field is immutable'),
        result(API, 'Synced', 'crash loop', { hookPhase: 'Failed' }),
        hook('batch/Job/shop/migrate', 'PreSync', 'Succeeded', 'done'),
        hook('batch/Job/shop/smoke', 'PostSync', 'Error', ''),
      ];
      const message = 'one or more objects failed to apply, reason: field is immutable';
      expect(said({ at: B, operation: operation({ phase: 'Failed', results, message }) })).toEqual([
        'operation for bbbbbbbb: Failed: one or more objects failed to apply',
        'Deployment/shop/web: field is immutable',
        'Deployment/shop/api: crash loop',
        'PostSync hook Job/shop/smoke: Error',
      ]);
    });

    test('that failed as a whole, with its reason', () => {
      const message = 'ComparisonError, reason: no manifests';
      const failed = operation({ phase: 'Error', message });
      expect(said({ at: B, operation: failed })).toEqual([
        'operation for bbbbbbbb: Error: ComparisonError, reason: no manifests',
      ]);
    });

    test('that runs, with the hooks that it waits for', () => {
      const results = [
        hook('batch/Job/shop/migrate', 'PreSync', 'Running', 'waiting for completion'),
        result(WEB, 'Synced', 'rolling out', { hookPhase: 'Running' }),
      ];
      const running = operation({ phase: 'Running', results, limit: 5 });
      expect(said({ at: B, operation: running })).toEqual([
        'operation for bbbbbbbb: Running: no message yet',
        'PreSync hook Job/shop/migrate: waiting for completion',
      ]);
    });

    test('between two attempts, with what is known of the next one', () => {
      const run = { phase: 'Running', retry: 2, to: 7, limit: 5, message: 'Retrying' };
      const look: Look = { at: B, operation: operation(run) };
      expect(said(look)).toEqual([
        "operation for bbbbbbbb: Running, retry 2 of 5, the last attempt failed 3 s ago and the next one follows after Argo CD's backoff: Retrying",
      ]);
      expect(said(look, { noServerClock: true })).toEqual([
        'operation for bbbbbbbb: Running, retry 2 of 5: Retrying',
      ]);
    });

    test('that has failed for good has no next attempt', () => {
      const failed = operation({ phase: 'Failed', retry: 5, limit: 5, to: 7 });
      expect(said({ at: B, operation: failed })).toEqual([
        'operation for bbbbbbbb: Failed, retry 5 of 5: no message yet',
      ]);
    });

    test('that succeeded or was a dry run keeps from nothing', () => {
      expect(said({ at: B, operation: operation() })).toEqual([]);
      expect(said({ at: B, operation: operation({ phase: 'Failed', dryRun: true }) })).toEqual([]);
    });
  });

  test('health, with the resources that are not well', () => {
    const resources = [
      `Synced ${WEB} Degraded`,
      `Synced ${API} Healthy`,
      `Synced ${SETTINGS}`,
      `Synced ${KEEP} Missing`,
    ];
    expect(said({ at: B, health: 'Degraded', healthMessage: 'bad', resources })).toEqual([
      'health: Degraded since 2026-03-01T11:58:20Z: bad',
      'Deployment/shop/web: Degraded: Degraded it is',
      'ConfigMap/shop/keep: Missing: Missing it is',
    ]);
    expect(said({ at: B, health: 'Progressing' })).toEqual(['health: Progressing']);
    expect(said({ at: B, health: '' })).toEqual([]);
  });

  test('what is left OutOfSync, where the comparison is with the target', () => {
    const resources = [`OutOfSync ${WEB}`, `OutOfSync ${KEEP} prune`, `OutOfSync ${API} hook`];
    const look: Look = { sync: 'OutOfSync', resources };
    const left = [
      'Deployment/shop/web: OutOfSync',
      'ConfigMap/shop/keep: OutOfSync: it left Git and is not pruned',
    ];
    expect(said({ ...look, at: B, operation: operation() })).toEqual(left);
    expect(said(look)).toEqual([expect.stringMatching(NOT_COMPARED)]);
    expect(said(look, { target: ANY })).toEqual(left);
  });

  test('a resource is named once', () => {
    const results = [result(WEB, 'SyncFailed', 'no')];
    expect(
      said({
        at: B,
        sync: 'OutOfSync',
        health: 'Degraded',
        resources: [`OutOfSync ${WEB} Degraded`],
        operation: operation({ phase: 'Failed', results }),
      }),
    ).toEqual([
      'operation for bbbbbbbb: Failed: no message yet',
      'Deployment/shop/web: no',
      'health: Degraded since 2026-03-01T11:58:20Z, before the operation began (2026-03-01T12:00:01Z)',
    ]);
  });

  test('a sync by hand of some resources only', () => {
    const run = { selective: true, manual: true, results: [applied(WEB, 'configured')] };
    const resources = [`Synced ${WEB}`, `OutOfSync ${SETTINGS}`];
    expect(said({ at: B, sync: 'OutOfSync', resources, operation: operation(run) })).toEqual([
      'selective sync: it synced only 1 chosen resource and left 1 OutOfSync: sync the whole Application',
      'ConfigMap/shop/settings: OutOfSync',
    ]);
    const heal = { ...run, manual: false };
    expect(said({ at: B, sync: 'OutOfSync', resources, operation: operation(heal) })).toEqual([
      'ConfigMap/shop/settings: OutOfSync',
    ]);
  });
});

describe('conditions', () => {
  const outOfSync: Look = {
    at: B,
    sync: 'OutOfSync',
    resources: [`OutOfSync ${SETTINGS}`],
    operation: operation(),
  };

  test('a status that could not be stored is an old one', () => {
    const large = 'Application status exceeds the Kubernetes resource size limit (1 MiB)';
    expect(said({ at: B, conditions: [`UnknownError: ${large}`] })).toEqual([
      `condition UnknownError: ${large}. Argo CD could not store a newer status, so the state shown is outdated`,
    ]);
  });

  test('warnings are the cause of what stays OutOfSync, unless they are about orphans', () => {
    const shared =
      'SharedResourceWarning: ConfigMap/settings is part of applications shop and bill';
    const conditions = [shared, 'OrphanedResourceWarning: one'];
    expect(said({ ...outOfSync, conditions })).toEqual([
      `condition ${shared}`,
      'ConfigMap/shop/settings: OutOfSync',
    ]);
    expect(said({ at: B, conditions })).toEqual([]);
  });
});

test('5,000 resources that are in the way are told in time', async () => {
  const resources = Array.from({ length: 5_000 }, (_, i) => `OutOfSync ${WEB}-${i} Degraded`);
  const { state, now } = follow([
    [10, see(app({ at: B, sync: 'OutOfSync', health: 'Degraded', resources }))],
  ]);
  expect(blockersOf(state, now).length).toBeGreaterThan(5_000);
  // A step that is cancelled has a second for all of them.
  expect(await costOf(() => blockersOf(state, now), 3)).toBeLessThan(5);
});

describe('the cause', () => {
  const causeIn = (look: Look): string | undefined => {
    const { state, now } = follow([[10, see(app({ at: B, sync: 'OutOfSync', ...look }))]]);
    const cause = causeOf(state, now);
    return cause && `${cause.subject}: ${cause.message}`;
  };
  const resources = [`OutOfSync ${WEB}`];
  const smoke = hook('batch/Job/shop/smoke', 'PostSync', 'Failed', 'exit code 1');

  test.each<[string, Run, string]>([
    [
      'a sync window',
      { phase: 'Running', message: 'Sync operation blocked by sync window' },
      'operation for bbbbbbbb: Running: Sync operation blocked by sync window',
    ],
    [
      'a pruning that waits to be confirmed',
      { phase: 'Running', message: 'waiting for pruning confirmation of /ConfigMap/keep' },
      'operation for bbbbbbbb: Running: waiting for pruning confirmation of /ConfigMap/keep',
    ],
    [
      'the hook that fails in every attempt',
      { phase: 'Running', retry: 2, message: 'Retrying operation. Attempt #2', results: [smoke] },
      'PostSync hook Job/shop/smoke: exit code 1',
    ],
    [
      'what is OutOfSync, where the operation says nothing',
      { phase: 'Running' },
      'Deployment/shop/web: OutOfSync',
    ],
  ])('is %s', (_, run, cause) => {
    expect(causeIn({ resources, operation: operation(run) })).toBe(cause);
  });

  test('is an operation without a message, where there is nothing else', () => {
    expect(causeIn({ resources: [], operation: operation({ phase: 'Running' }) })).toBe(
      'operation for bbbbbbbb: Running: no message yet',
    );
    expect(causeIn({ sync: 'Synced', operation: operation() })).toBeUndefined();
  });
});

describe('health', () => {
  const sick: Look = { at: B, health: 'Degraded', operation: operation() };

  test('that turned bad in the deployment has the time', () => {
    expect(said({ ...sick, healthSince: 2 })).toEqual([
      'health: Degraded since 2026-03-01T12:00:02Z',
    ]);
  });

  test('that turned bad again was not so all the time', () => {
    const { state, now } = follow([
      [1, see(app({ at: B, health: 'Progressing', operation: operation({ phase: 'Running' }) }))],
      [10, see(app({ ...sick, healthSince: -100 }))],
    ]);
    expect(blockersOf(state, now)[0]?.message).toBe('Degraded since 2026-03-01T11:58:20Z');
  });

  test('of the whole Application counts where the object has none by resource', () => {
    const wish: Wish = { policy: { waitResources: patterns('ConfigMap/*') } };
    expect(said({ ...sick, health: 'Progressing' }, wish)).toEqual([
      'health: Progressing',
      'wait-resources: it has no effect on health: the Application does not show health by resource, so that of the whole Application counts',
    ]);
    const inline = { ...sick, resources: [`Synced ${WEB} Degraded`, `Synced ${SETTINGS}`] };
    expect(said(inline, wish).filter((each) => each.startsWith('wait-resources'))).toEqual([]);
  });
});

describe('a source hydrator', () => {
  const hydrated = (currentOperation: Json, lastComparedDryRevision = B): Look => ({
    hydrated: { currentOperation, lastComparedDryRevision },
  });

  test.each<[string, Look, RegExp]>([
    [
      'failed',
      hydrated({ phase: 'Failed', drySHA: B, message: 'Failed to hydrate: no chart' }),
      /^source hydrator: bbbbbbbb: Failed to hydrate: no chart$/,
    ],
    [
      'failed at a commit that is not named',
      hydrated({ phase: 'Failed', message: 'Failed to hydrate: no chart' }, ''),
      /^source hydrator: its last attempt: Failed to hydrate: no chart$/,
    ],
    ['is at it', hydrated({ phase: 'Hydrating' }), /^source hydrator: it is hydrating bbbbbbbb$/],
    [
      'has looked at the commit',
      hydrated({ phase: 'Hydrated', drySHA: A }),
      /^source hydrator: Argo CD looked at bbbbbbbb and has not hydrated it: /,
    ],
    ['has not seen the commit', hydrated({ phase: 'Hydrated', drySHA: A }, A), NOT_COMPARED],
  ])('%s', (_, look, message) => {
    expect(said(look)).toEqual([expect.stringMatching(message)]);
  });
});

test('of one on its way out, only conditions say why it lasts, unless that is waited for', () => {
  const conditions = ['DeletionError: no cluster'];
  const look: Look = { deleting: true, health: 'Missing', conditions };
  expect(said(look)).toEqual(['condition DeletionError: no cluster']);
  expect(said(look, { policy: { waitFor: ['deletion'] }, target: ANY })).toEqual([
    'condition DeletionError: no cluster',
    'health: Missing',
  ]);
});

describe('an Application that Argo CD is told to skip', () => {
  const PAUSED =
    'annotation argocd.argoproj.io/skip-reconcile: Argo CD neither compares nor syncs until it is removed';
  const skipped = (look: Look = {}) =>
    see({ ...app({ operation: RAN_A, ...look }), skipped: true as const });

  test.each<[string, Look, readonly string[]]>([
    ['no push, webhook or refresh makes Argo CD look', {}, [PAUSED]],
    ['nothing will sync it', { at: B, sync: 'OutOfSync', resources: [] }, [PAUSED]],
    ['an operation that is asked for does not start', { requested: request() }, [PAUSED]],
    ['its health is outdated', { health: 'Progressing' }, [PAUSED, 'health: Progressing']],
  ])('%s', (_, look, blockers) => {
    const { state, now } = follow([[10, skipped(look)]]);
    const said = blockersOf(state, now).map(({ subject, message }) => `${subject}: ${message}`);
    expect(said).toEqual(blockers);
    expect(causeOf(state, now)?.subject).toBe('annotation argocd.argoproj.io/skip-reconcile');
  });

  test('its operation that failed comes first', () => {
    const failed = operation({ phase: 'Failed', message: 'no' });
    const { state, now } = follow([[10, skipped({ operation: failed })]]);
    expect(causeOf(state, now)?.message).toBe('Failed: no');
  });
});

describe('why nothing came', () => {
  test('Argo CD has not seen the revision', () => {
    expect(said({})).toEqual([expect.stringMatching(NOT_COMPARED)]);
  });

  const UNVISITED = /, before this wait began\): nothing has told it of a push since/;
  const ELSEWHERE = /Z\): was it pushed to what the Application tracks\?/;

  test.each<[string, Look, Wish, RegExp]>([
    ['nor looked since the wait began', {}, {}, UNVISITED],
    [
      'nor when that was due',
      { reconciled: -200 },
      {},
      /, which was due by 2026-03-01T11:59:40Z\./,
    ],
    ['nor is that due', { reconciled: 9 }, {}, /, so again by 2026-03-01T12:03:09Z\./],
    ['nor looked in the second before', { reconciled: 9 }, {}, UNVISITED],
    ['perhaps looked since: it is the same second', { reconciled: 10 }, {}, ELSEWHERE],
    ['looked since', { reconciled: 12 }, {}, ELSEWHERE],
    ['when the wait began is not known by its clock', {}, { noServerClock: true }, ELSEWHERE],
  ])('Argo CD has not seen the revision, %s', (_, look, wish, message) => {
    expect(said(look, wish)).toEqual([expect.stringMatching(message)]);
  });

  test('Argo CD has not seen the revision, nor anything else that is known', () => {
    const never = { ...app({ operation: RAN_A }), reconciledAt: '' };
    const { state, now } = follow([[10, see(never)]]);
    expect(blockersOf(state, now)[0]?.message).toMatch(/at no time\): was it pushed/);
  });

  test('a wait that goes on does not make an earlier look a later one', () => {
    const { state } = follow([[10, see(app({ operation: RAN_A, reconciled: 12 }))]]);
    const [blocker] = blockersOf(state, { elapsed: 100_000, server: serverTime(100) });
    expect(blocker?.message).toMatch(ELSEWHERE);
  });

  test.each<[string, Look, RegExp]>([
    ['auto-sync waits', {}, /^operation: no operation started: a sync window may be closed/],
    [
      'auto-sync is off',
      { automated: false },
      /^operation: .*sync it yourself .*`trigger: sync`\)$/,
    ],
    [
      'an ApplicationSet syncs it step by step',
      {
        automated: false,
        operation: {
          ...RAN_A,
          operation: { initiatedBy: { username: 'applicationset-controller' } },
        },
      },
      /^operation: .*: the ApplicationSet will sync it when its RollingSync gets to this step$/,
    ],
  ])('the revision was compared, and %s', (_, look, message) => {
    const [first] = said({ at: B, sync: 'OutOfSync', resources: [`OutOfSync ${WEB}`], ...look });
    expect(first).toMatch(message);
  });

  test('it has: something is requested, or runs, or ran', () => {
    const compared: Look = { at: B, sync: 'OutOfSync', resources: [] };
    expect(said({ ...compared, requested: request() })).toEqual([]);
    expect(said({ ...compared, operation: operation() })).toEqual([]);
  });

  test('a revision that contains the target is as good', () => {
    const { state, now } = follow([
      [10, see(app({ at: C, operation: RAN_A }))],
      [11, related(C, 'descendant')],
    ]);
    expect(blockersOf(state, now)).toEqual([]);
  });
});
