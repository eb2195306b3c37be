import type { Application } from '../application/types.js';
import type { SetState } from '../applicationset/standing.js';
import { type Classified, classify, gradeOf } from '../changes/classify.js';
import { type LiveTimes, type Written, withLive } from '../changes/live-times.js';
import { prunedUnseen, type RenderedDeployment, withRendered } from '../changes/rendered.js';
import { type Deployed, type Scope, scopeOf } from '../changes/scope.js';
import type { Moment } from '../decision/moment.js';
import { ownRevisions, targetFirstSeen, targetProgress } from '../decision/progress.js';
import { type RuleId, shortRevision, type Verdict } from '../decision/rules.js';
import type { State } from '../decision/state.js';
import { blockersOf, causeOf } from './blockers.js';
import { causesFor, isExplained, type Looks, lookAtFor } from './looks.js';
import { timelineOf } from './timeline.js';
import type { ApplicationResult, Blocker, Change, Conclusion, Reason } from './vocabulary.js';

/** How the wait for one Application ended, by itself or from outside. */
export interface End {
  readonly conclusion: Conclusion;
  readonly reason: Reason;
  readonly what: string;
  /** The row that decided; absent: it was ended from outside. */
  readonly rule?: RuleId;
}

/** All that is left of a wait when it is over: of thousands, nobody wants to keep all. */
export interface Settled {
  readonly end: End;
  /** As if live objects could not be asked. */
  readonly result: ApplicationResult;
  /** Absent where it was never seen. */
  readonly application?: Pick<
    Application,
    'namespace' | 'name' | 'controllerNamespace' | 'destination' | 'applicationSet'
  >;
  readonly written: Written;
  /** Changes may be missing, whatever the live objects say. */
  readonly lost: boolean;
  /** They are missing only because results were replaced: what is rendered can tell them. */
  readonly replaced?: boolean;
  /** Absent: nothing was, or it is not known when. */
  readonly deployed?: Deployed;
  /** The revision of `since` is not on record, so changes may be missing. */
  readonly sinceUnrecorded?: true;
  /** For one more look within: only where it may say why this is no success. */
  readonly within?: Within;
}

export interface Within {
  readonly application: Application;
  readonly looks: Looks;
}

/** Resources of an Application that only their live objects can decide. */
export function undecidedOf({ result }: Settled): readonly Change[] {
  return result.changes.filter((each) => each.evidence === 'reported');
}

/**
 * The result with what live objects said.
 * @param live by resource name
 */
export function decided(
  { result, written, lost }: Settled,
  live: ReadonlyMap<string, LiveTimes>,
): ApplicationResult {
  const changes = withLive(result.changes, written, live);
  return { ...result, changes, evidence: gradeOf({ changes, lost }) };
}

/** The result with what Argo CD renders of the revisions before and after. */
export function rendered(
  { deployed, lost, replaced = false }: Settled,
  result: ApplicationResult,
  found: RenderedDeployment,
  fields: boolean,
): ApplicationResult {
  const told = withRendered(result.changes, found, fields);
  const changes = lost ? [...told, ...prunedUnseen(result.application, told, found)] : told;
  const known = replaced && deployed?.single === true && found.whole && !found.resources.hooks;
  return { ...result, changes, evidence: gradeOf({ changes, lost: lost && !known }) };
}

/** The end of a wait whose time is over. */
export function timedOut(verdict: Extract<Verdict, { kind: 'waiting' }>): End {
  const { cause: reason = 'timeout', what, rule } = verdict;
  return { conclusion: 'timeout', reason, what, ...(rule ? { rule } : {}) };
}

/**
 * Everything that matters of one Application at the end.
 * @param name what the user calls it
 */
export function settle(name: string, state: State, end: End, now: Moment): Settled {
  const settled = unexplained(name, state, end, now);
  return state.set ? withSetCause(settled, state.set) : explained(settled, state.looks);
}

