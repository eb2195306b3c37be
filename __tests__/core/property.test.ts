import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { classify } from '../../src/core/changes/classify.js';
import { scopeOf } from '../../src/core/changes/scope.js';
import { openQuestion, targetFirstSeen } from '../../src/core/decision/progress.js';
import { judge, type Verdict } from '../../src/core/decision/rules.js';
import { begin, type Event, type Policy, type State, step } from '../../src/core/decision/state.js';
import type { Target } from '../../src/core/decision/target.js';
import { blockersOf } from '../../src/core/result/blockers.js';
import { settle } from '../../src/core/result/settle.js';
import { loadTrace, type Trace, traceNames } from '../support/replay.ts';
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
  operation,
  request,
  result,
  serverTime,
  WEB,
} from './support/application.ts';
import { ANY, imagePatterns, POLICY, patterns, revision } from './support/follow.ts';
import { deepFreeze } from './support/freeze.ts';
import {
  endOf,
  expectedEnd,
  isSuccess,
  type Look,
  lies,
  looksOf,
  play,
} from './support/recordings.ts';

/** Fixed, so that a failure is one for everybody; fast-check prints it with the way to the fault. */
const SEED = 20_260_301;

/** What happens to each of a recording's looks on the way to the wait. */
interface Fate {
  readonly dropped: boolean;
  readonly repeated: boolean;
  /** Others may have been missed, though none was. */
  readonly doubtful: boolean;
}

const FATE: fc.Arbitrary<Fate> = fc.record({
  dropped: fc.boolean(),
  repeated: fc.boolean(),
  doubtful: fc.boolean(),
});

/** A connection that breaks: a poll or a new list after what was lost says that there is a gap. */
function damaged(looks: readonly Look[], fates: readonly Fate[]): readonly Look[] {
  const arrived: Look[] = [];
  let gap = false;
  looks.forEach((look, i) => {
    const fate = fates[i % fates.length];
    if (fate?.dropped) {
      gap = true;
      return;
    }
    const seen = { ...look, gap: gap || fate?.doubtful === true };
    arrived.push(seen, ...(fate?.repeated ? [look] : []));
    gap = false;
  });
  return arrived.sort((a, b) => a.t - b.t);
}

interface Damage {
  /** Which part of the recording the wait does not see at all. */
  readonly from: number;
  readonly fates: readonly Fate[];
  readonly ticks: readonly number[];
  readonly live: boolean;
}

const DAMAGE: fc.Arbitrary<Damage> = fc.record({
  from: fc.nat(),
  fates: fc.array(FATE, { minLength: 1, maxLength: 40 }),
  ticks: fc.array(fc.nat(60_000), { maxLength: 6 }),
  live: fc.boolean(),
});

function looksAfter(trace: Trace, { from, fates }: Damage): readonly Look[] {
  return damaged(looksOf(trace, from % trace.events.length), fates);
}

