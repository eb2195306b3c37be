import { type Exchange, type Reply, refuse } from './exchange.ts';
import { failure, notFound } from './faults.ts';
import { qualifiedName } from './kinds.ts';
import { render } from './render.ts';
import type { ResourceTarget } from './request.ts';
import type { State } from './state.ts';
import { isRecord, type KubeObject, mergePatch } from './store.ts';

export function patch(
  { store, behaviour }: State,
  exchange: Exchange,
  { type, namespace, name }: ResourceTarget,
): Reply {
  const { served } = exchange;
  if (!served.headers.contentType.startsWith('application/merge-patch+json')) {
    return refuse(failure(415, 'the body of the request was in an unknown format'));
  }
  const before = store.get(namespace, name);
  if (!before) return refuse(notFound(type, name));
  const body = parseJson(served.body);
  if (!isRecord(body)) return refuse(failure(400, 'the body is not a JSON object'));
  const wanted = isRecord(body.metadata) ? body.metadata.resourceVersion : undefined;
  if (typeof wanted === 'string' && wanted !== before.metadata.resourceVersion) {
    const why =
      'the object has been modified; please apply your changes to the latest version and try again';
    const details = { name, group: type.group, kind: type.plural };
    const message = `Operation cannot be fulfilled on ${qualifiedName(type)} "${name}": ${why}`;
    return refuse(failure(409, message, details));
  }
  const after = patched(before, body);
  const same = JSON.stringify(after) === JSON.stringify(before);
  const dry = exchange.query.get('dryRun') === 'All';
  // A patch that changes nothing is not written: no new version, no event.
  const stored = same || dry ? after : store.put(after);
  // Not before the answer is on its way: what the hook does comes after it.
  if (stored !== after) setImmediate(() => behaviour.onPatch?.(stored, before));
  return { code: 200, text: render(exchange, stored) };
}

/** The merge, with what nobody may change by a patch kept, and `generation` moved. */
function patched(before: KubeObject, body: Record<string, unknown>): KubeObject {
  const merged = mergePatch(before, body) as KubeObject;
  const { name, namespace, uid, resourceVersion, generation } = before.metadata;
  const contentOf = (object: KubeObject): string => JSON.stringify({ ...object, metadata: null });
  const moved = contentOf(merged) !== contentOf(before);
  const kept = Object.entries({
    name,
    namespace,
    uid,
    resourceVersion,
    generation: moved ? (generation ?? 0) + 1 : generation,
  }).filter(([, value]) => value !== undefined);
  return { ...merged, metadata: { ...merged.metadata, name, ...Object.fromEntries(kept) } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
