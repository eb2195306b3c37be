import type { Clock } from '../platform/clock.js';
import { TransientError } from '../platform/errors.js';

const FIRST_MS = 250;
const LONGEST_MS = 10_000;
/** What a server asks for is heeded so far: a timer holds 24 days, and no wait is to be slept through. */
const LONGEST_ASKED_MS = 60_000;

/**
 * How long to wait before the next attempt: twice as long after each failure, up to 10 s, and by
 * chance up to half less, so that many runs do not come back at once.
 * @param failures in a row, 0 for none
 * @param atLeastMs what the server asked for; a minute at most is given
 */
export function backoff(failures: number, random: () => number, atLeastMs = 0): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** failures);
  return Math.max(Math.min(atLeastMs, LONGEST_ASKED_MS), full * (1 - random() / 2));
}

const ATTEMPTS = 3;

/** Does something that may fail in passing, up to three times. */
export async function withRetries<T>(
  work: () => Promise<T>,
  { clock, random }: { readonly clock: Clock; readonly random: () => number },
  signal: AbortSignal,
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await work();
    } catch (thrown) {
      const passing = thrown instanceof TransientError ? thrown : undefined;
      if (!passing || failures === ATTEMPTS || signal.aborted) throw thrown;
      await clock.sleep(backoff(failures, random, passing.retryAfterMs), signal);
    }
  }
}
