import type { Clock } from '../platform/clock.js';
import { TransientError } from '../platform/errors.js';

/** A wait that was ended from outside; nobody is told of it. */
export function cancelledError(): TransientError {
  return new TransientError('The request was given up.');
}

export interface Deadline {
  readonly clock: Pick<Clock, 'sleep'>;
  readonly ms: number;
  /** What it means that the time is over. */
  readonly late: () => Error;
}

/**
 * Waits for work, but neither longer than the deadline nor than the signal. Either way the work is
 * told by a signal of its own, and not waited for.
 * @throws what the work throws, `late()`, or `cancelledError()`
 */
export async function withDeadline<T>(
  { clock, ms, late }: Deadline,
  signal: AbortSignal,
  work: (signal: AbortSignal) => T | Promise<T>,
): Promise<T> {
  if (signal.aborted) throw cancelledError();
  const life = new AbortController();
  const done = new AbortController();
  const over = Promise.withResolvers<never>();
  // It loses the race in most cases.
  over.promise.catch(() => undefined);
  const end = (why: Error) => {
    over.reject(why);
    life.abort(why);
  };
  const onAbort = () => end(cancelledError());
  signal.addEventListener('abort', onAbort, { once: true });
  void clock.sleep(ms, done.signal).then(() => {
    if (!done.signal.aborted) end(late());
  });
  try {
    return await Promise.race([work(life.signal), over.promise]);
  } finally {
    // With a reason: else the abort makes an error with a stack.
    done.abort('done');
    signal.removeEventListener('abort', onAbort);
  }
}
