import { type Destination, isInCluster } from '../../core/application/types.js';
import { LIMITS } from '../../http/limits.js';
import { shortened, TIMEOUTS, transport } from '../../http/transport.js';
import { listerWatcher, ofApplications } from '../lister-watcher.js';
import { selectionOfNames } from '../selected.js';
import type { Source, SourceOptions } from '../source.js';
import { APPLICATION_SETS, APPLICATIONS } from './applications.js';
import { type KubernetesTimeouts, kubernetesProtocol, WATCH_TIMEOUTS } from './protocol.js';

export type KubernetesOptions = SourceOptions<KubernetesTimeouts>;

/** Applications from the Kubernetes API of the cluster that Argo CD runs in. */
export function kubernetesSource(options: KubernetesOptions): Source {
  const { connection, selection, clock, random } = options;
  const timing = { ...WATCH_TIMEOUTS, ...TIMEOUTS, ...options.timing };
  const server = connection.name;
  const limits = { ...LIMITS, ...options.limits };
  const pool = transport(connection, clock, timing, limits);
  const following = {
    ...{ ...options, timing, pool },
    openLast: () => transport(connection, clock, shortened(timing), limits),
  };
  return {
    ...ofApplications(
      listerWatcher({
        ...following,
        what: 'Applications',
        protocolOver: (transport) =>
          kubernetesProtocol({
            ...{ transport, server, type: APPLICATIONS, selection, clock, timing },
          }),
      }),
    ),
    async applicationSets(names) {
      const selection = selectionOfNames(names);
      const { parseApplicationSet } = await import('../../core/applicationset/parse.js');
      return listerWatcher({
        ...{ ...following, selection, parse: parseApplicationSet },
        what: 'ApplicationSets',
        protocolOver: (transport) =>
          kubernetesProtocol({
            ...{ transport, server, type: APPLICATION_SETS, selection, clock, timing },
          }),
      });
    },
    reaches: inCluster,
    // Loaded only when needed.
    async live(queries, signal) {
      const { liveReader } = await import('./live.js');
      return liveReader({ transport: pool, server, clock, random })(queries, signal);
    },
    async reader() {
      const { objectReader } = await import('./objects.js');
      return objectReader({ transport: pool, server, clock, random });
    },
    names: async (namespace, signal) =>
      (await import('./requests.js')).applicationNames(pool, server, namespace, signal),
    uiAddress: async (namespace, signal) =>
      (await import('./requests.js')).uiAddress(pool, namespace, signal),
    async inspector() {
      const { kubernetesInspector } = await import('./inspector.js');
      const reaches = inCluster;
      return kubernetesInspector({ transport: pool, server, clock, reaches });
    },
    patch: async (patch, signal) =>
      (await import('./requests.js')).applyPatch(pool, options, patch, signal),
    refreshApplicationSet: async (set, signal) =>
      (await import('./requests.js')).refreshApplicationSet(pool, server, set, signal),
  };
}

function inCluster({ destination }: { readonly destination: Destination }): boolean {
  return isInCluster(destination);
}
