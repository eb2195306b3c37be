import { keyOf } from '../core/application/types.js';
import { isBusy } from '../core/decision/observations.js';
import type { Clock } from '../platform/clock.js';
import type { Log } from '../platform/log.js';
import type { Inspector, Lack } from '../sources/inspector.js';
import type { EffectDependencies, Looked } from './effects.js';

const AT_ONCE = 8;
/** In so many Applications nobody reads what each of them waits for, and it costs their servers. */
export const MOST_APPLICATIONS = 50;

export interface LookOptions {
  /** The way there, asked for with every look; undefined: no API can look. */
  readonly open: () => Promise<Inspector | undefined>;
  /** What the user calls an Application, by `namespace/name`. */
  readonly nameOf: (key: string) => string;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Pick<Log, 'info'>;
  /** Called before each look at resources: an Application may have thousands. */
  readonly expectMore: () => void;
}

export type Look = NonNullable<EffectDependencies['look']>;

/**
 * Looks within Applications: a few at once, within the first ones only, and with what cannot be
 * seen told once.
 */
export function createLook({ open, nameOf, clock, log, expectMore }: LookOptions): Look {
  const said = new Set<string>();
  const once = (line: string) => {
    if (!said.has(line)) log.info(line);
    said.add(line);
  };
  const tell = ({ message, remedy }: Lack) => {
    once(remedy === '' ? message : `${message}\n${remedy}`);
  };
  const known = new Set<string>();
  const inTurn = turns(AT_ONCE);
  return async (application, at, looks, signal) => {
    if (!known.has(keyOf(application)) && known.size >= MOST_APPLICATIONS) {
      once(
        `Looking within the first ${MOST_APPLICATIONS} Applications that are not well; of the others only their own status tells.`,
      );
      return NEVER;
    }
    known.add(keyOf(application));
    const inspector = await open();
    if (!inspector) return NEVER;
    if (at === 'sync-windows') {
      const seen = await inTurn(() => inspector.syncWindows(application, signal));
      if (signal.aborted) return { final: false };
      for (const lack of seen.kind === 'seen' ? seen.lacks : [seen]) tell(lack);
      // The resources may be seen though the windows may not.
      if (seen.kind === 'unavailable') return { final: false };
      const { lookAtWindows } = await import('../core/result/sync-windows.js');
      const { operation } = application;
      const windows = lookAtWindows(seen.windows, {
        application: nameOf(keyOf(application)),
        ...(operation && isBusy(application) ? { operation } : {}),
        now: clock.now().server,
      });
      return { looks: { ...looks, windows }, final: false };
    }
    if (at === 'applicationset') {
      const seen = await inTurn(() => inspector.applicationSet(application, signal));
      if (signal.aborted) return { final: false };
      // The resources may be seen though the ApplicationSet may not.
      if (seen.kind === 'unavailable') {
        tell(seen);
        return { final: false };
      }
      const { rolloutsOf } = await import('../core/applicationset/rollout.js');
      const rollout = seen.set && rolloutsOf(seen.set)?.(application.name);
      return { looks: { ...looks, rollout: rollout ?? 'none' }, final: false };
    }
    expectMore();
    const seen = await inTurn(() => inspector.inspect(application, signal));
    if (signal.aborted) return { final: false };
    if (seen.kind === 'unavailable') {
      tell(seen);
      return { final: seen.final };
    }
    for (const lack of seen.lacks) tell(lack);
    // Most runs end before they look at anything: then none of it is loaded.
    const { lookOptions, observeTree } = await import('../core/result/observe.js');
    const options = lookOptions(application, nameOf(keyOf(application)));
    const settled = !isBusy(application);
    return { looks: observeTree(looks, seen.tree, options, clock.now(), settled), final: false };
  };
}

const NEVER: Looked = { final: true };

/** Does work as it is asked for, so many at once. */
function turns(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = most;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
