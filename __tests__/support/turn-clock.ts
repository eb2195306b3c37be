import { performance } from 'node:perf_hooks';
import type { Clock } from '../../src/platform/clock.js';

/** So much time passes with each turn: an answer takes about ten. */
const MS_A_TURN = 25;
/** For the kernel and the other threads of the process, such as those that unpack answers. */
const PAUSE_MS = 2;
/** After so many turns in which nothing came in, nothing is under way: a deadline of 5 s is 56. */
const QUIET_TURNS = 40;
const MS_A_QUIET_TURN = 250;

/** What this process has heard from the kernel and from its own threads; timers are not counted. */
function heard(): number {
  return performance.nodeTiming.uvMetricsInfo.events;
}

/**
 * Time in turns of this process's event loop, for runs against servers in the same process: it
 * passes up to twelve times as fast as real time, a hundred times while nothing happens, and where
 * the machine is slow, so are the turns.
 */
export function turnClock(): Clock {
  let elapsed = 0;
  let said: { readonly server: number; readonly at: number } | undefined;
  const sleepers = new Set<{ readonly due: number; readonly wake: () => void }>();
  let turning = false;
  let before = 0;
  let quiet = 0;
  const pass = (): number => {
    const now = heard();
    quiet = now === before ? quiet + 1 : 0;
    before = now;
    return quiet > QUIET_TURNS ? MS_A_QUIET_TURN : MS_A_TURN;
  };
  const turn = async (): Promise<void> => {
    if (turning) return;
    turning = true;
    while (sleepers.size > 0) {
      await new Promise((done) => setTimeout(done, PAUSE_MS));
      elapsed += pass();
      for (const { due, wake } of [...sleepers]) if (due <= elapsed) wake();
    }
    turning = false;
  };
  return {
    now: () => (said ? { elapsed, server: said.server + elapsed - said.at } : { elapsed }),
    observeDate(dateHeader) {
      const server = Date.parse(dateHeader ?? '');
      if (!Number.isNaN(server)) said = { server, at: elapsed };
    },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const wake = (): void => {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper = { due: elapsed + ms, wake };
        if (signal?.aborted) return resolve();
        signal?.addEventListener('abort', wake);
        sleepers.add(sleeper);
        void turn();
      }),
  };
}
