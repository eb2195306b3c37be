import { describe, expect, test } from '@jest/globals';
import type { LiveTimes } from '../../../src/core/changes/live-times.js';
import {
  A,
  API,
  app,
  applied,
  B,
  C,
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
  changesOf,
  classesOf,
  type Followed,
  follow,
  type Happening,
  related,
  revision,
  see,
  seeAfterGap,
} from '../support/follow.ts';

const NAMESPACE = '/Namespace//shop';

type Story = readonly (readonly [number, Happening])[];

/** All was Synced at A. */
const OLD: Look = { operation: operation({ at: A, from: -110 }) };

/** Where nothing is known but the end: B ran from second 1 to 3. */
function ended(results: readonly Json[], look: Look = {}, run: Run = {}) {
  return app({
    at: B,
    reconciled: 4,
    operation: operation({ results, ...run }),
    history: [deployed(A, -110), deployed(B, 1)],
    ...look,
  });
}

function running(results: readonly Json[], look: Look = {}, run: Run = {}) {
  return app({
    at: B,
    sync: 'OutOfSync',
    reconciled: 1,
    requested: request(run),
    operation: operation({ phase: 'Running', results, ...run }),
    ...look,
  });
}

/** B as it is when only its end was seen. */
function late(results: readonly Json[], look?: Look, run?: Run): Followed {
  return follow([[10, see(ended(results, look, run))]]);
}

/** The comparison with B, before its operation: these are OutOfSync, all others Synced. */
function compared(...outOfSync: readonly string[]): Look {
  const all = [...new Set([SETTINGS, WEB, API, ...outOfSync])];
  return {
    at: B,
    sync: outOfSync.length > 0 ? 'OutOfSync' : 'Synced',
    reconciled: 1,
    resources: all.map((each) => `${outOfSync.includes(each) ? 'OutOfSync' : 'Synced'} ${each}`),
  };
}

const ALL_SYNCED: Look = { resources: [SETTINGS, WEB, API].map((each) => `Synced ${each}`) };

describe('1. what messages say', () => {
  const ROLE = 'rbac.authorization.k8s.io/ClusterRole//reader';
  const role = 'clusterrole.rbac.authorization.k8s.io/reader';
  const said = (name: string, message: string) => result(name, 'Synced', message);

  test.each<[Json, string]>([
    [applied(WEB, 'created'), `created applied ${WEB}`],
    [applied(WEB, 'unchanged'), `unchanged applied ${WEB}`],
    [applied(WEB, 'configured'), `updated reported ${WEB}`],
    [applied(WEB, 'replaced'), `updated reported ${WEB}`],
    [applied(WEB, 'serverside-applied'), `updated reported ${WEB}`],
    [applied(SETTINGS, 'created'), `created applied ${SETTINGS}`],
    [applied(SETTINGS, 'created (dry run)'), `updated reported ${SETTINGS}`],
    [applied(SETTINGS, 'created. Warning: deprecated'), `created applied ${SETTINGS}`],
    [said(SETTINGS, 'configmap/unchanged configured'), `updated reported ${SETTINGS}`],
    [
      said(SETTINGS, 'Warning: something is odd\nconfigmap/settings created'),
      `created applied ${SETTINGS}`,
    ],
    [said(WEB, 'deployment "web" was created by somebody'), `updated reported ${WEB}`],
    [said(WEB, ''), `updated reported ${WEB}`],
    [said(WEB, 'successfully rolled out'), `updated reported ${WEB}`],
    [said(WEB, 'toString constructor'), `updated reported ${WEB}`],
    [said(WEB, 'deployment.apps/web constructor'), `updated reported ${WEB}`],
    [result(WEB, 'Pruned', 'pruned'), `pruned applied ${WEB}`],
    [result(WEB, 'PruneSkipped', 'ignored (no prune)'), `skipped applied ${WEB}`],
    [result(WEB, 'PruneSkipped', 'ignored (requires pruning)'), `skipped applied ${WEB}`],
    [result(WEB, 'SyncFailed', 'field is immutable'), `failed applied ${WEB}`],
    [said(ROLE, `${role} reconciled. reconciliation required create`), `created applied ${ROLE}`],
    [
      said(
        ROLE,
        `${role} reconciled. reconciliation required create\n\tmissing rules added:\n\t\t{}`,
      ),
      `created applied ${ROLE}`,
    ],
    [
      said(ROLE, `${role} reconciled. reconciliation required update\n\tmissing rules added`),
      `updated applied ${ROLE}`,
    ],
    [said(ROLE, `${role} reconciled. reconciliation required recreate`), `updated applied ${ROLE}`],
    [
      said(ROLE, `${role} reconciled. reconciliation required update\nobject opted out`),
      `updated reported ${ROLE}`,
    ],
    [said(ROLE, `${role} reconciled. ${role} configured`), `updated reported ${ROLE}`],
    [said(ROLE, `${role} reconciled. ${role} unchanged`), `unchanged applied ${ROLE}`],
    [said(ROLE, `${role} reconciled. ${role} unchanged\n`), `unchanged applied ${ROLE}`],
    [said(ROLE, `${role} reconciled`), `updated reported ${ROLE}`],
    [said(ROLE, `${role} unchanged`), `unchanged applied ${ROLE}`],
  ])('%#: %j', (said, change) => {
    expect(changesOf(late([said]))).toEqual([change]);
  });

  test('a resource that was not reached has no result', () => {
    const untouched = result(WEB, '', '');
    expect(changesOf(late([untouched, applied(SETTINGS, 'unchanged')]))).toEqual([
      `unchanged applied ${SETTINGS}`,
    ]);
  });

  test('undecided are those that only a live object can decide, and evidence is partial', () => {
    const classes = classesOf(late([applied(WEB, 'configured'), applied(SETTINGS, 'created')]));
    expect(classes.undecided).toMatchObject([
      { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name: 'web' },
    ]);
    expect(classes.evidence).toBe('partial');
    expect(classesOf(late([applied(SETTINGS, 'created')]))).toMatchObject({
      undecided: [],
      evidence: 'complete',
    });
  });
});

describe('2. the first word counts', () => {
  const WIDGET = 'lab.dev/Widget/shop/gadget';
  test('health replaces it before the operation ends', () => {
    const healthy = result(WIDGET, 'Synced', 'widget is ready', { hookPhase: 'Succeeded' });
    const followed = follow([
      [1, see(running([applied(WIDGET, 'created')]))],
      [2, see(running([healthy]))],
      [4, see(ended([healthy]))],
    ]);
    expect(changesOf(followed)).toEqual([`created applied ${WIDGET}`]);
    const [change] = classesOf(followed).changes;
    expect(change).toMatchObject({ message: 'widget.lab.dev/gadget created', phase: 'Succeeded' });
  });

  test('a result without a word is not the first one', () => {
    const followed = follow([
      [1, see(running([result(WEB, '', '', { hookPhase: 'Running' })]))],
      [4, see(ended([applied(WEB, 'created')]))],
    ]);
    expect(changesOf(followed)).toEqual([`created applied ${WEB}`]);
  });

  test('applied, then unhealthy: it keeps its class', () => {
    const unhealthy = result(WEB, 'Synced', 'crash loop', { hookPhase: 'Failed' });
    const followed = follow([
      [1, see(running([applied(WEB, 'created')]))],
      [4, see(ended([unhealthy], {}, { phase: 'Failed' }))],
    ]);
    expect(changesOf(followed)).toEqual([`created applied ${WEB}`]);
  });
});

