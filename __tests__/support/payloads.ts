import { isRecord, type KubeObject } from './api/store.ts';
import { loadTrace, traceNames } from './replay.ts';

/** `client_payload` of an event, as the notification template makes it. */
export type Payload = Readonly<Record<string, unknown>>;

type Json = Readonly<Record<string, unknown>>;

function at(value: unknown, ...path: readonly string[]): Json {
  const found = path.reduce<unknown>(
    (each, key) => (isRecord(each) ? each[key] : undefined),
    value,
  );
  return isRecord(found) ? found : {};
}

function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

const isFilled = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** More than `most` bytes: the first and the last half, with an ellipsis in the middle. */
function cut(message: string, most: number): string {
  const bytes = Buffer.from(message);
  if (bytes.length <= most) return message;
  return `${bytes.subarray(0, most / 2)}…${bytes.subarray(1 - most / 2)}`;
}

/** The sources of a spec, a result or an entry of the history, without what tells revisions apart. */
function sourcesOf(holder: Json): string {
  const { sources, source } = holder;
  const all = isFilled(sources) ? list(sources) : [at(source)];
  return JSON.stringify(
    all.map(({ name: _, targetRevision: __, targetBranch: ___, ...rest }) => inOrder(rest)),
  );
}

/** As Go and jq write objects. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (!isRecord(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, inOrder(value[key])]));
}

/**
 * Its revision, where it was of the sources that were deployed and that are there now.
 * @param from when the deployment of the operation began
 */
function previousOf(object: KubeObject, from: string): { readonly previous?: unknown } {
  const history = list(at(object, 'status')['history']);
  const entry = history.findLast((each) => text(each['deployStartedAt']) < from) ?? {};
  const result = at(object, 'status', 'operationState', 'syncResult');
  const previous = isFilled(entry['revisions']) ? entry['revisions'] : text(entry['revision']);
  const same = new Set([at(object, 'spec'), result, entry].map(sourcesOf)).size === 1;
  return same && previous !== '' ? { previous } : {};
}

/** What the template says of an Application whose operation has ended. */
export function payloadOf(object: KubeObject): Payload {
  const state = at(object, 'status', 'operationState');
  const sync = at(state, 'operation', 'sync');
  const result = at(state, 'syncResult');
  const deployment = list(at(object, 'status')['history']).at(-1);
  const deployStartedAt = text(deployment?.['deployStartedAt']);
  const all = list(result['resources']);
  const first = !state['retryCount'] && deployStartedAt === state['startedAt'];
  const succeeded = state['phase'] === 'Succeeded' && deployStartedAt !== '';
  const from = succeeded ? deployStartedAt : text(state['startedAt']);
  const told = all.filter(
    ({ message, hookType }) => !(first && !hookType && text(message).endsWith(' unchanged')),
  );
  const several = [result['revisions'], sync['revisions']].find(isFilled);
  const one = text(result['revision']) || text(sync['revision']);
  const payload = {
    application: object.metadata.name,
    namespace: object.metadata.namespace ?? '',
    revision: several ?? one,
    operation: {
      phase: text(state['phase']),
      startedAt: text(state['startedAt']),
      finishedAt: text(state['finishedAt']),
      message: cut(text(state['message']), 1000),
      dryRun: sync['dryRun'] === true,
      selective: list(sync['resources']).length > 0,
      ...previousOf(object, from),
    },
    deployStartedAt,
    sync: text(at(object, 'status', 'sync')['status']),
    health: text(at(object, 'status', 'health')['status']),
    total: all.length,
    truncated: false,
    resources: told.map(resourceOf),
  };
  const large = Buffer.byteLength(JSON.stringify(payload)) > 60_000;
  return large ? { ...payload, truncated: true, resources: [] } : payload;
}

function resourceOf(resource: Json): Json {
  const keys = ['group', 'kind', 'namespace', 'name', 'status', 'message', 'hookType', 'hookPhase'];
  const told = Object.fromEntries(keys.map((key) => [key, text(resource[key])]));
  return { ...told, message: cut(told['message'] ?? '', 120) };
}

/** An event of a recording: of every operation that ended, as soon as it had. */
export interface Ended {
  readonly trace: string;
  readonly object: KubeObject;
}

export function endedIn(trace: string): readonly Ended[] {
  const seen = new Set<string>();
  const { events } = loadTrace(trace);
  return events.flatMap(({ type, object }) => {
    const { phase, finishedAt } = at(object, 'status', 'operationState');
    const ended = ['Succeeded', 'Failed', 'Error'].includes(text(phase));
    if (type === 'DELETED' || !ended || seen.has(text(finishedAt))) return [];
    seen.add(text(finishedAt));
    return [{ trace, object }];
  });
}

/** An Application whose sync applied so many Deployments, with names as they are in the field. */
export function large(count: number): KubeObject {
  const [{ object } = { object: undefined }] = endedIn('update-server-side');
  if (!object) throw new Error('a recording is missing');
  const status = at(object, 'status');
  const state = at(status, 'operationState');
  const resources = Array.from({ length: count }, (_, i) => ({
    group: 'apps',
    version: 'v1',
    kind: 'Deployment',
    namespace: 'shop-production',
    name: `checkout-service-${String(i).padStart(4, '0')}`,
    status: 'Synced',
    message: `deployment.apps/checkout-service-${String(i).padStart(4, '0')} serverside-applied`,
    hookPhase: 'Running',
    syncPhase: 'Sync',
  }));
  const syncResult = { ...at(state, 'syncResult'), resources };
  return { ...object, status: { ...status, operationState: { ...state, syncResult } } };
}

/** An operation that failed before it had resolved its revision. */
export function failedEarly(): KubeObject {
  const [{ object } = { object: undefined }] = endedIn('sync-failed');
  if (!object) throw new Error('a recording is missing');
  const status = at(object, 'status');
  const operationState = {
    ...at(status, 'operationState'),
    phase: 'Error',
    message: 'ComparisonError: authentication required',
    syncResult: { revision: '', source: {} },
  };
  return { ...object, status: { ...status, operationState } };
}

/** All golden payloads, by file name. */
export function goldenPayloads(): ReadonlyMap<string, Payload> {
  const recorded = traceNames().flatMap((trace) =>
    endedIn(trace).map(({ object }, i) => [`${trace}-${i + 1}`, payloadOf(object)] as const),
  );
  const made = [
    ['early-error', payloadOf(failedEarly())],
    ['two-hundred', payloadOf(large(200))],
    ['truncated', payloadOf(large(500))],
  ] as const;
  return new Map([...recorded, ...made]);
}

/** The event around a payload, as the runner has it in GITHUB_EVENT_PATH. */
export function eventOf(payload: unknown): object {
  return {
    action: 'argocd-post-sync',
    branch: 'main',
    client_payload: payload,
    repository: { full_name: 'acme/shop', default_branch: 'main' },
    sender: { login: 'argocd[bot]' },
  };
}
