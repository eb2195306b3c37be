import {
  child,
  DecodeError,
  flag,
  identified,
  integer,
  type Node,
  objects,
  optional,
  required,
  separateObjects,
  text,
  texts,
  withoutMiddle,
} from './decode.js';
import { shared, sharedList } from './interning.js';
import { located } from './scoped.js';
import { isOfPresentSpec } from './specs.js';
import {
  type Application,
  type ApplicationSource,
  type ComparedResource,
  type Comparison,
  type Condition,
  type Deployment,
  type Destination,
  type Health,
  type HydratedPair,
  type Hydrator,
  type Operation,
  type OperationRequest,
  PHASES,
  type Phase,
  type ResourceKey,
  type ResourceResult,
  type Revisions,
  type TagObject,
} from './types.js';

/**
 * Reads an Application from the wire; what is not needed is dropped. What cannot be read is told by
 * place: in `unreadableResources` where it is within one resource, else in `unreadable`.
 * @param path of the value, for such a place
 * @throws DecodeError with the place where it cannot even be told which Application it is
 */
export function parseApplication(value: unknown, path = 'Application'): Application {
  return identified(value, path, 'Application', fieldsOf, NOTHING_READ);
}

function fieldsOf(root: Node) {
  return { ...markers(child(root, 'metadata')), ...intent(root), ...state(root) };
}

/** Argo CD takes the annotation away when it has refreshed. */
export const REFRESH_ANNOTATION = 'argocd.argoproj.io/refresh';
/** Argo CD does not look at an Application that has it. */
export const SKIP_ANNOTATION = 'argocd.argoproj.io/skip-reconcile';

/** What an Application without any field is. */
const NOTHING_READ = fieldsOf({ value: {}, path: '' });

function markers(metadata: Node) {
  return {
    labels: labelsOf(child(metadata, 'labels')),
    deleting: text(metadata, 'deletionTimestamp') !== '',
    refreshing: text(child(metadata, 'annotations'), REFRESH_ANNOTATION) !== '',
    ...(isSkipped(metadata) ? { skipped: true as const } : {}),
    ...ownerOf(metadata),
  };
}

/** As `strconv.ParseBool` of Go has it. */
function isSkipped(metadata: Node): boolean {
  return /^(?:1|[tT]|true|TRUE|True)$/.test(text(child(metadata, 'annotations'), SKIP_ANNOTATION));
}

function ownerOf(metadata: Node): Pick<Application, 'applicationSet'> {
  const owners = objects(metadata, 'ownerReferences');
  const owner = owners.find((each) => text(each, 'kind') === 'ApplicationSet');
  return owner ? { applicationSet: text(owner, 'name') } : {};
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
    project: projectOf(spec),
    ...automatedOf(policy),
    prune: flag(child(policy, 'automated'), 'prune'),
    syncOptions: texts(policy, 'syncOptions'),
    managedNamespace: optional(policy, 'managedNamespaceMetadata') !== undefined,
    ...ignoredIn(spec),
    ...(retry ? { retry: retry.value } : {}),
    ...(requested ? { requested: requestOf(requested) } : {}),
  };
}

/** It decides nothing: whatever it is, the rest can be read. */
function projectOf(spec: Node): string {
  return shared(text({ ...spec, report: () => undefined }, 'project')) || 'default';
}