describe('3. all operations of the revision', () => {
  test('a partial self-heal replaces the result, not what was seen', () => {
    const full = [applied(SETTINGS, 'created'), applied(WEB, 'created')];
    const heal: Run = { selective: true, from: 4 };
    const followed = follow([
      [3, see(ended(full))],
      [4, see(running([], {}, heal))],
      [6, see(ended([applied(WEB, 'unchanged')], {}, heal))],
    ]);
    expect(changesOf(followed)).toEqual([`created applied ${SETTINGS}`, `created applied ${WEB}`]);
    expect(classesOf(followed).evidence).toBe('complete');
  });

  test.each<[string, Run, Run]>([
    ['a full and a selective one', { to: 1 }, { to: 1, selective: true }],
    ['two that end in different seconds', { to: 1 }, { to: 2 }],
  ])('two in one second are two: %s', (_, first, then) => {
    const followed = follow([
      [3, see(ended([applied(WEB, 'unchanged')], {}, first))],
      [4, seeAfterGap(ended([applied(WEB, 'created')], {}, then))],
    ]);
    expect(changesOf(followed)).toEqual([`created applied ${WEB}`]);
  });

  test('started after that, everything may have happened', () => {
    const heal: Run = { selective: true, from: 4 };
    const resources = [`Synced ${SETTINGS}`, `Synced ${WEB}`, `OutOfSync ${API} hook`];
    const followed = late([applied(WEB, 'unchanged')], { resources }, heal);
    expect(changesOf(followed)).toEqual([
      `updated reported ${SETTINGS}`,
      `updated reported ${WEB}`,
    ]);
    expect(classesOf(followed).evidence).toBe('partial');
  });

  test('the operations of a successor belong to it too', () => {
    const followed = follow([
      [3, see(ended([applied(WEB, 'created')]))],
      [
        9,
        see(
          ended(
            [applied(SETTINGS, 'created'), applied(WEB, 'unchanged')],
            { at: C, history: [deployed(B, 1), deployed(C, 5)] },
            { at: C, from: 5 },
          ),
        ),
      ],
    ]);
    expect(changesOf(followed)).toEqual([`created applied ${SETTINGS}`, `created applied ${WEB}`]);
  });

  test('operations from before the target do not', () => {
    const results = [applied(WEB, 'created')];
    const before = app({ operation: operation({ at: A, from: -110, results }) });
    expect(changesOf(follow([[0, see(before)]]))).toEqual([]);
    const then: Story = [
      [0, see(before)],
      [4, see(ended([applied(SETTINGS, 'created')]))],
    ];
    expect(changesOf(follow(then))).toEqual([`created applied ${SETTINGS}`]);
  });

  test('no operation, no change', () => {
    const followed = follow([
      [0, see(app({ operation: operation({ at: A, results: [applied(WEB, 'created')] }) }))],
      [1, see(app({ at: B, operation: operation({ at: A, results: [applied(WEB, 'created')] }) }))],
    ]);
    expect(classesOf(followed)).toEqual({ changes: [], undecided: [], evidence: 'complete' });
  });

  test('a dry run changed nothing', () => {
    const followed = late([applied(WEB, 'created (dry run)')], { history: [] }, { dryRun: true });
    expect(changesOf(followed)).toEqual([]);
  });

  test.each([
    ['succeeded', 'Succeeded', [deployed(A, -110), deployed(B, 1), deployed(B, 5)]],
    ['failed', 'Failed', [deployed(A, -110), deployed(B, 1)]],
  ])('of a sync that this run asked for and that %s, only what it did', (_, phase, history) => {
    const results = [applied(SETTINGS, 'unchanged'), applied(API, 'created')];
    for (const target of [revision(B), ANY]) {
      const followed = follow(
        [
          [3, see(ended([applied(WEB, 'created')], { version: 10 }))],
          [3.1, asked('operation', '11')],
          [9, see(ended(results, { version: 12, history }, { from: 5, phase }))],
        ],
        { target },
      );
      expect(changesOf(followed)).toEqual([
        `unchanged applied ${SETTINGS}`,
        `created applied ${API}`,
      ]);
      expect(classesOf(followed).evidence).toBe('complete');
    }
  });

  test('of a sync that this run asked for, where only the history knew of one before', () => {
    const history = [deployed(A, -110), deployed(B, 1)];
    const results = [applied(API, 'created')];
    const followed = follow([
      [3, see(app({ at: B, version: 10, history }))],
      [3.1, asked('operation', '11')],
      [9, see(ended(results, { version: 12, history }, { from: 5, phase: 'Failed' }))],
    ]);
    expect(changesOf(followed)).toEqual([`created applied ${API}`]);
    expect(classesOf(followed).evidence).toBe('complete');
  });

  test('of a sync that this run asked for after another one had ended', () => {
    const history = [deployed(A, -110), deployed(B, 1)];
    const followed = follow([
      [2, see(running([], { version: 9, history: [deployed(A, -110)] }))],
      [3, see(ended([applied(WEB, 'created')], { version: 10, history }))],
      [3.1, asked('operation', '11')],
      [
        9,
        see(
          ended([applied(API, 'created')], { version: 12, history }, { from: 5, phase: 'Failed' }),
        ),
      ],
    ]);
    expect(changesOf(followed)).toEqual([`created applied ${API}`]);
    expect(classesOf(followed).evidence).toBe('complete');
  });

  test('of a sync that this run asked for and whose result was replaced, anything', () => {
    const history = [deployed(A, -110), deployed(B, 1), deployed(B, 5)];
    const heal: Run = { from: 8, selective: true };
    const followed = follow([
      [3, see(ended([applied(WEB, 'created')], { version: 10 }))],
      [3.1, asked('operation', '11')],
      [9, see(ended([applied(WEB, 'unchanged')], { version: 12, history }, heal))],
    ]);
    expect(classesOf(followed).evidence).toBe('partial');
    expect(changesOf(followed)).toContain(`updated reported ${SETTINGS}`);
  });

  test('of the target deployed twice the last deployment counts', () => {
    const twice = [deployed(B, -200), deployed(A, -110), deployed(B, 1)];
    const followed = late([applied(WEB, 'created')], { history: twice });
    expect(classesOf(followed)).toMatchObject({ evidence: 'complete' });
    expect(changesOf(followed)).toEqual([`created applied ${WEB}`]);
  });

  describe('the target was deployed again', () => {
    const CHART: Json = {
      repoURL: 'https://charts.example.com',
      chart: 'web',
      targetRevision: '*',
    };
    const results = [applied(SETTINGS, 'unchanged'), applied(WEB, 'configured')];
    const since = (sources: readonly Json[], history: readonly Json[], at: Look['at']) => {
      const run: Run = { from: 5, ...(at === undefined ? {} : { at }) };
      return changesOf(
        late(results, { sources, history, ...(at === undefined ? {} : { at }) }, run),
        new Map([
          [SETTINGS, { creationTimestamp: time(-500), lastWrite: time(2) }],
          [WEB, { creationTimestamp: time(-500), lastWrite: time(6) }],
        ]),
      );
    };
    const both = [`updated live ${SETTINGS}`, `updated live ${WEB}`];

    test('with another revision of another source: what the first one did counts', () => {
      const history = [
        deployed([A, '1.0.0'], -110),
        deployed([B, '1.0.0'], 1),
        deployed([B, '1.1.0'], 5),
      ];
      expect(since([SOURCE, CHART], history, [B, '1.1.0'])).toEqual(both);
    });

    test('with a source less', () => {
      const history = [deployed([A, A], -110), deployed([B, B], 1), deployed(B, 5)];
      expect(since([SOURCE], history, B)).toEqual(both);
    });
  });

  describe('the target was never seen, and what is deployed contains it', () => {
    const results = [applied(WEB, 'created'), applied(SETTINGS, 'unchanged')];
    const atC = (from: number) =>
      ended(results, { at: C, history: [deployed(A, -110), deployed(C, from)] }, { at: C, from });

    test('its operation counts', () => {
      const followed = follow([
        [0, see(app({ ...OLD, at: C, sync: 'OutOfSync' }))],
        [0.1, related(C, 'descendant')],
        [10, see(atC(1))],
      ]);
      expect(changesOf(followed)).toEqual([
        `unchanged applied ${SETTINGS}`,
        `created applied ${WEB}`,
      ]);
      expect(classesOf(followed).evidence).toBe('complete');
    });

    test('had it begun by the first look, one of the target may have failed before', () => {
      const followed = follow([
        [10, see(atC(1))],
        [11, related(C, 'descendant')],
      ]);
      expect(changesOf(followed)).toEqual([
        `updated reported ${SETTINGS}`,
        `created applied ${WEB}`,
      ]);
      expect(classesOf(followed).evidence).toBe('partial');
      const written = (seconds: number) =>
        changesOf(
          followed,
          new Map([[SETTINGS, { creationTimestamp: time(-500), lastWrite: time(seconds) }]]),
        )[0];
      expect(written(-109)).toBe(`unchanged live ${SETTINGS}`);
      // The deployment before ended in this second.
      expect(written(-108)).toBe(`updated reported ${SETTINGS}`);
      expect(written(-107)).toBe(`updated live ${SETTINGS}`);
    });

    test('had it been requested by the first look, the same', () => {
      const followed = follow([
        [0, see(app({ at: C, sync: 'OutOfSync', requested: request({ at: C }) }))],
        [0.1, related(C, 'descendant')],
        [10, see(atC(1))],
      ]);
      expect(changesOf(followed)).toContain(`updated reported ${SETTINGS}`);
      expect(classesOf(followed).evidence).toBe('partial');
    });

    test('where nothing had been compared by the first look, nothing was before', () => {
      const followed = follow([
        [0, see(app({ at: '', sync: '', resources: [], history: [] }))],
        [10, see(ended(results, { at: C, history: [deployed(C, 1)] }, { at: C }))],
        [11, related(C, 'descendant')],
      ]);
      expect(classesOf(followed).evidence).toBe('complete');
    });

    test('its own later operations replace the result too', () => {
      const history = [deployed(A, -110), deployed(C, 1)];
      const heal: Run = { at: C, selective: true, from: 20 };
      const followed = follow([
        [30, see(ended([], { at: C, history }, heal))],
        [31, related(C, 'descendant')],
      ]);
      const live = new Map([[WEB, { creationTimestamp: time(-500), lastWrite: time(2) }]]);
      expect(changesOf(followed, live)).toContain(`updated live ${WEB}`);
    });

    test('only requested yet, it has changed nothing', () => {
      const followed = follow([
        [10, see(app({ at: C, sync: 'OutOfSync', requested: request({ at: C }) }))],
        [11, related(C, 'descendant')],
      ]);
      expect(changesOf(followed)).toEqual([]);
    });

    test('with no deployment before, live objects tell nothing', () => {
      const only = { at: C, history: [deployed(C, 1)] };
      const followed = follow([
        [10, see(ended(results, only, { at: C }))],
        [11, related(C, 'descendant')],
      ]);
      const live = new Map([[SETTINGS, { creationTimestamp: time(-500), lastWrite: time(-400) }]]);
      expect(changesOf(followed, live)).toContain(`updated reported ${SETTINGS}`);
    });
  });

  test('without a revision, the operations that had not ended at the first look', () => {
    const story: Story = [
      [0, see(running([applied(WEB, 'created')], { at: A }, { at: A }))],
      [4, see(ended([applied(WEB, 'created')], { history: [deployed(A, 1)] }, { at: A }))],
      [
        9,
        see(
          ended(
            [applied(API, 'created')],
            { history: [deployed(A, 1), deployed(C, 5)] },
            { at: C, from: 5 },
          ),
        ),
      ],
    ];
    expect(changesOf(follow(story, { target: ANY }))).toEqual([
      `created applied ${API}`,
      `created applied ${WEB}`,
    ]);
  });

  test('without a revision, one that had ended by then gives way to what came', () => {
    const story: Story = [
      [0, see(ended([applied(WEB, 'created')], {}, { at: A, from: -110 }))],
      [9, see(ended([applied(API, 'created')], { history: [deployed(C, 5)] }, { at: C, from: 5 }))],
    ];
    expect(changesOf(follow(story, { target: ANY }))).toEqual([`created applied ${API}`]);
  });

  test('without a revision, a deployment in between that nobody saw', () => {
    const history = [deployed(A, 1), deployed(B, 5), deployed(C, 9)];
    const story: Story = [
      [2, see(running([], { at: A }, { at: A }))],
      [4, see(ended([], { history: [deployed(A, 1)] }, { at: A }))],
      [15, seeAfterGap(ended([applied(WEB, 'created')], { history }, { at: C, from: 9 }))],
    ];
    expect(classesOf(follow(story, { target: ANY })).evidence).toBe('partial');
  });

  test('without a revision, else the last one', () => {
    const followed = follow([[9, see(ended([applied(WEB, 'created')]))]], { target: ANY });
    expect(changesOf(followed)).toEqual([`created applied ${WEB}`]);
  });

  test('without auto-sync an older deployment of the target is not the one waited for', () => {
    const manual: Look = {
      automated: false,
      at: C,
      history: [deployed(B, -200), deployed(C, -110)],
    };
    const followed = follow([
      [0, see(app({ ...manual, operation: operation({ at: C, from: -110 }) }))],
      [1, see(running([], manual))],
    ]);
    expect(classesOf(followed)).toMatchObject({ changes: [], undecided: [] });
  });

  describe('seen late, the history has the target and its successor', () => {
    const history = [deployed(A, -110), deployed(B, 1), deployed(C, 5)];
    const followed = late([applied(API, 'created')], { at: C, history }, { at: C, from: 5 });
    const written = (seconds: number) =>
      changesOf(
        followed,
        new Map([[WEB, { creationTimestamp: time(-500), lastWrite: time(seconds) }]]),
      );

    test('what the successor did counts', () => {
      expect(changesOf(followed)).toContain(`created applied ${API}`);
      expect(classesOf(followed).evidence).toBe('partial');
    });

    test('live objects are asked since the target was deployed', () => {
      expect(written(0)).toContain(`unchanged live ${WEB}`);
      expect(written(1)).toContain(`updated live ${WEB}`);
    });
  });

  test('a partial self-heal in the very second of the full operation is not that one', () => {
    const heal: Run = { selective: true, from: 1, to: 1 };
    const followed = late([applied(WEB, 'unchanged')], {}, heal);
    expect(changesOf(followed)).toEqual([
      `updated reported ${SETTINGS}`,
      `updated reported ${WEB}`,
    ]);
    expect(classesOf(followed).evidence).toBe('partial');
  });

  test('a full operation that is on record before its end is not lost', () => {
    const followed = follow([
      [
        2,
        see(running([applied(WEB, 'created')], { history: [deployed(A, -110), deployed(B, 1)] })),
      ],
    ]);
    expect(changesOf(followed)).toEqual([`created applied ${WEB}`]);
  });

  test('the target had given way to another request at the first look: it is lost', () => {
    const followed = follow([
      [0, see(app({ at: B, requested: request({ at: C }), history: [deployed(A, -110)] }))],
      [
        9,
        see(
          ended(
            [applied(WEB, 'unchanged')],
            { at: C, history: [deployed(A, -110), deployed(C, 5)] },
            { at: C, from: 5 },
          ),
        ),
      ],
    ]);
    expect(classesOf(followed).evidence).toBe('partial');
    expect(changesOf(followed)).toEqual([
      `updated reported ${SETTINGS}`,
      `updated reported ${WEB}`,
    ]);
  });

  test('no history is kept and the first look finds a selective operation: it is lost', () => {
    const followed = late([applied(WEB, 'unchanged')], { history: [] }, { selective: true });
    expect(classesOf(followed).evidence).toBe('partial');
    expect(changesOf(followed)).toEqual([
      `updated reported ${SETTINGS}`,
      `updated reported ${WEB}`,
    ]);
    const live = new Map([[WEB, { creationTimestamp: time(-500), lastWrite: time(-400) }]]);
    // Nobody knows when the deployment began, so the object's own times prove nothing.
    expect(changesOf(followed, live)).toContain(`updated reported ${WEB}`);
  });
});