function unexplained(name: string, state: State, end: End, now: Moment): Settled {
  const { application } = state;
  const scope = scopeOf(state);
  const classified = application ? classify(name, application, state.seen, scope) : NO_CHANGES;
  // A revision that was never seen may have come and failed before the first look.
  const unseen = !isGood(end) && state.target?.kind === 'revision' && !targetFirstSeen(state);
  const unread = application?.unreadable !== undefined;
  const lost = classified.lost || unread || (unseen && application !== undefined);
  const replaced = classified.lost && !unread && isGood(end) && !state.seen.unreadableResources;
  const { changes } = classified;
  return {
    end,
    result: {
      ...resultOf(name, state, end, now),
      ...timesOf(state, scope, now),
      changes,
      evidence: gradeOf({ changes, lost }),
    },
    ...(application ? { application: whereaboutsOf(application) } : {}),
    ...withinOf(state, end),
    written: classified.written,
    lost,
    replaced,
    ...(scope.deployed ? { deployed: scope.deployed } : {}),
    ...(scope.sinceUnrecorded ? { sinceUnrecorded: true } : {}),
  };
}

function withinOf({ application, presence, looks }: State, end: End): { readonly within?: Within } {
  if (!application || presence !== 'present' || isGood(end)) return {};
  return isExplained(end.rule, application) ? { within: { application, looks } } : {};
}

/** The same end with what looks within the Application say of it. */
export function explained(settled: Settled, looks: Looks): Settled {
  const { end, result, within } = settled;
  if (!within) return settled;
  const causes = causesFor(end.rule, within.application, looks, result.application);
  const [first] = causes;
  if (!first) return settled;
  const said = within.application.health.message;
  const blockers = result.blockers.map((each) => withoutWords(each, said));
  // The last look may be the first to find it.
  const atWindows = lookAtFor(end.rule, within.application) === 'sync-windows';
  const reason = atWindows ? 'sync-window' : result.reason;
  const told = causedMessage(result.application, end, first.message);
  const message = `${told}${sinceBefore(blockers)}`;
  return {
    ...settled,
    within: { ...within, looks },
    end: { ...end, reason },
    result: { ...result, reason, message, causes, blockers },
  };
}

/** The same end with the error that an ApplicationSet reports. */
function withSetCause(settled: Settled, { standing }: SetState): Settled {
  const { end, result } = settled;
  if (standing.kind !== 'error' || end.rule === undefined) return settled;
  const { application } = result;
  const { reason, message } = standing;
  const cause = { application, subject: application, reason, message };
  return {
    ...settled,
    result: { ...result, message: causedMessage(application, end, message), causes: [cause] },
  };
}

/** What Argo CD says of health is of the moment when it turned: a cause knows better. */
function withoutWords(blocker: Blocker, said: string): Blocker {
  const { subject, message } = blocker;
  const end = `: ${said}`;
  if (subject !== 'health' || said === '' || !message.endsWith(end)) return blocker;
  return { subject, message: message.slice(0, -end.length) };
}

/** What was so before the deployment is not its doing. */
function sinceBefore(blockers: readonly Blocker[]): string {
  const health = blockers.find(({ subject }) => subject === 'health')?.message ?? '';
  return health.includes(', before the operation began') ? ` (${health})` : '';
}

function causedMessage(name: string, end: End, cause: string): string {
  const why = causeLine(cause, LONGEST_CAUSE);
  if (end.conclusion === 'timeout') return `${name}: timed out waiting for ${end.what}: ${why}`;
  return end.rule === 'sync-window' ? `${name}: ${end.what}: ${why}` : `${name} failed: ${why}`;
}

const LONGEST_CAUSE = 600;
const LONGEST_WHY = 300;

/** `settle` for a run that has no time left: without changes and times, so evidence is partial. */
export function settleBriefly(name: string, state: State, end: End, now: Moment): Settled {
  const result = resultOf(name, state, end, now);
  const { written } = NO_CHANGES;
  return {
    end,
    result: { ...result, startedAt: '', finishedAt: '', changes: [], evidence: 'partial' },
    ...(state.application ? { application: whereaboutsOf(state.application) } : {}),
    written,
    lost: true,
  };
}

/** The same end without its changes, for a run that has no time left: evidence is partial. */
export function brief(settled: Settled): Settled {
  const { timeline: _left, ...result } = settled.result;
  const { within: _kept, ...rest } = settled;
  return { ...rest, result: { ...result, changes: [], evidence: 'partial' }, lost: true };
}

