import { DecodeError } from '../core/application/decode.js';
import type { Application } from '../core/application/types.js';
import type { Log } from '../platform/log.js';

/** So many warnings tell enough. */
const MAX_WARNINGS = 10;

/**
 * Reads one object of many: what cannot be read in one does not take the others with it, and is
 * told once.
 * @param parse throws DecodeError for an object of another kind
 * @returns undefined for such an object
 */
export function tolerantReader(
  parse: (object: unknown) => Application,
  log: Log,
): (object: unknown) => Application | undefined {
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
      const application = parse(object);
      for (const problem of application.unreadableResources ?? []) {
        warn(problem, 'what is there counts as absent, and evidence is partial.');
      }
      return application;
    } catch (thrown) {
      if (!(thrown instanceof DecodeError)) throw thrown;
      warn(thrown.message, 'this object of the server is passed over.');
      return undefined;
    }
  };
}
