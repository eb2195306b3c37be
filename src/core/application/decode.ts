/** A value from the wire is not of the shape it must have; the message names the place. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

/** A JSON object whose fields are not known yet, and where it was found. */
export interface Node {
  readonly value: Readonly<Record<string, unknown>>;
  readonly path: string;
  /** Takes what is wrong with a field, which then counts as absent; else it is thrown. */
  readonly report?: (problem: DecodeError) => void;
}

/** @throws DecodeError unless `value` is a JSON object */
export function object(value: unknown, path: string): Node {
  if (isObject(value)) return { value, path };
  throw wrong(path, 'an object', value);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object in a field; an absent one is an empty object. */
export function child(node: Node, field: string): Node {
  return optional(node, field) ?? { ...node, value: {}, path: `${node.path}.${field}` };
}

/** The object in a field, or undefined where the field is absent or null. */
export function optional(node: Node, field: string): Node | undefined {
  const value = node.value[field];
  const path = `${node.path}.${field}`;
  if (value === undefined || value === null) return undefined;
  if (isObject(value)) return { ...node, value, path };
  return refuse(node, wrong(path, 'an object', value), undefined);
}

/** The string in a field; an absent one is empty. */
export function text(node: Node, field: string): string {
  const value = node.value[field];
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  return refuse(node, wrong(`${node.path}.${field}`, 'a string', value), '');
}

/** The longest text that is kept of what others say in prose. */
export const LONGEST_PROSE = 4000;

/** A text without its middle where it is longer than anybody reads. */
export function withoutMiddle(whole: string): string {
  if (whole.length <= LONGEST_PROSE) return whole;
  // What was done to a resource may stand at either end.
  const half = LONGEST_PROSE / 2;
  return `${whole.slice(0, half)}…${whole.slice(1 - half)}`;
}

/** The string in a field that must be there and not be empty. */
export function required(node: Node, field: string): string {
  const value = node.value[field];
  if (typeof value === 'string' && value !== '') return value;
  return refuse(node, wrong(`${node.path}.${field}`, 'a string', value ?? ''), '');
}

export function flag(node: Node, field: string, absent = false): boolean {
  const value = node.value[field];
  if (value === undefined || value === null) return absent;
  if (typeof value === 'boolean') return value;
  return refuse(node, wrong(`${node.path}.${field}`, 'a boolean', value), absent);
}

export function integer(node: Node, field: string): number | undefined {
  const value = node.value[field];
  if (value === undefined || value === null) return undefined;
  if (Number.isSafeInteger(value)) return value as number;
  return refuse(node, wrong(`${node.path}.${field}`, 'a whole number', value), undefined);
}

/** The objects of a list; an absent list is empty. */
export function objects(node: Node, field: string): readonly Node[] {
  return list(node, field).flatMap((value, i) => {
    const path = `${node.path}.${field}[${i}]`;
    if (isObject(value)) return [{ ...node, value, path }];
    return refuse(node, wrong(path, 'an object', value), []);
  });
}

/** The objects of a list of which one that cannot be read does not spoil the others. */
export function separateObjects(
  node: Node,
  field: string,
  report: (problem: DecodeError) => void,
): readonly Node[] {
  return objects({ ...node, value: { [field]: list(node, field) }, report }, field);
}

/** The strings of a list; an absent list is empty. */
export function texts(node: Node, field: string): readonly string[] {
  return list(node, field).flatMap((value, i) => {
    if (typeof value === 'string') return [value];
    return refuse(node, wrong(`${node.path}.${field}[${i}]`, 'a string', value), []);
  });
}

/** The values of a list; an absent list is empty. */
export function list(node: Node, field: string): readonly unknown[] {
  const value = node.value[field] ?? [];
  if (Array.isArray(value)) return value;
  return refuse(node, wrong(`${node.path}.${field}`, 'a list', value), []);
}

/** @throws the problem, unless the node takes it */
function refuse<T>(node: Node, problem: DecodeError, absent: T): T {
  if (!node.report) throw problem;
  node.report(problem);
  return absent;
}

/** @param value what was found; an empty text stands for what must not be empty */
export function wrong(path: string, wanted: string, value: unknown): DecodeError {
  const found = value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value;
  return new DecodeError(`${path} must be ${wanted}, not ${value === '' ? 'empty' : found}`);
}

/** What tells one object of the cluster from another. */
export interface ObjectIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/**
 * Reads an object of the cluster. Where its fields cannot be read nothing but its identity is known,
 * and `unreadable` says why, by place.
 * @param path of the value, for such a place
 * @param nothing what an object without any field is
 * @throws DecodeError with the place where it cannot even be told which object it is
 */
export function identified<T extends object>(
  value: unknown,
  path: string,
  kind: string,
  fieldsOf: (root: Node) => T,
  nothing: T,
): ObjectIdentity & T & { readonly unreadable?: string } {
  const root = object(value, path);
  const metadata = child(root, 'metadata');
  const name = required(metadata, 'name');
  const namespace = required(metadata, 'namespace');
  const identity = {
    namespace,
    name,
    uid: text(metadata, 'uid'),
    resourceVersion: text(metadata, 'resourceVersion'),
  };
  try {
    return {
      ...identity,
      ...fieldsOf({ value: root.value, path: `${kind} ${namespace}/${name}` }),
    };
  } catch (thrown) {
    if (!(thrown instanceof DecodeError)) throw thrown;
    return { ...identity, ...nothing, unreadable: thrown.message };
  }
}
