import type { Identity } from './json.js';

export type Version = Pick<Identity, 'uid' | 'resourceVersion'>;

/** What a watch has told its listener. */
export interface Delivered {
  /** The last version of each Application, by `namespace/name`. */
  readonly versions: Map<string, Version>;
  /** A look was complete: from then on what is new has come to be. */
  looked: boolean;
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
