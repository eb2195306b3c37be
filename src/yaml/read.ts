import type { Read, YamlNode } from './nodes.js';
import { readSimple } from './simple.js';

/** The library is loaded only for texts that are not of the simple form: a start does without. */

/** Reads a text in which keys may repeat; an empty one is null. */
export async function readNodes(text: string): Promise<Read<YamlNode | null>> {
  const simple = readSimple(text);
  if (simple !== undefined) return { ok: true, value: simple };
  return (await import('./library.js')).readNodesByLibrary(text);
}

/** Reads a text as data, without a part of it in what is said of a fault but in its `message`. */
export async function readData(text: string): Promise<Read<unknown>> {
  const simple = readSimple(text);
  if (simple !== undefined) return { ok: true, value: dataOf(simple) };
  return (await import('./library.js')).readDataByLibrary(text);
}

/** Of nodes without aliases, as simple ones are. */
function dataOf(node: YamlNode | null): unknown {
  if (node?.kind === 'scalar') return node.value;
  if (node?.kind === 'list') return node.items.map(dataOf);
  if (node?.kind !== 'map') return null;
  return Object.fromEntries(node.pairs.map(({ key, value }) => [dataOf(key), dataOf(value)]));
}
