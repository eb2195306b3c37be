import { keyOf } from '../../core/application/types.js';
import { isSuccess, jsonOf } from '../../http/answers.js';
import { type Json, list, record, text } from '../../http/json.js';
import { withRetries } from '../../http/retry.js';
import type { Transport } from '../../http/transport.js';
import type { Clock } from '../../platform/clock.js';
import { messageOf, TerminalError } from '../../platform/errors.js';
import { found, mapAtMost, unreadable } from '../live-metadata.js';
import type { LiveMetadata, LiveObject, LiveQuery, ObjectReader } from '../source.js';
import { applicationPath } from './applications.js';
import { type ArgocdAction, NOT_API_HINT, refusal } from './refusals.js';

/** Requests at a time: Argo CD passes each on to the cluster of the Application. */
const CONCURRENCY = 4;

export interface LiveOptions {
  readonly transport: Transport;
  /** As messages call it. */
  readonly server: string;
  readonly clock: Clock;
  readonly random: () => number;
  /** To get the Application of a key. */
  readonly action: (key: string) => ArgocdAction;
}

/** The live objects of an Application, as Argo CD last saw them. */
type ResourceTree = readonly Json[];

/** Reads metadata of live objects through Argo CD, in any cluster; see `Source.live`. */
export function liveReader(options: LiveOptions) {
  return (queries: readonly LiveQuery[], signal: AbortSignal): Promise<readonly LiveMetadata[]> => {
    const trees = new Map<string, Promise<ResourceTree>>();
    const treeOf = ({ application }: LiveQuery): Promise<ResourceTree> => {
      const key = keyOf(application);
      const known = trees.get(key) ?? treeAt(options, application, signal);
      trees.set(key, known);
      return known;
    };
    const read = async (query: LiveQuery): Promise<LiveMetadata> => {
      try {
        const node = nodeIn(await treeOf(query), query);
        return node ? await metadataOf(options, query, node, signal) : { kind: 'absent' };
      } catch (thrown) {
        return unreadable(messageOf(thrown), thrown instanceof TerminalError ? thrown.remedy : '');
      }
    };
    return mapAtMost(CONCURRENCY, queries, read);
  };
}

async function treeAt(
  options: LiveOptions,
  { namespace, name }: LiveQuery['application'],
  signal: AbortSignal,
): Promise<ResourceTree> {
  const key = keyOf({ namespace, name });
  const path = applicationPath(name, '/resource-tree');
  const tree = record(await ask(options, key, path, { appNamespace: namespace }, signal));
  return list(tree.nodes).map(record);
}

/** A query may lack the namespace that its resource was applied to. */
function nodeIn(tree: ResourceTree, { group, kind, namespace, name, defaultNamespace }: LiveQuery) {
  const same = tree.filter(
    (node) => text(node.group) === group && node.kind === kind && node.name === name,
  );
  const namespaces = namespace === '' ? ['', defaultNamespace] : [namespace];
  // A node without a uid is in Git but not in the cluster.
  return same.find((node) => namespaces.includes(text(node.namespace)) && text(node.uid) !== '');
}

/** The manifest tells who wrote the object when; without it, the tree tells when it was created. */
async function metadataOf(
  options: LiveOptions,
  { application, group, version, kind, name }: LiveQuery,
  node: Json,
  signal: AbortSignal,
): Promise<LiveMetadata> {
  const query = {
    appNamespace: application.namespace,
    namespace: text(node.namespace),
    resourceName: name,
    version: version || text(node.version),
    group,
    kind,
  };
  const path = applicationPath(application.name, '/resource');
  try {
    const { manifest } = record(await ask(options, keyOf(application), path, query, signal));
    return found(record(record(JSON.parse(text(manifest))).metadata));
  } catch (thrown) {
    const creationTimestamp = text(node.createdAt);
    if (creationTimestamp === '') throw thrown;
    return { kind: 'found', creationTimestamp, lastWrite: '' };
  }
}

/**
 * Reads whole objects through Argo CD; see `Source.reader`. Argo CD masks the values of Secrets, so
 * that changed ones look the same, and knows no earlier pod templates.
 */
export function objectReader(options: LiveOptions): ObjectReader {
  const read = async (query: LiveQuery, signal: AbortSignal): Promise<LiveObject> => {
    if (query.kind === 'Secret' && query.group === '') return unreadable(MASKED, '');
    const { application, group, version, kind, namespace, name } = query;
    const { namespace: appNamespace } = application;
    const asked = { appNamespace, namespace, resourceName: name, version, group, kind };
    const path = applicationPath(application.name, '/resource');
    try {
      const { manifest } = record(await ask(options, keyOf(application), path, asked, signal));
      return { kind: 'found', object: record(JSON.parse(text(manifest))) };
    } catch (thrown) {
      return unreadable(messageOf(thrown), thrown instanceof TerminalError ? thrown.remedy : '');
    }
  };
  return {
    objects: (queries, signal) => mapAtMost(CONCURRENCY, queries, (query) => read(query, signal)),
    templates: async (queries) => queries.map(() => ({ kind: 'absent' })),
  };
}

const MASKED = 'Argo CD masks the values of Secrets.';

async function ask(
  options: LiveOptions,
  key: string,
  path: string,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<unknown> {
  const { transport, server, action } = options;
  const attempt = async () => {
    const answer = await transport.send({ path, query, compressed: true }, signal);
    if (isSuccess(answer)) return jsonOf(answer, server, NOT_API_HINT);
    throw refusal(answer, action(key), server);
  };
  return withRetries(attempt, options, signal);
}
