import { createHmac, randomBytes } from 'node:crypto';
import { isJson, type Json } from '../../core/fields/lists.js';
import { isSecret } from '../../core/fields/resources.js';
import { jsonOf } from '../../http/answers.js';
import { list, record, text } from '../../http/json.js';
import { TransientError } from '../../platform/errors.js';
import { lackOf } from '../bounded.js';
import { mapAtMost, unreadable } from '../live-metadata.js';
import type { KeptTemplates, LiveObject, LiveQuery, ObjectReader } from '../source.js';
import { selectorOf } from './label-selector.js';
import { ask, CONCURRENCY, discovery, type LiveOptions, objectAt, unknownKind } from './live.js';
import { accessTo, pathOf } from './paths.js';

const WHOLE = 'application/json';
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** Reads whole objects; see `Source.reader`. */
export function objectReader(options: LiveOptions): ObjectReader {
  const kindOf = discovery(options);
  const key = randomBytes(32);
  const objectOf = async (query: LiveQuery, signal: AbortSignal): Promise<LiveObject> => {
    const kind = await kindOf(query, signal);
    if (!kind) return unknownKind(query);
    const object = await objectAt(options, query, kind, WHOLE, signal);
    return object === undefined
      ? { kind: 'absent' }
      : { kind: 'found', object: withoutSecrets(record(object), key) };
  };
  const templatesOf = async (query: LiveQuery, signal: AbortSignal): Promise<KeptTemplates> => {
    const plural = query.group === 'apps' ? KEPT.get(query.kind) : undefined;
    if (plural === undefined) return { kind: 'absent' };
    const workload = await objectOf(query, signal);
    if (workload.kind !== 'found') return workload;
    return { kind: 'found', kept: await keptOf(options, workload.object, plural, signal) };
  };
  return {
    objects: (queries, signal) =>
      mapAtMost(CONCURRENCY, queries, (query) => answered(objectOf(query, signal))),
    templates: (queries, signal) =>
      mapAtMost(CONCURRENCY, queries, (query) => answered(templatesOf(query, signal))),
  };
}

/** In what the earlier pod templates of a workload are kept. */
const KEPT: ReadonlyMap<string, string> = new Map([
  ['Deployment', 'replicasets'],
  ['StatefulSet', 'controllerrevisions'],
  ['DaemonSet', 'controllerrevisions'],
]);

async function answered<T>(work: Promise<T>): Promise<T | ReturnType<typeof unreadable>> {
  try {
    return await work;
  } catch (thrown) {
    return unreadable(lackOf(thrown));
  }
}

/** Those of its selector that it owns. */
async function keptOf(
  options: LiveOptions,
  workload: Json,
  plural: string,
  signal: AbortSignal,
): Promise<readonly Json[]> {
  const metadata = record(workload['metadata']);
  const namespace = text(metadata.namespace);
  const labelSelector = selectorOf(workload);
  const type = { group: 'apps', version: 'v1', plural };
  const path = pathOf(type, namespace);
  const request = { path, query: { labelSelector }, compressed: true, kind: 'list' } as const;
  const attributes = accessTo('list', type, namespace);
  const answer = await ask(options, request, attributes, signal);
  if (answer.status === 404) throw new TransientError(`${options.server} has no ${plural}.`);
  const kind = plural === 'replicasets' ? 'ReplicaSet' : 'ControllerRevision';
  return list(record(jsonOf(answer, options.server)).items)
    .filter(isJson)
    .filter((each) => isOwnedBy(each, text(metadata.uid)))
    .map((each) => ({ ...each, kind }));
}

function isOwnedBy(object: Json, uid: string): boolean {
  const owners = list(record(object['metadata']).ownerReferences).map(record);
  return uid !== '' && owners.some((each) => each.uid === uid);
}

/**
 * An object without what kubectl wrote into it, which holds all of a Secret; of a Secret itself the
 * values give way to hashes, by which they can be compared in this run and in no other.
 */
function withoutSecrets(object: Json, key: Uint8Array): Json {
  const metadata = record(object['metadata']);
  const { [LAST_APPLIED]: _applied, ...annotations } = record(metadata.annotations);
  const clean = { ...object, metadata: { ...metadata, annotations } };
  if (!isSecret(object)) return clean;
  const hashed = (field: string) =>
    Object.fromEntries(
      Object.entries(record(object[field])).map(([name, value]) => [
        name,
        createHmac('sha256', key).update(String(value)).digest('base64'),
      ]),
    );
  return { ...clean, data: hashed('data'), stringData: hashed('stringData') };
}