const NO_CHANGES: Classified = {
  changes: [],
  lost: false,
  written: { writtenFrom: '', startSecondAmbiguous: false, existedBefore: new Set() },
};

function whereaboutsOf(application: Application): NonNullable<Settled['application']> {
  const { namespace, name, controllerNamespace, destination, applicationSet } = application;
  const owner = applicationSet === undefined ? {} : { applicationSet };
  return { namespace, name, controllerNamespace, destination, ...owner };
}

function isGood({ conclusion }: End): boolean {
  return conclusion === 'success' || conclusion === 'skipped';
}

function resultOf(
  name: string,
  state: State,
  end: End,
  now: Moment,
): Omit<ApplicationResult, 'changes' | 'evidence' | 'startedAt' | 'finishedAt'> {
  const bad = !isGood(end) && !isFromOutside(end);
  const blockers = bad ? blockersOf(state, now) : [];
  const revisions = revisionsOf(state, now);
  const shown = state.presence === 'missing' ? undefined : state.application;
  return {
    application: name,
    conclusion: end.conclusion,
    reason: end.reason,
    ...(end.rule ? { rule: end.rule } : {}),
    message: messageOf(
      name,
      state,
      end,
      () => (bad ? causeOf(state, now) : undefined),
      revisions.revisions,
    ),
    ...revisions,
    syncStatus: shown?.comparison.status ?? '',
    healthStatus: shown?.health.status ?? '',
    operationPhase: shown?.operation?.phase ?? '',
    blockers,
    causes: [],
    summaryImages: shown?.summaryImages ?? [],
    ...originOf(state),
    ...(shown?.externalUrls ? { externalUrls: shown.externalUrls } : {}),
  };
}

function originOf({
  application,
  target,
}: State): Pick<ApplicationResult, 'repositories' | 'target'> {
  const sources = application?.sources ?? [];
  return {
    ...(sources.length > 0 ? { repositories: sources.map((each) => each.repoURL) } : {}),
    ...(target?.kind === 'revision' ? { target: target.text } : {}),
  };
}

/** The server or an input is at fault: what the Application waits for is beside the point. */
function isFromOutside({ conclusion, reason }: End): boolean {
  const outside = ['unauthorized', 'forbidden', 'unreachable', 'invalid-input'];
  return conclusion === 'failure' && outside.includes(reason);
}

function timesOf(
  state: State,
  { operations, startedAt }: Scope,
  now: Moment,
): Pick<ApplicationResult, 'startedAt' | 'finishedAt' | 'timeline'> {
  const { application } = state;
  const ends = operations.filter((each) => each.endAt !== undefined).map((each) => each.finishedAt);
  return {
    startedAt,
    finishedAt: ends.sort().at(-1) ?? '',
    ...(application ? { timeline: timelineOf(application, state, operations, now) } : {}),
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
  const { revisions, superseded, replaced } = targetProgress(state, now);
  const own = superseded && !replaced ? ownRevisions(state) : undefined;
  if (own) return own;
  if (comparison.status === 'Synced') return comparison.revisions.resolved;
  const recorded = history.at(-1)?.revisions.resolved;
  return recorded ?? revisions?.resolved ?? comparison.revisions.resolved;
}

function messageOf(
  name: string,
  state: State,
  end: End,
  causeFor: () => Blocker | undefined,
  revisions: readonly string[],
): string {
  const deployed = shortRevision({ resolved: revisions, tracked: [] });
  // Not every end tells it, and there may be thousands.
  const why = () => {
    const cause = causeFor();
    return cause ? ` (${cause.subject}: ${causeLine(cause.message, LONGEST_WHY)})` : '';
  };
  const { application } = state;
  switch (end.conclusion) {
    case 'success':
      return application && state.presence === 'present'
        ? `${name} is at ${deployed}: ${end.what}`
        : `${name}: ${end.what}`;
    case 'timeout':
      return `${name}: timed out waiting for ${end.what}${why()}`;
    case 'cancelled':
      return `${name}: cancelled while waiting for ${end.what}`;
    default:
      return `${name}: ${end.what}${why()}`;
  }
}

function causeLine(text: string, units: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > units ? `${line.slice(0, units - 1)}…` : line;
}
