import { resourceName } from '../application/types.js';
import type { Change } from '../result/vocabulary.js';
import type { ApplyOutcome } from './messages.js';

/** The times that a live object has of itself, where it was read: RFC 3339. */
export interface LiveTimes {
  readonly creationTimestamp: string;
  /** Last write by Argo CD's controller; empty: it has none. */
  readonly lastWrite: string;
}

/** Which writes to live objects count. */
export interface Written {
  /** What was written from then on (RFC 3339) was written for the target; empty: unknown. */
  readonly writtenFrom: string;
  /** Another operation ended in that very second: it proves nothing. */
  readonly startSecondAmbiguous: boolean;
  /** Names of resources that were there before: a newer object was deleted and created again. */
  readonly existedBefore: ReadonlySet<string>;
}

/**
 * Decides what only live objects can.
 * @param live by resource name, what was read of them
 */
export function withLive(
  changes: readonly Change[],
  written: Written,
  live: ReadonlyMap<string, LiveTimes>,
): readonly Change[] {
  return changes.map((each) => {
    if (each.evidence !== 'reported') return each;
    const name = resourceName(each);
    const outcome = liveOutcome(live.get(name), written);
    if (!outcome) return each;
    const recreated = outcome === 'created' && written.existedBefore.has(name);
    return { ...each, change: recreated ? 'updated' : outcome, evidence: 'live' };
  });
}

/** What the live object's own times say, against the time from which writes count. */
function liveOutcome(
  live: LiveTimes | undefined,
  { writtenFrom, startSecondAmbiguous }: Written,
): ApplyOutcome | undefined {
  const start = Date.parse(writtenFrom);
  const created = Date.parse(live?.creationTimestamp ?? '');
  if (Number.isNaN(start) || Number.isNaN(created)) return undefined;
  const written = Date.parse(live?.lastWrite ?? '');
  if (startSecondAmbiguous && (created === start || written === start)) return undefined;
  if (created >= start) return 'created';
  if (Number.isNaN(written)) return undefined;
  return written >= start ? 'updated' : 'unchanged';
}
