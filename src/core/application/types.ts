/**
 * An Argo CD Application: the few fields decisions are made on, out of the object on the wire.
 * Times are RFC 3339 strings in whole seconds by the cluster's clock; empty where absent.
 */
export interface Application {
  readonly namespace: string;
  readonly name: string;
  /** Namespace of the Argo CD that manages it; empty where the object does not say. */
  readonly controllerNamespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  /** It has a deletionTimestamp. */
  readonly deleting: boolean;
  /** A refresh was asked for, by annotation, and not done yet. */
  readonly refreshing: boolean;
  /** The annotation `argocd.argoproj.io/skip-reconcile` keeps Argo CD from looking at it. */
  readonly skipped?: true;
  /** `spec.sources`, or `spec.source` (or the hydrator's dry source) alone. */
  readonly sources: readonly ApplicationSource[];
  readonly destination: Destination;
  /** Name of its AppProject; empty: not told. */
  readonly project: string;
  /** `spec.syncPolicy.automated`, unless switched off by `enabled: false`. */
  readonly automated?: { readonly prune: boolean; readonly selfHeal: boolean };
  /** `spec.syncPolicy.automated.prune`, even while auto-sync is switched off. */
  readonly prune: boolean;
  readonly syncOptions: readonly string[];
  /** `spec.syncPolicy.managedNamespaceMetadata`: the destination's namespace is written at every sync. */
  readonly managedNamespace: boolean;
  /** `spec.ignoreDifferences`: resources of which the comparison leaves fields out; absent: none. */
  readonly ignoredDifferences?: readonly IgnoredDifferences[];
  /** `spec.syncPolicy.retry` as it is, to be copied into an operation. */
  readonly retry?: Readonly<Record<string, unknown>>;
  /** `operation`: requested, running, or about to be taken away. */
  readonly requested?: OperationRequest;
  /** `status.operationState`. */
  readonly operation?: Operation;
  readonly comparison: Comparison;
  readonly health: Health;
  readonly reconciledAt: string;
  /** `status.history`, oldest first: full operations that succeeded. */
  readonly history: readonly Deployment[];
  readonly conditions: readonly Condition[];
  /** Pairs that a source hydrator made, oldest first. */
  readonly hydrated: readonly HydratedPair[];
  /** `status.sourceHydrator`; absent without `spec.sourceHydrator`. */
  readonly hydrator?: Hydrator;
  /** `status.resourceHealthSource: appTree`: no health by resource in the object. */
  readonly healthInTree?: true;
  /** Name of the ApplicationSet that owns it. */
  readonly applicationSet?: string;
  readonly summaryImages: readonly string[];
  /** `status.summary.externalURLs`: addresses of its Ingresses and the like; absent: none. */
  readonly externalUrls?: readonly string[];
  /** Why it cannot be read, with the place: then nothing but its identity is known. */
  readonly unreadable?: string;
  /** Places within single resources that cannot be read: what is there counts as absent. */
  readonly unreadableResources?: readonly string[];
}

/** The dry revision that a user knows, and the hydrated one that is compared and deployed. */
export interface HydratedPair {
  readonly dry: string;
  readonly hydrated: string;
  /** When its hydration began; absent: the object does not say. */
  readonly since?: string;
  /** When its hydration ended; absent likewise. */
  readonly until?: string;
}

/** What a source hydrator says of its work. */
export interface Hydrator {
  /** The last dry revision that was looked at; it may need no hydration. */
  readonly compared: string;
  readonly current?: Hydration;
}

export interface Hydration {
  /** `Hydrating`, `Hydrated`, `Failed`. */
  readonly phase: string;
  /** Empty while it runs, and where it failed early. */
  readonly dry: string;
  readonly message: string;
  readonly startedAt: string;
  readonly finishedAt: string;
}

export interface ApplicationSource {
  readonly repoURL: string;
  /** Branch, tag, SHA, version or range; empty: `HEAD`. */
  readonly targetRevision: string;
  /** Helm chart name; empty for Git. */
  readonly chart: string;
}

export interface Destination {
  readonly server: string;
  readonly name: string;
  readonly namespace: string;
}

/** An entry of `spec.ignoreDifferences`, without its fields. */
export interface IgnoredDifferences {
  /** A glob, as `kind`. */
  readonly group: string;
  readonly kind: string;
  /** Empty: any; so is `namespace`. */
  readonly name: string;
  readonly namespace: string;
}

