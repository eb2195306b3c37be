import { isJson, type Json, jsonAt, type MergeKey, type MergeKeyOf } from './lists.js';
import type { FieldPath, Step } from './path.js';

/**
 * The fields that Argo CD's controller manages, as `metadata.managedFields` has them: maps of
 * `f:FIELD`, `k:{"name":"main"}` for the elements of a list, `{}` where all below belongs to it.
 */
export type Owned = Json;

const MANAGER = 'argocd-controller';

/** The field sets of Argo CD's controller in an object. */
export function ownedBy(object: Json): readonly Owned[] {
  return entriesOf(object)
    .map((entry) => entry['fieldsV1'])
    .filter(isJson);
}

/** Its entries; a subresource's are not of its making. */
function entriesOf(object: Json): readonly Json[] {
  const entries = jsonAt(object, 'metadata')['managedFields'];
  return (Array.isArray(entries) ? entries : [])
    .filter(isJson)
    .filter((entry) => entry['manager'] === MANAGER && !entry['subresource']);
}

/** When Argo CD's controller last wrote an object (RFC 3339); empty: it never did. */
export function lastWriteOf(object: Json): string {
  const times = entriesOf(object).map(({ time }) => (typeof time === 'string' ? time : ''));
  return times.sort().at(-1) ?? '';
}

/** Whether a field, or all of a list or map that it is in, belongs to one of the sets. */
export function isOwned(sets: readonly Owned[], path: FieldPath): boolean {
  return sets.some((set) => nodesAt(set, path).length > 0);
}

/** The nodes for a path; `{}` anywhere on the way stands for all below it. */
function nodesAt(set: Owned, path: FieldPath): readonly Owned[] {
  let nodes: readonly Owned[] = [set];
  for (const step of path) {
    const whole = nodes.some((node) => Object.keys(node).length === 0);
    if (whole) return [{}];
    nodes = nodes.flatMap((node) => childrenOf(node, step));
  }
  return nodes;
}

function childrenOf(node: Owned, { kind, text }: Step): readonly Owned[] {
  if (kind === 'key') return [node[`f:${text}`]].filter(isJson);
  return Object.entries(node)
    .filter(([key]) => key === `i:${text}` || (key.startsWith('k:') && elementIn(key) === text))
    .map(([, child]) => child)
    .filter(isJson);
}

/** `main` of `k:{"name":"main"}`, `53,UDP` of `k:{"port":53,"protocol":"UDP"}`, as paths have it. */
function elementIn(key: string): string {
  const { protocol, ...others } = valuesIn(key);
  const [first] = Object.values(others);
  return [first, ...(protocol === undefined || protocol === 'TCP' ? [] : [protocol])]
    .map(String)
    .join(',');
}

function valuesIn(key: string): Json {
  try {
    const values: unknown = JSON.parse(key.slice(2));
    return isJson(values) ? values : {};
  } catch {
    return {};
  }
}

/** The merge keys that managedFields name, else those of the type. */
export function ownedMergeKeys(sets: readonly Owned[], otherwise: MergeKeyOf): MergeKeyOf {
  return (path, elements) => {
    const nodes = sets.flatMap((set) => nodesAt(set, path));
    const key = nodes.flatMap(Object.keys).find((each) => each.startsWith('k:'));
    return key === undefined ? otherwise(path, elements) : namesIn(key);
  };
}

/** In Kubernetes' order: a port's number first, then its protocol. */
function namesIn(key: string): MergeKey {
  return Object.keys(valuesIn(key));
}
