import {
  elementText,
  isJson,
  type Json,
  type MergeKey,
  type MergeKeyOf,
  mergeIdentityOf,
} from './lists.js';
import { type FieldPath, formatPath, type Step } from './path.js';
import { isSameQuantity } from './quantities.js';

/** A field that is not what it was. An absent side: the field was not there. */
export interface FieldChange {
  readonly steps: FieldPath;
  readonly from?: unknown;
  readonly to?: unknown;
  /** The values are a Secret's: they are not kept. */
  readonly hidden?: true;
}

/** Maps and lists deeper than any Kubernetes type nests. */
const MAX_DEPTH = 60;
/** More changed fields of one object are not told one by one. */
export const MAX_CHANGES = 5000;

/**
 * The fields in which two objects differ. An added or removed element of a list is one change, an
 * added or removed map is told by its leaves, a list of plain values is one field. Values that the
 * API server reads alike (`1000m` and `1`, an empty map and none) are equal.
 */
export function differences(
  before: Json,
  after: Json,
  mergeKeyOf: MergeKeyOf,
): readonly FieldChange[] {
  return [...inMaps(before, after, { path: [], mergeKeyOf }).take(MAX_CHANGES)];
}

interface Place {
  readonly path: FieldPath;
  readonly mergeKeyOf: MergeKeyOf;
}

function placeAt({ path, mergeKeyOf }: Place, step: Step): Place {
  return { path: [...path, step], mergeKeyOf };
}

function* inMaps(before: Json, after: Json, place: Place): Generator<FieldChange, void> {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [value, other] = [valueAt(before, key), valueAt(after, key)];
    if (value === other || (isEmpty(value) && isEmpty(other))) continue;
    yield* inValues(value, other, placeAt(place, { kind: 'key', text: key }));
  }
}

