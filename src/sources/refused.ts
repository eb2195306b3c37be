import { TerminalError } from '../platform/errors.js';
import { lackOf } from './bounded.js';
import type { Lack } from './inspector.js';

/** What a server does not allow: it is asked once, and told once. */
export interface Refusals {
  /**
   * Does something that may be refused, unless it was.
   * @param key of what is asked: the same is refused alike
   * @throws TerminalError or TransientError of the work, or of the first time
   */
  ask<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** Like `ask`, with nothing where it is refused. */
  askFor<T>(key: string, work: () => Promise<T>): Promise<T | undefined>;
  /** What `askFor` was refused, as far as this was not called since. */
  untold(): readonly Lack[];
}

export function refusals(): Refusals {
  const refused = new Map<string, TerminalError>();
  const allowed = new Set<string>();
  const first = new Map<string, Promise<unknown>>();
  let untold: Lack[] = [];
  const attempt = async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    try {
      const answer = await work();
      allowed.add(key);
      return answer;
    } catch (thrown) {
      if (isRefusal(thrown)) refused.set(key, thrown);
      throw thrown;
    }
  };
  const ask: Refusals['ask'] = async (key, work) => {
    // Of many at once, one finds out whether it is allowed.
    while (!allowed.has(key) && first.has(key)) await first.get(key);
    const before = refused.get(key);
    if (before) throw before;
    if (allowed.has(key)) return attempt(key, work);
    const going = attempt(key, work);
    const ended = going.then(
      () => first.delete(key),
      () => first.delete(key),
    );
    first.set(key, ended);
    return going;
  };
  return {
    ask,
    async askFor(key, work) {
      // The refusal of an earlier request was told with that one.
      let asked = false;
      try {
        return await ask(key, () => {
          asked = true;
          return work();
        });
      } catch (thrown) {
        if (!isRefusal(thrown)) throw thrown;
        if (asked) untold.push(lackOf(thrown));
        return undefined;
      }
    },
    untold() {
      const lacks = untold;
      untold = [];
      return lacks;
    },
  };
}

function isRefusal(thrown: unknown): thrown is TerminalError {
  return (
    thrown instanceof TerminalError &&
    (thrown.reason === 'forbidden' || thrown.reason === 'unauthorized')
  );
}
