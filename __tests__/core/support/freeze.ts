/** Makes every attempt to change a value throw, however deep it is. */
export function deepFreeze<T>(value: T): T {
  freeze(value, new Set());
  return value;
}

const frozen = new WeakSet<object>();

function freeze(value: unknown, above: Set<object>): void {
  if (typeof value !== 'object' || value === null || frozen.has(value) || above.has(value)) return;
  above.add(value);
  if (value instanceof Map) lock(value, [...value.keys(), ...value.values()], above);
  else if (value instanceof Set) lock(value, [...value], above);
  for (const each of Object.values(value)) freeze(each, above);
  Object.freeze(value);
  frozen.add(value);
}

/** Maps and sets take no notice of being frozen. */
function lock(
  collection: Map<unknown, unknown> | Set<unknown>,
  items: readonly unknown[],
  above: Set<object>,
): void {
  for (const method of ['set', 'add', 'delete', 'clear']) {
    const refuse = () => {
      throw new TypeError(`${method} of a frozen collection`);
    };
    Object.defineProperty(collection, method, { value: refuse });
  }
  for (const item of items) freeze(item, above);
}
