import type { Transport } from '../../http/transport.js';
import type { Protocol, Watch } from '../protocol.js';
import type { SourceOptions, WatchTimeouts } from '../source.js';
import { listApplications, streamRequest } from './applications.js';
import { type ArgocdAction, refusal } from './refusals.js';
import { streamEvent } from './stream.js';

/** With these statuses a server, or a proxy in front of it, says that it cannot stream. */
const NO_WATCH: ReadonlySet<number> = new Set([404, 405, 406, 501]);

export const WATCH_TIMEOUTS: WatchTimeouts = { silenceTimeoutMs: 60_000, healthyAfterMs: 5_000 };

export interface ProtocolOptions
  extends Pick<SourceOptions, 'selection' | 'clock' | 'pollIntervalMs'> {
  /** For lists. */
  readonly transport: Transport;
  /** For streams, whose headers come only with the first event. */
  readonly streams: Transport;
  /** As messages call it. */
  readonly server: string;
  readonly timing: WatchTimeouts;
  /** What lists and streams ask for, as messages call it. */
  readonly listAction: ArgocdAction;
}

/**
 * The Argo CD API: lists and streams from the server's cache. A stream has no resource version to
 * continue from and no bookmarks. It begins with the present state, but tells neither when that is
 * complete nor what was deleted before, so a list comes before every stream.
 */
export function argocdProtocol(options: ProtocolOptions): Protocol {
  const { transport, streams, server, selection, listAction } = options;
  return {
    firstPhase: { kind: 'listing' },
    consistentLists: false,
    answersBeforeEvents: false,
    async list(read, signal) {
      return {
        items: await listApplications(transport, server, selection, read, signal, '', listAction),
        from: '',
      };
    },
    async open(_phase, _contact, signal) {
      const opened = await streams.stream(streamRequest(selection), signal);
      if ('stream' in opened) return { kind: 'stream', stream: opened.stream };
      const fault = refusal(opened.refused, listAction, server);
      if (!NO_WATCH.has(opened.refused.status)) throw fault;
      return { kind: 'unsupported', why: fault.message, instead: 'polling' };
    },
    decode: (line) => streamEvent(line, server),
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
