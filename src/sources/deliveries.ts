import { DecodeError } from '../core/application/decode.js';
import { type Application, keyOf } from '../core/application/types.js';
import type { Identity } from '../http/json.js';
import type { Log } from '../platform/log.js';
import type { SourceEvent } from './source.js';

export type Version = Pick<Identity, 'uid' | 'resourceVersion'>;

/** What a watch has told its listener. */
export interface Delivered {
  /** The last version of each Application, by `namespace/name`. */
  readonly versions: Map<string, Version>;
  /** A look was complete: from then on what is new has come to be. */
  looked: boolean;
}

/** So many warnings tell enough. */
const MAX_WARNINGS = 10;

/**
 * Reads one object of many: what cannot be read in one does not take the others with it, and is
 * told once.
 * @param parse throws DecodeError for an object that is none of the kind
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

/** Whether a look that finds another version than the last cannot know those between. */
export function mayHaveMissed({ versions, looked }: Delivered, key: string): boolean {
  return looked || versions.has(key);
}

export function sameVersion(a: Version | undefined, b: Version): boolean {
  return a?.uid === b.uid && a.resourceVersion === b.resourceVersion;
}

/**
 * Whether `next` was already overtaken by `last`. Versions are opaque, but those of one object
 * that are both numbers count up.
 */
export function isOlder(next: Version, last: Version | undefined): boolean {
  return last?.uid === next.uid && isBehind(next.resourceVersion, last.resourceVersion);
}

/** Whether a version is known to come before another. */
export function isBehind(version: string, than: string): boolean {
  const numeric = /^\d+$/;
  return numeric.test(version) && numeric.test(than) && BigInt(version) < BigInt(than);
}

/**
 * The events of one complete look.
 * @param delivered by a watch before, to tell whether anything was missed
 */
export function lookEvents(
  items: readonly Application[],
  delivered: Delivered,
): readonly SourceEvent[] {
  const gap = (application: Application) => {
    const key = keyOf(application);
    return mayHaveMissed(delivered, key) && !sameVersion(delivered.versions.get(key), application);
  };
  return [
    ...items.map(
      (application) => ({ kind: 'application', application, gap: gap(application) }) as const,
    ),
    { kind: 'listed', present: new Set(items.map(keyOf)) },
  ];
}
