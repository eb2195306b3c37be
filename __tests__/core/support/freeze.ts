/** Makes every attempt to change a value throw, however deep it is. */
export function deepFreeze<T>(value: T): T {
  freeze(value);
  return value;
}

/** The core freezes nothing: what is frozen was frozen here, with everything in it. */
function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  if (value instanceof Map || value instanceof Set) Object.defineProperties(value, REFUSALS);
  Object.freeze(value);
  if (value instanceof Map) for (const each of value.keys()) freeze(each);
  if (value instanceof Map || value instanceof Set) for (const each of value.values()) freeze(each);
  for (const each of Object.values(value)) freeze(each);
}

/** Maps and sets take no notice of being frozen. */
const REFUSALS: PropertyDescriptorMap = Object.fromEntries(
  ['set', 'add', 'delete', 'clear'].map((method) => {
    const value = () => {
      throw new TypeError(`${method} of a frozen collection`);
    };
    return [method, { value }];
  }),
);
