import type { Identity } from '../../http/json.js';
import type { Request, Transport } from '../../http/transport.js';
import type { Protocol, ReadObject, Watch } from '../protocol.js';
import type { SourceOptions, WatchTimeouts } from '../source.js';
import { refusal } from './refusals.js';
import { type Streamed, streamEvent } from './stream.js';

/** With these statuses a server, or a proxy in front of it, says that it cannot stream. */
const NO_WATCH: ReadonlySet<number> = new Set([404, 405, 406, 501]);

export const WATCH_TIMEOUTS: WatchTimeouts = { silenceTimeoutMs: 60_000, healthyAfterMs: 5_000 };

export interface ProtocolOptions extends Pick<SourceOptions, 'clock' | 'pollIntervalMs'>, Streamed {
  /** The whole list. @throws TerminalError or TransientError */
  readonly list: <T extends Identity>(
    read: ReadObject<T>,
    signal: AbortSignal,
  ) => Promise<readonly T[]>;
  readonly stream: Request;
  /** For streams, whose headers come only with the first event. */
  readonly streams: Transport;
  readonly timing: WatchTimeouts;
}

/**
 * The Argo CD API: lists and streams from the server's cache. A stream has no resource version to
 * continue from and no bookmarks. It begins with the present state, but tells neither when that is
 * complete nor what was deleted before, so a list comes before every stream.
 */
export function argocdProtocol(options: ProtocolOptions): Protocol {
  const { list, stream, streams, server, action } = options;
  return {
    firstPhase: { kind: 'listing' },
    consistentLists: false,
    answersBeforeEvents: false,
    list: async (read, signal) => ({ items: await list(read, signal), from: '' }),
    async open(_phase, _contact, signal) {
      const opened = await streams.stream(stream, signal);
      if ('stream' in opened) return { kind: 'stream', stream: opened.stream };
      const fault = refusal(opened.refused, action, server);
      if (!NO_WATCH.has(opened.refused.status)) throw fault;
      return { kind: 'unsupported', why: fault.message, instead: 'polling' };
    },
    decode: (line) => streamEvent(line, options),
    check: (watch, signal) => checkSilence(options, watch, signal),
  };
}

/**
 * A stream sends nothing while nothing changes, not even a heartbeat, so a list is compared with it
 * after a long silence. The first time sooner: a change between the state that a stream begins with
 * and its first event is lost. Resolves when the list has what the stream did not send: the stream
 * is replaced.
 */
async function checkSilence(
  { clock, timing, pollIntervalMs }: ProtocolOptions,
  watch: Watch,
  signal: AbortSignal,
): Promise<void> {
  const soonMs = Math.min(pollIntervalMs, timing.silenceTimeoutMs);
  for (let checked = false; !signal.aborted; ) {
    // A stream that has not even sent the present state cannot be relied on.
    const reliable = checked && (watch.events > 0 || watch.known() === 0);
    const leftMs = (reliable ? timing.silenceTimeoutMs : soonMs) - watch.silentMs();
    if (leftMs > 0) await clock.sleep(leftMs, signal);
    else {
      const missed = await watch.relist(signal);
      if (missed) return;
      checked ||= missed === false;
    }
  }
}
