import type { Clock } from '../platform/clock.js';

/** Calls out when nothing was heard for too long. */
export interface Watchdog {
  /** From now on, at most `ms` of silence; `waitingFor` is handed to the call. */
  expect(ms: number, waitingFor: string): void;
  /** Something was heard. */
  beat(): void;
  stop(): void;
}

/** @param onSilence called once for an expectation that was not met, with what it waited for */
export function watchdog(
  clock: Clock,
  onSilence: (waitingFor: string, ms: number) => void,
): Watchdog {
  let heard = 0;
  let watch = new AbortController();
  let stopped = false;
  // Sleeps for what is left instead of restarting a timer at every chunk of a large answer.
  const guard = async (ms: number, waitingFor: string, { signal }: AbortController) => {
    for (;;) {
      const left = heard + ms - clock.now().elapsed;
      if (left <= 0) return onSilence(waitingFor, ms);
      await clock.sleep(left, signal);
      if (signal.aborted) return;
    }
  };
  const beat = () => {
    heard = clock.now().elapsed;
  };
  return {
    beat,
    expect(ms, waitingFor) {
      watch.abort();
      if (stopped) return;
      watch = new AbortController();
      beat();
      void guard(ms, waitingFor, watch);
    },
    stop() {
      stopped = true;
      watch.abort();
    },
  };
}