describe('what two operations come to', () => {
  /** `failed` and so on as they are in a result. */
  const RESULTS: Readonly<Record<string, Json>> = {
    created: applied(WEB, 'created'),
    unchanged: applied(WEB, 'unchanged'),
    configured: applied(WEB, 'configured'),
    applied: applied(WEB, 'serverside-applied'),
    pruned: result(WEB, 'Pruned', 'pruned'),
    skipped: result(WEB, 'PruneSkipped', 'ignored (no prune)'),
    failed: result(WEB, 'SyncFailed', 'no'),
  };
  test.each([
    ['created', 'created', 'created applied'],
    ['created', 'unchanged', 'created applied'],
    ['created', 'configured', 'created applied'],
    ['created', 'applied', 'created applied'],
    ['created', 'failed', 'created applied'],
    ['created', 'skipped', 'created applied'],
    ['created', 'pruned', 'pruned applied'],
    ['unchanged', 'created', 'created applied'],
    ['unchanged', 'unchanged', 'unchanged applied'],
    ['unchanged', 'configured', 'updated reported'],
    ['unchanged', 'failed', 'failed applied'],
    ['unchanged', 'skipped', 'skipped applied'],
    ['unchanged', 'pruned', 'pruned applied'],
    ['configured', 'unchanged', 'updated reported'],
    ['configured', 'created', 'created applied'],
    ['configured', 'failed', 'failed applied'],
    ['configured', 'skipped', 'skipped applied'],
    ['applied', 'unchanged', 'updated reported'],
    ['failed', 'created', 'created applied'],
    ['failed', 'unchanged', 'unchanged applied'],
    ['failed', 'configured', 'updated reported'],
    ['failed', 'failed', 'failed applied'],
    ['failed', 'pruned', 'pruned applied'],
    ['failed', 'skipped', 'skipped applied'],
    ['pruned', 'created', 'created applied'],
    ['pruned', 'failed', 'pruned applied'],
    ['pruned', 'pruned', 'pruned applied'],
    ['pruned', 'skipped', 'skipped applied'],
    ['skipped', 'pruned', 'pruned applied'],
    ['skipped', 'unchanged', 'skipped applied'],
    ['skipped', 'configured', 'updated reported'],
  ])('%s, then %s: %s', (first, then, change) => {
    const noHistory: Look = { resources: [], history: [deployed(A, -110)] };
    const followed = follow([
      [3, see(ended([RESULTS[first] ?? {}], noHistory))],
      [9, see(ended([RESULTS[then] ?? {}], noHistory, { from: 5 }))],
    ]);
    expect(changesOf(followed)).toEqual([`${change} ${WEB}`]);
  });
});

