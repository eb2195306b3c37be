import { someOf } from '../application/phrases.js';
import type { Standing } from '../applicationset/standing.js';
import type { Reason } from '../result/vocabulary.js';

/** What a wait for the Applications of an ApplicationSet still lacks. */
export interface Lacking {
  /** As the end of the sentence "waiting for …"; has foreign text in it. */
  readonly what: string;
  /** The reason of a timeout, where one is known. */
  readonly cause?: Reason;
}

/**
 * Why the Applications of an ApplicationSet that an Application manages cannot all be waited for yet.
 * @param name what the user calls the ApplicationSet
 * @param standing absent: it was not read yet
 * @param unseen the names of those that it lists and that were not seen
 * @returns undefined: they can
 */
export function lackingOf(
  name: string,
  standing: Standing | undefined,
  unseen: readonly string[],
): Lacking | undefined {
  switch (standing?.kind) {
    case 'missing':
    case 'deleted':
    case 'deleting':
      return { what: `ApplicationSet ${name} to exist`, cause: 'missing' };
    case 'error':
      return { what: `ApplicationSet ${name} to generate its Applications (${standing.reason})` };
    case 'generated':
      if (unseen.length === 0) return undefined;
      return { what: `${countOf(unseen)} of ApplicationSet ${name} to exist`, cause: 'missing' };
    default:
      return { what: generationOf(name) };
  }
}

/** What is waited for where nothing more is known. */
export function generationOf(name: string): string {
  return `ApplicationSet ${name} to generate its Applications for its present spec`;
}

/** `an Application (a)`, `7 Applications (a, b, c, d, e and 2 more)` */
function countOf(names: readonly string[]): string {
  const some = names.length === 1 ? 'an Application' : `${names.length} Applications`;
  return `${some} (${someOf(names, ', ')})`;
}
