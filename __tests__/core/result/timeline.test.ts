import { describe, expect, test } from '@jest/globals';
import { settle } from '../../../src/core/result/settle.js';
import type { Span } from '../../../src/core/result/vocabulary.js';
import { epochOf, loadTrace } from '../../support/replay.ts';
import {
  API,
  app,
  applied,
  B,
  hook,
  KEEP,
  result,
  SETTINGS,
  serverTime,
  time,
  WEB,
} from '../support/application.ts';
import { type Followed, follow, see } from '../support/follow.ts';
import { looksOf, play } from '../support/recordings.ts';

const END = { conclusion: 'success', reason: 'synced', what: 'the revision is deployed' } as const;

type Told = Parameters<typeof follow>[0][number];

/** `hook PreSync Job/migrate 4-13 done`, in seconds from zero. */
function short(spans: readonly Span[] = [], zero = serverTime(0)): readonly string[] {
  const seconds = (ms: number) => Math.round((ms - zero) / 1000);
  return spans.map(({ kind, what, from, to, end }) =>
    [kind, what, `${seconds(from)}-${seconds(to)}`, end].filter((part) => part !== '').join(' '),
  );
}

function timelineOf({ state, now }: Pick<Followed, 'state' | 'now'>) {
  return settle('shop', state, END, now).result.timeline;
}

describe('recordings', () => {
  test.each<[name: string, from: number, expected: readonly string[]]>([
    [
      'waves-and-hooks',
      0,
      [
        'operation b97073ee 0-27 done',
        'hook PreSync Job/migrate 5-13 done',
        'apply -1, ConfigMap/settings 13-15 done',
        'apply 0, Deployment/db 15-18 done',
        'apply 1, Deployment/web 18-20 done',
        'apply 2, Widget/gadget 20-20 done',
        'hook PostSync Job/smoke 20-27 done',
      ],
    ],
    [
      'update-client-side',
      0,
      [
        'operation b97073ee 0-1 done',
        'operation b97073ee (in part) 1-1 done',
        'health Healthy 1-2 done',
      ],
    ],
    ['degraded', 0, ['operation c3b0a1ca 0-1 done', 'health Degraded 1-8 failed']],
    [
      'hook-failed',
      0,
      [
        'operation c3b0a1ca 0-11 failed',
        'apply 0, 2 resources 4-4 done',
        'hook PostSync Job/smoke 4-11 failed',
      ],
    ],
    ['sync-failed-retrying', 0, ['operation c3b0a1ca 0-29 failed']],
    ['no-op-commit', 0, []],
    [
      'hydrated-change',
      0,
      [
        'hydration c5ec251d to 1281645e 0-0 done',
        'operation 1281645e 0-1 done',
        'operation 1281645e (in part) 1-1 done',
        'health Healthy 1-2 done',
      ],
    ],
    [
      'hydrated-change',
      8,
      [
        'operation 1281645e 0-1 done',
        'operation 1281645e (in part) 1-1 done',
        'health Healthy 1-2 done',
      ],
    ],
    // Started at the end: what was over by the first look tells no order.
    ['waves-and-hooks', 24, ['operation b97073ee 0-27 done']],
  ])('%s from event %i', (name, from, expected) => {
    const trace = loadTrace(name);
    const looks = looksOf(trace, from);
    const { state, overAt } = play(trace, looks);
    const t = overAt ?? looks.at(-1)?.t ?? 0;
    const now = { elapsed: t, server: epochOf(trace) + t };
    const spans = timelineOf({ state, now });
    expect(short(spans, spans?.[0]?.from)).toEqual(expected);
  });

  test('a namespace that nobody waits for ends where the next part begins', () => {
    const trace = loadTrace('waves-first-sync');
    const { state, overAt = 0 } = play(trace, looksOf(trace));
    const spans = timelineOf({ state, now: { elapsed: overAt, server: epochOf(trace) + overAt } });
    expect(short(spans, spans?.[0]?.from).slice(0, 3)).toEqual([
      'operation e059dad5 0-25 done',
      'apply 0 of PreSync, Namespace/shop-waves 1-3 done',
      'hook PreSync Job/migrate 3-11 done',
    ]);
  });
});

const running = { phase: 'Running', startedAt: time(10), syncResult: { revision: B } };