test.each([
  ['created', 'unchanged', 'created'],
  ['unchanged', 'created', 'created'],
  ['unchanged', 'configured', 'configured'],
])('of two operations, the message is that of the class: %s, then %s', (first, then, shown) => {
  const noHistory: Look = { resources: [], history: [deployed(A, -110)] };
  const followed = follow([
    [3, see(ended([applied(WEB, first)], noHistory))],
    [9, see(ended([applied(WEB, then)], noHistory, { from: 5 }))],
  ]);
  expect(classesOf(followed).changes).toMatchObject([{ message: `deployment.apps/web ${shown}` }]);
});

describe('4. retries', () => {
  const FAILED = result(WEB, 'SyncFailed', 'no');
  test('seen from the start, the first class wins and failed yields to a later success', () => {
    const followed = follow([
      [0, see(app({ ...OLD, ...ALL_SYNCED }))],
      [1, see(running([applied(SETTINGS, 'created'), FAILED]))],
      [3, see(running([applied(SETTINGS, 'created'), FAILED], {}, { retry: 1, to: 3 }))],
      [4, see(running([], {}, { retry: 1 }))],
      [5, see(ended([applied(SETTINGS, 'unchanged'), applied(WEB, 'created')], {}, { retry: 1 }))],
    ]);
    expect(changesOf(followed)).toEqual([`created applied ${SETTINGS}`, `created applied ${WEB}`]);
    expect(classesOf(followed).evidence).toBe('complete');
  });

  test('what failed to the last is failed', () => {
    const followed = follow([
      [1, see(running([FAILED]))],
      [5, see(ended([FAILED], {}, { retry: 1, phase: 'Failed' }))],
    ]);
    expect(changesOf(followed)).toEqual([`failed applied ${WEB}`]);
  });

  test('applied in one attempt, failed in the next: it was applied', () => {
    const followed = follow([
      [1, see(running([applied(WEB, 'created')]))],
      [5, see(ended([FAILED], {}, { retry: 1, phase: 'Failed' }))],
    ]);
    expect(changesOf(followed)).toEqual([`created applied ${WEB}`]);
  });

  test('from the middle, unchanged proves nothing', () => {
    const followed = follow([
      [4, see(running([], {}, { retry: 1 }))],
      [5, see(ended([applied(SETTINGS, 'unchanged'), applied(WEB, 'created')], {}, { retry: 1 }))],
    ]);
    expect(changesOf(followed)).toEqual([`updated reported ${SETTINGS}`, `created applied ${WEB}`]);
    expect(classesOf(followed).evidence).toBe('partial');
  });

  test('from the middle, what an earlier attempt pruned is not known', () => {
    const followed = late([applied(WEB, 'created')], {}, { retry: 1 });
    expect(changesOf(followed)).toEqual([`created applied ${WEB}`]);
    expect(classesOf(followed).evidence).toBe('partial');
  });

  test('from the middle, nor does Synced during the operation', () => {
    const followed = follow([
      [4, see(running([], compared(WEB), { retry: 1 }))],
      [5, see(ended([applied(SETTINGS, 'configured')], ALL_SYNCED, { retry: 1 }))],
    ]);
    expect(changesOf(followed)).toEqual([`updated reported ${SETTINGS}`]);
  });
});

