import type { Clock } from './clock.js';

/**
 * The result of some work, or undefined as soon as the signal aborts: the work may be deaf to it.
 * What the work comes to after that is dropped.
 */
export async function unlessAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const end = (): void => resolve(undefined);
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** What some work gives with a signal of its own, which also aborts after so many milliseconds. */
export async function withTimeLimit<T>(
  clock: Pick<Clock, 'sleep'>,
  ms: number,
  signal: AbortSignal,
  work: (limited: AbortSignal) => Promise<T>,
): Promise<T> {
  const [late, done] = [new AbortController(), new AbortController()];
  void clock.sleep(ms, done.signal).then(() => {
    if (!done.signal.aborted) late.abort();
  });
  try {
    return await work(AbortSignal.any([signal, late.signal]));
  } finally {
    done.abort();
  }
}

/** What some work gives; undefined once so many milliseconds have passed, or the signal aborts. */
export function inTime<T>(
  clock: Pick<Clock, 'sleep'>,
  ms: number,
  signal: AbortSignal,
  work: (limited: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  return withTimeLimit(clock, ms, signal, (limited) => unlessAborted(work(limited), limited));
}
