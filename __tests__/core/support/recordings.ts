import { parseApplication } from '../../../src/core/application/parse.js';
import type { Application } from '../../../src/core/application/types.js';
import type { LiveTimes } from '../../../src/core/changes/live-times.js';
import { scopeOf } from '../../../src/core/changes/scope.js';
import type { Moment } from '../../../src/core/decision/moment.js';
import { openQuestion } from '../../../src/core/decision/progress.js';
import { judge, type Verdict } from '../../../src/core/decision/rules.js';
import { begin, type Policy, type State, step } from '../../../src/core/decision/state.js';
import { isRecord } from '../../support/api/store.ts';
import { epochOf, type Trace, type TraceEvent } from '../../support/replay.ts';
import { type Classes, type Classifier, classifyAll } from './classes.ts';
import { POLICY, patterns, revision } from './follow.ts';

/** What a recording needs beside the defaults. */
const NEEDS: Readonly<Record<string, Partial<Policy>>> = {
  create: { ifMissing: 'wait' },
  'create-server-side': { ifMissing: 'wait' },
  'waves-first-sync': { ifMissing: 'wait' },
  'paused-rollout-resumed': { suspended: 'succeed' },
  degraded: { degradedGraceMs: 1000 },
  'cronjob-degraded': { degradedGraceMs: 1000 },
  'wait-resources-inline': { waitResources: patterns('ConfigMap/*') },
};

/** The commits of the recorded repositories, oldest first: what GitHub would say of them. */
const HISTORIES: readonly (readonly string[])[] = [
  ['e059dad', 'b97073e', 'dfba7c8', '64f0aef'],
  ['b624f72', '7706b60', '0d627a4'],
  ['bb290f4', 'c3b0a1c', '82e4c82', '303ab48'],
  ['5485688', '3ae1284'],
];

function contains(later: string, earlier: string): boolean {
  return HISTORIES.some((history) => {
    const place = (commit: string) => history.findIndex((each) => commit.startsWith(each));
    return place(earlier) >= 0 && place(later) > place(earlier);
  });
}

/** One look at the Application of a recording. */
export interface Look {
  readonly t: number;
  /** Absent: it does not exist. */
  readonly application?: Application;
  /** Others before it were missed. */
  readonly gap: boolean;
}

const parsed = new WeakMap<object, Application>();

function read(object: TraceEvent['object']): Application {
  const known = parsed.get(object) ?? parseApplication(object);
  parsed.set(object, known);
  return known;
}

/**
 * What a watch shows of a recording.
 * @param from index of the event that the first look shows; -1: what was there before the first
 */
export function looksOf(trace: Trace, from = 0): readonly Look[] {
  const events = trace.events.slice(Math.max(from, 0));
  const nothingYet = from < 0 || (from === 0 && (events[0]?.t ?? 0) > 0);
  const before: readonly Look[] = nothingYet ? [{ t: 0, gap: false }] : [];
  return [
    ...before,
    ...events.map(({ t, type, object }) =>
      type === 'DELETED' ? { t, gap: false } : { t, gap: false, application: read(object) },
    ),
  ];
}

/** The parts under test; another one proves that the checks notice. */
export interface Rules {
  readonly judge?: (state: State, now: Moment) => Verdict;
  readonly classify?: Classifier;
}

export interface Played {
  readonly verdict: Verdict;
  /** Milliseconds of the recording at which it was over; absent: time ran out. */
  readonly overAt?: number;
  /** When it was over, or time ran out. */
  readonly now: Moment;
  readonly state: State;
  /** What was found when there was nothing more to come. */
  readonly changes: Classes;
}

const PATIENCE_MS = 120_000;

/** Waits for a recording's revision, as the action does, until it is over or nothing more comes. */
export function play(
  trace: Trace,
  looks: readonly Look[],
  options: Rules & {
    readonly live?: boolean;
    /** Milliseconds of the recording at which time alone passes. */
    readonly ticks?: readonly number[];
    readonly onState?: (state: State) => void;
  } = {},
): Played {
  const epoch = epochOf(trace);
  const momentAt = (t: number): Moment => ({ elapsed: t, server: epoch + t });
  const policy = { ...POLICY, ...NEEDS[trace.trace] };
  const first = looks[0]?.t ?? 0;
  let state = begin(policy, () => revision(trace.revision), momentAt(first));
  const rule = options.judge ?? judge;
  let verdict: Verdict = rule(state, momentAt(first));
  let overAt: number | undefined;

  const consider = (t: number): void => {
    state = answered(state);
    options.onState?.(state);
    verdict = rule(state, momentAt(t));
    if (verdict.kind === 'done') overAt = t;
  };
  /** Time passes until the next look; a verdict may ask to be looked at again meanwhile. */
  const wait = (until: number): void => {
    for (let last = -1; overAt === undefined && verdict.kind === 'waiting'; ) {
      const { recheckAt } = verdict;
      if (recheckAt === undefined || recheckAt >= until || recheckAt <= last) break;
      last = recheckAt;
      consider(recheckAt);
    }
  };
  const ticks = (options.ticks ?? []).map((t) => ({ t, tick: true as const }));
  const all = [...looks, ...ticks].sort((a, b) => a.t - b.t);
  for (const each of all) {
    if (each.t < first) continue;
    wait(each.t);
    if (overAt !== undefined) break;
    if (!('tick' in each)) {
      const { application, gap, t } = each;
      const now = momentAt(t);
      state = step(
        state,
        application ? { kind: 'snapshot', application, now, gap } : { kind: 'absent', now },
      );
    }
    consider(each.t);
    if (overAt !== undefined) break;
  }
  const end = (looks.at(-1)?.t ?? 0) + PATIENCE_MS;
  wait(end);
  const changes = classified(trace, state, options.live ?? true, options.classify ?? classifyAll);
  const now = momentAt(overAt ?? end);
  return { verdict, state, changes, now, ...(overAt === undefined ? {} : { overAt }) };
}

