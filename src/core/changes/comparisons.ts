import {
  type Compared,
  type ComparisonSnapshot,
  type SeenOperation,
  statusesByKey,
} from '../decision/observations.js';
import { revisionKey } from '../decision/target.js';
import { ALL_OUTCOMES, type ApplyOutcome } from './messages.js';

/** A comparison in which resources can be looked up. */
export interface IndexedComparison extends ComparisonSnapshot {
  /** Of its revisions. */
  readonly key: string;
  /** Sync status by resource name. */
  readonly statuses: ReadonlyMap<string, string>;
}

/** In the order in which they were seen. */
export function indexed(comparisons: readonly ComparisonSnapshot[]): readonly IndexedComparison[] {
  const known = new Map<Compared, IndexedComparison['statuses']>();
  return comparisons.map((each) => {
    const statuses = known.get(each.compared) ?? statusesByKey(each.compared);
    known.set(each.compared, statuses);
    return { ...each, key: revisionKey(each.revisions), statuses };
  });
}

/**
 * The outcomes that the comparisons leave open for a resource of an operation.
 * @param name of the resource
 * @param ignored the comparisons leave fields out that the operation writes: Synced proves nothing
 */
export function comparedOutcomes(
  operation: SeenOperation,
  name: string,
  comparisons: readonly IndexedComparison[],
  ignored: boolean,
): readonly ApplyOutcome[] {
  const key = revisionKey(operation.revisions);
  if (key === '') return ALL_OUTCOMES;
  const end = operation.endAt ?? Number.POSITIVE_INFINITY;
  const during = comparisons.filter((each) => each.key === key && each.at < end);
  if (during.some((each) => each.statuses.get(name) === 'OutOfSync')) {
    return outcomesOfOutOfSync(during, name, comparisons);
  }
  const before = during.filter((each) => isBefore(each, operation, comparisons));
  if (before.length > 0 && before.every((each) => each.statuses.get(name) === 'Synced')) {
    return ignored ? ['updated', 'unchanged'] : ['unchanged'];
  }
  return turnedOutOfSync(operation, key, name, comparisons) ? ['updated'] : ALL_OUTCOMES;
}

/** Seen OutOfSync at the operation's revision: it is written, unless it is OutOfSync forever. */
function outcomesOfOutOfSync(
  during: readonly IndexedComparison[],
  name: string,
  comparisons: readonly IndexedComparison[],
): readonly ApplyOutcome[] {
  const first = comparisons.indexOf(during[0] as IndexedComparison);
  const prior = comparisons[first - 1];
  if (!prior || prior.key === '') return ['created', 'updated'];
  const status = prior.statuses.get(name);
  if (status === undefined) return ['created'];
  if (status === 'Synced') return ['updated'];
  const still = comparisons.at(-1)?.statuses.get(name) === 'OutOfSync';
  return still ? ALL_OUTCOMES : ['created', 'updated'];
}

/**
 * Whether a comparison shows the cluster as it was before the operation wrote anything.
 * Auto-sync asks for an operation because of a comparison, and stores that comparison a moment
 * AFTER the request: the first one to arrive is from before, though the operation may be running.
 * After a gap it may have been brought up to date since, which does not move `reconciledAt`.
 */
function isBefore(
  comparison: IndexedComparison,
  operation: SeenOperation,
  comparisons: readonly IndexedComparison[],
): boolean {
  if (comparison.at < operation.at) return true;
  if (comparison.gap || !operation.automated || operation.selective) return false;
  const first = comparisons.find((each) => each.key === comparison.key);
  if (first !== comparison || comparisons[0] === comparison) return false;
  return comparison.reconciledAt <= operation.startedAt;
}

/** Synced with another revision before, OutOfSync with the same one after: a rollback wrote it. */
function turnedOutOfSync(
  operation: SeenOperation,
  key: string,
  name: string,
  comparisons: readonly IndexedComparison[],
): boolean {
  const end = operation.endAt;
  if (end === undefined) return false;
  return comparisons.some(
    (after) =>
      after.key !== key &&
      after.at >= end &&
      after.statuses.get(name) === 'OutOfSync' &&
      comparisons.some(
        (before) =>
          before.key === after.key &&
          before.at < operation.at &&
          before.statuses.get(name) === 'Synced',
      ),
  );
}
