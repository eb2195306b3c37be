import { type Application, keyOf } from '../core/application/types.js';
import { isBusy } from '../core/decision/observations.js';
import type { LookAt, Looks } from '../core/result/looks.js';
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

export type Look = EffectDependencies['look'];

/** What one look goes by, and what was known before it. */
interface Looking extends Pick<LookOptions, 'clock'> {
  readonly application: Application;
  readonly looks: Looks;
  readonly inspector: Inspector;
  /** What the user calls it. */
  readonly name: string;
  readonly signal: AbortSignal;
  readonly tell: (lack: Lack) => void;
}

/**
 * Looks within Applications: a few at once, within the first ones only, and with what cannot be
 * seen told once.
 */
export function createLook(options: LookOptions): Look {
  const { open, nameOf, clock, expectMore } = options;
  const { once, tell } = told(options.log);
  const known = new Set<string>();
  const inTurn = turns(AT_ONCE);
  return async (application, at, looks, signal) => {
    const key = keyOf(application);
    if (!known.has(key) && known.size >= MOST_APPLICATIONS) {
      once(
        `Looking within the first ${MOST_APPLICATIONS} Applications that are not well; of the others only their own status tells.`,
      );
      return NEVER;
    }
    known.add(key);
    const inspector = await open();
    if (!inspector) return NEVER;
    if (at === 'resources') expectMore();
    const name = nameOf(key);
    return inTurn(() => LOOK_AT[at]({ application, looks, inspector, name, clock, signal, tell }));
  };
}

/** Reads ApplicationSets, a few at once, and says once why it cannot. */
export function createSetReader({
  open,
  log,
}: Pick<LookOptions, 'open' | 'log'>): EffectDependencies['readSet'] {
  const { tell } = told(log);
  const inTurn = turns(AT_ONCE);
  return async ({ namespace, name }, signal) => {
    const inspector = await open();
    if (!inspector) return { kind: 'unavailable', final: true, message: '', remedy: '' };
    const seen = await inTurn(() =>
      inspector.applicationSet({ namespace, applicationSet: name }, signal),
    );
    if (seen.kind === 'unavailable' && !signal.aborted) tell({ ...seen, message: unread(seen) });
    return seen;
  };
}

function unread({ message }: Lack): string {
  return `${message} children: the health of what manages an ApplicationSet has to tell whether all its Applications are generated.`;
}

const LOOK_AT: Readonly<Record<LookAt, (looking: Looking) => Promise<Looked>>> = {
  resources: lookAtResources,
  'sync-windows': lookAtSyncWindows,
  applicationset: lookAtApplicationSet,
};

async function lookAtResources(looking: Looking): Promise<Looked> {
  const { application, looks, inspector, name, clock, signal, tell } = looking;
  const seen = await inspector.inspect(application, signal);
  if (signal.aborted) return NOT_YET;
  if (seen.kind === 'unavailable') {
    tell(seen);
    return { final: seen.final };
  }
  for (const lack of seen.lacks) tell(lack);
  // Most runs end before they look at anything: then none of it is loaded.
  const { lookOptions, observeTree } = await import('../core/result/observe.js');
  const options = lookOptions(application, name);
  const settled = !isBusy(application);
  return { looks: observeTree(looks, seen.tree, options, clock.now(), settled), final: false };
}

async function lookAtSyncWindows(looking: Looking): Promise<Looked> {
  const { application, looks, inspector, name, clock, signal, tell } = looking;
  const seen = await inspector.syncWindows(application, signal);
  if (signal.aborted) return NOT_YET;
  for (const lack of seen.kind === 'seen' ? seen.lacks : [seen]) tell(lack);
  if (seen.kind === 'unavailable') return NOT_YET;
  const { lookAtWindows } = await import('../core/result/sync-windows.js');
  const { operation } = application;
  const windows = lookAtWindows(seen.windows, {
    application: name,
    ...(operation && isBusy(application) ? { operation } : {}),
    now: clock.now().server,
  });
  return { looks: { ...looks, windows }, final: false };
}

async function lookAtApplicationSet(looking: Looking): Promise<Looked> {
  const { application, looks, inspector, signal, tell } = looking;
  const seen = await inspector.applicationSet(application, signal);
  if (signal.aborted) return NOT_YET;
  if (seen.kind === 'unavailable') {
    tell(seen);
    return NOT_YET;
  }
  const { rolloutsOf } = await import('../core/applicationset/rollout.js');
  const rollout = seen.set && rolloutsOf(seen.set)?.(application.name);
  return { looks: { ...looks, rollout: rollout ?? 'none' }, final: false };
}

/** Says everything once. */
function told(log: LookOptions['log']) {
  const said = new Set<string>();
  const once = (line: string) => {
    if (!said.has(line)) log.info(line);
    said.add(line);
  };
  const tell = ({ message, remedy }: Lack) => {
    once(remedy === '' ? message : `${message}\n${remedy}`);
  };
  return { once, tell };
}

const NEVER: Looked = { final: true };
/** Nothing was seen here; what is looked at next may be. */
const NOT_YET: Looked = { final: false };

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
