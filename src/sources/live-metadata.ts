import { type Json, list, record, text } from '../http/json.js';
import type { Lack } from './inspector.js';
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

export function unreadable(lack: Lack): Extract<LiveMetadata, { readonly kind: 'unreadable' }> {
  return { kind: 'unreadable', ...lack };
}

/** Like `Promise.all` over `items.map(make)`, with a limit, and none made after one has failed. */
export async function mapAtMost<T, R>(
  limit: number,
  items: readonly T[],
  make: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  // A generator, which ends for all workers when one of them leaves its loop.
  const rest = eachOf(items);
  const worker = async () => {
    for (const [at, item] of rest) results[at] = await make(item);
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}

function* eachOf<T>(items: readonly T[]): Generator<[number, T]> {
  yield* items.entries();
}
