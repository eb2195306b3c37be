import type { Application } from '../core/application/types.js';
import type { LineStream } from '../http/transport.js';
import type { TransientError } from '../platform/errors.js';

/** What the reflector asks of a server, and how that answers: each source has its own. */

/** What a reflector does next; the words are those of client-go's Reflector. */
export type Phase =
  /** A list in one answer; then a watch. */
  | { readonly kind: 'listing' }
  /** A list as the first events of a watch, up to a bookmark (KEP-3157). */
  | { readonly kind: 'streaming-list' }
  /** `from` a resource version; empty: the watch begins with the present state. */
  | { readonly kind: 'watching'; readonly from: string }
  /** A list every `pollIntervalMs`: no watch can be had. */
  | { readonly kind: 'polling' };

export type WatchPhase = Extract<Phase, { readonly kind: 'streaming-list' | 'watching' }>;

/** An event of a watch. `position`: the resource version to go on from; empty: unknown. */
export type WatchEvent =
  /** `initial`: added, or there when the watch began; versions before it may have been missed. */
  | {
      readonly kind: 'changed';
      readonly object: unknown;
      readonly position: string;
      readonly initial?: boolean;
    }
  | { readonly kind: 'deleted'; readonly object: unknown; readonly position: string }
  /** `complete`: all objects that were there at the beginning have been sent. */
  | { readonly kind: 'bookmark'; readonly complete: boolean; readonly position: string }
  /** The server no longer remembers the versions since the position. */
  | { readonly kind: 'expired' }
  | { readonly kind: 'error'; readonly error: TransientError };

/** What became of a request to watch. */
export type WatchResponse =
  /** `listMs`: how long a streaming list may take in all. */
  | { readonly kind: 'stream'; readonly stream: LineStream; readonly listMs?: number }
  /** Nothing can be watched from this position: a list comes next. */
  | { readonly kind: 'expired'; readonly why: string }
  /** Refused for now: the same is asked again. */
  | { readonly kind: 'refused'; readonly why: string; readonly afterMs: number }
  /** The server cannot do this: from now on `instead`. */
  | {
      readonly kind: 'unsupported';
      readonly why: string;
      readonly instead: Exclude<Phase['kind'], WatchPhase['kind']>;
    };

/** The server as the reflector knows it. */
export interface Contact {
  /** The listener was told that the server cannot be reached. */
  readonly unreachable: boolean;
  /** When the server last told anything of its state, by the elapsed time. */
  readonly heardAt: number;
  /** Refusals in a row since a watch last worked; infinite before the first. */
  readonly refusals: number;
}

/** A watch while it is read. */
export interface Watch {
  readonly events: number;
  /** Since the server last told anything. */
  silentMs(): number;
  /** How many Applications were delivered and not deleted. */
  known(): number;
  /**
   * Lists, and delivers what the list has, unless the watch told something meanwhile.
   * @returns whether it was news; undefined where it was not looked at
   * @throws TerminalError or TransientError
   */
  relist(signal: AbortSignal): Promise<boolean | undefined>;
}

/** Makes an Application of an object on the wire; nothing of one that was not asked for. */
export type ReadApplication = (object: unknown) => Application | undefined;

/** A complete list. */
export interface Listing {
  readonly items: readonly Application[];
  /** Where a watch goes on from, see `Phase`; undefined: there is nothing to watch from. */
  readonly from: string | undefined;
}

/** How a server lists and watches: all that differs between the two sources. */
export interface Protocol {
  readonly firstPhase: Phase;
  /**
   * Lists are read from where the truth is: an older version is that of a restored backup.
   * Otherwise they come from caches, and an older version is a late one.
   */
  readonly consistentLists: boolean;
  /** A watch is answered at once, not with its first event. */
  readonly answersBeforeEvents: boolean;
  /** @throws TerminalError or TransientError */
  list(read: ReadApplication, signal: AbortSignal): Promise<Listing>;
  /** @throws TerminalError or TransientError */
  open(phase: WatchPhase, contact: Contact, signal: AbortSignal): Promise<WatchResponse>;
  /** @throws TerminalError or TransientError for a line that is no event */
  decode(line: string): WatchEvent;
  /**
   * Runs beside a watch. Resolves when that has missed something, or when the signal aborts.
   * @throws TerminalError or TransientError: what a list met with
   */
  check?(watch: Watch, signal: AbortSignal): Promise<void>;
}
