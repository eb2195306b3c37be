import { DecodeError } from '../core/application/decode.js';
import type { Identity } from '../http/json.js';
import type { Log } from '../platform/log.js';

/** What was read, perhaps not all of it. */
export interface Readable extends Identity {
  readonly unreadableResources?: readonly string[];
}

/** So many warnings tell enough. */
const MAX_WARNINGS = 10;

/**
 * Reads one object of many: what cannot be read in one does not take the others with it, and is
 * told once.
 * @param parse throws DecodeError for an object of another kind
 * @returns undefined for such an object
 */
export function tolerantReader<T extends Readable>(
  parse: (object: unknown) => T,
  log: Log,
): (object: unknown) => T | undefined {
  const told = new Set<string>();
  const warn = (problem: string, consequence: string) => {
    if (told.has(problem)) return;
    told.add(problem);
    const line = `${problem}: ${consequence}`;
    if (told.size <= MAX_WARNINGS) log.warning(line);
    else log.debug(line);
  };
  return (object) => {
    try {
      const read = parse(object);
      for (const problem of read.unreadableResources ?? []) {
        warn(problem, 'what is there counts as absent, and evidence is partial.');
      }
      return read;
    } catch (thrown) {
      if (!(thrown instanceof DecodeError)) throw thrown;
      warn(thrown.message, 'this object of the server is passed over.');
      return undefined;
    }
  };
}
