import {
  type Application,
  type Operation,
  type ResourceResult,
  type Revisions,
  resourceName,
} from './application.js';
import type { Moment } from './moment.js';
import { revisionKey } from './target.js';

/**
 * Everything seen of an Application since the wait began, in the order of its snapshots: what
 * later results overwrite is kept here.
 */
export interface Evidence {
  /** How many snapshots there were; `at` fields below are indices of snapshots. */
  readonly snapshots: number;
  readonly sightings: readonly Sighting[];
  readonly operations: readonly SeenOperation[];
  /** Before what comes next, or before the first look, an operation may have come and gone unseen. */
  readonly blind: boolean;
}

/** A comparison as it was when it was first seen so. */
export interface Sighting {
  readonly at: number;
  readonly key: string;
  readonly reconciledAt: string;
  /** It came after a gap, so it may not be the first one with these revisions. */
  readonly gap: boolean;
  /** Sync status by resource name. Empty where nothing was compared yet. */
  readonly statuses: ReadonlyMap<string, string>;
}

/** An operation over all its attempts. */
export interface SeenOperation {
  readonly startedAt: string;
  readonly revisions: Revisions;
  readonly selective: boolean;
  readonly dryRun: boolean;
  readonly automated: boolean;
  readonly phase: Operation['phase'];
  readonly finishedAt: string;
  /** The first snapshot with it. */
  readonly at: number;
  /** When that snapshot came. */
  readonly seen: Moment;
  /** The first snapshot in which it had ended; absent: its end was not seen. */
  readonly endAt?: number;
  /** What an earlier attempt did is not known: it had ended before it was seen, or in a gap. */
  readonly midway: boolean;
  readonly retryCount: number;
  /** Another one may have been before it, unseen. */
  readonly blind: boolean;
  readonly results: ReadonlyMap<string, SeenResult>;
}

/** What an operation said of a resource. */
export interface SeenResult {
  /** The first word on it: later ones overwrite the class with health. A failure yields to success. */
  readonly first: ResourceResult;
  readonly latest: ResourceResult;
  /** When there first was a word on it. */
  readonly seen: Moment;
  /** When nothing of it was waited for any more; absent: that was not seen. */
  readonly settled?: Moment;
}

export const NOTHING_SEEN: Evidence = {
  snapshots: 0,
  sightings: [],
  operations: [],
  blind: false,
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
export function observe(
  seen: Evidence,
  application: Application,
  gap: boolean,
  now: Moment,
): Evidence {
  const at = seen.snapshots;
  const { operation } = application;
  const blind = gap || seen.blind || (at === 0 && hasPast(application));
  return {
    snapshots: at + 1,
    sightings: withSighting(seen.sightings, application, at, gap),
    operations: withOperation(seen.operations, operation, { at, gap, blind, now }),
    blind: blind && !operation,
  };
}

/** Argo CD has done something with it already. */
function hasPast({ operation, comparison }: Application): boolean {
  return operation !== undefined || revisionKey(comparison.revisions) !== '';
}

function withSighting(
  sightings: readonly Sighting[],
  application: Application,
  at: number,
  gap: boolean,
): readonly Sighting[] {
  const key = revisionKey(application.comparison.revisions);
  const compared = application.comparison.resources.filter((r) => !r.hook && r.status !== '');
  const statuses = new Map(compared.map((r) => [resourceName(r), r.status]));
  const last = sightings.at(-1);
  if (last && last.key === key && sameMap(last.statuses, statuses)) return sightings;
  const sighting = { at, key, reconciledAt: application.reconciledAt, gap };
  return [...sightings, { ...sighting, statuses: shared(sightings, statuses) }];
}

/** Self-heal goes back and forth for hours: what is seen again is not kept again. */
function shared(
  sightings: readonly Sighting[],
  statuses: Sighting['statuses'],
): Sighting['statuses'] {
  const before = sightings.slice(-REMEMBERED).find((each) => sameMap(each.statuses, statuses));
  return before?.statuses ?? statuses;
}

const REMEMBERED = 16;

function sameMap(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}

function withOperation(
  operations: readonly SeenOperation[],
  operation: Operation | undefined,
  look: Look,
): readonly SeenOperation[] {
  if (!operation) return operations;
  const last = operations.at(-1);
  if (!last || !isSame(last, operation)) {
    return [...operations, updated(begun(operation, look), operation, look)];
  }
  return [...operations.slice(0, -1), updated(last, operation, look)];
}

/** Starts are whole seconds: two operations may share one, but an ended one does not run again. */
function isSame(known: SeenOperation, operation: Operation): boolean {
  if (known.startedAt !== operation.startedAt || known.selective !== operation.selective) {
    return false;
  }
  if (!hasEnded(known)) return true;
  return hasEnded(operation) && known.finishedAt === operation.finishedAt;
}

/** A snapshot's number, whether others before it were missed, and when it came. */
interface Look {
  readonly at: number;
  readonly gap: boolean;
  readonly blind: boolean;
  readonly now: Moment;
}

function begun(operation: Operation, { at, blind, now }: Look): SeenOperation {
  const { startedAt, revisions, selective, dryRun, automated, phase, finishedAt } = operation;
  const { retryCount } = operation;
  const facts = { startedAt, revisions, selective, dryRun, automated, phase, finishedAt };
  const results = new Map<string, SeenResult>();
  return { ...facts, at, seen: now, midway: retryCount > 0, retryCount, blind, results };
}

function updated(
  known: SeenOperation,
  operation: Operation,
  { at, gap, now }: Look,
): SeenOperation {
  const end = hasEnded(operation) ? { endAt: known.endAt ?? at } : {};
  const { revisions, phase, finishedAt, retryCount } = operation;
  const midway = known.midway || (gap && retryCount !== known.retryCount);
  const results = withResults(known.results, operation.results, now);
  return { ...known, revisions, phase, finishedAt, retryCount, midway, results, ...end };
}

function withResults(
  known: ReadonlyMap<string, SeenResult>,
  results: readonly ResourceResult[],
  now: Moment,
): ReadonlyMap<string, SeenResult> {
  if (results.length === 0) return known;
  const next = new Map(known);
  for (const result of results) {
    const name = resultName(result);
    const before = known.get(name);
    const first = firstWord(before?.first, result);
    if (!first) continue;
    const settled = isSettled(result) ? { settled: before?.settled ?? now } : {};
    next.set(name, { first, latest: result, seen: before?.seen ?? now, ...settled });
  }
  return next;
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
  return recovered ? result : known;
}

/** A hook may run in several phases under one name; a resource has one result. */
function resultName(result: ResourceResult): string {
  const name = resourceName(result);
  return result.hookType === '' ? name : `${name} ${result.syncPhase}`;
}
