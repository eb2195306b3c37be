import { type Identity, objectIdentityOf } from '../http/json.js';
import type { ReadApplication } from './protocol.js';
import type { Selection, SourceOptions } from './source.js';
import { tolerantReader } from './tolerant-reader.js';

/** Whether an object belongs to a selection: servers do not filter by all of it. */
export function isSelected({ namespace, name }: Identity, selection: Selection): boolean {
  if (name === '') return false;
  if (selection.namespace !== undefined && selection.namespace !== namespace) return false;
  if (selection.name !== undefined && selection.name !== name) return false;
  return selection.accepts?.(namespace, name) !== false;
}

/** The one place where an object of a list or a watch becomes an Application. */
export function selectedReader({
  selection,
  parse,
  log,
}: Pick<SourceOptions, 'selection' | 'parse' | 'log'>): ReadApplication {
  const read = tolerantReader(parse, log);
  let warned = false;
  return (object) => {
    const identity = objectIdentityOf(object);
    if (identity.name === '' && !warned) {
      log.warning('The server sent an object without a name; it is ignored.');
      warned = true;
    }
    return isSelected(identity, selection) ? read(object) : undefined;
  };
}
