import { keyOf } from '../core/application/types.js';
import { identityOf } from '../http/json.js';
import type { Selection } from './source.js';

/**
 * `Source.names` of any source.
 * @param list lists a selection, and makes each item what `reduce` returns
 */
export async function namesBy(
  namespace: string,
  list: (selection: Selection, reduce: (item: unknown) => string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const everywhere = namespace === '' || namespace === '*';
  const selection = everywhere ? {} : { namespace };
  const reduce = (item: unknown) => (everywhere ? keyOf(identityOf(item)) : identityOf(item).name);
  try {
    return await list(selection, reduce);
  } catch {
    // Only a hint was asked for, beside an error that is reported anyway.
    return [];
  }
}