describe('5. the comparison names what is about to change', () => {
  const before: Story = [[0, see(app({ ...OLD, ...ALL_SYNCED }))]];
  const DONE = [
    applied(SETTINGS, 'configured'),
    applied(WEB, 'configured'),
    applied(API, 'configured'),
  ];

  test('before the operation', () => {
    const followed = follow([
      ...before,
      [1, see(app({ ...OLD, ...compared(WEB) }))],
      [1.1, see(running([], compared(WEB)))],
      [4, see(ended(DONE, ALL_SYNCED))],
    ]);
    expect(changesOf(followed)).toEqual([
      `unchanged compared ${SETTINGS}`,
      `unchanged compared ${API}`,
      `updated compared ${WEB}`,
    ]);
    expect(classesOf(followed).evidence).toBe('complete');
  });

  const DEPLOYMENTS = { group: 'apps', kind: 'Deployment', jsonPointers: ['/spec/replicas'] };
  test.each<[string, readonly Json[], readonly string[] | undefined, string]>([
    ['of its kind', [DEPLOYMENTS], undefined, 'updated reported'],
    ['by its name', [{ ...DEPLOYMENTS, name: 'api' }], undefined, 'updated reported'],
    ['in its namespace', [{ ...DEPLOYMENTS, namespace: 'shop' }], undefined, 'updated reported'],
    ['by globs', [{ group: 'app*', kind: 'Deploy*' }], undefined, 'updated reported'],
    ['where other options count', [DEPLOYMENTS], ['ServerSideApply=true'], 'updated reported'],
    ['of a glob that cannot be read', [{ kind: '[', group: 'apps' }], [], 'updated reported'],
    ['of another name', [{ ...DEPLOYMENTS, name: 'web' }], undefined, 'unchanged compared'],
    ['elsewhere', [{ ...DEPLOYMENTS, namespace: 'other' }], undefined, 'unchanged compared'],
    ['of another group', [{ ...DEPLOYMENTS, group: '' }], undefined, 'unchanged compared'],
    ['of another kind', [{ ...DEPLOYMENTS, kind: 'DaemonSet' }], undefined, 'unchanged compared'],
    [
      'that the operation respects',
      [DEPLOYMENTS],
      ['RespectIgnoreDifferences=true'],
      'unchanged compared',
    ],
  ])('Synced but for ignored differences %s: %j %j', (_, ignored, options, expected) => {
    const run: Run = options ? { options } : {};
    const followed = follow([
      [0, see(app({ ...OLD, ...ALL_SYNCED, ignored }))],
      [1, see(app({ ...OLD, ...compared(WEB), ignored }))],
      [1.1, see(running([], { ...compared(WEB), ignored }, run))],
      [4, see(ended(DONE, { ...ALL_SYNCED, ignored }, run))],
    ]);
    expect(changesOf(followed)).toEqual([
      `unchanged compared ${SETTINGS}`,
      `${expected} ${API}`,
      `updated compared ${WEB}`,
    ]);
  });

  test('of ignored differences the live object knows whether they were written', () => {
    const ignored = [DEPLOYMENTS];
    const followed = follow([
      [0, see(app({ ...OLD, ...ALL_SYNCED, ignored }))],
      [1, see(app({ ...OLD, ...compared(WEB), ignored }))],
      [4, see(ended(DONE, { ...ALL_SYNCED, ignored }))],
    ]);
    for (const [second, change] of [
      [-200, 'unchanged'],
      [2, 'updated'],
    ] as const) {
      const live = new Map([[API, { creationTimestamp: time(-500), lastWrite: time(second) }]]);
      expect(changesOf(followed, live)).toContain(`${change} live ${API}`);
    }
  });

  test("during it, by auto-sync's own comparison, which is stored a moment late", () => {
    const followed = follow([
      ...before,
      [1, see(running([], { ...ALL_SYNCED, at: A, sync: 'Synced' }))],
      [1.1, see(running([], compared(WEB)))],
      [4, see(ended(DONE, ALL_SYNCED))],
    ]);
    expect(changesOf(followed)).toEqual([
      `unchanged compared ${SETTINGS}`,
      `unchanged compared ${API}`,
      `updated compared ${WEB}`,
    ]);
  });

  test.each<[string, Run, Happening]>([
    [
      'it may have been brought up to date in a gap, whatever its time',
      {},
      seeAfterGap(running([], { ...compared(WEB), reconciled: 0 })),
    ],
    ['it was made later', {}, see(running([], { ...compared(WEB), reconciled: 2 }))],
    [
      'somebody else asked for the operation',
      { manual: true },
      see(running([], compared(WEB), { manual: true })),
    ],
    [
      'the operation heals some resources only',
      { selective: true },
      see(running([], compared(WEB), { selective: true })),
    ],
  ])('during it, Synced proves nothing, where %s', (_, run, arrival) => {
    const followed = follow([
      ...before,
      [1, see(running([], { ...ALL_SYNCED, at: A, sync: 'Synced' }, run))],
      [1.1, arrival],
      [4, see(ended(DONE, { ...ALL_SYNCED, history: [deployed(A, -110)] }, run))],
    ]);
    expect(changesOf(followed)).toEqual([
      `updated reported ${SETTINGS}`,
      `updated reported ${API}`,
      `updated compared ${WEB}`,
    ]);
  });

  test('at the first look, during the operation: what is left OutOfSync will be written', () => {
    const followed = follow([
      [2, see(running([], compared(WEB)))],
      [4, see(ended(DONE, ALL_SYNCED))],
    ]);
    expect(changesOf(followed)).toEqual([
      `updated reported ${SETTINGS}`,
      `updated reported ${API}`,
      `updated compared ${WEB}`,
    ]);
  });

  test('what turned Synced while it ran is not unchanged', () => {
    const followed = follow([
      ...before,
      [1, see(running([], compared(WEB, SETTINGS)))],
      [2, see(running([], compared(WEB)))],
      [4, see(ended(DONE, ALL_SYNCED))],
    ]);
    expect(changesOf(followed)).toContain(`updated compared ${SETTINGS}`);
  });

  test('not in the comparison before: created', () => {
    const followed = follow([
      [0, see(app({ ...OLD, resources: [`Synced ${WEB}`] }))],
      [1, see(app({ ...OLD, ...compared(API) }))],
      [4, see(ended([applied(API, 'serverside-applied'), applied(WEB, 'serverside-applied')]))],
    ]);
    expect(changesOf(followed)).toEqual([`created compared ${API}`, `unchanged compared ${WEB}`]);
  });

  test('there before, unmanaged, and taken over: updated', () => {
    const followed = follow([
      [0, see(app({ ...OLD, resources: [`Synced ${WEB}`] }))],
      [1, see(app({ ...OLD, ...compared(API) }))],
      [4, see(ended([applied(API, 'configured')]))],
    ]);
    expect(changesOf(followed)).toEqual([`updated compared ${API}`]);
  });

  test('there before, Synced: updated, whatever the message', () => {
    const followed = follow([
      ...before,
      [1, see(app({ ...OLD, ...compared(WEB) }))],
      [4, see(ended([applied(WEB, 'serverside-applied')], ALL_SYNCED))],
    ]);
    expect(changesOf(followed)).toEqual([`updated compared ${WEB}`]);
  });

  test('nothing was compared before: created or updated', () => {
    const followed = follow([
      [0, see(app({ at: '', sync: '', resources: [], history: [] }))],
      [1, see(running([], { ...compared(WEB, API), history: [] }))],
      [4, see(ended([applied(API, 'serverside-applied'), applied(WEB, 'configured')], ALL_SYNCED))],
    ]);
    expect(changesOf(followed)).toEqual([`updated reported ${API}`, `updated compared ${WEB}`]);
  });

  test('OutOfSync at the revision before too, and no more after: it was written', () => {
    const followed = follow([
      [0, see(app({ ...OLD, ...compared(WEB), at: A }))],
      [1, see(app({ ...OLD, ...compared(WEB) }))],
      [4, see(ended([applied(WEB, 'configured')], ALL_SYNCED))],
    ]);
    expect(changesOf(followed)).toEqual([`updated compared ${WEB}`]);
  });

  test('OutOfSync before, during and after: nobody knows', () => {
    const followed = follow([
      [0, see(app({ ...OLD, ...compared(WEB), at: A }))],
      [1, see(app({ ...OLD, ...compared(WEB) }))],
      [4, see(ended([applied(WEB, 'configured')], { ...compared(WEB), reconciled: 4 }))],
    ]);
    expect(changesOf(followed)).toEqual([`updated reported ${WEB}`]);
  });

  test('a comparison with another revision says nothing', () => {
    const followed = follow([
      [0, see(app({ ...OLD, ...compared(WEB), at: C }))],
      [4, see(ended([applied(WEB, 'configured'), applied(API, 'configured')]))],
    ]);
    expect(changesOf(followed)).toEqual([`updated reported ${API}`, `updated reported ${WEB}`]);
  });

  test('a comparison after the end is none of before', () => {
    const followed = follow([
      [0, see(app({ ...OLD, ...ALL_SYNCED }))],
      [1, see(running([], { ...ALL_SYNCED, at: A }))],
      [3, see(ended([applied(WEB, 'configured')], { ...ALL_SYNCED, at: A }))],
      [4, see(ended([applied(WEB, 'configured')], ALL_SYNCED))],
      [5, see(ended([applied(WEB, 'configured')], compared(WEB)))],
    ]);
    expect(changesOf(followed)).toEqual([`updated reported ${WEB}`]);
  });

  test('what a message has said already is not known by the comparison', () => {
    const followed = follow([
      [0, see(app({ ...OLD, ...ALL_SYNCED }))],
      [3, see(ended([applied(WEB, 'unchanged')], ALL_SYNCED))],
      [9, see(ended([applied(WEB, 'configured')], ALL_SYNCED, { from: 5 }))],
    ]);
    expect(changesOf(followed)).toEqual([`unchanged applied ${WEB}`]);
  });

  test('a hook in the comparison is no resource', () => {
    const followed = follow([
      [0, see(app({ ...OLD, ...ALL_SYNCED }))],
      [1, see(app({ ...OLD, at: B, sync: 'OutOfSync', resources: [`OutOfSync ${WEB} hook`] }))],
      [4, see(ended([applied(WEB, 'configured')]))],
    ]);
    expect(changesOf(followed)).toEqual([`updated reported ${WEB}`]);
  });

  describe('a rollback', () => {
    const manual: Look = { automated: false, at: C, history: [deployed(C, -110)] };
    const synced: Look = { ...manual, ...ALL_SYNCED, operation: operation({ at: C, from: -110 }) };
    const afterwards = (...outOfSync: readonly string[]): Look => ({
      ...compared(...outOfSync),
      ...manual,
      reconciled: 5,
      history: [deployed(C, -110), deployed(B, 1)],
    });
    const RESULTS = [applied(WEB, 'configured'), applied(API, 'configured')];

    test('Synced before and OutOfSync after, with the same revision: it was written', () => {
      const followed = follow([
        [0, see(app(synced))],
        [1, see(running([], { ...synced, operation: operation({ phase: 'Running' }) }))],
        [3, see(ended(RESULTS, { ...synced, operation: operation({ results: RESULTS }) }))],
        [5, see(ended(RESULTS, afterwards(WEB)))],
      ]);
      expect(changesOf(followed)).toEqual([`updated reported ${API}`, `updated compared ${WEB}`]);
    });

    test('OutOfSync with another revision proves nothing', () => {
      const followed = follow([
        [0, see(app(synced))],
        [5, see(ended(RESULTS, { ...afterwards(WEB), at: 'd'.repeat(40) }))],
      ]);
      expect(changesOf(followed)).toContain(`updated reported ${WEB}`);
    });

    test('OutOfSync before it ended may be somebody else', () => {
      const followed = follow([
        [0, see(app(synced))],
        [1, see(running(RESULTS, { ...afterwards(WEB), history: [] }))],
        [3, see(ended(RESULTS, afterwards(WEB)))],
      ]);
      expect(changesOf(followed)).toContain(`updated reported ${WEB}`);
    });
  });
});

