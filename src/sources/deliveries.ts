import { type Application, keyOf } from '../core/application/types.js';
import type { Identity } from '../http/json.js';
import type { SourceEvent } from './source.js';

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

/**
 * Whether a version is known to come before another. Compared as texts: a server may send digits
 * by the megabyte, and reading eight of them as a number takes five seconds.
 */
export function isBehind(version: string, than: string): boolean {
  const numeric = /^\d+$/;
  if (!numeric.test(version) || !numeric.test(than)) return false;
  const [a, b] = [withoutLeadingZeros(version), withoutLeadingZeros(than)];
  return a.length === b.length ? a < b : a.length < b.length;
}

function withoutLeadingZeros(digits: string): string {
  return digits.replace(/^0+/, '');
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