describe('stories', () => {
  const began: readonly Told[] = [
    [0, see(app()), 'waiting'],
    [10, see(app({ version: 2, at: B, sync: 'OutOfSync', operation: running })), 'waiting'],
  ];

  test('what had not ended is open', () => {
    const followed = follow(began);
    expect(short(timelineOf(followed))).toEqual([
      'request 0-10 done',
      'operation bbbbbbbb 10-10 open',
    ]);
  });

  test.each([
    ['Progressing', ['health Progressing 12-30 open']],
    ['Suspended', ['health Suspended 12-30 open']],
    ['Degraded', ['health Degraded 12-30 failed']],
    ['Healthy', []],
  ])('health %s since before the end', (health, expected) => {
    const done = { ...running, phase: 'Succeeded', finishedAt: time(12) };
    const followed = follow([
      ...began,
      [30, see(app({ version: 3, at: B, operation: done, health, reconciled: 12 }))],
    ]);
    // Health turned when it was first seen after the end.
    expect(short(timelineOf(followed)).slice(2)).toEqual(expected);
  });

  test.each([
    ['Healthy', 20, ['health Healthy 12-20 done']],
    ['Healthy', 5, []],
    ['Degraded', 20, ['health Degraded 12-20 failed']],
    ['Degraded', 5, ['health Degraded 12-30 failed']],
  ])('health %s at the first look, since second %i', (health, healthSince, expected) => {
    const done = { ...running, phase: 'Succeeded', finishedAt: time(12) };
    const look = { at: B, operation: done, health, healthSince, reconciled: 12 };
    expect(short(timelineOf(follow([[30, see(app(look))]])))).toEqual([
      'operation bbbbbbbb 10-12 done',
      ...expected,
    ]);
  });

  describe('the parts of an operation', () => {
    const JOB = 'batch/Job/shop/migrate';
    const before = hook(JOB, 'PreSync', 'Succeeded', 'done');
    const pruned = [KEEP, API].map((each) => result(each, 'Pruned', 'pruned'));
    const at = (seconds: number, results: readonly object[], more: object = {}): Told => {
      const syncResult = { ...running.syncResult, resources: results };
      const operation = { ...running, syncResult, ...more };
      const look = { version: seconds, at: B, sync: 'OutOfSync', operation };
      return [seconds, see(app(look)), 'waiting'];
    };
    const story: readonly Told[] = [
      ...began,
      at(12, [hook(JOB, 'PreSync', 'Running', 'created')]),
      at(15, [before, applied(WEB, 'created')]),
      at(18, [before, applied(WEB, 'created'), ...pruned]),
    ];

    test('are open while it runs', () => {
      expect(short(timelineOf(follow(story))).slice(1)).toEqual([
        'operation bbbbbbbb 10-18 open',
        'hook PreSync Job/migrate 12-15 done',
        'apply 0, Deployment/web 15-18 open',
        'prune 2 resources 18-18 done',
      ]);
    });

    test('fail one by one', () => {
      const results = [
        before,
        applied(WEB, 'created'),
        result(SETTINGS, 'SyncFailed', 'no', { syncPhase: 'PostSync' }),
        ...pruned,
      ];
      const followed = follow([
        ...story,
        at(20, results),
        at(25, results, { phase: 'Failed', finishedAt: time(23) }),
      ]);
      expect(short(timelineOf(followed)).slice(1)).toEqual([
        'operation bbbbbbbb 10-23 failed',
        'hook PreSync Job/migrate 12-15 done',
        'apply 0, Deployment/web 15-18 done',
        'prune 2 resources 18-18 done',
        'apply 0 of PostSync, ConfigMap/settings 20-23 failed',
      ]);
    });
  });

  describe('a hydration', () => {
    const hydrating = { phase: 'Hydrating', startedAt: time(2) };
    const failed = { phase: 'Failed', drySHA: B, startedAt: time(2), finishedAt: time(5) };
    const at = (currentOperation: object, version: number) =>
      see(app({ version, hydrated: { currentOperation, lastComparedDryRevision: B } }));

    test('that goes on is open', () => {
      const followed = follow([
        [0, see(app())],
        [9, at(hydrating, 2)],
      ]);
      expect(short(timelineOf(followed))).toEqual(['hydration bbbbbbbb 2-9 open']);
    });

    test('that failed is told beside the next one', () => {
      const followed = follow([
        [0, see(app())],
        [6, at(failed, 2)],
        [130, at({ ...hydrating, startedAt: time(126) }, 3)],
      ]);
      expect(short(timelineOf(followed))).toEqual([
        'hydration bbbbbbbb 2-5 failed',
        'hydration bbbbbbbb 126-130 open',
      ]);
    });

    test('that had ended at the first look is left out', () => {
      expect(timelineOf(follow([[6, at(failed, 1)]]))).toEqual([]);
    });
  });

  test('without the time of the server, only what the cluster wrote', () => {
    const done = { ...running, phase: 'Succeeded', finishedAt: time(12) };
    const rows = [...began, [30, see(app({ version: 3, at: B, operation: done }))] as const];
    expect(short(timelineOf(follow(rows, { noServerClock: true })))).toEqual([
      'operation bbbbbbbb 10-12 done',
    ]);
  });
});