describe('6. the live object knows', () => {
  const live = (creation: number, write?: number): ReadonlyMap<string, LiveTimes> =>
    new Map([
      [
        WEB,
        {
          creationTimestamp: time(creation),
          lastWrite: write === undefined ? '' : time(write),
        },
      ],
    ]);
  const AMBIGUOUS = [applied(WEB, 'serverside-applied')];

  test.each<[string, ReadonlyMap<string, LiveTimes>, string]>([
    ['created since the start', live(1, 1), 'created live'],
    ['written since the start', live(-500, 2), 'updated live'],
    ['written in the very second of the start', live(-500, 1), 'updated live'],
    ['written before', live(-500, 0), 'unchanged live'],
    ['never written by Argo CD, created before', live(-500), 'updated reported'],
    ['never written by Argo CD, but new', live(2), 'created live'],
    ['not read', new Map(), 'updated reported'],
    [
      'without times',
      new Map([[WEB, { creationTimestamp: '', lastWrite: '' }]]),
      'updated reported',
    ],
  ])('%s', (_, times, change) => {
    expect(changesOf(late(AMBIGUOUS), times)).toEqual([`${change} ${WEB}`]);
  });

  test('makes the evidence complete', () => {
    expect(classesOf(late(AMBIGUOUS), live(-500, 0)).evidence).toBe('complete');
  });

  describe('in a second in which an earlier deployment ended, proves nothing', () => {
    const startSecondAmbiguous: Look = { history: [deployed(A, -3, 1), deployed(B, 1)] };
    test.each<[string, ReadonlyMap<string, LiveTimes>, string]>([
      ['created then', live(1, 1), 'updated reported'],
      ['written then', live(-500, 1), 'updated reported'],
      ['created then, written later', live(1, 2), 'updated reported'],
      ['written later', live(-500, 2), 'updated live'],
      ['created later', live(2, 2), 'created live'],
      ['written before', live(-500, 0), 'unchanged live'],
    ])('%s', (_, times, change) => {
      expect(changesOf(late(AMBIGUOUS, startSecondAmbiguous), times)).toEqual([`${change} ${WEB}`]);
    });
  });

  test('finds it created again where there was one to be configured', () => {
    const rows = (verb: string) =>
      follow([
        [1, see(running([applied(WEB, verb)]))],
        [4, see(ended([applied(WEB, verb)]))],
      ]);
    expect(changesOf(rows('configured'), live(2, 2))).toEqual([`updated live ${WEB}`]);
    expect(changesOf(rows('serverside-applied'), live(2, 2))).toEqual([`created live ${WEB}`]);
  });

  test('finds it created where an earlier attempt, unseen, may have done so', () => {
    const followed = late([applied(WEB, 'configured')], {}, { retry: 1 });
    expect(changesOf(followed, live(2, 2))).toEqual([`created live ${WEB}`]);
  });

  test('does not contradict what is known', () => {
    expect(changesOf(late([applied(WEB, 'unchanged')]), live(2, 2))).toEqual([
      `unchanged applied ${WEB}`,
    ]);
  });

  test('is asked since the deployment began, not since the operation on show', () => {
    const heal = late(AMBIGUOUS, {}, { selective: true, from: 4 });
    expect(changesOf(heal, live(-500, 2))).toContain(`updated live ${WEB}`);
    expect(changesOf(heal, live(-500, 0))).toContain(`unchanged live ${WEB}`);
  });

  test('what a replaced operation pruned stays unknown', () => {
    const heal = late(
      [applied(WEB, 'configured')],
      { resources: [`Synced ${WEB}`] },
      {
        selective: true,
        from: 4,
      },
    );
    expect(classesOf(heal, live(-500, 2))).toMatchObject({ evidence: 'partial', undecided: [] });
  });
});