describe('a wait for a recording, whatever is lost or comes twice', () => {
  /** Of the faults put into the rules on trial that only damage finds, each showed by the eighth run. */
  const RUNS = 30;

  test.each(traceNames())('%s', (name) => {
    const trace = loadTrace(name);
    const whole = play(trace, looksOf(trace));
    const wins = isSuccess(whole);
    expect(endOf(whole, trace)).toBe(expectedEnd(trace));
    fc.assert(
      fc.property(DAMAGE, (damage) => {
        const { live, ticks } = damage;
        const looks = looksAfter(trace, damage).map((look) => deepFreeze(look));
        const onState = (state: State) => void deepFreeze(state);
        const played = play(trace, looks, { live, ticks, onState });
        if (isSuccess(played)) {
          expect(wins).toBe(true);
          expect(played.overAt).toBeGreaterThanOrEqual(whole.overAt ?? Number.POSITIVE_INFINITY);
        }
        // What is not over may still have changes to come.
        const over = played.verdict.kind === 'done' && played.state.application !== undefined;
        if (over) expect(lies(trace, played.changes)).toEqual([]);
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });
});

describe('two Applications side by side', () => {
  const stateOf = (trace: Trace) =>
    begin(POLICY, () => revision(trace.revision), { elapsed: 0, server: serverTime(0) });
  const eventOf = ({ t, application, gap }: Look): Event => {
    const now = { elapsed: t, server: serverTime(t / 1000) };
    return application ? { kind: 'snapshot', application, now, gap } : { kind: 'absent', now };
  };

  test('know nothing of each other', () => {
    const recordings = traceNames().map((name) => loadTrace(name));
    fc.assert(
      fc.property(
        fc.constantFrom(...recordings),
        fc.constantFrom(...recordings),
        fc.array(fc.boolean(), { minLength: 80, maxLength: 80 }),
        (one, other, turns) => {
          const queues: readonly [Look[], Look[]] = [[...looksOf(one)], [...looksOf(other)]];
          const states = [stateOf(one), stateOf(other)];
          for (const turn of [...turns, ...turns.map((each) => !each)]) {
            const i = turn ? 0 : 1;
            const look = queues[i].shift();
            const state = states[i];
            if (look && state) states[i] = step(state, deepFreeze(eventOf(look)));
          }
          for (const [i, trace] of [one, other].entries()) {
            const alone = looksOf(trace)
              .slice(0, looksOf(trace).length - (queues[i]?.length ?? 0))
              .reduce((state, look) => step(state, eventOf(look)), stateOf(trace));
            const { resolve: _mine, ...rest } = states[i] ?? alone;
            const { resolve: _its, ...expected } = alone;
            expect(rest).toEqual(expected);
          }
        },
      ),
      { seed: SEED, numRuns: 60 },
    );
  });
});

/** Applications that nobody recorded, and many that cannot be. */
const COMMIT = fc.constantFrom(A, B, C);
const SECOND = fc.integer({ min: -5, max: 40 });
const RESULT = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(WEB, API, KEEP),
      fc.constantFrom('created', 'unchanged', 'configured', 'serverside-applied', 'is ready'),
    )
    .map(([name, verb]) => applied(name, verb)),
  fc
    .tuple(
      fc.constantFrom(WEB, API, KEEP),
      fc.constantFrom('SyncFailed', 'Pruned', 'PruneSkipped', ''),
    )
    .map(([name, status]) => result(name, status, '')),
  fc
    .constantFrom('Running', 'Succeeded', 'Failed')
    .map((phase) => hook('batch/Job/shop/smoke', 'PostSync', phase)),
);
const RUN = fc.record(
  {
    at: COMMIT,
    phase: fc.constantFrom('Running', 'Terminating', 'Succeeded', 'Failed', 'Error'),
    from: SECOND,
    to: SECOND,
    retry: fc.nat(3),
    selective: fc.boolean(),
    dryRun: fc.boolean(),
    manual: fc.boolean(),
    results: fc.uniqueArray(RESULT, {
      maxLength: 4,
      selector: (each) => JSON.stringify([each['name'], each['syncPhase']]),
    }),
  },
  { requiredKeys: ['at', 'phase', 'from', 'results'] },
);
const APPLICATION = fc
  .record(
    {
      at: fc.oneof(COMMIT, fc.constantFrom('', 'main')),
      sync: fc.constantFrom('Synced', 'OutOfSync', 'Unknown', ''),
      health: fc.constantFrom('Healthy', 'Progressing', 'Degraded', 'Suspended', 'Missing', ''),
      healthSince: SECOND,
      reconciled: SECOND,
      automated: fc.constantFrom<(false | Json)[]>(false, { prune: true }, { prune: false }),
      uid: fc.constantFrom('uid-1', 'uid-1', 'uid-1', 'uid-2'),
      version: fc.nat(20),
      refreshing: fc.boolean(),
      resources: fc.subarray([
        `Synced ${WEB} Healthy`,
        `OutOfSync ${API} Degraded`,
        `OutOfSync ${KEEP} prune`,
      ]),
      operation: RUN.map(operation),
      requested: fc.record({ at: COMMIT, selective: fc.boolean() }).map(request),
      history: fc.array(
        fc.tuple(COMMIT, SECOND).map(([at, from]) => deployed(at, from)),
        {
          maxLength: 3,
        },
      ),
      conditions: fc.subarray([
        `SyncError: Failed sync attempt to ${B}`,
        'ComparisonError: no manifests',
        'OrphanedResourceWarning: one',
      ]),
    },
    { requiredKeys: [] },
  )
  .map((look) => app(look));

type Now = { readonly elapsed: number; readonly server: number };
type Timeless = (now: Now) => Event;

const EVENT: fc.Arbitrary<Timeless> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(APPLICATION, fc.boolean()).map(
      ([application, gap]) =>
        (now: Now): Event => ({ kind: 'snapshot', application, now, gap }),
    ),
  },
  { weight: 1, arbitrary: fc.constant((now: Now): Event => ({ kind: 'absent', now })) },
  {
    weight: 1,
    arbitrary: fc
      .record({
        kind: fc.constant('relation' as const),
        revision: COMMIT,
        relation: fc.constantFrom('descendant', 'other'),
      })
      .map((event) => () => event),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('operation', 'refresh'), fc.nat(20))
      .map(([what, version]) => (): Event => {
        return { kind: 'triggered', request: { what, resourceVersion: `${version}` } };
      }),
  },
);

const WAITS: readonly Policy['waitFor'][] = [
  ['sync', 'health'],
  ['operation', 'sync', 'health'],
  ['health'],
  ['sync'],
  ['operation'],
  ['nothing'],
  ['deletion'],
];

const POLICIES: fc.Arbitrary<Policy> = fc.record({
  waitFor: fc.constantFrom(...WAITS),
  waitResources: fc.constantFrom(patterns(), patterns('Deployment/*')),
  images: fc.constantFrom(imagePatterns(), imagePatterns('*/web:2')),
  degradedGraceMs: fc.constantFrom(0, 5000, Number.POSITIVE_INFINITY),
  podFailures: fc.constantFrom('fail', 'wait'),
  ifNotAutomated: fc.constantFrom('wait', 'fail'),
  timeoutMs: fc.constantFrom(10_000, 600_000),
  suspended: fc.constantFrom('wait', 'succeed', 'fail'),
  retries: fc.constantFrom('wait', 'fail'),
  ifMissing: fc.constantFrom('fail', 'wait', 'skip'),
});

