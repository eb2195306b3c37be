import type { Application } from '../core/application/types.js';
import type { Moment } from '../core/decision/moment.js';
import { judge, type Verdict } from '../core/decision/rules.js';
import { begin, type Event, type State, step } from '../core/decision/state.js';
import { resolveTarget } from '../core/decision/target.js';
import { type Settled, settle, timedOut } from '../core/result/settle.js';
import type { Inputs } from '../inputs/types.js';
import { applicationSelectors, nameOf } from '../wait/selection.js';
import type { Outcome } from '../wait/waits.js';
import type { RecordedState, Recording } from './recording.js';

/** How a recording ends for a run, and when. */
export interface Played {
  readonly outcome: Outcome;
  readonly waitedMs: number;
}

/**
 * Waits for the Applications of a recording as a run would; after its last word nothing more
 * happens until the timeout.
 * @param present milliseconds since the epoch: the time of a look that tells none
 */
export function play(inputs: Inputs, recording: Recording, present: number): Played {
  const wanted = applicationSelectors(inputs);
  const accepted = recording.looks.filter(({ key }) => {
    const [namespace = '', name = ''] = key.split('/');
    return wanted.some((each) => each.accepts({ namespace, name }));
  });
  const momentAt = clockOf(recording, present);
  const ends = new Map<string, Settled>();
  let last = 0;
  for (const [key, looks] of Map.groupBy(accepted, (each) => each.key)) {
    const { state, verdict, at } = follow(inputs, looks, momentAt);
    const end = verdict.kind === 'done' ? verdict : timedOut(verdict);
    ends.set(key, settle(nameOf(key, inputs.applicationNamespace), state, end, momentAt(at)));
    last = Math.max(last, at);
  }
  return { outcome: { ends }, waitedMs: last };
}

/** Time by the recorded cluster's clock, as far as the objects tell it: true to a second. */
function clockOf({ looks, timed }: Recording, present: number): (t: number) => Moment {
  const known = looks.map(({ newest, t }) => newest - t).filter(Number.isFinite);
  const zero = timed && known.length > 0 ? known.reduce((a, b) => Math.max(a, b)) : present;
  const told = timed || new Set(looks.map(({ key }) => key)).size === looks.length;
  return (t) => ({ elapsed: t, ...(told ? { server: zero + t } : {}) });
}

function follow(
  inputs: Inputs,
  looks: readonly RecordedState[],
  momentAt: (t: number) => Moment,
): { readonly state: State; readonly verdict: Verdict; readonly at: number } {
  let at = looks[0]?.t ?? 0;
  let state = begin(
    inputs,
    (each) => resolveTarget(inputs.revision, inputs.run, each),
    momentAt(at),
  );
  let verdict = judge(state, momentAt(at));
  for (const { application, t } of looks) {
    [verdict, at] = passTime(state, at, t, momentAt);
    if (verdict.kind === 'done') return { state, verdict, at };
    at = t;
    state = named(step(state, eventOf(application, momentAt(at))));
    verdict = judge(state, momentAt(at));
    if (verdict.kind === 'done') return { state, verdict, at };
  }
  const end = (looks[0]?.t ?? 0) + inputs.timeoutMs;
  [verdict, at] = passTime(state, at, Math.max(at, end), momentAt);
  return { state, verdict, at };
}

function eventOf(application: Application | undefined, now: Moment): Event {
  return application ? { kind: 'snapshot', application, now, gap: false } : { kind: 'absent', now };
}

/** Nobody is asked here which commit a name is: then it is as if nobody knew. */
function named(state: State): State {
  const { target } = state;
  const open = target?.kind === 'revision' && target.lookup !== undefined;
  return open ? step(state, { kind: 'named' }) : state;
}

/** Lets time pass, and stops where that alone ends the wait. */
function passTime(
  state: State,
  from: number,
  to: number,
  momentAt: (t: number) => Moment,
): readonly [Verdict, number] {
  let at = from;
  let verdict = judge(state, momentAt(at));
  while (verdict.kind === 'waiting') {
    const { recheckAt } = verdict;
    if (recheckAt === undefined || recheckAt > to || recheckAt <= at) break;
    at = recheckAt;
    verdict = judge(state, momentAt(at));
  }
  return verdict.kind === 'done' ? [verdict, at] : [judge(state, momentAt(to)), to];
}