describe('7. what the comparison does not know', () => {
  const first = (more: Partial<ReturnType<typeof app>> = {}) =>
    follow([
      [0, see({ ...app({ at: '', sync: '', resources: [], history: [] }), ...more })],
      [1, see({ ...running([], { ...compared(WEB), history: [] }), ...more })],
      [
        4,
        see({
          ...ended([applied(NAMESPACE, 'serverside-applied'), applied(WEB, 'created')]),
          ...more,
        }),
      ],
    ]);

  test('the namespace made along the way is in the result only, since it was not there', () => {
    expect(changesOf(first())).toEqual([`created applied ${NAMESPACE}`, `created applied ${WEB}`]);
  });

  test.each([
    ['another kind', '/Service/shop/shop'],
    ['a kind of another group', 'lab.dev/Namespace//shop'],
    ['another namespace', '/Namespace//other'],
  ])('not so %s', (_, name) => {
    const followed = follow([
      [0, see(app({ at: '', sync: '', resources: [], history: [] }))],
      [4, see(ended([applied(name, 'serverside-applied')]))],
    ]);
    expect(changesOf(followed)).toEqual([`updated reported ${name}`]);
  });

  test('nor one that is in Git, which may have been there', () => {
    const followed = follow([
      [0, see(app({ at: '', sync: '', resources: [], history: [] }))],
      [
        4,
        see(
          ended([applied(NAMESPACE, 'serverside-applied')], {
            resources: [`Synced ${NAMESPACE}`, `Synced ${WEB}`],
          }),
        ),
      ],
    ]);
    expect(changesOf(followed)).toEqual([`updated reported ${NAMESPACE}`]);
  });

  test('one whose metadata is managed is in every result', () => {
    const followed = first({ managedNamespace: true });
    expect(changesOf(followed)).toContain(`updated reported ${NAMESPACE}`);
    const live = new Map([[NAMESPACE, { creationTimestamp: time(1), lastWrite: time(1) }]]);
    expect(changesOf(followed, live)).toContain(`created live ${NAMESPACE}`);
  });
});

