import { isObject, list, type Node, objects, optional } from './decode.js';

/**
 * Whether the sources and the destination of a comparison, or of an operation, are those of the
 * present spec. Argo CD keeps them as it read them: without what is empty.
 */

/**
 * @param used `status.sync.comparedTo`, or an operation with its sources
 * @returns undefined where it cannot be told: it does not say, or a source hydrator made another
 *   source of that in the spec
 */
export function isOfPresentSpec(spec: Node, used: Node): boolean | undefined {
  if (optional(spec, 'sourceHydrator') || !(sourceIn(used) || sourcesIn(used))) return undefined;
  const sources = sourcesIn(spec);
  const same = sources
    ? isEqual(sources, sourcesIn(used) ?? [])
    : isEqual(sourceIn(spec), sourceIn(used));
  const destination = optional(used, 'destination');
  return same && (!destination || isWithin(optional(spec, 'destination'), destination));
}

function sourceIn(node: Node): unknown {
  return optional(node, 'source')?.value;
}

function sourcesIn(node: Node): readonly unknown[] | undefined {
  return objects(node, 'sources').length > 0 ? list(node, 'sources') : undefined;
}

/** Argo CD may have added the address of a cluster that the spec names. */
function isWithin(destination: Node | undefined, used: Node): boolean {
  const fields = Object.entries(destination?.value ?? {});
  return fields.every(([field, value]) => isEmpty(value) || isEqual(value, used.value[field]));
}

/** Nobody nests values deeper; what does is taken to be equal there. */
const DEEPEST = 200;

/** Whether two JSON values are equal but for fields that are empty in one and absent in the other. */
function isEqual(a: unknown, b: unknown, depth = 0): boolean {
  if (a === b || depth > DEEPEST || (isEmpty(a, depth) && isEmpty(b, depth))) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((each, i) => isEqual(each, b[i], depth + 1));
  }
  if (!isObject(a) || !isObject(b)) return false;
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) =>
    // Argo CD takes the parameters and variables of a plugin in any order.
    key === 'plugin'
      ? isEqual(inAnyOrder(a[key]), inAnyOrder(b[key]), depth + 1)
      : isEqual(a[key], b[key], depth + 1),
  );
}

function inAnyOrder(plugin: unknown): unknown {
  if (!isObject(plugin)) return plugin;
  const fields = Object.entries(plugin).map(([key, value]) => [key, sorted(value)] as const);
  return Object.fromEntries(fields);
}

function sorted(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const nameOf = (each: unknown) => String(isObject(each) ? each['name'] : each);
  return value.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

function isEmpty(value: unknown, depth = 0): boolean {
  if (value === undefined || value === null || value === '') return true;
  if (value === false || value === 0) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (!isObject(value) || depth > DEEPEST) return false;
  return Object.values(value).every((each) => isEmpty(each, depth + 1));
}