/** Names such as `constructor` are keys like any other. */
function valueAt(map: Json, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

function inValues(before: unknown, after: unknown, place: Place): Iterable<FieldChange> {
  if (place.path.length >= MAX_DEPTH) return asWhole(before, after, place);
  const [map, otherMap] = [mapOf(before), mapOf(after)];
  if (map && otherMap) return inMaps(map, otherMap, place);
  const [list, otherList] = [objectsOf(before), objectsOf(after)];
  if (list && otherList) return inLists(list, otherList, place);
  return asWhole(before, after, place);
}

/** Absent and null are a map without keys, so that an added map is told by its leaves. */
function mapOf(value: unknown): Json | undefined {
  return isJson(value) ? value : isAbsent(value) ? {} : undefined;
}

/** A list of objects; absent and null are one without elements. */
function objectsOf(value: unknown): readonly Json[] | undefined {
  if (isAbsent(value)) return [];
  return Array.isArray(value) && value.every(isJson) ? value : undefined;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function isEmpty(value: unknown, depth = 0): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (!isJson(value) || depth > MAX_DEPTH) return false;
  return Object.values(value).every((each) => isEmpty(each, depth + 1));
}

function asWhole(before: unknown, after: unknown, { path }: Place): readonly FieldChange[] {
  return isSameValue(before, after, path) ? [] : [changeOf(path, before, after)];
}

function changeOf(steps: FieldPath, from: unknown, to: unknown): FieldChange {
  return {
    steps,
    ...(from === undefined || from === null ? {} : { from }),
    ...(to === undefined || to === null ? {} : { to }),
  };
}

function* inLists(
  before: readonly Json[],
  after: readonly Json[],
  place: Place,
): Generator<FieldChange, void> {
  for (const [element, other, text] of paired(before, after, place)) {
    const at = placeAt(place, { kind: 'element', text });
    if (element && other) yield* inMaps(element, other, at);
    else yield changeOf(at.path, element, other);
  }
}

/** An element before, the same one after, and how paths name it. */
type Pair = readonly [before: Json | undefined, after: Json | undefined, text: string];

/** By their merge key, else by their index. */
function paired(
  before: readonly Json[],
  after: readonly Json[],
  { path, mergeKeyOf }: Place,
): readonly Pair[] {
  const key = mergeKeyOf(path, [...before, ...after]);
  const [byKey, otherByKey] = [keyed(before, key), keyed(after, key)];
  if (!key || !byKey || !otherByKey) {
    const longer = before.length > after.length ? before : after;
    return longer.map((_, i) => [before[i], after[i], String(i)]);
  }
  const all = new Map([...byKey, ...otherByKey]);
  return [...all].map(([id, each]) => [byKey.get(id), otherByKey.get(id), elementText(each, key)]);
}

/** By the values of their merge key; undefined where two have the same, or one has none. */
function keyed(
  elements: readonly Json[],
  key: MergeKey | undefined,
): ReadonlyMap<string, Json> | undefined {
  if (!key) return undefined;
  const entries = elements.map((each) => [mergeIdentityOf(each, key), each] as const);
  const map = new Map(entries.flatMap(([id, each]) => (id === undefined ? [] : [[id, each]])));
  return map.size === elements.length ? map : undefined;
}

/** Where Kubernetes has quantities: by the field itself, or by the map that it is in. */
const QUANTITY_FIELDS = new Set([
  'averageValue',
  'divisor',
  'sizeLimit',
  'storage',
  'targetAverageValue',
]);
const QUANTITY_MAPS = new Set([
  'capacity',
  'default',
  'defaultRequest',
  'hard',
  'limits',
  'max',
  'maxLimitRequestRatio',
  'min',
  'overhead',
  'podFixed',
  'requests',
]);
const PORT_FIELDS = new Set([
  'containerPort',
  'hostPort',
  'nodePort',
  'port',
  'targetPort',
  'number',
]);
/** Maps of users' own texts, in which every letter counts. */
const TEXT_MAPS = new Set([
  'annotations',
  'binaryData',
  'data',
  'labels',
  'matchLabels',
  'stringData',
]);

/** Whether the API server reads two different values as the same one. */
function isSameValue(before: unknown, after: unknown, path: FieldPath): boolean {
  if (Array.isArray(before) && Array.isArray(after)) return isSameList(before, after);
  if (path.some(({ text }) => TEXT_MAPS.has(text))) return false;
  const [parent, field] = [path.at(-2)?.text ?? '', path.at(-1)?.text ?? ''];
  if (PORT_FIELDS.has(field)) return isSamePort(before, after);
  const quantity = QUANTITY_FIELDS.has(field) || QUANTITY_MAPS.has(parent);
  return quantity && isSameQuantity(before, after);
}

function isSameList(before: readonly unknown[], after: readonly unknown[]): boolean {
  return before.length === after.length && JSON.stringify(before) === JSON.stringify(after);
}

function isSamePort(before: unknown, after: unknown): boolean {
  const known = [before, after].every(
    (each) => typeof each === 'string' || typeof each === 'number',
  );
  return known && String(before) === String(after);
}

/**
 * What is in an added or removed element, of which patterns may ask too: its leaves, the elements
 * of its lists, and what is in those.
 */
export function leavesOf(change: FieldChange, mergeKeyOf: MergeKeyOf): readonly FieldChange[] {
  return [...inElement(change, mergeKeyOf).take(MAX_CHANGES)];
}

function* inElement(
  { steps, ...sides }: FieldChange,
  mergeKeyOf: MergeKeyOf,
): Generator<FieldChange, void> {
  const added = 'to' in sides;
  const side = added ? sides.to : sides.from;
  if (added === 'from' in sides || !isJson(side) || steps.length >= MAX_DEPTH) return;
  const place: Place = { path: steps, mergeKeyOf };
  for (const leaf of added ? inMaps({}, side, place) : inMaps(side, {}, place)) {
    yield leaf;
    yield* inElement(leaf, mergeKeyOf);
  }
}

/** By their paths, so that the same changes come out in the same order whatever the object's. */
export function sorted(changes: readonly FieldChange[]): readonly FieldChange[] {
  const named = changes.map((each) => [formatPath(each.steps), each] as const);
  return named.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, each]) => each);
}
