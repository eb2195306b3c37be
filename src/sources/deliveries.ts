import { keyOf } from '../core/application/types.js';
import { type Identity, objectIdentityOf } from '../http/json.js';
import type { ObjectEvent } from './protocol.js';

export type Version = Pick<Identity, 'uid' | 'resourceVersion'>;

/** The keys that a list has so far. */
export type Present = Set<string>;

/** What a listener was told: every version once, and where versions may have been missed. */
export class Deliveries<T extends Identity> {
  /** The last version of each object, by `namespace/name`. */
  readonly #versions = new Map<string, Version>();
  /** A list was complete: what is new since then was created since then. */
  #listed = false;
  readonly #consistentLists: boolean;

  /** @param consistentLists see `Protocol` */
  constructor(consistentLists: boolean) {
    this.#consistentLists = consistentLists;
  }

  get size(): number {
    return this.#versions.size;
  }

  get keys(): ReadonlySet<string> {
    return new Set(this.#versions.keys());
  }

  /**
   * @param list the keys so far of the list that the object is in; undefined: it is in a watch
   * @param initial it may have existed before the watch, so versions may have been missed
   */
  changed(object: T, list?: Present, initial = false): ObjectEvent<T> | undefined {
    const key = keyOf(object);
    const last = this.#versions.get(key);
    const gap = list ? !list.has(key) && this.#mayHaveMissed(key) : initial && last !== undefined;
    list?.add(key);
    if (sameVersion(last, object)) return undefined;
    if (isOlder(object, last) && !(list && this.#consistentLists)) return undefined;
    const { uid, resourceVersion } = object;
    this.#versions.set(key, { uid, resourceVersion });
    return { kind: 'object', object, gap };
  }

  deleted(object: unknown, list?: Present): ObjectEvent<T> | undefined {
    const identity = objectIdentityOf(object);
    const key = keyOf(identity);
    // The deletion of an earlier object of that name says nothing about the present one.
    if (this.#versions.get(key)?.uid !== identity.uid) return undefined;
    this.#versions.delete(key);
    list?.delete(key);
    return { kind: 'deleted', key, uid: identity.uid };
  }

  /** @returns whether something that was known no longer exists */
  completed(present: ReadonlySet<string>): boolean {
    const gone = [...this.#versions.keys()].filter((key) => !present.has(key));
    for (const key of gone) this.#versions.delete(key);
    this.#listed = true;
    return gone.length > 0;
  }

  /** The events of one complete list beside the watch; they do not count as delivered. */
  eventsOf(items: readonly T[]): readonly ObjectEvent<T>[] {
    const isNews = (object: T) =>
      this.#consistentLists || !isOlder(object, this.#versions.get(keyOf(object)));
    const gap = (object: T) => {
      const key = keyOf(object);
      return this.#mayHaveMissed(key) && !sameVersion(this.#versions.get(key), object);
    };
    return [
      ...items
        .filter(isNews)
        .map((object) => ({ kind: 'object', object, gap: gap(object) }) as const),
      { kind: 'listed', present: new Set(items.map(keyOf)) },
    ];
  }

  /** Whether a list that has another version than the last cannot know those between. */
  #mayHaveMissed(key: string): boolean {
    return this.#listed || this.#versions.has(key);
  }
}

function sameVersion(a: Version | undefined, b: Version): boolean {
  return a?.uid === b.uid && a.resourceVersion === b.resourceVersion;
}

/**
 * Whether `next` was already overtaken by `last`. Versions are opaque, but those of one object
 * that are both numbers count up.
 */
function isOlder(next: Version, last: Version | undefined): boolean {
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
