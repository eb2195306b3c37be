import { cancelledError } from './deadline.js';

/**
 * Requests at one time share one piece of work, by the arguments of the first of them. It is given
 * up when none of them needs it any more, and not with the one that began it.
 */
export function shared<T, A extends readonly unknown[]>(
  work: (signal: AbortSignal, ...args: A) => Promise<T>,
): (signal: AbortSignal, ...args: A) => Promise<T> {
  let current: { readonly result: Promise<T>; readonly stop: AbortController } | undefined;
  let waiting = 0;
  return async (signal, ...args) => {
    if (signal.aborted) throw cancelledError();
    if (!current) {
      const stop = new AbortController();
      current = { stop, result: work(stop.signal, ...args) };
      waiting = 0;
    }
    const mine = current;
    waiting += 1;
    try {
      return await unlessAbandoned(mine.result, signal);
    } finally {
      if (current === mine) {
        waiting -= 1;
        if (waiting === 0) {
          current = undefined;
          mine.stop.abort('over');
        }
      }
    }
  };
}

function unlessAbandoned<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(cancelledError());
    signal.addEventListener('abort', abort);
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
