/** A value from the wire is not of the shape it must have; the message names the place. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

/** A JSON object whose fields are not known yet, and where it was found. */
export interface Node {
  readonly value: Readonly<Record<string, unknown>>;
  readonly path: string;
}

/** @throws DecodeError unless `value` is a JSON object */
export function object(value: unknown, path: string): Node {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return { value: value as Readonly<Record<string, unknown>>, path };
  }
  throw wrong(path, 'an object', value);
}

/** The object in a field; an absent one is an empty object. */
export function child(node: Node, field: string): Node {
  return object(node.value[field] ?? {}, `${node.path}.${field}`);
}

/** The object in a field, or undefined where the field is absent or null. */
export function optional(node: Node, field: string): Node | undefined {
  const value = node.value[field];
  return value === undefined || value === null ? undefined : object(value, `${node.path}.${field}`);
}

/** The string in a field; an absent one is empty. */
export function text(node: Node, field: string): string {
  const value = node.value[field];
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  throw wrong(`${node.path}.${field}`, 'a string', value);
}

/** The string in a field that must be there and not be empty. */
export function required(node: Node, field: string): string {
  const value = text(node, field);
  if (value === '') throw wrong(`${node.path}.${field}`, 'a string', value);
  return value;
}

export function flag(node: Node, field: string, absent = false): boolean {
  const value = node.value[field];
  if (value === undefined || value === null) return absent;
  if (typeof value === 'boolean') return value;
  throw wrong(`${node.path}.${field}`, 'a boolean', value);
}

export function integer(node: Node, field: string): number | undefined {
  const value = node.value[field];
  if (value === undefined || value === null) return undefined;
  if (Number.isSafeInteger(value)) return value as number;
  throw wrong(`${node.path}.${field}`, 'a whole number', value);
}

/** The objects of a list; an absent list is empty. */
export function objects(node: Node, field: string): readonly Node[] {
  return list(node, field).map((value, i) => object(value, `${node.path}.${field}[${i}]`));
}

/** The strings of a list; an absent list is empty. */
export function texts(node: Node, field: string): readonly string[] {
  return list(node, field).map((value, i) => {
    if (typeof value === 'string') return value;
    throw wrong(`${node.path}.${field}[${i}]`, 'a string', value);
  });
}

function list(node: Node, field: string): readonly unknown[] {
  const value = node.value[field] ?? [];
  if (Array.isArray(value)) return value;
  throw wrong(`${node.path}.${field}`, 'a list', value);
}

function wrong(path: string, wanted: string, value: unknown): DecodeError {
  const found = value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value;
  return new DecodeError(`${path} must be ${wanted}, not ${value === '' ? 'empty' : found}`);
}
