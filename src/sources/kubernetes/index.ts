import type { Clock } from '../../clock.js';
import { type Application, type Destination, keyOf } from '../../core/application.js';
import type { Log } from '../../log.js';
import type { Patch, Selection, Source, SourceEvent } from '../source.js';
import { applicationsPath, intentOf, listApplications, METADATA_LIST } from './applications.js';
import type { Connection } from './connection.js';
import {
  isSuccess,
  jsonOf,
  PATIENCE,
  type Patience,
  refuse,
  type Transport,
  transport,
} from './http.js';
import { identityOf, record, text } from './json.js';
import { listWatch, TIMING, type Timing } from './listwatch.js';
import { type Delivered, lookEvents } from './versions.js';

export { type Connection, connect, type Surroundings } from './connection.js';

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
  readonly timing?: Partial<Timing & Patience>;
}

/** Applications out of the Kubernetes API of the cluster that Argo CD runs in. */
export function kubernetesSource(options: KubernetesOptions): Source {
  const { connection, clock, random } = options;
  const timing = { ...TIMING, ...PATIENCE, ...options.timing };
  const server = connection.name;
  const delivered: Delivered = { versions: new Map(), looked: false };
  const pool = transport(connection, clock, timing);
  return {
    watch: (listener, signal) =>
      listWatch({ ...options, transport: pool, server, timing, delivered }, listener, signal),
    async look(signal) {
      const fresh = transport(connection, clock, timing);
      try {
        return await look(fresh, options, delivered, signal);
      } finally {
        fresh.close();
      }
    },
    reaches: ({ destination }) => isHere(destination),
    // Loaded for the few that need it.
    async live(queries, signal) {
      const { liveReader } = await import('./live.js');
      return liveReader({ transport: pool, server, clock, random })(queries, signal);
    },
    names: (namespace, signal) => names(pool, server, namespace, signal),
    uiAddress: (namespace, signal) => uiAddress(pool, namespace, signal),
    patch: (patch, signal) => applyPatch(pool, options, patch, signal),
  };
}

/** @param delivered by a watch before, to tell whether anything was missed */
async function look(
  fresh: Transport,
  { connection, selection, parse }: KubernetesOptions,
  delivered: Delivered,
  signal: AbortSignal,
): Promise<readonly SourceEvent[]> {
  const reduce = (item: unknown) => {
    const { namespace, name } = identityOf(item);
    return selection.accepts?.(namespace, name) === false ? undefined : parse(item);
  };
  const { items } = await listApplications(fresh, connection.name, selection, reduce, signal);
  return lookEvents(items, delivered);
}

/** Whether an Application deploys into the cluster that Argo CD itself runs in. */
export function isHere({ server, name }: Pick<Destination, 'server' | 'name'>): boolean {
  if (name === 'in-cluster') return true;
  return /^https:\/\/kubernetes\.default(\.svc(\.cluster\.local)?)?(:443)?\/?$/.test(server);
}

async function names(
  pool: Transport,
  server: string,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const everywhere = namespace === '' || namespace === '*';
  const selection = everywhere ? {} : { namespace };
  const reduce = (item: unknown) => (everywhere ? keyOf(identityOf(item)) : identityOf(item).name);
  try {
    return (await listApplications(pool, server, selection, reduce, signal, METADATA_LIST)).items;
  } catch {
    // Only a hint was asked for, beside an error that is reported anyway.
    return [];
  }
}

/** `url` of Argo CD's own configuration. */
async function uiAddress(pool: Transport, namespace: string, signal: AbortSignal): Promise<string> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/argocd-cm`;
  try {
    const answer = await pool.send({ path }, signal);
    return isSuccess(answer) ? text(record(record(JSON.parse(answer.body)).data).url) : '';
  } catch {
    // A link is no more than a convenience.
    return '';
  }
}

async function applyPatch(
  pool: Transport,
  { connection, parse }: KubernetesOptions,
  { namespace, name, body }: Patch,
  signal: AbortSignal,
): Promise<Application | 'conflict'> {
  const request = {
    method: 'PATCH',
    path: `${applicationsPath(namespace)}/${encodeURIComponent(name)}`,
    query: { fieldManager: 'argocd-post-sync' },
    body: { type: 'application/merge-patch+json', text: JSON.stringify(body) },
  } as const;
  const answer = await pool.send(request, signal);
  if (answer.status === 409) return 'conflict';
  if (!isSuccess(answer)) {
    return refuse(answer, intentOf('patch', namespace, name), connection.name);
  }
  return parse(jsonOf(answer, connection.name));
}
