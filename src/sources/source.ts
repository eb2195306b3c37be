import type { Application } from '../core/application/types.js';
import type { ApplicationSet } from '../core/applicationset/types.js';
import type { Json } from '../core/fields/lists.js';
import type { Connection } from '../http/connection.js';
import type { Limits } from '../http/limits.js';
import type { Timeouts } from '../http/transport.js';
import type { Clock } from '../platform/clock.js';
import type { Log } from '../platform/log.js';
import type { Inspector } from './inspector.js';
import type { AbsenceEvent, ObjectEvent } from './protocol.js';

/** What a source tells while it is watched: see `ObjectEvent`. Keys are `namespace/name`. */
export type SourceEvent =
  | { readonly kind: 'application'; readonly application: Application; readonly gap: boolean }
  | AbsenceEvent
  /** The same of ApplicationSets, where they are followed: they are listed before Applications. */
  | { readonly kind: 'applicationset'; readonly set: ApplicationSet }
  | { readonly kind: 'applicationset-deleted'; readonly key: string }
  | { readonly kind: 'applicationsets-listed'; readonly present: ReadonlySet<string> };

/** A resource whose live metadata is asked for. */
export interface LiveQuery {
  /** The Application that has the resource. */
  readonly application: { readonly namespace: string; readonly name: string };
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Empty: cluster-scoped, or the Application's destination namespace if the kind is namespaced. */
  readonly namespace: string;
  readonly name: string;
  /** `spec.destination.namespace` of the Application. */
  readonly defaultNamespace: string;
}

/** Metadata of a live object; times are RFC 3339, by the clock of the cluster. */
export type LiveMetadata =
  | {
      readonly kind: 'found';
      readonly creationTimestamp: string;
      /** Latest time of a managedFields entry of manager `argocd-controller`; empty: none. */
      readonly lastWrite: string;
    }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly message: string; readonly remedy: string };

/** A live object; of a Secret, hashes take the place of the values. */
export type LiveObject =
  | { readonly kind: 'found'; readonly object: Json }
  | Exclude<LiveMetadata, { readonly kind: 'found' }>;

/** The earlier pod templates that the cluster keeps of a workload: ReplicaSets, ControllerRevisions. */
export type KeptTemplates =
  | { readonly kind: 'found'; readonly kept: readonly Json[] }
  | Exclude<LiveMetadata, { readonly kind: 'found' }>;

/** Reads whole objects, in the cluster that the Applications are read from. Never rejects. */
export interface ObjectReader {
  /** Answers in the order of the queries. */
  objects(queries: readonly LiveQuery[], signal: AbortSignal): Promise<readonly LiveObject[]>;
  /** Of Deployments, StatefulSets and DaemonSets; of anything else `absent`. */
  templates(queries: readonly LiveQuery[], signal: AbortSignal): Promise<readonly KeptTemplates[]>;
}

/** What `trigger` changes, as a merge patch of the Application. */
export interface Patch {
  readonly namespace: string;
  readonly name: string;
  readonly body: PatchBody;
}

