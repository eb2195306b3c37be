import type { Transport } from '../http/transport.js';
import { Deliveries } from './deliveries.js';
import type { Protocol } from './protocol.js';
import { type ReflectorOptions, reflect } from './reflector.js';
import { selectedReader } from './selected.js';
import type { Source, SourceOptions } from './source.js';

export interface ListerWatcherOptions
  extends Pick<SourceOptions, 'selection' | 'parse' | 'log'>,
    Omit<ReflectorOptions, 'protocol' | 'read' | 'deliveries' | 'listener' | 'signal'> {
  /** The pool of connections that the source keeps. */
  readonly pool: Transport;
  /** A pool for the last look of a run, which has little time. */
  readonly openLast: () => Transport;
  readonly protocolOver: (transport: Transport) => Protocol;
}

/** How any source is watched, and listed once more by a fresh connection. */
export function listerWatcher(options: ListerWatcherOptions): Pick<Source, 'watch' | 'relist'> {
  const { pool, openLast, protocolOver } = options;
  const protocol = protocolOver(pool);
  const deliveries = new Deliveries(protocol.consistentLists);
  const read = selectedReader(options);
  return {
    watch: (listener, signal) =>
      reflect({ ...options, protocol, read, deliveries, listener, signal }),
    async relist(signal) {
      const fresh = openLast();
      try {
        const { items } = await protocolOver(fresh).list(read, signal);
        return deliveries.eventsOf(items);
      } finally {
        fresh.close();
      }
    },
  };
}
