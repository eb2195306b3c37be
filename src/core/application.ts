import {
  child,
  DecodeError,
  flag,
  integer,
  type Node,
  object,
  objects,
  optional,
  required,
  text,
  texts,
} from './decode.js';
import { shared, sharedList } from './shared.js';

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
  /** `spec.sources`, or `spec.source` (or the hydrator's dry source) alone. */
  readonly sources: readonly ApplicationSource[];
  readonly destination: Destination;
  /** `spec.syncPolicy.automated`, unless switched off by `enabled: false`. */
  readonly automated?: { readonly prune: boolean; readonly selfHeal: boolean };
  /** `spec.syncPolicy.automated.prune`, even while auto-sync is switched off. */
  readonly prune: boolean;
  readonly syncOptions: readonly string[];
  /** `spec.syncPolicy.managedNamespaceMetadata`: the destination's namespace is written at every sync. */
  readonly managedNamespace: boolean;
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
  /** Pairs that a source hydrator made: the dry revision a user knows, the hydrated one deployed. */
  readonly hydrated: readonly { readonly dry: string; readonly hydrated: string }[];
  readonly summaryImages: readonly string[];
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
}

const PHASES = ['Running', 'Terminating', 'Succeeded', 'Failed', 'Error'] as const;
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
}

export interface ResourceKey {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** An entry of `syncResult.resources`. */
export interface ResourceResult extends ResourceKey {
  readonly version: string;
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

/** `namespace/name` */
export function keyOf(application: { readonly namespace: string; readonly name: string }): string {
  return `${application.namespace}/${application.name}`;
}

/** `group/Kind/namespace/name`: what a resource is called in filters, logs and tables. */
export function resourceName(r: ResourceKey): string {
  return [r.group, r.kind, r.namespace, r.name].join('/');
}

/**
 * Reads an Application from the wire; what is not needed is dropped.
 * @throws DecodeError that names the place, with the Application where it has a name
 */
export function parseApplication(value: unknown): Application {
  const root = object(value, 'Application');
  const metadata = child(root, 'metadata');
  const name = required(metadata, 'name');
  const namespace = required(metadata, 'namespace');
  const named: Node = { value: root.value, path: `Application ${namespace}/${name}` };
  return { namespace, name, ...identity(metadata), ...intent(named), ...state(named) };
}

/** Argo CD takes the annotation away when it has refreshed. */
export const REFRESH_ANNOTATION = 'argocd.argoproj.io/refresh';

function identity(metadata: Node) {
  return {
    uid: text(metadata, 'uid'),
    resourceVersion: text(metadata, 'resourceVersion'),
    labels: labelsOf(child(metadata, 'labels')),
    deleting: text(metadata, 'deletionTimestamp') !== '',
    refreshing: text(child(metadata, 'annotations'), REFRESH_ANNOTATION) !== '',
  };
}

function labelsOf(labels: Node): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(labels.value).map((key) => [key, text(labels, key)]));
}

function intent(root: Node) {
  const spec = child(root, 'spec');
  const policy = child(spec, 'syncPolicy');
  const retry = optional(policy, 'retry');
  const requested = optional(root, 'operation');
  return {
    sources: sourcesOf(spec),
    destination: destinationOf(child(spec, 'destination')),
    ...automatedOf(policy),
    prune: flag(child(policy, 'automated'), 'prune'),
    syncOptions: texts(policy, 'syncOptions'),
    managedNamespace: optional(policy, 'managedNamespaceMetadata') !== undefined,
    ...(retry ? { retry: retry.value } : {}),
    ...(requested ? { requested: requestOf(requested) } : {}),
  };
}

function sourcesOf(spec: Node): readonly ApplicationSource[] {
  const several = objects(spec, 'sources');
  if (several.length > 0) return several.map(sourceOf);
  const hydrator = optional(spec, 'sourceHydrator');
  if (hydrator) return [sourceOf(child(hydrator, 'drySource'))];
  const one = optional(spec, 'source');
  return one ? [sourceOf(one)] : [];
}

function sourceOf(source: Node): ApplicationSource {
  return {
    repoURL: text(source, 'repoURL'),
    targetRevision: text(source, 'targetRevision'),
    chart: text(source, 'chart'),
  };
}

function destinationOf(destination: Node): Destination {
  return {
    server: text(destination, 'server'),
    name: text(destination, 'name'),
    namespace: text(destination, 'namespace'),
  };
}

function automatedOf(policy: Node): Pick<Application, 'automated'> {
  const automated = optional(policy, 'automated');
  if (!automated || !flag(automated, 'enabled', true)) return {};
  return { automated: { prune: flag(automated, 'prune'), selfHeal: flag(automated, 'selfHeal') } };
}

function requestOf(operation: Node): OperationRequest {
  const sync = child(operation, 'sync');
  return {
    revisions: revisionsOf(sync),
    selective: objects(sync, 'resources').length > 0,
    dryRun: flag(sync, 'dryRun'),
    automated: flag(child(operation, 'initiatedBy'), 'automated'),
  };
}

