import { DecodeError, flag, list, type Node, object } from '../core/application/decode.js';
import { located } from '../core/application/scoped.js';
import type {
  Application,
  ComparedResource,
  Operation,
  Phase,
  ResourceResult,
  Revisions,
} from '../core/application/types.js';
import type { Previous } from '../core/changes/scope.js';
import { isNamespace } from '../core/filters/application-names.js';
import { quoted } from '../core/filters/parsed.js';

/** `event_type` of the events that are ours. */
export const EVENT_TYPE = 'argocd-post-sync';

/** What an event from the cluster tells: an Application whose operation has ended. */
export interface Dispatch {
  /** With what the payload has of it: no spec, no comparison of resources. */
  readonly application: Application;
  readonly operation: Operation;
  /** The payload would have been too large: its resources are left out. */
  readonly truncated: boolean;
  /** Absent: there was nothing before, its sources were others, or the event does not tell. */
  readonly previous?: Previous;
}

/** GitHub allows 64 KB of payload; the rest of an event is about repository and sender. */
export const LARGEST_EVENT = 1_000_000;

const KEYS = [
  'application',
  'namespace',
  'revision',
  'operation',
  'deployStartedAt',
  'sync',
  'health',
  'total',
  'truncated',
  'resources',
];
const OPERATION_KEYS = ['phase', 'startedAt', 'finishedAt', 'message', 'dryRun', 'selective'];
const PHASES: readonly Phase[] = ['Running', 'Terminating', 'Succeeded', 'Failed', 'Error'];
const SYNC = ['', 'Synced', 'OutOfSync', 'Unknown'];
const HEALTH = ['', 'Healthy', 'Suspended', 'Progressing', 'Missing', 'Degraded', 'Unknown'];
const STATUS = ['', 'Synced', 'SyncFailed', 'Pruned', 'PruneSkipped'];
const HOOK_PHASE = ['', 'Running', 'Terminating', 'Succeeded', 'Failed', 'Error'];
const MOST = { resources: 1000, total: 100_000, sources: 100 };

/**
 * Reads the `client_payload` of an event as what anybody who may write to the repository can send.
 * @throws DecodeError that names the key, what it must be and what it is
 */
export function parseDispatch(payload: unknown): Dispatch {
  const root = object(payload, 'client_payload');
  checkKeys(root, KEYS);
  for (const key of Object.keys(root.value)) {
    if (!KEYS.includes(key)) throw wrong(root, key, `none: the payload has ${KEYS.join(', ')}`);
  }
  const truncated = required(root, 'truncated');
  const { results, problems } = resultsOf(root, truncated);
  const operation = operationOf(root, results);
  const application = applicationOf(root, operation);
  return {
    application:
      problems.length > 0 ? { ...application, unreadableResources: problems } : application,
    operation,
    truncated,
    ...previousOf(root, operation),
  };
}

function applicationOf(root: Node, operation: Operation): Application {
  const deployStartedAt = time(root, 'deployStartedAt', true);
  const status = word(root, 'sync', SYNC);
  const { revisions, phase } = operation;
  const deployed = phase === 'Succeeded' || status === 'Synced';
  return {
    name: line(root, 'application', 253, NAME),
    namespace: line(root, 'namespace', 63, NAMESPACE),
    ...NOTHING_TOLD,
    operation,
    comparison: {
      status,
      revisions: deployed ? revisions : NO_REVISIONS,
      // What an earlier operation of the same deployment did to them is not told.
      resources: operation.results.filter((each) => each.hookType === '').map(comparedOf),
    },
    health: { status: word(root, 'health', HEALTH), message: '', lastTransitionTime: '' },
    history: operation.dryRun ? [] : [deploymentOf(operation, deployStartedAt)],
  };
}

function comparedOf({ group, version, kind, namespace, name }: ResourceResult): ComparedResource {
  const untold = { status: '', health: '', healthMessage: '', requiresPruning: false, hook: false };
  return { group, version, kind, namespace, name, ...untold };
}

const NO_REVISIONS: Revisions = { resolved: [], tracked: [] };

/** What an Application has and a payload has not. */
const NOTHING_TOLD = {
  controllerNamespace: '',
  uid: '',
  resourceVersion: '',
  labels: {},
  deleting: false,
  refreshing: false,
  sources: [],
  destination: { server: '', name: '', namespace: '' },
  project: '',
  prune: false,
  syncOptions: [],
  // Not known: then nothing is concluded from it.
  managedNamespace: true,
  reconciledAt: '',
  conditions: [],
  hydrated: [],
  summaryImages: [],
} as const;

