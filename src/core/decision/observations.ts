import {
  type Application,
  type Comparison,
  type Operation,
  type ResourceKey,
  type ResourceResult,
  type Revisions,
  resourceName,
} from '../application/types.js';
import type { Moment } from './moment.js';
import { isSameRevisions, revisionKey } from './target.js';

/**
 * Everything seen of an Application since the wait began, in the order of its snapshots: what
 * later results overwrite is kept here.
 */
export interface Observations {
  /** How many snapshots there were; `at` fields below are indices of snapshots. */
  readonly snapshots: number;
  readonly comparisons: readonly ComparisonSnapshot[];
  readonly operations: readonly SeenOperation[];
  /** Before what comes next, or before the first look, an operation may have come and gone unseen. */
  readonly mayHaveMissedOperation: boolean;
  /** A snapshot had resources that could not be read. */
  readonly unreadableResources: boolean;
}

/** A comparison as it was when it was first seen so. */
export interface ComparisonSnapshot {
  readonly at: number;
  readonly revisions: Revisions;
  readonly reconciledAt: string;
  /** It came after a gap, so it may not be the first one with these revisions. */
  readonly gap: boolean;
  readonly compared: Compared;
}

/**
 * Which resources had which sync status, hooks apart; none where nothing was compared yet. In two
 * lists: the resources are the same for long, and what else was reported about them is not kept.
 */
export interface Compared {
  readonly resources: readonly ResourceKey[];
  readonly statuses: readonly string[];
}

/** An operation over all its attempts. */
export interface SeenOperation {
  readonly startedAt: string;
  readonly revisions: Revisions;
  readonly selective: boolean;
  readonly dryRun: boolean;
  readonly automated: boolean;
  readonly respectsIgnored?: true;
  readonly phase: Operation['phase'];
  readonly finishedAt: string;
  /** The first snapshot with it. */
  readonly at: number;
  /** When that snapshot came. */
  readonly seen: Moment;
  /** The first snapshot in which it had ended; absent: its end was not seen. */
  readonly endAt?: number;
  /** What an earlier attempt did is not known: it had ended before it was seen, or in a gap. */
  readonly earlierAttemptsUnseen: boolean;
  readonly retryCount: number;
  /** Another one may have been before it, unseen. */
  readonly mayHaveMissedOperation: boolean;
  /** See `resultsSeen`. What had ended when it was first seen has said all at once. */
  readonly results:
    | { readonly kind: 'at once'; readonly all: readonly ResourceResult[] }
    | { readonly kind: 'in turn'; readonly all: readonly SeenResult[] };
}

/** What an operation reported about a resource. */
export interface SeenResult {
  /** The first word on it: later ones overwrite the class with health. A failure yields to success. */
  readonly first: ResourceResult;
  readonly latest: ResourceResult;
  /** When there first was a word on it. */
  readonly seen: Moment;
  /** When nothing of it was waited for any more; absent: that was not seen. */
  readonly settled?: Moment;
}

export const NOTHING_SEEN: Observations = {
  snapshots: 0,
  comparisons: [],
  operations: [],
  mayHaveMissedOperation: false,
  unreadableResources: false,
};

/** Whether an operation has ended: between the attempts of a retrying one `finishedAt` is set too. */
export function hasEnded(operation: Pick<Operation, 'phase'>): boolean {
  return operation.phase !== 'Running' && operation.phase !== 'Terminating';
}

/** Whether an operation is requested or running. */
export function isBusy(application: Application): boolean {
  const { requested, operation } = application;
  return requested !== undefined || (operation !== undefined && !hasEnded(operation));
}

/**
 * Adds a snapshot to what was seen.
 * @param gap versions between the last snapshot and this one may have been missed
 */
export function observeSnapshot(
  seen: Observations,
  application: Application,
  gap: boolean,
  now: Moment,
): Observations {
  const at = seen.snapshots;
  const { operation } = application;
  const mayHaveMissedOperation =
    gap || seen.mayHaveMissedOperation || (at === 0 && hasPast(application));
  return {
    snapshots: at + 1,
    comparisons: withComparison(seen.comparisons, application, at, gap),
    operations: withOperation(seen.operations, operation, { at, gap, mayHaveMissedOperation, now }),
    mayHaveMissedOperation: mayHaveMissedOperation && !operation,
    unreadableResources: seen.unreadableResources || application.unreadableResources !== undefined,
  };
}

/** Argo CD has done something with it already. */
function hasPast({ operation, comparison }: Application): boolean {
  return operation !== undefined || revisionKey(comparison.revisions) !== '';
}

function withComparison(
  comparisons: readonly ComparisonSnapshot[],
  application: Application,
  at: number,
  gap: boolean,
): readonly ComparisonSnapshot[] {
  const { reconciledAt, comparison } = application;
  const { revisions } = comparison;
  const last = comparisons.at(-1);
  const compared = comparedIn(comparison, last?.compared);
  const same = last && isSameRevisions(last.revisions, revisions);
  if (same && saysTheSame(last.compared, compared)) return comparisons;
  const snapshot = { at, revisions, reconciledAt, gap };
  return [...comparisons, { ...snapshot, compared: seenBefore(comparisons, compared) ?? compared }];
}

function comparedIn({ resources }: Comparison, before: Compared | undefined): Compared {
  const found = resources.filter((r) => !r.hook && r.status !== '');
  const known = before?.resources ?? [];
  const same = known.length === found.length && found.every((each, i) => isSameKey(each, known[i]));
  return { resources: same ? known : found, statuses: found.map((each) => each.status) };
}

function isSameKey(a: ResourceKey, b: ResourceKey | undefined): boolean {
  return a === b || (b !== undefined && resourceName(a) === resourceName(b));
}

