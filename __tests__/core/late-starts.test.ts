import { describe, expect, test } from '@jest/globals';
import { judge, type Verdict } from '../../src/core/decision/rules.js';
import { loadTrace, type Trace, traceNames } from '../support/replay.ts';
import { classifyAll } from './support/classes.ts';
import {
  changesOf,
  endOf,
  expectedEnd,
  isSuccess,
  lies,
  looksOf,
  type Played,
  play,
  type Rules,
} from './support/recordings.ts';

/**
 * Starts, by the index of the recording's first event that they see, from which a wait cannot come
 * to the recording's end: how the revision ended is not to be seen any more.
 */
const ELSEWHERE: Readonly<Record<string, readonly (readonly [first: number, end: string])[]>> = {
  // It is being deleted: whatever it still shows is on its way out. Then it is gone.
  'manual-sync-then-deleted': [
    [12, 'failure deleted'],
    [13, 'failure deleted'],
    [14, 'failure missing'],
  ],
  'slow-rollout-then-deleted': [
    [12, 'failure deleted'],
    [13, 'failure deleted'],
    [14, 'failure deleted'],
    [15, 'failure deleted'],
    [16, 'failure missing'],
  ],
  // A failure leaves no entry in the history. The operation for the next commit has replaced the
  // result, and the recording ends before that one has come to its end.
  'sync-failed-retrying': [18, 19, 20, 21, 22].map((first) => [first, 'waiting'] as const),
  // An operation for the next commit has begun, and the recording ends before it does.
  'waves-first-sync': [25, 26, 27, 28, 29].map((first) => [first, 'waiting'] as const),
};

/** What is wrong with a wait that begins with one of a recording's later events. */
function faultsFrom(trace: Trace, first: number, whole: Played, rules: Rules): readonly string[] {
  const looks = looksOf(trace, first);
  return [true, false].flatMap((live) => {
    const played = play(trace, looks, { ...rules, live });
    const where = `from ${first}${live ? '' : ' without live objects'}: `;
    const [, elsewhere] = ELSEWHERE[trace.trace]?.find(([each]) => each === first) ?? [];
    const wanted = elsewhere ?? expectedEnd(trace);
    const end = endOf(played, trace) === wanted ? [] : [`${endOf(played, trace)}, not ${wanted}`];
    const early = isEarly(played, whole) ? [`over at ${played.overAt}, before the end`] : [];
    const told = played.state.application ? lies(trace, played.changes) : [];
    return [...end, ...early, ...told].map((each) => where + each);
  });
}

function isEarly(played: Played, whole: Played): boolean {
  if (!isSuccess(played)) return false;
  return (played.overAt ?? 0) < (whole.overAt ?? Number.POSITIVE_INFINITY);
}

function laterEvents(trace: Trace): readonly number[] {
  return trace.events.map((_, i) => i).slice(1);
}

function faultsOf(trace: Trace, rules: Rules = {}): readonly string[] {
  const whole = play(trace, looksOf(trace));
  return laterEvents(trace).flatMap((first) => faultsFrom(trace, first, whole, rules));
}

describe('from the start, a wait for a recording', () => {
  test.each(traceNames())('%s', (name) => {
    const trace = loadTrace(name);
    const played = play(trace, looksOf(trace));
    expect(endOf(played, trace)).toBe(expectedEnd(trace));
    expect(lies(trace, played.changes)).toEqual([]);
    if (trace.expect.changes) {
      expect(changesOf(played.changes)).toEqual([...trace.expect.changes].sort());
    }
  });

  /** What a replaced operation pruned cannot be found again. */
  const PARTIAL = ['started-late-replaced-operation'];

  test.each(traceNames())('%s: the evidence', (name) => {
    const trace = loadTrace(name);
    const { changes } = play(trace, looksOf(trace));
    expect(changes.evidence).toBe(PARTIAL.includes(name) ? 'partial' : 'complete');
  });
});

