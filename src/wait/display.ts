import { rolloutSentence } from '../core/applicationset/rollout.js';
import { causesFor } from '../core/result/looks.js';
import type { Clock } from '../platform/clock.js';
import type { Progress, Status } from '../report/progress.js';
import { nameOf } from './selection.js';
import { type OpenWait, shownOf, type Waits } from './waits.js';

/** Where every Application stands, for the progress. */
function statusesOf(waits: Waits, applicationNamespace: string): readonly Status[] {
  return [...waits].map(([key, wait]) => {
    const application = nameOf(key, applicationNamespace);
    if (wait.kind === 'done') return { application, ...wait.shown, waitsFor: '', done: true };
    return {
      application,
      ...shownOf(wait.state),
      waitsFor: waitsFor(wait, application),
      done: false,
      ...turnOf(wait),
    };
  });
}

/** What its RollingSync waits for: of many Applications that is all there is room for. */
function turnOf({ verdict, state }: OpenWait): Pick<Status, 'turn'> {
  const { rollout } = state.looks;
  if (verdict.rule !== 'rolling-sync' || rollout === undefined || rollout === 'none') return {};
  return { turn: rolloutSentence(rollout) };
}

/** What for, and what is in the way where a look within the Application has told. */
function waitsFor({ verdict, state }: OpenWait, name: string): string {
  const { application, looks, set } = state;
  if (set?.standing.kind === 'error') return `${verdict.what}: ${set.standing.message}`;
  const [cause] = application ? causesFor(verdict.rule, application, looks, name) : [];
  return cause ? `${verdict.what}: ${cause.message}` : verdict.what;
}

/** Shows a wait on the log: of a few Applications every change, of many the sum now and then. */
export interface Display {
  changed(waits: Waits, trouble?: string): void;
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
  let held: { readonly waits: Waits; readonly trouble: string | undefined } | undefined;
  let shownAt = Number.NEGATIVE_INFINITY;
  const show = () => {
    if (!held) return;
    progress.update(statusesOf(held.waits, applicationNamespace), held.trouble);
    held = undefined;
    shownAt = clock.now().elapsed;
  };
  return {
    changed(waits, trouble) {
      held = { waits, trouble };
      if (waits.size <= FEW || clock.now().elapsed - shownAt >= GATHERED_MS) show();
    },
    beat() {
      show();
      progress.heartbeat();
    },
    end: show,
  };
}

/** Lets the progress say now and then that the wait goes on. */
export function beat(clock: Clock, display: Display): AbortController {
  const stop = new AbortController();
  const loop = async () => {
    while (!stop.signal.aborted) {
      await clock.sleep(1000, stop.signal);
      if (!stop.signal.aborted) display.beat();
    }
  };
  void loop();
  return stop;
}
