import type { Moment } from '../core/decision/moment.js';

/** All time in a run comes from here; tests put a fake one in its place. */
export interface Clock {
  now(): Moment;
  /** Takes a response's `Date` header: server times are compared with server times only. */
  observeDate(dateHeader: string | undefined): void;
  /** Resolves after `ms`, or at once when the signal aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Monotonic; `performance` would load half a megabyte of Node for the same number. */
function elapsedMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The clock of a real run: monotonic time, and the server's time as last said plus what has passed. */
export function systemClock(): Clock {
  let said: { readonly server: number; readonly at: number } | undefined;
  return {
    now() {
      const elapsed = elapsedMs();
      return said ? { elapsed, server: said.server + (elapsed - said.at) } : { elapsed };
    },
    observeDate(dateHeader) {
      const server = Date.parse(dateHeader ?? '');
      if (!Number.isNaN(server)) said = { server, at: elapsedMs() };
    },
    // Not that of node:timers/promises, which makes an error of every abort.
    sleep(ms, signal) {
      return new Promise((resolve) => {
        const end = () => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', end);
          resolve();
        };
        const timer = setTimeout(end, signal?.aborted ? 0 : ms);
        signal?.addEventListener('abort', end);
      });
    },
  };
}