describe('8. what has no namespace has that of the destination in a result', () => {
  const CLASS = 'networking.k8s.io/IngressClass//web';
  const ISSUER = 'cert-manager.io/ClusterIssuer//web';
  const inShop = (name: string) => name.replace('//', '/shop/');
  const both = (status: string) => [CLASS, ISSUER].map((each) => `${status} ${each}`);
  const results = (verb: string) => [CLASS, ISSUER].map((each) => applied(inShop(each), verb));

  test('it is the one that the comparison names', () => {
    const followed = follow([
      [0, see(app({ ...OLD, resources: both('Synced') }))],
      [1, see(app({ ...OLD, at: B, sync: 'OutOfSync', resources: both('OutOfSync') }))],
      [4, see(ended(results('serverside-applied'), { resources: both('Synced') }))],
    ]);
    expect(changesOf(followed)).toEqual([
      `updated compared ${ISSUER}`,
      `updated compared ${CLASS}`,
    ]);
  });

  test('of a custom kind that may be known only once it is compared: one all the same', () => {
    const unknown = [`OutOfSync ${inShop(ISSUER)}`];
    const followed = follow([
      [1, see(running(results('created'), { resources: unknown }))],
      [2, see(running(results('healthy'), { resources: unknown }))],
      [4, see(ended(results('healthy'), { resources: both('Synced') }))],
    ]);
    expect(changesOf(followed)).toEqual([`created applied ${ISSUER}`, `created applied ${CLASS}`]);
  });

  test('one that failed, and was applied in a later attempt', () => {
    const failed = [result(inShop(ISSUER), 'SyncFailed', 'no matches for kind')];
    const followed = follow([
      [1, see(running(failed, { resources: [] }))],
      [2, see(running([applied(inShop(ISSUER), 'created')], { resources: [] }, { retry: 1 }))],
      [
        4,
        see(
          ended([applied(inShop(ISSUER), 'created')], { resources: both('Synced') }, { retry: 1 }),
        ),
      ],
    ]);
    expect(changesOf(followed)).toEqual([`created applied ${ISSUER}`]);
  });

  test('what is in a namespace stays there, whatever its name', () => {
    const elsewhere = 'cert-manager.io/ClusterIssuer/other/web';
    const followed = follow([
      [
        4,
        see(
          ended([applied(WEB, 'created'), applied(elsewhere, 'created')], {
            resources: both('Synced'),
          }),
        ),
      ],
    ]);
    expect(changesOf(followed)).toEqual([`created applied ${WEB}`, `created applied ${elsewhere}`]);
  });
});

describe('left behind, where no operation prunes', () => {
  const left: Look = {
    at: B,
    sync: 'OutOfSync',
    automated: { prune: false },
    reconciled: 1,
    resources: [`Synced ${WEB}`, `OutOfSync ${KEEP} prune`, `OutOfSync ${API} prune hook`],
  };
  test('a resource that left Git is skipped', () => {
    const followed = follow([
      [0, see(app({ ...OLD, automated: { prune: false } }))],
      [1, see(app({ ...OLD, ...left }))],
    ]);
    expect(changesOf(followed)).toEqual([`skipped compared ${KEEP}`]);
    expect(classesOf(followed).evidence).toBe('complete');
  });
  test('not where auto-sync prunes, or nothing syncs by itself', () => {
    for (const automated of [{ prune: true }, false] as const) {
      expect(changesOf(follow([[1, see(app({ ...OLD, ...left, automated }))]]))).toEqual([]);
    }
  });
  test('not where there was an operation, which would have said it', () => {
    const followed = late([applied(WEB, 'created')], left);
    expect(changesOf(followed)).toEqual([`created applied ${WEB}`]);
  });
  test('not where an operation has said it', () => {
    const followed = late([result(KEEP, 'PruneSkipped', 'ignored')], left);
    expect(changesOf(followed)).toEqual([`skipped applied ${KEEP}`]);
  });
});

describe('what else is told of a change', () => {
  test('a hook that runs in two phases is two, with their last words', () => {
    const JOB = 'batch/Job/shop/check';
    const followed = follow([
      [1, see(running([hook(JOB, 'PreSync', 'Running', 'job created')]))],
      [
        2,
        see(
          running([
            hook(JOB, 'PreSync', 'Succeeded', 'job succeeded'),
            hook(JOB, 'PostSync', 'Running', 'job created'),
          ]),
        ),
      ],
      [
        4,
        see(
          ended(
            [
              hook(JOB, 'PreSync', 'Succeeded', 'job succeeded'),
              hook(JOB, 'PostSync', 'Failed', 'job failed'),
            ],
            {},
            { phase: 'Failed' },
          ),
        ),
      ],
    ]);
    expect(classesOf(followed).changes).toMatchObject([
      { change: 'hook', hook: 'PreSync', phase: 'Succeeded', message: 'job succeeded' },
      { change: 'hook', hook: 'PostSync', phase: 'Failed', message: 'job failed' },
    ]);
  });

  test('a hook that could not be made is a hook', () => {
    const JOB = 'batch/Job/shop/check';
    const bad = result(JOB, 'SyncFailed', 'no', { hookType: 'Sync', hookPhase: 'Failed' });
    expect(classesOf(late([bad])).changes).toMatchObject([{ change: 'hook', phase: 'Failed' }]);
  });

  test('its place, message, images and wave', () => {
    const images = ['registry/web:2'];
    const followed = late([applied(WEB, 'created', { images })], {
      resources: [`Synced ${WEB} wave=-1`, `Synced ${API} wave=3`],
    });
    expect(classesOf(followed).changes).toEqual([
      {
        application: 'shop',
        group: 'apps',
        version: 'v1',
        kind: 'Deployment',
        namespace: 'shop',
        name: 'web',
        change: 'created',
        evidence: 'applied',
        message: 'deployment.apps/web created',
        images,
        wave: -1,
        phase: '',
      },
    ]);
  });

  test('the images are those of the last word', () => {
    const followed = follow([
      [1, see(running([applied(WEB, 'created', { images: ['web:1'] })]))],
      [4, see(ended([applied(WEB, 'unchanged', { images: ['web:2'] })]))],
    ]);
    expect(classesOf(followed).changes).toMatchObject([{ images: ['web:2'] }]);
  });

  test('several sources compare by all of their revisions', () => {
    const both = { history: [], ...ALL_SYNCED, sources: [{}, {}] } as const;
    const followed = follow(
      [
        [0, see(app({ ...both, at: [A, A] }))],
        [1, see(app({ ...both, ...compared(WEB), at: [A, B] }))],
        [
          4,
          see(
            app({
              ...both,
              at: [A, B],
              operation: operation({
                at: [A, B],
                results: [applied(WEB, 'configured'), applied(API, 'configured')],
              }),
            }),
          ),
        ],
      ],
      { target: revision(B, [1]) },
    );
    expect(changesOf(followed)).toEqual([`unchanged compared ${API}`, `updated compared ${WEB}`]);
  });
});
