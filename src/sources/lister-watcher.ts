import type { Application } from '../core/application/types.js';
import type { Transport } from '../http/transport.js';
import { Deliveries } from './deliveries.js';
import type { ObjectEvent, Protocol } from './protocol.js';
import { type ReflectorOptions, reflect } from './reflector.js';
import { type ReaderOptions, selectedReader } from './selected.js';
import type { ListerWatcher, SourceEvent } from './source.js';
import type { Readable } from './tolerant-reader.js';

export interface ListerWatcherOptions<T extends Readable>
  extends ReaderOptions<T>,
    Omit<ReflectorOptions<T>, 'protocol' | 'read' | 'deliveries' | 'listener' | 'signal'> {
  /** The pool of connections that the source keeps. */
  readonly pool: Transport;
  /** A pool for the last look of a run, which has little time. */
  readonly openLast: () => Transport;
  readonly protocolOver: (transport: Transport) => Protocol;
}

/** How objects of any source are watched, and listed once more by a fresh connection. */
export function listerWatcher<T extends Readable>(
  options: ListerWatcherOptions<T>,
): ListerWatcher<ObjectEvent<T>> {
  const { pool, openLast, protocolOver } = options;
  const protocol = protocolOver(pool);
  const deliveries = new Deliveries<T>(protocol.consistentLists);
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

/** The same of Applications, in the words of a source. */
export function ofApplications(
  followed: ListerWatcher<ObjectEvent<Application>>,
): ListerWatcher<SourceEvent> {
  return {
    watch: (listener, signal) => followed.watch((event) => listener(sourceEvent(event)), signal),
    relist: async (signal) => (await followed.relist(signal)).map(sourceEvent),
  };
}

function sourceEvent(event: ObjectEvent<Application>): SourceEvent {
  if (event.kind !== 'object') return event;
  return { kind: 'application', application: event.object, gap: event.gap };
}