function ignoredIn(spec: Node): Pick<Application, 'ignoredDifferences'> {
  const ignoredDifferences = objects(spec, 'ignoreDifferences').map((each) => ({
    group: shared(text(each, 'group')),
    kind: shared(text(each, 'kind')),
    name: shared(text(each, 'name')),
    namespace: shared(text(each, 'namespace')),
  }));
  return ignoredDifferences.length > 0 ? { ignoredDifferences } : {};
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
  const initiatedBy = child(operation, 'initiatedBy');
  const rollingSync = text(initiatedBy, 'username') === 'applicationset-controller';
  const respectsIgnored = texts(sync, 'syncOptions').includes('RespectIgnoreDifferences=true');
  return {
    revisions: revisionsOf(sync),
    selective: objects(sync, 'resources').length > 0,
    dryRun: flag(sync, 'dryRun'),
    automated: flag(initiatedBy, 'automated'),
    ...(respectsIgnored ? { respectsIgnored } : {}),
    ...(rollingSync ? { rollingSync } : {}),
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
  const state = optional(status, 'operationState');
  const problems: string[] = [];
  const report = (problem: DecodeError) => problems.push(problem.message);
  const spec = child(root, 'spec');
  const told = state && operationOf(state, spec, report);
  const resources = separateObjects(status, 'resources', report).map(comparedOf);
  const namespace = text(child(spec, 'destination'), 'namespace');
  const operation = told && { ...told, results: located(told.results, resources, namespace) };
  return {
    ...(operation ? { operation } : {}),
    ...(problems.length > 0 ? { unreadableResources: problems } : {}),
    controllerNamespace: text(status, 'controllerNamespace'),
    comparison: {
      ...comparisonOf(status, spec),
      resources: named(resources, operation?.results ?? []),
    },
    health: healthOf(child(status, 'health')),
    reconciledAt: text(status, 'reconciledAt'),
    history: objects(status, 'history').map(deploymentOf),
    conditions: objects(status, 'conditions').map(conditionOf),
    ...hydratorOf(spec, child(status, 'sourceHydrator')),
    ...(text(status, 'resourceHealthSource') === 'appTree' ? { healthInTree: true as const } : {}),
    summaryImages: texts(child(status, 'summary'), 'images'),
    ...externalUrlsOf(child(status, 'summary')),
  };
}

function externalUrlsOf(summary: Node): Pick<Application, 'externalUrls'> {
  const externalUrls = texts(summary, 'externalURLs');
  return externalUrls.length > 0 ? { externalUrls } : {};
}

function operationOf(state: Node, spec: Node, report: (problem: DecodeError) => void): Operation {
  const result = child(state, 'syncResult');
  const asked = child(state, 'operation');
  const request = requestOf(asked);
  const resolved = revisionsOf(result);
  const retryCount = integer(state, 'retryCount') ?? 0;
  // A retry may be for a later revision than the one asked for.
  const tags = retryCount === 0 ? tagsIn(request.revisions, resolved) : [];
  return {
    ...request,
    ...(tags.length > 0 ? { tags } : {}),
    ...ofSpec(isOfPresentSpec(spec, result) ?? isOfPresentSpec(spec, child(asked, 'sync'))),
    revisions: resolved.resolved.length > 0 ? resolved : request.revisions,
    ...(isOther(resolved, request.revisions) ? { asked: request.revisions } : {}),
    phase: phaseOf(state),
    startedAt: text(state, 'startedAt'),
    finishedAt: text(state, 'finishedAt'),
    retryCount,
    retryLimit: integer(child(asked, 'retry'), 'limit') ?? 0,
    message: withoutMiddle(text(state, 'message')),
    results: separateObjects(result, 'resources', report).map(resultOf),
  };
}

/** It was resolved to something else than was asked for. */
function isOther(resolved: Revisions, asked: Revisions): boolean {
  return resolved.resolved.length > 0 && resolved.resolved.join(' ') !== asked.resolved.join(' ');
}

/** A full SHA that was resolved to another one is that of an annotated tag. */
function tagsIn(asked: Revisions, resolved: Revisions): readonly TagObject[] {
  return asked.resolved
    .map((tag, i) => ({ tag, commit: resolved.resolved[i] ?? '' }))
    .filter(({ tag, commit }) => tag !== commit && isFullSha(tag) && isFullSha(commit));
}

function isFullSha(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

function phaseOf(state: Node): Phase {
  const phase = required(state, 'phase');
  const known = PHASES.find((each) => each === phase);
  if (known) return known;
  throw new DecodeError(
    `${state.path}.phase must be one of ${PHASES.join(', ')}, not ${phase.slice(0, 80)}`,
  );
}

function resultOf(result: Node): ResourceResult {
  const { group, kind, namespace, name } = resourceKeyOf(result);
  const whole = text(result, 'message');
  const message = shared(withoutMiddle(whole));
  return {
    group,
    kind,
    namespace,
    name: name === '' ? generateNameIn(message) : name,
    version: text(result, 'version'),
    status: text(result, 'status'),
    message,
    ...(message === whole ? {} : { cut: true }),
    hookType: text(result, 'hookType'),
    hookPhase: text(result, 'hookPhase'),
    syncPhase: text(result, 'syncPhase'),
    images: sharedList(texts(result, 'images')),
  };
}

/** A resource with a `generateName` has no name before it is created. */
function resourceKeyOf(node: Node): ResourceKey {
  return {
    group: shared(text(node, 'group')),
    kind: shared(required(node, 'kind')),
    namespace: shared(text(node, 'namespace')),
    name: shared(text(node, 'name')),
  };
}

/** What kubectl says of a resource that it cannot apply for want of a name; else empty. */
function generateNameIn(message: string): string {
  return shared(/^from ([^\s:]+): cannot use generate name with apply$/.exec(message)?.[1] ?? '');
}

/** A comparison has no names for what has a `generateName`; the only result of that kind may. */
function named(
  resources: readonly ComparedResource[],
  results: readonly ResourceResult[],
): readonly ComparedResource[] {
  if (resources.every((each) => each.name !== '')) return resources;
  return resources.map((each) => {
    if (each.name !== '') return each;
    const same = results.filter(
      ({ name, ...result }) => name.endsWith('-') && isSameKind(result, each),
    );
    const [only, ...others] = same;
    return only && others.length === 0 ? { ...each, name: only.name } : each;
  });
}

type Kind = Pick<ResourceKey, 'group' | 'kind' | 'namespace'>;

function isSameKind(a: Kind, b: Kind): boolean {
  return a.group === b.group && a.kind === b.kind && a.namespace === b.namespace;
}

function comparisonOf(status: Node, spec: Node): Omit<Comparison, 'resources'> {
  const sync = child(status, 'sync');
  const comparedTo = child(sync, 'comparedTo');
  return {
    status: text(sync, 'status'),
    revisions: revisionsOf(sync, comparedTo),
    ...ofSpec(isOfPresentSpec(spec, comparedTo)),
  };
}

function ofSpec(same: boolean | undefined): Pick<Comparison, 'ofPresentSpec'> {
  return same === undefined ? {} : { ofPresentSpec: same };
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
    healthMessage: withoutMiddle(text(health, 'message')),
    requiresPruning: flag(resource, 'requiresPruning'),
    hook: flag(resource, 'hook'),
    ...(wave === undefined ? {} : { wave }),
  };
}

function healthOf(health: Node): Health {
  return {
    status: text(health, 'status'),
    message: withoutMiddle(text(health, 'message')),
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
    message: withoutMiddle(text(condition, 'message')),
    lastTransitionTime: text(condition, 'lastTransitionTime'),
  };
}

/** The status of one that was taken out of the spec stays. */
function hydratorOf(spec: Node, status: Node): Pick<Application, 'hydrated' | 'hydrator'> {
  const hydrated = pairsOf(status);
  if (!optional(spec, 'sourceHydrator')) return { hydrated };
  const operation = optional(status, 'currentOperation');
  const current = operation ? { current: hydrationOf(operation) } : {};
  const hydrator: Hydrator = { compared: text(status, 'lastComparedDryRevision'), ...current };
  return { hydrated, hydrator };
}

function hydrationOf(operation: Node): NonNullable<Hydrator['current']> {
  return {
    phase: text(operation, 'phase'),
    dry: text(operation, 'drySHA'),
    message: withoutMiddle(text(operation, 'message')),
    startedAt: text(operation, 'startedAt'),
    finishedAt: text(operation, 'finishedAt'),
  };
}

/** The current operation is the last successful one, unless it is a later one. */
function pairsOf(status: Node): readonly HydratedPair[] {
  const [last, current] = ['lastSuccessfulOperation', 'currentOperation'].map((field) => {
    const operation = child(status, field);
    const since = text(operation, 'startedAt');
    const until = text(operation, 'finishedAt');
    return {
      dry: text(operation, 'drySHA'),
      hydrated: text(operation, 'hydratedSHA'),
      ...(since === '' ? {} : { since }),
      ...(until === '' ? {} : { until }),
    };
  });
  const same = last?.dry === current?.dry && last?.hydrated === current?.hydrated;
  return [...(last && !same ? [last] : []), ...(current ? [current] : [])].filter(
    (pair) => pair.dry !== '' && pair.hydrated !== '',
  );
}
