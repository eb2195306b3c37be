import { keyOf } from '../core/application/types.js';
import { objectIdentityOf } from '../http/json.js';
import { isSelected } from './selected.js';
import type { Selection } from './source.js';

/**
 * `Source.names` of any source.
 * @param list lists a selection, and keeps of each item what `reduce` returns, if anything
 */
export async function namesBy(
  namespace: string,
  list: (
    selection: Selection,
    reduce: (item: unknown) => string | undefined,
  ) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const everywhere = namespace === '' || namespace === '*';
  const selection = everywhere ? {} : { namespace };
  const reduce = (item: unknown) => {
    const identity = objectIdentityOf(item);
    if (!isSelected(identity, selection)) return undefined;
    return everywhere ? keyOf(identity) : identity.name;
  };
  try {
    return await list(selection, reduce);
  } catch {
    // The names are only a hint beside an error that is reported anyway.
    return [];
  }
}
