import type { Answer } from '../../http/answers.js';
import type { Transport } from '../../http/transport.js';
import { isBehind } from '../deliveries.js';
import type { Contact, Protocol, WatchPhase, WatchResponse } from '../protocol.js';
import type { SourceOptions, WatchTimeouts } from '../source.js';
import { listObjects, newestVersion, selectors } from './applications.js';
import { accessTo, pathOf, type ResourceType } from './paths.js';
import { refusal } from './refusals.js';
import { watchEvent } from './wire.js';

/** With these statuses a server says that it cannot stream a list, or cannot be watched. */
const NO_STREAMING_LIST: ReadonlySet<number> = new Set([400, 403, 405, 406, 422, 501]);
const NO_WATCH: ReadonlySet<number> = new Set([403, 405, 501]);
/** How often a watch is tried again that is forbidden after it was allowed: 3 s in all. */
const MAX_FORBIDDEN_RETRIES = 3;
const FORBIDDEN_PAUSE_MS = 500;

export interface KubernetesTimeouts extends WatchTimeouts {
  /**
   * `timeoutSeconds` of a watch: most waits need only one. A server sends a bookmark just before it
   * ends a watch, so the position is recent even where nothing happened.
   */
  readonly watchMs: number;
  /** Silence in an incomplete streaming list: the server does not support them. */
  readonly idleTimeoutMs: number;
  /** For a whole streaming list: a busy server that does not support them is never silent. */
  readonly listDeadlineMs: number;
  /** After so much silence the server is asked whether it still has the version of the watch. */
  readonly staleAfterMs: number;
}

/** Bookmarks come every minute, so a working watch is never that silent. */
export const WATCH_TIMEOUTS: KubernetesTimeouts = {
  watchMs: 3_600_000,
  silenceTimeoutMs: 75_000,
  idleTimeoutMs: 2_000,
  listDeadlineMs: 20_000,
  healthyAfterMs: 5_000,
  staleAfterMs: 5_000,
};

export interface ProtocolOptions extends Pick<SourceOptions, 'selection' | 'clock'> {
  readonly transport: Transport;
  /** As messages call it. */
  readonly server: string;
  readonly type: ResourceType;
  readonly timing: KubernetesTimeouts;
}

/**
 * The Kubernetes API: consistent lists, streamed where the server can do so, and watches from a
 * resource version, with bookmarks.
 */
export function kubernetesProtocol(options: ProtocolOptions): Protocol {
  const isRestored = restoreCheck(options);
  return {
    firstPhase: { kind: 'streaming-list' },
    consistentLists: true,
    answersBeforeEvents: true,
    async list(read, signal) {
      const listing = await listObjects(options, read, signal);
      return { items: listing.items, from: listing.resourceVersion || undefined };
    },
    async open(phase, contact, signal) {
      if (phase.kind === 'watching' && (await isRestored(phase.from, contact, signal))) {
        return {
          kind: 'expired',
          why: 'the server has an older version, perhaps restored from a backup',
        };
      }
      const opened = await request(options, phase, signal);
      if ('refused' in opened) return refused(options, opened.refused, phase, contact);
      const { idleTimeoutMs, silenceTimeoutMs, listDeadlineMs: listMs } = options.timing;
      opened.stream.expect(phase.kind === 'watching' ? silenceTimeoutMs : idleTimeoutMs);
      return { kind: 'stream', stream: opened.stream, listMs };
    },
    decode: watchEvent,
  };
}

function request(
  { transport, type, selection, timing }: ProtocolOptions,
  phase: WatchPhase,
  signal: AbortSignal,
) {
  const query = {
    watch: '1',
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(Math.ceil(timing.watchMs / 1000)),
    ...selectors(selection),
    ...(phase.kind === 'watching'
      ? { resourceVersion: phase.from }
      : { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }),
  };
  return transport.stream({ path: pathOf(type, selection.namespace ?? ''), query }, signal);
}

function refused(
  { server, type, selection }: ProtocolOptions,
  answer: Answer,
  phase: WatchPhase,
  { refusals }: Contact,
): WatchResponse {
  const { status } = answer;
  const error = refusal(answer, accessTo('watch', type, selection.namespace ?? ''), server);
  if (phase.kind === 'streaming-list') {
    if (!NO_STREAMING_LIST.has(status)) throw error;
    const why = `the server refused a streaming list (${status})`;
    return { kind: 'unsupported', why, instead: 'listing' };
  }
  if (status === 410) return { kind: 'expired', why: 'it has expired (410)' };
  // An API server that has just started has not read its roles yet.
  if (status === 403 && refusals < MAX_FORBIDDEN_RETRIES) {
    return { kind: 'refused', why: '403', afterMs: (refusals + 1) * FORBIDDEN_PAUSE_MS };
  }
  if (!NO_WATCH.has(status)) throw error;
  return { kind: 'unsupported', why: error.message, instead: 'polling' };
}

/**
 * Whether etcd was restored from a backup. A watch from a version that is yet to come is silent, not
 * an error, so it would wait forever. Checked only after an outage or a long silence.
 */
function restoreCheck(options: ProtocolOptions) {
  const { clock, timing } = options;
  let checkedAt = 0;
  return async (position: string, { unreachable, heardAt }: Contact, signal: AbortSignal) => {
    const knownAt = Math.max(heardAt, checkedAt);
    if (!unreachable && clock.now().elapsed - knownAt < timing.staleAfterMs) return false;
    const version = await newestVersion(options, signal);
    if (version === undefined) return false;
    checkedAt = clock.now().elapsed;
    return isBehind(version, position);
  };
}
