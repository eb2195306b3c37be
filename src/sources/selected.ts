import { keyOf } from '../core/application/types.js';
import { type Identity, list, objectIdentityOf, record, text } from '../http/json.js';
import type { ReadObject } from './protocol.js';
import type { ObjectName, Selection, SourceOptions } from './source.js';
import { type Readable, tolerantReader } from './tolerant-reader.js';

/** The narrowest selection that has all of these objects. */
export function selectionOfNames(objects: readonly ObjectName[]): Selection {
  const keys = new Set(objects.map(keyOf));
  const namespaces = new Set(objects.map(({ namespace }) => namespace));
  const [first] = objects;
  return {
    ...(first && namespaces.size === 1 ? { namespace: first.namespace } : {}),
    ...(first && keys.size === 1 ? { name: first.name } : {}),
    accepts: (namespace, name) => keys.has(keyOf({ namespace, name })),
  };
}

/** Whether an object belongs to a selection: servers do not filter by all of it. */
export function isSelected({ namespace, name }: Identity, selection: Selection): boolean {
  if (name === '') return false;
  if (selection.namespace !== undefined && selection.namespace !== namespace) return false;
  if (selection.name !== undefined && selection.name !== name) return false;
  return selection.accepts?.(namespace, name) !== false;
}

export interface ReaderOptions<T extends Readable>
  extends Pick<SourceOptions, 'selection' | 'log'> {
  /** @throws DecodeError for what is of another type */
  readonly parse: (object: unknown) => T;
}

/** The one place where what a list or a watch sends is read. */
export function selectedReader<T extends Readable>({
  selection,
  parse,
  log,
}: ReaderOptions<T>): ReadObject<T> {
  const read = tolerantReader(parse, log);
  let warned = false;
  return (object) => {
    const identity = objectIdentityOf(object);
    if (identity.name === '' && !warned) {
      log.warning('The server sent an object without a name; it is ignored.');
      warned = true;
    }
    if (!isSelected(identity, selection)) return undefined;
    return isOwned(object, identity, selection) ? read(object) : undefined;
  };
}

function isOwned(object: unknown, { namespace }: Identity, { owners }: Selection): boolean {
  if (!owners) return true;
  const references = list(record(record(object).metadata).ownerReferences).map(record);
  return references.some(
    ({ kind, name }) => kind === 'ApplicationSet' && owners.has(`${namespace}/${text(name)}`),
  );
}
