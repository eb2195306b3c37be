import { isRecord, type KubeObject } from '../api/store.ts';

/** The query parameter `fields`: a list of places to keep, or with a leading `-` to leave out. */
interface Fields {
  readonly places: ReadonlySet<string>;
  readonly exclude: boolean;
}

function parse(text: string): Fields | undefined {
  if (text === '') return undefined;
  const exclude = text.startsWith('-');
  return { places: new Set((exclude ? text.slice(1) : text).split(',')), exclude };
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
  const copied: unknown = structuredClone(message);
  prune(copied, [], fields);
  return copied as object;
}

function prune(item: unknown, path: readonly string[], fields: Fields): void {
  if (Array.isArray(item)) for (const each of item) prune(each, path, fields);
  if (!isRecord(item)) return;
  for (const key of Object.keys(item)) {
    const at = [...path, key];
    const place = at.join('.');
    const named = fields.places.has(place);
    const above = named || [...fields.places].some((each) => each.startsWith(place));
    const keep = fields.exclude ? !named : above;
    if (!keep) delete item[key];
    else if (!named) prune(item[key], at, fields);
  }
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
