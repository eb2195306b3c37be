import type { Clock } from '../platform/clock.js';

/** Calls out when nothing was heard for too long. */
export interface Watchdog {
  /** From now on, at most `ms` of silence; `waitingFor` is handed to the call. */
  expect(ms: number, waitingFor: string): void;
  /** Something was heard. */
  beat(): void;
  stop(): void;
}

/** Without a reason, an abort would make an error with a stack. */
const OVER = 'over';

/** @param onSilence called once for an expectation that was not met, with what it waited for */
export function watchdog(
  clock: Clock,
  onSilence: (waitingFor: string, ms: number) => void,
): Watchdog {
  let heard = 0;
  let expected = { ms: Number.POSITIVE_INFINITY, waitingFor: '' };
  let watch: { readonly until: number; readonly stop: AbortController } | undefined;
  let stopped = false;
  const now = () => clock.now().elapsed;
  // Sleeps for what is left instead of restarting a timer at every chunk of a large answer.
  const guard = async (): Promise<void> => {
    watch?.stop.abort(OVER);
    const stop = new AbortController();
    const until = heard + expected.ms;
    watch = { until, stop };
    await clock.sleep(until - now(), stop.signal);
    if (stop.signal.aborted) return;
    if (heard + expected.ms > now()) return guard();
    stopped = true;
    onSilence(expected.waitingFor, expected.ms);
  };
  const beat = () => {
    heard = now();
  };
  return {
    beat,
    expect(ms, waitingFor) {
      if (stopped) return;
      beat();
      expected = { ms, waitingFor };
      if (!watch || heard + ms < watch.until) void guard();
    },
    stop() {
      stopped = true;
      watch?.stop.abort(OVER);
    },
  };
}
