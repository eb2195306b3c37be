import { isRecord, type KubeObject } from '../api/store.ts';

/** The query parameter `fields`: a list of places to keep, or with a leading `-` to leave out. */
interface Fields {
  readonly places: ReadonlySet<string>;
  readonly exclude: boolean;
  /** Whether a place is kept, of those that were asked about: all objects have the same ones. */
  readonly kept: Map<string, boolean>;
}

const parsed = new Map<string, Fields>();

function parse(text: string): Fields | undefined {
  if (text === '') return undefined;
  const exclude = text.startsWith('-');
  const places = new Set((exclude ? text.slice(1) : text).split(','));
  const fields = parsed.get(text) ?? { places, exclude, kept: new Map<string, boolean>() };
  parsed.set(text, fields);
  return fields;
}

/** What a list can be asked for by name; all else is not there once `fields` is given. */
const LISTABLE = [
  'metadata.name',
  'metadata.namespace',
  'metadata.annotations',
  'metadata.labels',
  'metadata.creationTimestamp',
  'metadata.deletionTimestamp',
  'spec',
  'status.sourceHydrator',
  'status.summary',
  'status.sync.status',
  'status.sync.revision',
  'status.health',
  'status.operationState.startedAt',
  'status.operationState.finishedAt',
  'status.resources',
  'operation.sync',
  'status.operationState.phase',
];

/** An Application in a list. */
export function listed(object: object, text: string): object {
  const fields = parse(text);
  if (!fields) return object;
  const kept = LISTABLE.filter((each) => fields.places.has(`items.${each}`) !== fields.exclude);
  const result = {};
  for (const place of kept) copy(object, result, place.split('.'));
  return result;
}

function copy(from: unknown, to: Record<string, unknown>, [key = '', ...rest]: string[]): void {
  if (!isRecord(from) || from[key] === undefined) return;
  if (rest.length === 0) {
    to[key] = from[key];
    return;
  }
  const inner = isRecord(to[key]) ? to[key] : {};
  to[key] = inner;
  copy(from[key], inner, rest);
}

/** A message of a stream; with places to keep, an error is not among them. */
export function streamed(message: object, text: string): object {
  const fields = parse(text);
  if (!fields) return message;
  return pruned(message, '', fields) as object;
}

function pruned(item: unknown, above: string, fields: Fields): unknown {
  if (Array.isArray(item)) return item.map((each) => pruned(each, above, fields));
  if (!isRecord(item)) return item;
  const kept: (readonly [key: string, value: unknown])[] = [];
  for (const [key, value] of Object.entries(item)) {
    const place = above === '' ? key : `${above}.${key}`;
    if (!isKept(place, fields)) continue;
    kept.push([key, fields.places.has(place) ? value : pruned(value, place, fields)]);
  }
  return Object.fromEntries(kept);
}

/** What is to be kept has all above it kept too. */
function isKept(place: string, { places, exclude, kept }: Fields): boolean {
  const known = kept.get(place);
  if (known !== undefined) return known;
  const keep = exclude
    ? !places.has(place)
    : places.has(place) || [...places].some((each) => each.startsWith(place));
  kept.set(place, keep);
  return keep;
}

/** An Application as Go writes it: no type, and empty structures for what is not there. */
export function inGo({ apiVersion: _, kind: __, ...object }: KubeObject): Record<string, unknown> {
  const status = isRecord(object['status']) ? object['status'] : {};
  return {
    ...object,
    metadata: { creationTimestamp: null, ...object.metadata },
    status: {
      ...{ health: {}, summary: {}, sourceHydrator: {} },
      sync: { status: '', comparedTo: { destination: {}, source: { repoURL: '' } } },
      ...status,
    },
  };
}
