/** A small schema: a type, a list of one shape, keys (`key?` may be absent), or keys of any name. */
export type Shape =
  | 'string'
  | 'integer'
  | 'boolean'
  | 'any'
  | readonly [Shape]
  | { readonly [key: string]: Shape };

/** Where a value is not of a shape, as paths with what is wrong there; no keys beyond the shape's. */
export function misfits(value: unknown, shape: Shape, path = ''): readonly string[] {
  if (typeof shape === 'string') return isOf(value, shape) ? [] : [`${path}: not a ${shape}`];
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return [`${path}: not a list`];
    return value.flatMap((each, i) => misfits(each, shape[0], `${path}[${i}]`));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [`${path}: not an object`];
  }
  return misfitsOfKeys(value, shape as Readonly<Record<string, Shape>>, path);
}

function misfitsOfKeys(
  value: object,
  shape: Readonly<Record<string, Shape>>,
  path: string,
): readonly string[] {
  const fields = Object.entries(value);
  const missing = Object.keys(shape)
    .filter((key) => key !== '*' && !key.endsWith('?') && !Object.hasOwn(value, key))
    .map((key) => `${path}.${key}: missing`);
  const wrong = fields.flatMap(([key, each]) => {
    const of = shape[key] ?? shape[`${key}?`] ?? shape['*'];
    return of === undefined ? [`${path}.${key}: unknown`] : misfits(each, of, `${path}.${key}`);
  });
  return [...missing, ...wrong];
}

function isOf(value: unknown, type: string): boolean {
  if (type === 'integer') return Number.isSafeInteger(value);
  return type === 'any' || typeof value === type;
}
