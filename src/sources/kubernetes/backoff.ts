const FIRST_MS = 250;
const LONGEST_MS = 10_000;

/**
 * How long to wait before the next attempt: twice as long after each failure, up to 10 s, and by
 * chance up to half less, so that many runs do not come back at once.
 * @param failures in a row, 0 for none
 * @param atLeastMs what the server asked for
 */
export function backoff(failures: number, random: () => number, atLeastMs = 0): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** failures);
  return Math.max(atLeastMs, full * (1 - random() / 2));
}
