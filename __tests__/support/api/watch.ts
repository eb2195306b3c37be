import { EventStream } from './event-stream.ts';
import { type Exchange, type Reply, refuse } from './exchange.ts';
import { failure, invalidOption, type Status } from './faults.ts';
import { APPLICATIONS, groupVersion } from './kinds.ts';
import { render, selection } from './render.ts';
import { isTrue, type ResourceTarget } from './request.ts';
import type { Selector } from './selectors.ts';
import type { State } from './state.ts';
import type { Change } from './store.ts';

/** So long before it ends a watch a server sends a bookmark. */
const LAST_BOOKMARK_MS = 2000;

/** @returns a refusal, or nothing when the stream is open */
export function watch(
  state: State,
  exchange: Exchange,
  { namespace }: ResourceTarget,
): Reply | undefined {
  const { query, response, served } = exchange;
  const selects = selection(exchange, namespace);
  const problem = checkWatchOptions(state, query);
  if (problem) return refuse(problem);
  const initial = isTrue(query.get('sendInitialEvents')) && state.behaviour.streamingList === 'yes';

  served.status = 200;
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.flushHeaders();
  const stream = new EventStream(response, exchange.fault, (bytes) => {
    served.bytesSent += bytes;
  });
  const start = open(state, exchange, stream, selects, initial);
  if (start === undefined) {
    stream.end();
    return undefined;
  }

  const bookmark = (): void => {
    if (isTrue(query.get('allowWatchBookmarks'))) sendBookmark(stream, state.store.version);
  };
  const unsubscribe = state.store.subscribe((change) => {
    if (change.version > start) deliver(exchange, stream, selects, change);
  });
  const entry = { stream, bookmark };
  const interval = setInterval(bookmark, state.bookmarkIntervalMs);
  const ms = 1000 * Number(query.get('timeoutSeconds') ?? 0);
  // As a real server: who watches goes on from near the end.
  const last = ms > LAST_BOOKMARK_MS ? setTimeout(bookmark, ms - LAST_BOOKMARK_MS) : undefined;
  const timeout = ms > 0 ? setTimeout(() => stream.end(), ms) : undefined;
  state.watches.add(entry);
  response.on('close', () => {
    unsubscribe();
    clearInterval(interval);
    clearTimeout(last);
    clearTimeout(timeout);
    state.watches.delete(entry);
  });
  return undefined;
}

function checkWatchOptions(state: State, query: URLSearchParams): Status | undefined {
  const match = query.get('resourceVersionMatch');
  if (!query.has('sendInitialEvents')) {
    return match
      ? invalidOption(
          'resourceVersionMatch',
          'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
        )
      : undefined;
  }
  if (state.behaviour.streamingList === 'ignore') return undefined;
  if (state.behaviour.streamingList === 'reject') {
    const message =
      'sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled';
    return invalidOption('sendInitialEvents', message, state.rejectCode);
  }
  return match === 'NotOlderThan'
    ? undefined
    : invalidOption(
        'resourceVersionMatch',
        'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
      );
}

/**
 * The first part of a watch: the present state, or what happened since a version.
 * @returns the version after which changes are to be delivered; undefined: it has expired
 */
function open(
  { store }: State,
  exchange: Exchange,
  stream: EventStream,
  selects: Selector,
  initial: boolean,
): number | undefined {
  const from = exchange.query.get('resourceVersion') ?? '';
  if (initial || from === '' || from === '0') {
    for (const object of store.list().filter(selects)) {
      stream.send('ADDED', () => render(exchange, object));
    }
    if (initial) sendBookmark(stream, store.version, { 'k8s.io/initial-events-end': 'true' });
    return store.version;
  }
  const version = Number(from);
  if (version < store.horizon) {
    const expired = failure(410, `too old resource version: ${version} (${store.horizon})`);
    stream.send('ERROR', () => JSON.stringify(expired));
    return undefined;
  }
  for (const change of store.since(version)) deliver(exchange, stream, selects, change);
  return version;
}

/** A change as a selective watch sees it: objects enter and leave the selection. */
function deliver(exchange: Exchange, stream: EventStream, selects: Selector, change: Change): void {
  const before = change.previous !== undefined && selects(change.previous);
  const after = change.type !== 'DELETED' && selects(change.object);
  if (after) stream.send(before ? 'MODIFIED' : 'ADDED', () => render(exchange, change.object));
  if (after || !before || !change.previous) return;
  const metadata = {
    ...change.previous.metadata,
    resourceVersion: String(change.version),
  };
  const last = { ...change.previous, metadata };
  stream.send('DELETED', () => render(exchange, last));
}

function sendBookmark(
  stream: EventStream,
  version: number,
  annotations?: Readonly<Record<string, string>>,
): void {
  const metadata = {
    ...(annotations ? { annotations } : {}),
    creationTimestamp: null,
    resourceVersion: String(version),
  };
  const { kind } = APPLICATIONS;
  stream.send('BOOKMARK', () =>
    JSON.stringify({ apiVersion: groupVersion(APPLICATIONS), kind, metadata }),
  );
}
