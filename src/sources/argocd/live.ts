import { keyOf } from '../../core/application/types.js';
import type { Answer } from '../../http/answers.js';
import { type Json, list, record, text } from '../../http/json.js';
import { withRetries } from '../../http/retry.js';
import type { Request } from '../../http/transport.js';
import type { Clock } from '../../platform/clock.js';
import { lackOf } from '../bounded.js';
import { found, mapAtMost, unreadable } from '../live-metadata.js';
import type { LiveMetadata, LiveObject, LiveQuery, ObjectReader } from '../source.js';
import { applicationPath } from './applications.js';
import { type Api, ask } from './ask.js';
import { type ArgocdAction, refusal } from './refusals.js';

/** Requests at a time: Argo CD passes each on to the cluster of the Application. */
const CONCURRENCY = 4;

export interface LiveOptions extends Api {
  readonly clock: Clock;
  readonly random: () => number;
  /** To get the Application of a key. */
  readonly action: (key: string) => ArgocdAction;
}

/** A live object as Argo CD last saw it: of a node of the tree, what finds and dates the object. */
interface LiveNode {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly createdAt: string;
}

/** The live objects of an Application, by group, kind and name. */
type LiveNodes = ReadonlyMap<string, readonly LiveNode[]>;

/** Reads metadata of live objects through Argo CD, in any cluster; see `Source.live`. */
export function liveReader(options: LiveOptions) {
  return (queries: readonly LiveQuery[], signal: AbortSignal): Promise<readonly LiveMetadata[]> => {
    const trees = new Map<string, Promise<LiveNodes>>();
    const nodesOf = ({ application }: LiveQuery): Promise<LiveNodes> => {
      const key = keyOf(application);
      const known = trees.get(key) ?? nodesAt(options, application, signal);
      trees.set(key, known);
      return known;
    };
    const read = async (query: LiveQuery): Promise<LiveMetadata> => {
      try {
        const node = nodeIn(await nodesOf(query), query);
        return node ? await metadataOf(options, query, node, signal) : { kind: 'absent' };
      } catch (thrown) {
        return unreadable(lackOf(thrown));
      }
    };
    return mapAtMost(CONCURRENCY, queries, read);
  };
}

async function nodesAt(
  options: LiveOptions,
  application: LiveQuery['application'],
  signal: AbortSignal,
): Promise<LiveNodes> {
  const tree = record(await read(options, application, '/resource-tree', {}, signal));
  // A node without a uid is in Git but not in the cluster.
  const live = list(tree.nodes)
    .map(record)
    .filter((node) => text(node.uid) !== '');
  return Map.groupBy(live.map(liveNode), nodeName);
}

function liveNode(node: Json): LiveNode {
  return {
    group: text(node.group),
    kind: text(node.kind),
    namespace: text(node.namespace),
    name: text(node.name),
    version: text(node.version),
    createdAt: text(node.createdAt),
  };
}

function nodeName({ group, kind, name }: Pick<LiveNode, 'group' | 'kind' | 'name'>): string {
  return `${group}/${kind}/${name}`;
}

/** A query may lack the namespace that its resource was applied to. */
function nodeIn(nodes: LiveNodes, query: LiveQuery): LiveNode | undefined {
  const { namespace, defaultNamespace } = query;
  const namespaces = namespace === '' ? ['', defaultNamespace] : [namespace];
  return nodes.get(nodeName(query))?.find((node) => namespaces.includes(node.namespace));
}

/** The manifest tells who wrote the object when; without it, the tree tells when it was created. */
async function metadataOf(
  options: LiveOptions,
  query: LiveQuery,
  { namespace, createdAt, ...node }: LiveNode,
  signal: AbortSignal,
): Promise<LiveMetadata> {
  const version = query.version || node.version;
  try {
    const object = await objectAt(options, { ...query, namespace, version }, signal);
    return found(record(object.metadata));
  } catch (thrown) {
    if (createdAt === '') throw thrown;
    return { kind: 'found', creationTimestamp: createdAt, lastWrite: '' };
  }
}

/**
 * Reads whole objects through Argo CD; see `Source.reader`. Argo CD masks the values of Secrets, so
 * that changed ones look the same, and knows no earlier pod templates.
 */
export function objectReader(options: LiveOptions): ObjectReader {
  const readOne = async (query: LiveQuery, signal: AbortSignal): Promise<LiveObject> => {
    if (query.kind === 'Secret' && query.group === '') return unreadable(MASKED);
    try {
      return { kind: 'found', object: await objectAt(options, query, signal) };
    } catch (thrown) {
      return unreadable(lackOf(thrown));
    }
  };
  return {
    objects: (queries, signal) =>
      mapAtMost(CONCURRENCY, queries, (query) => readOne(query, signal)),
    templates: async (queries) => queries.map(() => ({ kind: 'absent' })),
  };
}

const MASKED = { message: 'Argo CD masks the values of Secrets.', remedy: '' };

/** A live object, in the cluster of its Application. */
async function objectAt(
  options: LiveOptions,
  { application, group, version, kind, namespace, name }: LiveQuery,
  signal: AbortSignal,
): Promise<Json> {
  const query = { namespace, resourceName: name, version, group, kind };
  const { manifest } = record(await read(options, application, '/resource', query, signal));
  return record(JSON.parse(text(manifest)));
}

/** @param below what is asked, below the path of the Application */
function read(
  options: LiveOptions,
  application: LiveQuery['application'],
  below: string,
  more: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<unknown> {
  const { namespace, name } = application;
  const query = { appNamespace: namespace, ...more };
  // The tree of an Application with thousands of resources is as large as a list.
  const request: Request = {
    path: applicationPath(name, below),
    query,
    compressed: true,
    kind: 'list',
  };
  const refused = (answer: Answer) =>
    refusal(answer, options.action(keyOf(application)), options.server);
  return withRetries(() => ask(options, request, refused, signal), options, signal);
}
