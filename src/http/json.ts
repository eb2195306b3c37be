/** Shallow reading of JSON that others wrote: what is not of the type wanted counts as absent. */
export type Json = Readonly<Record<string, unknown>>;

/** The object, or an empty one. */
export function record(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : {};
}

/** The string (YAML reads an unquoted one of digits as a number), or an empty one. */
export function text(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? value : '';
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The fields of `metadata` that tell one object, and one version of it, from another. */
export interface Identity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Empty where the server has sent what cannot be one, as it is sent back in URLs. */
  readonly resourceVersion: string;
}

/** A real one has some twenty digits. */
const LONGEST_VERSION = 256;

export function objectIdentityOf(object: unknown): Identity {
  const metadata = record(record(object).metadata);
  const version = text(metadata.resourceVersion);
  return {
    namespace: text(metadata.namespace),
    name: text(metadata.name),
    uid: text(metadata.uid),
    resourceVersion: version.length > LONGEST_VERSION ? '' : version,
  };
}