/** `revisions` of several sources, else the one `revision`, with what the sources beside it track. */
function revisionsOf(node: Node, compared: Node = node): Revisions {
  const several = texts(node, 'revisions');
  if (several.some((revision) => revision !== '')) {
    const tracked = objects(compared, 'sources').map((each) => text(each, 'targetRevision'));
    return { resolved: several, tracked };
  }
  const one = text(node, 'revision');
  const tracked = [text(child(compared, 'source'), 'targetRevision')];
  return one === '' ? { resolved: [], tracked: [] } : { resolved: [one], tracked };
}

function state(root: Node) {
  const status = child(root, 'status');
  const operation = optional(status, 'operationState');
  return {
    ...(operation ? { operation: operationOf(operation) } : {}),
    controllerNamespace: text(status, 'controllerNamespace'),
    comparison: comparisonOf(status),
    health: healthOf(child(status, 'health')),
    reconciledAt: text(status, 'reconciledAt'),
    history: objects(status, 'history').map(deploymentOf),
    conditions: objects(status, 'conditions').map(conditionOf),
    hydrated: hydratedOf(child(status, 'sourceHydrator')),
    summaryImages: texts(child(status, 'summary'), 'images'),
  };
}

function operationOf(state: Node): Operation {
  const result = child(state, 'syncResult');
  const asked = child(state, 'operation');
  const request = requestOf(asked);
  const resolved = revisionsOf(result);
  return {
    ...request,
    revisions: resolved.resolved.length > 0 ? resolved : request.revisions,
    phase: phaseOf(state),
    startedAt: text(state, 'startedAt'),
    finishedAt: text(state, 'finishedAt'),
    retryCount: integer(state, 'retryCount') ?? 0,
    retryLimit: integer(child(asked, 'retry'), 'limit') ?? 0,
    message: text(state, 'message'),
    results: objects(result, 'resources').map(resultOf),
  };
}

function phaseOf(state: Node): Phase {
  const phase = required(state, 'phase');
  const known = PHASES.find((each) => each === phase);
  if (known) return known;
  throw new DecodeError(`${state.path}.phase must be one of ${PHASES.join(', ')}, not ${phase}`);
}

function resultOf(result: Node): ResourceResult {
  const { group, kind, namespace, name } = resourceKeyOf(result);
  return {
    group,
    kind,
    namespace,
    name,
    version: text(result, 'version'),
    status: text(result, 'status'),
    message: shared(text(result, 'message')),
    hookType: text(result, 'hookType'),
    hookPhase: text(result, 'hookPhase'),
    syncPhase: text(result, 'syncPhase'),
    images: sharedList(texts(result, 'images')),
  };
}

function resourceKeyOf(node: Node): ResourceKey {
  return {
    group: shared(text(node, 'group')),
    kind: shared(required(node, 'kind')),
    namespace: shared(text(node, 'namespace')),
    name: shared(required(node, 'name')),
  };
}

function comparisonOf(status: Node): Comparison {
  const sync = child(status, 'sync');
  return {
    status: text(sync, 'status'),
    revisions: revisionsOf(sync, child(sync, 'comparedTo')),
    resources: objects(status, 'resources').map(comparedOf),
  };
}

function comparedOf(resource: Node): ComparedResource {
  const health = child(resource, 'health');
  const wave = integer(resource, 'syncWave');
  const { group, kind, namespace, name } = resourceKeyOf(resource);
  return {
    group,
    kind,
    namespace,
    name,
    version: text(resource, 'version'),
    status: text(resource, 'status'),
    health: text(health, 'status'),
    healthMessage: text(health, 'message'),
    requiresPruning: flag(resource, 'requiresPruning'),
    hook: flag(resource, 'hook'),
    ...(wave === undefined ? {} : { wave }),
  };
}

function healthOf(health: Node): Health {
  return {
    status: text(health, 'status'),
    message: text(health, 'message'),
    lastTransitionTime: text(health, 'lastTransitionTime'),
  };
}

function deploymentOf(entry: Node): Deployment {
  const deployedAt = text(entry, 'deployedAt');
  return {
    revisions: revisionsOf(entry),
    startedAt: text(entry, 'deployStartedAt') || deployedAt,
    deployedAt,
  };
}

function conditionOf(condition: Node): Condition {
  return {
    type: text(condition, 'type'),
    message: text(condition, 'message'),
    lastTransitionTime: text(condition, 'lastTransitionTime'),
  };
}

function hydratedOf(hydrator: Node): Application['hydrated'] {
  return ['lastSuccessfulOperation', 'currentOperation']
    .map((field) => child(hydrator, field))
    .map((each) => ({ dry: text(each, 'drySHA'), hydrated: text(each, 'hydratedSHA') }))
    .filter((pair) => pair.dry !== '' && pair.hydrated !== '');
}
