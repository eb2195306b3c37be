import { type Json, list, record, text } from '../http/json.js';
import type { LiveMetadata } from './source.js';

/** The field manager of Argo CD. */
const WRITER = 'argocd-controller';

/** Reads the metadata of a live object. */
export function found(metadata: Json): LiveMetadata {
  const writes = list(metadata.managedFields)
    .map(record)
    .filter((entry) => entry.manager === WRITER)
    .map((entry) => text(entry.time));
  // RFC 3339 times in UTC sort as text.
  const lastWrite = writes.sort().at(-1) ?? '';
  return { kind: 'found', creationTimestamp: text(metadata.creationTimestamp), lastWrite };
}

export function unreadable(
  message: string,
  remedy: string,
): Extract<LiveMetadata, { readonly kind: 'unreadable' }> {
  return { kind: 'unreadable', message, remedy };
}

/** Like `Promise.all` over `items.map(make)`, with a limit; keeps the order. */
export async function mapAtMost<T, R>(
  limit: number,
  items: readonly T[],
  make: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const rest = items.entries();
  const worker = async () => {
    for (const [at, item] of rest) results[at] = await make(item);
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}
