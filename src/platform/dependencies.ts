import type { ReadFile } from '../inputs/filters-file.js';
import type { Console } from '../report/console.js';
import type { Destinations } from '../report/publish.js';
import type { Clock } from './clock.js';

/** Everything outside of a run that it touches, and tests replace; its parts pick what they need. */
export interface RunDependencies {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: ReadFile;
  readonly console: Console;
  readonly clock: Clock;
  readonly destinations: Destinations;
  /** In [0, 1). */
  readonly random: () => number;
  /** Aborted when GitHub cancels the run. */
  readonly cancelled: AbortSignal;
  /**
   * Called when there may be thousands of objects to hold: with many Applications to wait for, and
   * before the first look within one.
   */
  readonly expectMore: () => void;
}
