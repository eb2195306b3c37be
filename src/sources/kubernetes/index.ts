import type { Application, Destination } from '../../core/application/types.js';
import type { Connection } from '../../http/connection.js';
import { identityOf } from '../../http/json.js';
import { TIMEOUTS, type Timeouts, type Transport, transport } from '../../http/transport.js';
import type { Clock } from '../../platform/clock.js';
import type { Log } from '../../platform/log.js';
import { type Delivered, lookEvents, tolerantReader } from '../deliveries.js';
import type { Selection, Source, SourceEvent } from '../source.js';
import { listApplications } from './applications.js';
import { type ListWatchOptions, listWatch, TIMING, type Timing } from './listwatch.js';

export type { Connection, Surroundings } from '../../http/connection.js';
export { connect } from './connect.js';

export interface KubernetesOptions {
  readonly connection: Connection;
  readonly selection: Selection;
  readonly clock: Clock;
  readonly log: Log;
  /** Reads an Application from the wire; throws for what is none. */
  readonly parse: (value: unknown) => Application;
  /** Where watching is not allowed. */
  readonly pollIntervalMs: number;
  /** In [0, 1); spreads retries. */
  readonly random: () => number;
  /** For tests. */
  readonly timing?: Partial<Timing & Timeouts>;
}

/** Applications out of the Kubernetes API of the cluster that Argo CD runs in. */
export function kubernetesSource(options: KubernetesOptions): Source {
  const { connection, clock, random } = options;
  const timing = { ...TIMING, ...TIMEOUTS, ...options.timing };
  const server = connection.name;
  const delivered: Delivered = { versions: new Map(), looked: false };
  const pool = transport(connection, clock, timing);
  const read = tolerantReader(options.parse, options.log);
  return {
    watch: (listener, signal) =>
      listWatch({ ...options, read, transport: pool, server, timing, delivered }, listener, signal),
    async look(signal) {
      const fresh = transport(connection, clock, timing);
      try {
        return await look(fresh, { ...options, read }, delivered, signal);
      } finally {
        fresh.close();
      }
    },
    reaches: ({ destination }) => isInClusterDestination(destination),
    // Loaded for the few that need it.
    async live(queries, signal) {
      const { liveReader } = await import('./live.js');
      return liveReader({ transport: pool, server, clock, random })(queries, signal);
    },
    names: async (namespace, signal) =>
      (await import('./requests.js')).names(pool, server, namespace, signal),
    uiAddress: async (namespace, signal) =>
      (await import('./requests.js')).uiAddress(pool, namespace, signal),
    patch: async (patch, signal) =>
      (await import('./requests.js')).applyPatch(pool, options, patch, signal),
  };
}

/** @param delivered by a watch before, to tell whether anything was missed */
async function look(
  fresh: Transport,
  { connection, selection, read }: KubernetesOptions & Pick<ListWatchOptions, 'read'>,
  delivered: Delivered,
  signal: AbortSignal,
): Promise<readonly SourceEvent[]> {
  const reduce = (item: unknown) => {
    const { namespace, name } = identityOf(item);
    return selection.accepts?.(namespace, name) === false ? undefined : read(item);
  };
  const { items } = await listApplications(fresh, connection.name, selection, reduce, signal);
  return lookEvents(items, delivered);
}

/** Whether an Application deploys into the cluster that Argo CD itself runs in. */
export function isInClusterDestination({
  server,
  name,
}: Pick<Destination, 'server' | 'name'>): boolean {
  if (name === 'in-cluster') return true;
  return /^https:\/\/kubernetes\.default(\.svc(\.cluster\.local)?)?(:443)?\/?$/.test(server);
}
