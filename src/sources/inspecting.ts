import type { ApplicationSet } from '../core/applicationset/types.js';
import type { SyncWindows } from '../core/windows/types.js';
import type { ResourceTree } from '../core/within/tree.js';
import type { Clock } from '../platform/clock.js';
import { bounded, unavailable } from './bounded.js';
import type { Inspected, Inspector, Windowed } from './inspector.js';
import type { Refusals } from './refused.js';
import type { ObjectName } from './source.js';

type LogArguments = Parameters<Inspector['logs']>;

/** What an API is asked for an inspector; all of it may fail, and last. */
export interface Readers {
  /** @param soFar is told what was seen by then, for a look that runs out of time */
  tree(
    application: Inspected,
    signal: AbortSignal,
    soFar: (tree: ResourceTree) => void,
  ): Promise<ResourceTree>;
  windows(application: Windowed, signal: AbortSignal): Promise<SyncWindows>;
  /** Undefined: it does not exist. */
  set(name: ObjectName, signal: AbortSignal): Promise<ApplicationSet | undefined>;
  logLines(...asked: LogArguments): Promise<readonly string[]>;
}

/** An inspector that neither fails nor lasts, of what does. */
export function inspectorOf(clock: Clock, refused: Refusals, readers: Readers): Inspector {
  return {
    async inspect(application, signal) {
      const seen = await bounded<ResourceTree>(clock, signal, (until, soFar) =>
        readers.tree(application, until, soFar),
      );
      if ('lack' in seen) return unavailable(seen);
      return { kind: 'seen', tree: seen.value, lacks: refused.untold() };
    },
    async syncWindows(application, signal) {
      const seen = await bounded(clock, signal, (until) => readers.windows(application, until));
      if ('lack' in seen) return unavailable(seen);
      return { kind: 'seen', windows: seen.value, lacks: refused.untold() };
    },
    async applicationSet({ namespace, applicationSet: name = '' }, signal) {
      const seen = await bounded(clock, signal, (until) => readers.set({ namespace, name }, until));
      if ('lack' in seen) return unavailable(seen);
      return { kind: 'seen', ...(seen.value ? { set: seen.value } : {}) };
    },
    async logs(application, log, lines, signal) {
      const read = await bounded(clock, signal, (until) =>
        readers.logLines(application, log, lines, until),
      );
      if ('lack' in read) return { kind: 'unavailable', ...read.lack };
      return { kind: 'read', lines: read.value };
    },
  };
}