/** What was compared or synced: for every source the resolved revision, in the order of sources. */
export interface Revisions {
  /** Commit SHAs, chart versions, digests; none while they are not resolved. */
  readonly resolved: readonly string[];
  /** The `targetRevision` each was resolved from; empty where the object does not say. */
  readonly tracked: readonly string[];
}

export interface OperationRequest {
  readonly revisions: Revisions;
  /** It syncs some resources only, so it completes no revision. */
  readonly selective: boolean;
  readonly dryRun: boolean;
  readonly automated: boolean;
  /** `RespectIgnoreDifferences=true`: it does not write the fields that the comparison leaves out. */
  readonly respectsIgnored?: true;
  /** Its ApplicationSet's RollingSync asked for it. */
  readonly rollingSync?: true;
}

export const PHASES = ['Running', 'Terminating', 'Succeeded', 'Failed', 'Error'] as const;
export type Phase = (typeof PHASES)[number];

export interface Operation extends OperationRequest {
  readonly phase: Phase;
  readonly startedAt: string;
  /** Also set between the attempts of a retrying operation: only `phase` says running. */
  readonly finishedAt: string;
  readonly retryCount: number;
  /** `retry.limit` of the operation: at most so many further attempts; negative: no limit. */
  readonly retryLimit: number;
  readonly message: string;
  readonly results: readonly ResourceResult[];
  /** What it was asked for; absent: its `revisions`. */
  readonly asked?: Revisions;
  /** It was made with the sources of the present spec; absent: that cannot be told. */
  readonly ofPresentSpec?: boolean;
  /** The annotated tags among the revisions it was asked for. */
  readonly tags?: readonly TagObject[];
}

/** An annotated tag is an object of its own, which Argo CD may show in place of its commit. */
export interface TagObject {
  /** SHA of the tag object. */
  readonly tag: string;
  /** SHA of the commit that it names. */
  readonly commit: string;
}

export interface ResourceKey {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  /** Of one with a `generateName` that, where Argo CD tells it, else empty. */
  readonly name: string;
}

/** An entry of `syncResult.resources`. */
export interface ResourceResult extends ResourceKey {
  readonly version: string;
  /** What Argo CD tells as the namespace of a resource that has none. */
  readonly toldNamespace?: string;
  /** `Synced`, `SyncFailed`, `Pruned`, `PruneSkipped`; empty: not done yet. */
  readonly status: string;
  readonly message: string;
  /** The message is without its middle. */
  readonly cut?: true;
  /** Empty unless it is a hook. */
  readonly hookType: string;
  readonly hookPhase: string;
  readonly syncPhase: string;
  readonly images: readonly string[];
}

/** `status.sync` and `status.resources`: how the cluster differs from the compared revisions. */
export interface Comparison {
  /** `Synced`, `OutOfSync`, `Unknown`; empty: not compared yet. */
  readonly status: string;
  /** Possibly a branch name where the comparison failed. */
  readonly revisions: Revisions;
  /** It was made with the sources and the destination of the present spec; absent: unknown. */
  readonly ofPresentSpec?: boolean;
  readonly resources: readonly ComparedResource[];
}

export interface ComparedResource extends ResourceKey {
  readonly version: string;
  readonly status: string;
  /** Empty: Argo CD does not keep health by resource in the Application. */
  readonly health: string;
  readonly healthMessage: string;
  readonly requiresPruning: boolean;
  readonly hook: boolean;
  readonly wave?: number;
}

export interface Health {
  /** `Healthy`, `Suspended`, `Progressing`, `Missing`, `Degraded`, `Unknown`; empty: not known yet. */
  readonly status: string;
  readonly message: string;
  readonly lastTransitionTime: string;
}

export interface Deployment {
  readonly revisions: Revisions;
  readonly startedAt: string;
  readonly deployedAt: string;
}

export interface Condition {
  readonly type: string;
  readonly message: string;
  readonly lastTransitionTime: string;
}

/** Whether what is deployed there is in the cluster that Argo CD itself runs in. */
export function isInCluster({ server, name }: Pick<Destination, 'server' | 'name'>): boolean {
  if (name === 'in-cluster') return true;
  return /^https:\/\/kubernetes\.default(\.svc(\.cluster\.local)?)?(:443)?\/?$/.test(server);
}

/** `namespace/name` */
export function keyOf(application: { readonly namespace: string; readonly name: string }): string {
  return `${application.namespace}/${application.name}`;
}

/** `group/Kind/namespace/name`: what a resource is called in filters, logs and tables. */
export function resourceName(r: ResourceKey): string {
  return [r.group, r.kind, r.namespace, r.name].join('/');
}