describe('from every later event, a wait for a recording', () => {
  test.each(traceNames())('%s', (name) => {
    expect(faultsOf(loadTrace(name))).toEqual([]);
  });

  test('the exceptions are of events that there are', () => {
    for (const [name, exceptions] of Object.entries(ELSEWHERE)) {
      const events = laterEvents(loadTrace(name));
      expect(events).toEqual(expect.arrayContaining(exceptions.map(([first]) => first)));
    }
  });
});

/** Rules that somebody might write, and a recording that shows each of them wrong. */
describe('these checks notice', () => {
  const verdict = (done: boolean): Verdict =>
    done
      ? { kind: 'done', conclusion: 'success', reason: 'synced', what: '' }
      : { kind: 'waiting', what: '' };

  const WRONG: Readonly<Record<string, Rules>> = {
    'a rule that forgets the revision': {
      judge: ({ application: a }) =>
        verdict(a?.comparison.status === 'Synced' && a.health.status === 'Healthy'),
    },
    'a rule that forgets the operation': {
      judge: (state, now) => {
        const { application, ...rest } = state;
        if (!application) return judge(state, now);
        const { operation: _failed, requested: _asked, ...idle } = application;
        return judge({ ...rest, application: idle }, now);
      },
    },
    'a rule that waits for the operation of the revision': {
      judge: (state, now) => {
        const real = judge(state, now);
        const none = real.kind === 'done' && real.reason === 'no-change';
        return none ? verdict(false) : real;
      },
    },
    'a rule that believes any health': {
      judge: (state, now) => {
        const facts = state.facts.filter(({ kind }) => kind !== 'ended');
        return judge({ ...state, facts }, now);
      },
    },
    'a rule that knows no successor': {
      judge: (state, now) => {
        const real = judge(state, now);
        return real.kind === 'done' && real.reason === 'superseded' ? verdict(false) : real;
      },
    },
    'a classifier that takes configured for changed': {
      classify: (...parts) => {
        const found = classifyAll(...parts);
        const changes = found.changes.map((each) => {
          const believed = each.change === 'unchanged' && / configured$/.test(each.message);
          return believed ? ({ ...each, change: 'updated' } as const) : each;
        });
        return { ...found, changes };
      },
    },
    'a classifier that takes the last result for all of them': {
      classify: (application, seen, scope, live) =>
        classifyAll(
          application,
          seen,
          { ...scope, hidden: false, operations: scope.operations.slice(-1) },
          live,
        ),
    },
    'a classifier that takes what is not known for unchanged': {
      classify: (...parts) => {
        const found = classifyAll(...parts);
        const changes = found.changes.map((each) =>
          each.evidence === 'reported' ? ({ ...each, change: 'unchanged' } as const) : each,
        );
        return { ...found, changes };
      },
    },
    'a classifier that does not admit what it cannot know': {
      classify: (...parts) => ({ ...classifyAll(...parts), evidence: 'complete' }),
    },
    'a classifier that forgets all': {
      classify: () => ({ changes: [], undecided: [], evidence: 'complete' }),
    },
  };

  test.each([
    ['a rule that forgets the revision', 'update-client-side'],
    ['a rule that forgets the operation', 'hook-failed'],
    ['a rule that waits for the operation of the revision', 'no-op-commit'],
    ['a rule that believes any health', 'rollback'],
    ['a rule that knows no successor', 'superseded'],
    ['a classifier that takes configured for changed', 'update-client-side'],
    ['a classifier that takes the last result for all of them', 'update-client-side'],
    ['a classifier that takes what is not known for unchanged', 'replace'],
    ['a classifier that does not admit what it cannot know', 'update-client-side'],
    ['a classifier that forgets all', 'create'],
  ])('%s, in %s', (name, recording) => {
    const rules = WRONG[name];
    if (!rules) throw new Error(`there is no ${name}`);
    expect(faultsOf(loadTrace(recording))).toEqual([]);
    expect(faultsOf(loadTrace(recording), rules)).not.toEqual([]);
  });
});