interface Story {
  readonly policy: Policy;
  readonly target: Target;
  /** With the seconds that pass after each. */
  readonly events: readonly (readonly [Timeless, number])[];
}

describe('whatever comes', () => {
  /** Stories for the given targets and policies: one that is thrown away costs as much as a test. */
  function stories(
    targets: readonly Target[] = [ANY, revision(B)],
    policy: fc.Arbitrary<Policy> = POLICIES,
  ): fc.Arbitrary<Story> {
    return fc.record({
      policy,
      target: fc.constantFrom(...targets),
      events: fc.array(fc.tuple(EVENT, fc.nat(8)), { minLength: 1, maxLength: 12 }),
    });
  }

  /** @param keep what every event and state passes through on its way */
  function tell(
    { policy, target, events }: Story,
    look: (state: State, now: Now) => void,
    keep: <T>(value: T) => T = (value) => value,
  ): void {
    let seconds = 0;
    const now = () => ({ elapsed: seconds * 1000, server: serverTime(seconds) });
    let state = keep(begin(policy, () => target, now()));
    for (const [event, pause] of events) {
      state = keep(step(state, keep(event(now()))));
      look(state, now());
      seconds += pause;
    }
  }

  test('nothing throws, nothing is changed in place, and the answers are the same twice', () => {
    fc.assert(
      fc.property(stories(), (each) => {
        const verdicts: Verdict[] = [];
        const again: Verdict[] = [];
        const wrong: string[] = [];
        const look = (state: State, now: Now): void => {
          const verdict = judge(state, now);
          verdicts.push(verdict);
          again.push(judge(state, now));
          const { recheckAt = Number.POSITIVE_INFINITY } =
            verdict.kind === 'waiting' ? verdict : {};
          if (recheckAt <= now.elapsed) wrong.push(`at ${now.elapsed}: again at ${recheckAt}`);
          blockersOf(state, now);
          openQuestion(state);
          const end = { conclusion: 'timeout', reason: 'timeout', what: '' } as const;
          const { changes, evidence } = settle('shop', state, end, now).result;
          const reported = changes.some((change) => change.evidence === 'reported');
          if (reported && evidence !== 'partial') wrong.push(`at ${now.elapsed}: ${evidence}`);
        };
        tell(each, look, deepFreeze);
        expect(again).toEqual(verdicts);
        expect(wrong).toEqual([]);
      }),
      { seed: SEED, numRuns: 400 },
    );
  });

  test('a resource has one class', () => {
    fc.assert(
      fc.property(stories(), (each) => {
        const twice: string[] = [];
        tell(each, (state) => {
          if (!state.application) return;
          const { changes } = classify('shop', state.application, state.seen, scopeOf(state));
          const names = changes
            .filter(({ change }) => change !== 'hook')
            .map(({ group, kind, namespace, name }) => [group, kind, namespace, name].join('/'));
          twice.push(...names.filter((name, i) => names.indexOf(name) !== i));
        });
        expect(twice).toEqual([]);
      }),
      { seed: SEED, numRuns: 200 },
    );
  });

  test('success is never in the midst of something, nor in bad health', () => {
    const policies = fc
      .tuple(POLICIES, fc.constantFrom(...WAITS.filter((each) => each.includes('health'))))
      .map(([policy, waitFor]) => ({ ...policy, waitFor, waitResources: patterns() }));
    fc.assert(
      fc.property(stories([ANY, revision(B)], policies), (each) => {
        tell(each, (state, now) => {
          const verdict = judge(state, now);
          if (verdict.kind !== 'done' || verdict.conclusion !== 'success') return;
          const { application } = state;
          expect(state.presence).toBe('present');
          expect(application?.requested).toBeUndefined();
          expect(application?.operation?.phase ?? '').not.toMatch(/Running|Terminating/);
          expect(application?.health.status).toMatch(
            each.policy.suspended === 'succeed' ? /^(Healthy|Suspended)$/ : /^Healthy$/,
          );
        });
      }),
      { seed: SEED, numRuns: 400 },
    );
  });

  test('success for a revision that was never seen needs one that contains it', () => {
    const waits = WAITS.filter((each) => !each.includes('nothing') && !each.includes('deletion'));
    const policies = fc
      .tuple(POLICIES, fc.constantFrom(...waits))
      .map(([policy, waitFor]) => ({ ...policy, waitFor }));
    fc.assert(
      fc.property(stories([revision(B)], policies), (each) => {
        tell(each, (state, now) => {
          const verdict = judge(state, now);
          if (verdict.kind !== 'done' || verdict.conclusion !== 'success') return;
          const contained = [...state.relations.values()].includes('descendant');
          expect(targetFirstSeen(state) !== undefined || contained).toBe(true);
        });
      }),
      { seed: SEED, numRuns: 400 },
    );
  });
});