function answered(state: State): State {
  const target = state.target?.kind === 'revision' ? state.target.text : '';
  const questions = openQuestion(state)?.revisions ?? [];
  return questions.reduce((known, each) => {
    const relation = contains(each, target) ? 'descendant' : 'other';
    return step(known, { kind: 'relation', revision: each, relation });
  }, state);
}

function classified(trace: Trace, state: State, live: boolean, classifier: Classifier): Classes {
  const { application } = state;
  if (!application) return { changes: [], undecided: [], evidence: 'complete' };
  const times = live ? liveTimesOf(trace) : new Map<string, LiveTimes>();
  return classifier(application, state.seen, scopeOf(state), times);
}

const MANAGER = 'argocd-controller';

/** What the recorded live objects say, by resource name. */
export function liveTimesOf(trace: Trace): ReadonlyMap<string, LiveTimes> {
  return new Map(
    trace.live.map(({ apiVersion = '', kind = '', metadata }) => {
      const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
      const { managedFields } = metadata;
      const entries = Array.isArray(managedFields) ? managedFields.filter(isRecord) : [];
      const times = entries
        .filter((each) => each['manager'] === MANAGER)
        .map((each) => String(each['time'] ?? ''));
      return [
        `${group}/${kind}/${metadata.namespace ?? ''}/${metadata.name}`,
        {
          creationTimestamp: metadata.creationTimestamp ?? '',
          lastWrite: times.sort().at(-1) ?? '',
        },
      ];
    }),
  );
}

/** `CLASS group/Kind/namespace/name` as the recordings write it, without unchanged and hooks. */
export function changesOf({ changes }: Classes): readonly string[] {
  return changes
    .filter((each) => each.change !== 'unchanged' && each.change !== 'hook')
    .map((each) => `${each.change} ${each.group}/${each.kind}/${each.namespace}/${each.name}`)
    .sort();
}

/** Classes that are wrong although they claim to be known, or that are missing unadmitted. */
export function lies(trace: Trace, found: Classes): readonly string[] {
  if (!trace.expect.changes) return [];
  const truth = new Map(
    trace.expect.changes.map((each) => [each.split(' ')[1], each.split(' ')[0]]),
  );
  const named = found.changes
    .filter((each) => each.change !== 'hook')
    .map((each) => ({
      ...each,
      place: `${each.group}/${each.kind}/${each.namespace}/${each.name}`,
    }));
  const wrong = named
    .filter(({ change, evidence, place }) => {
      if (change === (truth.get(place) ?? 'unchanged')) return false;
      return !(change === 'updated' && evidence === 'reported' && found.evidence === 'partial');
    })
    .map(({ change, evidence, place }) => {
      return `${place}: ${change} (${evidence}), it is ${truth.get(place) ?? 'unchanged'}`;
    });
  const missing = [...truth]
    .filter(([place]) => !named.some((each) => each.place === place))
    .filter(() => found.evidence === 'complete')
    .map(([place, change]) => `${place}: missing, it is ${change}`);
  return [...wrong, ...missing];
}

/**
 * `success`, `failure sync-failed`; `waiting` where time would run out. The reason of a success is
 * there for recordings that expect one.
 */
export function endOf({ verdict }: Played, { expect }: Pick<Trace, 'expect'>): string {
  if (verdict.kind === 'waiting') return 'waiting';
  const plain = verdict.conclusion === 'success' && expect.reason === undefined;
  return plain ? verdict.conclusion : `${verdict.conclusion} ${verdict.reason}`;
}

export function isSuccess({ verdict }: Played): boolean {
  return verdict.kind === 'done' && verdict.conclusion === 'success';
}

/** How the recording's own expectations read in the same words. */
export function expectedEnd({ expect }: Trace): string {
  return expect.reason ? `${expect.conclusion} ${expect.reason}` : expect.conclusion;
}
