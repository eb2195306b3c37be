import type { Transport } from '../../http/transport.js';
import type { Protocol, Watch } from '../protocol.js';
import type { SourceOptions, WatchTimeouts } from '../source.js';
import { listApplications, streamRequest } from './applications.js';
import { LIST_ACTION, refusal } from './refusals.js';
import { streamEvent } from './stream.js';

/** A server, or what is before it, that refuses so does not do streams. */
const NO_WATCH: ReadonlySet<number> = new Set([404, 405, 406, 501]);

export const WATCH_TIMEOUTS: WatchTimeouts = { silenceTimeoutMs: 60_000, healthyAfterMs: 5_000 };

export interface ProtocolOptions
  extends Pick<SourceOptions, 'selection' | 'clock' | 'pollIntervalMs'> {
  /** For answers. */
  readonly transport: Transport;
  /** For streams, of which even the headers come only with the first event. */
  readonly streams: Transport;
  /** As messages call it. */
  readonly server: string;
  readonly timing: WatchTimeouts;
}

/**
 * Lists and streams of the Argo CD API, which come from the server's cache. A stream has neither
 * versions to go on from nor bookmarks: it begins with the present state, but says neither when
 * that is complete nor what was deleted before, so a list comes before every stream.
 */
export function argocdProtocol(options: ProtocolOptions): Protocol {
  const { transport, streams, server, selection } = options;
  return {
    firstPhase: { kind: 'listing' },
    consistentLists: false,
    answersBeforeEvents: false,
    async list(read, signal) {
      return {
        items: await listApplications(transport, server, selection, read, signal),
        from: '',
      };
    },
    async open(_phase, _contact, signal) {
      const opened = await streams.stream(streamRequest(selection), signal);
      if ('stream' in opened) return { kind: 'stream', stream: opened.stream };
      const fault = refusal(opened.refused, LIST_ACTION, server);
      if (!NO_WATCH.has(opened.refused.status)) throw fault;
      return { kind: 'unsupported', why: fault.message, instead: 'polling' };
    },
    decode: (line) => streamEvent(line, server),
    check: (watch, signal) => checkSilence(options, watch, signal),
  };
}

/**
 * A stream says nothing while nothing changes, not even that it is alive, so a list is compared
 * whenever it is silent for long. For the first time sooner: what changes between the state that a
 * stream begins with and its first change is lost. Resolves when the stream had not told what the
 * list tells: another one must take its place.
 */
async function checkSilence(
  { clock, timing, pollIntervalMs }: ProtocolOptions,
  watch: Watch,
  signal: AbortSignal,
): Promise<void> {
  const soonMs = Math.min(pollIntervalMs, timing.silenceTimeoutMs);
  for (let checked = false; !signal.aborted; ) {
    // A stream that has not even told the present state is not to be relied on.
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