/** The deployment that an operation belongs to. A failed operation is no deployment, and has only its own start. */
function deploymentOf(operation: Operation, deployStartedAt: string) {
  const { phase, revisions, startedAt, finishedAt } = operation;
  const succeeded = phase === 'Succeeded';
  return {
    revisions: succeeded ? revisions : NO_REVISIONS,
    startedAt: succeeded && deployStartedAt !== '' ? deployStartedAt : startedAt,
    deployedAt: finishedAt,
  };
}

function operationOf(root: Node, results: readonly ResourceResult[]): Operation {
  const operation = object(root.value['operation'], 'client_payload.operation');
  checkKeys(operation, OPERATION_KEYS);
  const phase = phaseOf(operation);
  const message = prose(operation, 'message', 10_000);
  return {
    phase,
    ...timesOf(operation, phase),
    message,
    dryRun: required(operation, 'dryRun'),
    selective: required(operation, 'selective'),
    automated: false,
    revisions: revisionsOf(root),
    // A payload has no count of attempts, but Argo CD says it in words.
    retryCount: Number(/\(retried (\d{1,6}) times\)/.exec(message)?.[1] ?? 0),
    retryLimit: 0,
    results,
  };
}

function phaseOf(operation: Node): Phase {
  const phase = word(operation, 'phase', PHASES);
  return PHASES.find((each) => each === phase) ?? 'Error';
}

function timesOf(operation: Node, phase: Phase): Pick<Operation, 'startedAt' | 'finishedAt'> {
  const running = phase === 'Running' || phase === 'Terminating';
  const startedAt = time(operation, 'startedAt');
  const finishedAt = time(operation, 'finishedAt', running);
  if (finishedAt !== '' && Date.parse(finishedAt) < Date.parse(startedAt)) {
    throw wrong(operation, 'finishedAt', `not before startedAt, ${startedAt}`);
  }
  return { startedAt, finishedAt };
}

function revisionsOf(root: Node): Revisions {
  const resolved = oneOrSeveral(root, 'revision');
  return { resolved: resolved.some((each) => each !== '') ? resolved : [], tracked: [] };
}

/** A revision, or a list for several sources. */
function oneOrSeveral(node: Node, key: string): readonly string[] {
  const told = node.value[key];
  if (!Array.isArray(told)) return [line(node, key, 255)];
  if (told.length === 0 || told.length > MOST.sources) {
    throw wrong(node, key, `a revision, or a list of 1 to ${MOST.sources}`);
  }
  const all: readonly unknown[] = told;
  return all.map((value, i) =>
    line({ value: { [i]: value }, path: `${node.path}.${key}` }, `${i}`, 255),
  );
}

/** An optional key: templates of earlier versions do not have it. */
function previousOf(root: Node, { revisions, finishedAt }: Operation): Pick<Dispatch, 'previous'> {
  const operation = object(root.value['operation'], 'client_payload.operation');
  if (operation.value['previous'] === undefined) return {};
  const before = oneOrSeveral(operation, 'previous');
  // Without a counterpart for each of them there is nothing to compare.
  if (before.includes('') || before.length !== revisions.resolved.length) return {};
  const several = Array.isArray(root.value['revision']);
  return { previous: { revisions: before, several, asOf: finishedAt } };
}

/** The resources that can be read, and what is wrong with the others. */
interface Results {
  readonly results: readonly ResourceResult[];
  readonly problems: readonly string[];
}

function resultsOf(root: Node, truncated: boolean): Results {
  const total = root.value['total'];
  const resources = list(root, 'resources');
  if (!Number.isSafeInteger(total) || Number(total) < 0 || Number(total) > MOST.total) {
    throw wrong(root, 'total', `a whole number of 0 to ${MOST.total}`);
  }
  if (resources.length > MOST.resources)
    throw wrong(root, 'resources', `${MOST.resources} at most`);
  if (resources.length > Number(total)) {
    throw wrong(root, 'total', `at least ${resources.length}, the length of resources`);
  }
  if (truncated && resources.length > 0)
    throw wrong(root, 'resources', 'empty, as truncated is true');
  const { results, problems } = eachOf(resources, `${root.path}.resources`);
  return { results: located(results), problems };
}

/** One resource that is not as it must be does not take the others with it. */
function eachOf(resources: readonly unknown[], path: string): Results {
  const results: ResourceResult[] = [];
  const problems: string[] = [];
  for (const [i, resource] of resources.entries()) {
    try {
      results.push(resultOf(object(resource, `${path}[${i}]`)));
    } catch (thrown) {
      if (!(thrown instanceof DecodeError)) throw thrown;
      problems.push(thrown.message);
    }
  }
  return { results, problems };
}

