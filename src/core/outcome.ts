import type { Application } from './application.js';
import { type Classified, classify, type LiveTimes } from './changes.js';
import { explain } from './explain.js';
import type { Moment } from './moment.js';
import type { ApplicationResult, Blocker, Conclusion, Reason } from './result.js';
import { scopeOf } from './scope.js';
import { standingOf } from './standing.js';
import type { State } from './state.js';
import { timelineOf } from './timeline.js';
import { shortRevision, type Verdict } from './verdict.js';

/** How the wait for one Application ended, by itself or from outside. */
export interface End {
  readonly conclusion: Conclusion;
  readonly reason: Reason;
  readonly what: string;
}

/** Resources of an Application that only their live objects can decide. */
export function undecidedOf(state: State): Classified['undecided'] {
  const { application } = state;
  return application ? classify(application, state.seen, scopeOf(state)).undecided : [];
}

/** The end of a wait whose time is over. */
export function timedOut(verdict: Extract<Verdict, { kind: 'waiting' }>): End {
  return { conclusion: 'timeout', reason: verdict.cause ?? 'timeout', what: verdict.what };
}

/**
 * Everything to be said of one Application at the end.
 * @param name what the user calls it
 * @param live by resource name, what live objects said
 */
export function resultOf(
  name: string,
  state: State,
  end: End,
  now: Moment,
  live: ReadonlyMap<string, LiveTimes> = new Map(),
): ApplicationResult {
  const good = end.conclusion === 'success' || end.conclusion === 'skipped';
  const blockers = good || isFromOutside(end) ? [] : explain(state, now);
  const revisions = revisionsOf(state, now);
  const shown = state.presence === 'missing' ? undefined : state.application;
  return {
    application: name,
    conclusion: end.conclusion,
    reason: end.reason,
    message: messageOf(name, state, end, blockers, revisions.revisions),
    ...revisions,
    syncStatus: shown?.comparison.status ?? '',
    healthStatus: shown?.health.status ?? '',
    operationPhase: shown?.operation?.phase ?? '',
    ...changesOf(name, state, live, good, now),
    blockers,
    summaryImages: shown?.summaryImages ?? [],
  };
}

/** The way to the server failed: what the Application waits for is beside the point. */
function isFromOutside({ conclusion, reason }: End): boolean {
  return conclusion === 'failure' && ['unauthorized', 'forbidden', 'unreachable'].includes(reason);
}

function changesOf(
  name: string,
  state: State,
  live: ReadonlyMap<string, LiveTimes>,
  good: boolean,
  now: Moment,
): Pick<ApplicationResult, 'changes' | 'evidence' | 'startedAt' | 'finishedAt' | 'timeline'> {
  const { application } = state;
  if (!application) return { changes: [], evidence: 'complete', startedAt: '', finishedAt: '' };
  const scope = scopeOf(state);
  const { changes, evidence } = classify(application, state.seen, scope, live);
  // A revision that was never seen may have come and failed before the first look.
  const unseen = !good && state.target?.kind === 'revision' && !state.sighted;
  const ends = scope.operations.filter((each) => each.endAt !== undefined);
  return {
    changes: changes.map((each) => ({ ...each, application: name })),
    evidence: unseen ? 'partial' : evidence,
    startedAt: scope.startedAt,
    finishedAt:
      ends
        .map((each) => each.finishedAt)
        .sort()
        .at(-1) ?? '',
    timeline: timelineOf(application, state, scope.operations, now),
  };
}

function revisionsOf(state: State, now: Moment): Pick<ApplicationResult, 'revision' | 'revisions'> {
  const { application } = state;
  if (!application) return { revision: '', revisions: [] };
  const revisions = deployedOf(application, state, now);
  const own = state.target?.kind === 'revision' ? state.target.sources : undefined;
  const named = revisions.filter((_, i) => !own || own.has(i) || revisions.length === 1);
  const distinct = [...new Set(named)];
  return { revision: distinct.length === 1 ? (distinct[0] ?? '') : '', revisions };
}

/** The revisions deployed in the end: those that decided, else the last on record. */
function deployedOf(application: Application, state: State, now: Moment): readonly string[] {
  const { comparison, history } = application;
  const standing = standingOf(state, now).revisions;
  if (comparison.status === 'Synced') return comparison.revisions.resolved;
  const recorded = history.at(-1)?.revisions.resolved;
  return recorded ?? standing?.resolved ?? comparison.revisions.resolved;
}

function messageOf(
  name: string,
  state: State,
  end: End,
  blockers: readonly Blocker[],
  revisions: readonly string[],
): string {
  const deployed = shortRevision({ resolved: revisions, tracked: [] });
  // The operation says that something failed, the resource after it says what.
  const first = blockers.find((each) => !each.subject.startsWith('operation for')) ?? blockers[0];
  const why = first ? ` (${first.subject}: ${oneLine(first.message)})` : '';
  const { application } = state;
  switch (end.conclusion) {
    case 'success':
      return application && state.presence === 'present'
        ? `${name} is at ${deployed}: ${end.what}`
        : `${name}: ${end.what}`;
    case 'timeout':
      return `${name} did not come to its end in time, still waiting for ${end.what}${why}`;
    case 'cancelled':
      return `${name}: cancelled while waiting for ${end.what}`;
    default:
      return `${name}: ${end.what}${why}`;
  }
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}
