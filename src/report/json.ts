/**
 * JSON text composed of JSON texts: what is listed in five outputs is serialised once, and a name
 * such as `__proto__` is a key like any other.
 */

export function arrayOf(items: readonly string[]): string {
  return `[${items.join(',')}]`;
}

/** Of two entries with one name the later value counts. */
export function objectOf(entries: Iterable<readonly [name: string, json: string]>): string {
  const members = [...new Map(entries)].map(([name, json]) => `${JSON.stringify(name)}:${json}`);
  return `{${members.join(',')}}`;
}