/** Self-heal goes back and forth for hours: what is seen again is not kept again. */
function seenBefore(
  comparisons: readonly ComparisonSnapshot[],
  compared: Compared,
): Compared | undefined {
  const before = comparisons.slice(-REMEMBERED);
  return before.find((each) => saysTheSame(each.compared, compared))?.compared;
}

const REMEMBERED = 16;

/** Whether the sync status of every resource is the same. */
function saysTheSame(a: Compared, b: Compared): boolean {
  if (a.resources === b.resources) return a.statuses.every((each, i) => each === b.statuses[i]);
  const [before, after] = [statusesByKey(a), statusesByKey(b)];
  return (
    before.size === after.size && [...before].every(([name, each]) => after.get(name) === each)
  );
}

/** Sync status by resource name. */
export function statusesByKey({ resources, statuses }: Compared): ReadonlyMap<string, string> {
  return new Map(resources.map((each, i) => [resourceName(each), statuses[i] ?? '']));
}

function withOperation(
  operations: readonly SeenOperation[],
  operation: Operation | undefined,
  look: Sighting,
): readonly SeenOperation[] {
  if (!operation) return operations;
  const last = operations.at(-1);
  if (!last || !isSameOperation(last, operation)) {
    return [...operations, updated(begun(operation, look), operation, look)];
  }
  return [...operations.slice(0, -1), updated(last, operation, look)];
}

/** Starts are whole seconds: two operations may share one, but an ended one does not run again. */
export function isSameOperation(known: Known, operation: Known): boolean {
  if (known.startedAt !== operation.startedAt || known.selective !== operation.selective) {
    return false;
  }
  if (!hasEnded(known)) return true;
  return hasEnded(operation) && known.finishedAt === operation.finishedAt;
}

type Known = Pick<Operation, 'startedAt' | 'selective' | 'phase' | 'finishedAt'>;

/** A snapshot's number, whether others before it were missed, and when it came. */
interface Sighting {
  readonly at: number;
  readonly gap: boolean;
  readonly mayHaveMissedOperation: boolean;
  readonly now: Moment;
}

function begun(operation: Operation, { at, mayHaveMissedOperation, now }: Sighting): SeenOperation {
  const { startedAt, revisions, selective, dryRun, automated } = operation;
  const { phase, finishedAt, retryCount, respectsIgnored } = operation;
  return {
    ...{ startedAt, revisions, selective, dryRun, automated, phase, finishedAt, retryCount },
    ...(respectsIgnored ? { respectsIgnored } : {}),
    ...{ at, seen: now, mayHaveMissedOperation },
    earlierAttemptsUnseen: retryCount > 0,
    results: hasEnded(operation)
      ? { kind: 'at once', all: operation.results }
      : { kind: 'in turn', all: [] },
  };
}

function updated(
  known: SeenOperation,
  operation: Operation,
  { at, gap, now }: Sighting,
): SeenOperation {
  const { revisions, phase, finishedAt, retryCount } = operation;
  return {
    ...known,
    ...{ revisions, phase, finishedAt, retryCount },
    earlierAttemptsUnseen: known.earlierAttemptsUnseen || (gap && retryCount !== known.retryCount),
    results: withResults(known, operation.results, now),
    ...(hasEnded(operation) ? { endAt: known.endAt ?? at } : {}),
  };
}

/** What an operation reported about each resource, in the order of the first reports. */
export function resultsSeen({ results, seen }: SeenOperation): readonly SeenResult[] {
  return results.kind === 'in turn' ? results.all : inTurn([], results.all, seen);
}

function withResults(
  known: SeenOperation,
  results: readonly ResourceResult[],
  now: Moment,
): SeenOperation['results'] {
  const { all } = known.results;
  const same = all.length === results.length && all.every((each, i) => each === results[i]);
  return same ? known.results : { kind: 'in turn', all: inTurn(resultsSeen(known), results, now) };
}

function inTurn(
  known: readonly SeenResult[],
  results: readonly ResourceResult[],
  now: Moment,
): readonly SeenResult[] {
  const byName = new Map(known.map((each) => [toldName(each.latest), each]));
  const next = new Map(byName);
  for (const latest of results) {
    const name = toldName(latest);
    const before = byName.get(name);
    const first = firstWord(before?.first, latest);
    if (!first || before?.latest === latest) continue;
    const settled = isSettled(latest) ? { settled: before?.settled ?? now } : {};
    next.set(name, { first, latest, seen: before?.seen ?? now, ...settled });
  }
  return [...next.values()];
}

/** A resource that is only applied stays `Running` until its operation ends. */
function isSettled({ status, hookPhase }: ResourceResult): boolean {
  return status.startsWith('Prune') || ['Succeeded', 'Failed', 'Error'].includes(hookPhase);
}

/** The result that tells the class; none while the resource was not reached. */
function firstWord(
  known: ResourceResult | undefined,
  result: ResourceResult,
): ResourceResult | undefined {
  const spoken = result.status !== '' || result.message !== '' ? result : undefined;
  if (!known) return spoken;
  const recovered =
    known.status === 'SyncFailed' && spoken !== undefined && result.status !== 'SyncFailed';
  if (recovered) return result;
  return known.namespace === result.namespace ? known : { ...known, namespace: result.namespace };
}

/** That a resource has no namespace may be told only later in the same operation. */
function toldName(result: ResourceResult): string {
  return resultName({ ...result, namespace: result.toldNamespace ?? result.namespace });
}

/** A hook may run in several phases under one name; a resource has one result. */
export function resultName(result: ResourceResult): string {
  const name = resourceName(result);
  return result.hookType === '' ? name : `${name} ${result.syncPhase}`;
}