export interface PatchBody {
  readonly metadata?: {
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly operation?: OperationBody;
}

/** `operation` of an Application: the request for a sync. */
export interface OperationBody {
  readonly initiatedBy: { readonly username: string };
  readonly info: readonly { readonly name: string; readonly value: string }[];
  readonly retry?: Readonly<Record<string, unknown>>;
  readonly sync: {
    readonly revision?: string;
    readonly revisions?: readonly string[];
    readonly prune?: boolean;
    readonly syncOptions?: readonly string[];
  };
}

/** How objects are followed. */
export interface ListerWatcher<Event> {
  /**
   * Delivers the present state, then every change, until the signal aborts (then resolves).
   * Recovers from all transient errors on its own.
   * @throws TerminalError for what no waiting can fix
   */
  watch(listener: (event: Event) => void, signal: AbortSignal): Promise<void>;
  /**
   * One more list, over a fresh connection, before a timeout is declared.
   * @returns the events of one complete list
   * @throws TerminalError or TransientError
   */
  relist(signal: AbortSignal): Promise<readonly Event[]>;
}

/** Where Applications come from. */
export interface Source extends ListerWatcher<SourceEvent> {
  /** Follows ApplicationSets, over the same connection; loaded when it is asked for. */
  applicationSets(
    names: readonly ObjectName[],
  ): Promise<ListerWatcher<ObjectEvent<ApplicationSet>>>;
  /** Whether `live` can read the objects of an Application: some sources see only one cluster. */
  reaches(application: Pick<Application, 'destination'>): boolean;
  /** Reads the live metadata of resources; answers in the order of the queries. Never rejects. */
  live(queries: readonly LiveQuery[], signal: AbortSignal): Promise<readonly LiveMetadata[]>;
  /** Reads whole objects; absent: the source cannot. */
  readonly reader?: () => Promise<ObjectReader>;
  /**
   * Names of Applications that exist, for near-name hints; empty when they cannot be listed.
   * Never rejects.
   */
  names(namespace: string, signal: AbortSignal): Promise<readonly string[]>;
  /**
   * The address of the Argo CD UI, where the source knows it or may read it; empty otherwise.
   * Never rejects.
   * @param namespace where Argo CD's controller runs
   */
  uiAddress(namespace: string, signal: AbortSignal): Promise<string>;
  /**
   * Applies a merge patch; `resourceVersion` in its metadata makes it conditional, where the source
   * can do so.
   * @returns the patched Application, or `conflict` (409)
   * @throws TerminalError (403 with the RBAC rule) or TransientError
   */
  patch(patch: Patch, signal: AbortSignal): Promise<Application | 'conflict'>;
  /**
   * Asks for the generators of an ApplicationSet to run again, and for more than a run that is under
   * way. Absent: the source cannot.
   * @returns false where it does not exist
   * @throws TerminalError (403 with the RBAC rule) or TransientError
   */
  refreshApplicationSet?(set: ObjectName, signal: AbortSignal): Promise<boolean>;
  /** Looks within the Applications, over the same connection; loaded when it is asked for. */
  inspector?(): Promise<Inspector>;
  /** What else the absence of an Application may mean, and what to do; undefined: nothing else. */
  readonly absenceHint?: string;
}

/** An object of a type that is known. */
export interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}

/** Which objects a source delivers. */
export interface Selection {
  /** Undefined: all namespaces. */
  readonly namespace?: string;
  /** A literal name: becomes a field selector. */
  readonly name?: string;
  /** Kubernetes label selector, as the user wrote it. */
  readonly labelSelector?: string;
  /** All that the sources of a spec hold is read, also what renders them; absent: it need not be. */
  readonly wholeSources?: true;
  /** Client-side filter on top (globs); absent: all. */
  readonly accepts?: (namespace: string, name: string) => boolean;
  /** Only what these ApplicationSets own, by `namespace/name`; absent: whoever owns it. */
  readonly owners?: ReadonlySet<string>;
}

/** How long silence may last, in milliseconds. */
export interface WatchTimeouts {
  /** Without an event of a watch: then it is ended, or compared with a list. */
  readonly silenceTimeoutMs: number;
  /** A watch that lasted so long worked, even if it had nothing to tell. */
  readonly healthyAfterMs: number;
}

/** What a source is made of. */
export interface SourceOptions<T extends WatchTimeouts = WatchTimeouts> {
  readonly connection: Connection;
  readonly selection: Selection;
  readonly clock: Clock;
  readonly log: Log;
  /** @throws DecodeError for what is not an Application */
  readonly parse: (object: unknown) => Application;
  /** Where watching is not possible. */
  readonly pollIntervalMs: number;
  /** In [0, 1); spreads retries. */
  readonly random: () => number;
  /** For tests. */
  readonly timing?: Partial<T & Timeouts>;
  /** For tests. */
  readonly limits?: Partial<Limits>;
}
