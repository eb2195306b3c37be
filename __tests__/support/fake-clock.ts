import type { Moment } from '../../src/core/decision/moment.js';
import type { Clock } from '../../src/platform/clock.js';

/** Time that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Moves time on; whoever sleeps wakes at his time, and does what he has to do then. */
  advance(ms: number): Promise<void>;
  /** Lets all that is due now be done, without any time passing. */
  settle(): Promise<void>;
  /** How many sleep now. */
  readonly sleepers: number;
}

interface Sleeper {
  readonly due: number;
  readonly wake: () => void;
}

/** Turns of the event loop in which a chain of promises must come to rest. */
const TURNS = 5;

/** @param server the server's time at the start, in milliseconds since the epoch; absent: unknown */
export function fakeClock(server?: number): FakeClock {
  let elapsed = 0;
  const sleepers = new Set<Sleeper>();
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < TURNS; turn += 1) await new Promise((done) => setImmediate(done));
  };
  const next = (until: number): Sleeper | undefined =>
    [...sleepers].filter(({ due }) => due <= until).sort((a, b) => a.due - b.due)[0];
  return {
    settle,
    now: (): Moment => (server === undefined ? { elapsed } : { elapsed, server: server + elapsed }),
    observeDate: () => undefined,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const sleeper: Sleeper = {
          due: elapsed + Math.max(0, ms),
          wake() {
            sleepers.delete(sleeper);
            signal?.removeEventListener('abort', sleeper.wake);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', sleeper.wake);
      }),
    async advance(ms) {
      const until = elapsed + ms;
      await settle();
      for (let sleeper = next(until); sleeper; sleeper = next(until)) {
        elapsed = Math.max(elapsed, sleeper.due);
        sleeper.wake();
        await settle();
      }
      elapsed = until;
    },
    get sleepers() {
      return sleepers.size;
    },
  };
}
