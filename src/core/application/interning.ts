import type { Application, ResourceKey } from './types.js';
import { resourceName } from './types.js';

/**
 * One copy of what is equal. The wire repeats everything with every snapshot, and what was seen
 * keeps much of it: of thousands of Applications that is most of the memory.
 */

/**
 * Templates make Applications alike, and every one names its resources twice. Of those that have
 * nothing in common a table of all would be as large as they are: a full one is forgotten.
 */
const REMEMBERED = 10_000;
/** Names, images and the messages of an apply are shorter; other messages come once. */
const LONGEST = 300;
const texts = new Map<string, string>();
const lists = new Map<string, readonly string[]>();

export function shared(text: string): string {
  return firstOf(texts, text, text);
}

export function sharedList(list: readonly string[]): readonly string[] {
  return firstOf(lists, JSON.stringify(list), list);
}

function firstOf<T>(known: Map<string, T>, key: string, value: T): T {
  if (key.length > LONGEST) return value;
  const first = known.get(key);
  if (first !== undefined) return first;
  if (known.size >= REMEMBERED) known.clear();
  known.set(key, value);
  return value;
}

/** An Application with the objects of its snapshot before, wherever a resource is as it was. */
export function sharedWith(before: Application, application: Application): Application {
  const { comparison, operation } = application;
  const resources = kept(before.comparison.resources, comparison.resources);
  const results = operation && kept(before.operation?.results ?? [], operation.results);
  return {
    ...application,
    comparison: { ...comparison, resources },
    ...(operation && results ? { operation: { ...operation, results } } : {}),
  };
}

function kept<T extends ResourceKey>(before: readonly T[], after: readonly T[]): readonly T[] {
  const byName = new Map(before.map((each) => [resourceName(each), each]));
  return after.map((each) => {
    const earlier = byName.get(resourceName(each));
    return earlier && isSameEntry(earlier, each) ? earlier : each;
  });
}

/** Whether two resources of one shape are equal: their values are scalars and lists of texts. */
export function isSameEntry<T extends ResourceKey>(a: T, b: T): boolean {
  const keys = Object.keys(a) as readonly (keyof T)[];
  return keys.length === Object.keys(b).length && keys.every((key) => isSameValue(a[key], b[key]));
}

function isSameValue(a: unknown, b: unknown): boolean {
  if (a === b || !Array.isArray(a) || !Array.isArray(b)) return a === b;
  return a.length === b.length && a.every((each, i) => each === b[i]);
}