function resultOf(resource: Node): ResourceResult {
  // Whoever sends it may leave out what is empty.
  const told: Node = { value: { ...EMPTY, ...resource.value }, path: resource.path };
  const hookType = line(told, 'hookType', 100, HOOK_TYPE);
  const message = prose(told, 'message', 4000);
  return {
    group: line(told, 'group', 253, GROUP),
    version: '',
    kind: line(told, 'kind', 63, KIND),
    namespace: line(told, 'namespace', 63, NAMESPACE_OR_NONE),
    name: line(told, 'name', 253, RESOURCE_NAME_OR_NONE),
    status: word(told, 'status', STATUS),
    message,
    ...(isCut(message) ? { cut: true } : {}),
    hookType,
    hookPhase: word(told, 'hookPhase', HOOK_PHASE),
    // A payload does not tell in which phase a hook ran.
    syncPhase: hookType,
    images: [],
  };
}

const EMPTY = {
  group: '',
  namespace: '',
  name: '',
  status: '',
  message: '',
  hookType: '',
  hookPhase: '',
};

/** More than 120 bytes are sent as the first 60, an ellipsis and the last 59. */
function isCut(message: string): boolean {
  return Buffer.byteLength(message) >= 119;
}

interface Form {
  readonly what: string;
  readonly accepts: (text: string) => boolean;
}

const form = (what: string, pattern: RegExp): Form => ({
  what,
  accepts: (text) => pattern.test(text),
});
const ANY: Form = form('a text on one line', /^[^\x00-\x20\x7f-\x9f\u2028\u2029]*$/);
const NAME = form("an Application's name", /^[a-z0-9](?:[-.a-z0-9]*[a-z0-9])?$/);
const NAMESPACE: Form = { what: 'a namespace', accepts: isNamespace };
const NAMESPACE_OR_NONE: Form = {
  what: 'a namespace, or empty',
  accepts: (text) => text === '' || isNamespace(text),
};
const GROUP = form('an API group, or empty', /^(?:[a-z0-9](?:[-.a-z0-9]*[a-z0-9])?)?$/);
const KIND = form('a kind', /^[A-Za-z][A-Za-z0-9]*$/);
/** What may stand in a path of the API; RBAC names contain colons. */
const RESOURCE_NAME_OR_NONE = form(
  "a resource's name, or empty for one with a generateName",
  /^(?!\.{1,2}$)[^/%\x00-\x20\x7f-\x9f\u2028\u2029]*$/,
);
const HOOK_TYPE = form('hook types, or empty', /^[A-Za-z, ]*$/);

function checkKeys(node: Node, keys: readonly string[]): void {
  const missing = keys.find((key) => !Object.hasOwn(node.value, key));
  if (missing !== undefined) throw new DecodeError(`${node.path}.${missing} is missing`);
}

function required(node: Node, key: string): boolean {
  if (typeof node.value[key] !== 'boolean') throw wrong(node, key, 'true or false');
  return flag(node, key);
}

/** A string of some length at most; an absent one is as wrong as another type. */
function prose(node: Node, key: string, most: number): string {
  const value = node.value[key];
  if (typeof value !== 'string') throw wrong(node, key, 'a string');
  if (value.length > most) throw wrong(node, key, `${most} characters at most`);
  return value;
}

function line(node: Node, key: string, most: number, { what, accepts }: Form = ANY): string {
  const value = prose(node, key, most);
  if (accepts(value)) return value;
  throw wrong(node, key, what);
}

function word(node: Node, key: string, words: readonly string[]): string {
  const value = prose(node, key, 100);
  if (words.includes(value)) return value;
  throw wrong(node, key, `one of ${words.map((each) => each || '""').join(', ')}`);
}

/** RFC 3339 in UTC, as Kubernetes writes it, since times are compared as texts. */
function time(node: Node, key: string, orNone = false): string {
  const value = prose(node, key, 40);
  const written = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(value);
  if ((orNone && value === '') || (written && !Number.isNaN(Date.parse(value)))) return value;
  throw wrong(node, key, `a time such as 2026-11-21T07:57:46Z${orNone ? ', or empty' : ''}`);
}

function wrong(node: Node, key: string, wanted: string): DecodeError {
  const value = node.value[key];
  const found = typeof value === 'string' ? quoted(value) : shapeOf(value);
  return new DecodeError(`${node.path}.${key} must be ${wanted}, not ${found}`);
}

function shapeOf(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  return Array.isArray(value) ? `a list of ${value.length}` : 'an object';
}
