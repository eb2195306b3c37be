import type { Clock } from './clock.js';
import type { State } from './core/state.js';
import { shortRevision } from './core/verdict.js';
import type { Progress, Status } from './report/progress.js';
import { nameOf } from './selection.js';
import type { Waits } from './wait.js';

/** What a person who waits wants to know of a state. Empty where it is not there. */
export type Shown = Pick<Status, 'phase' | 'sync' | 'health' | 'revision'>;

export function shownOf({ application, presence }: State): Shown {
  const shown = presence === 'present' ? application : undefined;
  return {
    phase: shown?.operation?.phase ?? '',
    sync: shown?.comparison.status ?? '',
    health: shown?.health.status ?? '',
    revision: shown ? shortRevision(shown.comparison.revisions) : '',
  };
}

/** Where every Application stands, for the progress. */
export function statusesOf(waits: Waits, applicationNamespace: string): readonly Status[] {
  return [...waits].map(([key, wait]) => ({
    application: nameOf(key, applicationNamespace),
    ...(wait.kind === 'done' ? wait.shown : shownOf(wait.state)),
    waitsFor: wait.kind === 'done' ? '' : wait.verdict.what,
    done: wait.kind === 'done',
  }));
}

/** Shows a wait on the log: of a few Applications every change, of many the sum now and then. */
export interface Display {
  changed(waits: Waits): void;
  /** To be called about once a second. */
  beat(): void;
  /** Shows the last state, whatever was held back. */
  end(): void;
}

/** For more than so many Applications, statuses are gathered at most every so many milliseconds. */
const FEW = 5;
const GATHERED_MS = 200;

export function createDisplay(
  progress: Progress,
  clock: Pick<Clock, 'now'>,
  applicationNamespace: string,
): Display {
  let held: Waits | undefined;
  let shownAt = Number.NEGATIVE_INFINITY;
  const show = () => {
    if (!held) return;
    progress.update(statusesOf(held, applicationNamespace));
    held = undefined;
    shownAt = clock.now().elapsed;
  };
  return {
    changed(waits) {
      held = waits;
      if (waits.size <= FEW || clock.now().elapsed - shownAt >= GATHERED_MS) show();
    },
    beat() {
      show();
      progress.heartbeat();
    },
    end: show,
  };
}
