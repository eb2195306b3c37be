import { type Exchange, json, type Reply, refuse } from './exchange.ts';
import { failure, invalidOption } from './faults.ts';
import { listBody, selection } from './render.ts';
import type { ResourceTarget } from './request.ts';
import type { State } from './state.ts';

interface Continue {
  readonly version: number;
  readonly offset: number;
}

export function list(
  { store }: State,
  exchange: Exchange,
  { type, namespace }: ResourceTarget,
): Reply {
  const { query } = exchange;
  if (query.has('sendInitialEvents')) {
    return refuse(invalidOption('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  const asked = Number(query.get('resourceVersion') ?? '');
  if (asked > store.version) {
    return refuse(failure(504, `Too large resource version: ${asked}`));
  }
  const token = parseContinue(query.get('continue'));
  if (token && token.version < store.horizon) {
    return refuse(failure(410, 'The provided continue parameter is too old'));
  }
  const exact = query.get('resourceVersionMatch') === 'Exact' ? asked : undefined;
  const version = token?.version ?? exact ?? store.version;
  const offset = token?.offset ?? 0;
  const all = store.list(version).filter(selection(exchange, namespace));
  // A list at version 0 comes out of the cache of a real server, which knows no pages.
  const limit = query.get('resourceVersion') === '0' ? 0 : Number(query.get('limit') ?? 0);
  const items = all.slice(offset, limit > 0 ? offset + limit : undefined);
  const left = all.length - offset - items.length;
  const selective = query.has('labelSelector') || query.has('fieldSelector');
  const next = left > 0 ? formatContinue({ version, offset: offset + items.length }) : '';
  const metadata = {
    continue: next,
    ...(left > 0 && !selective ? { remainingItemCount: left } : {}),
    resourceVersion: String(version),
  };
  return json(200, listBody(exchange, type, items, metadata));
}

function formatContinue(token: Continue): string {
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

function parseContinue(text: string | null): Continue | undefined {
  if (!text) return undefined;
  return JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Continue;
}
