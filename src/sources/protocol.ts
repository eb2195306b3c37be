import type { Identity } from '../http/json.js';
import type { LineStream } from '../http/transport.js';
import type { TransientError } from '../platform/errors.js';

/** What the reflector asks of a server, and how it answers: each source implements it. */

/** What a reflector delivers. Keys are `namespace/name`. */
export type ObjectEvent<T> =
  /**
   * An object as it is now: from the first list, and whenever it changed.
   * `gap`: versions between the last one delivered and this one may have been missed.
   */
  { readonly kind: 'object'; readonly object: T; readonly gap: boolean } | AbsenceEvent;

/** What is told alike of objects of any type. */
export type AbsenceEvent =
  | { readonly kind: 'deleted'; readonly key: string; readonly uid: string }
  /**
   * A list is complete: what is not in `present` does not exist. Comes after the `object` events of
   * every list.
   */
  | { readonly kind: 'listed'; readonly present: ReadonlySet<string> }
  /** The server cannot be reached now and is tried again. Any other event means that it is back. */
  | { readonly kind: 'unreachable'; readonly message: string };

/** What a reflector does next; the words are those of client-go's Reflector. */
export type Phase =
  /** A list in one answer; then a watch. */
  | { readonly kind: 'listing' }
  /** A list as the first events of a watch, up to a bookmark (KEP-3157). */
  | { readonly kind: 'streaming-list' }
  /** `from` a resource version; empty: the watch begins with the present state. */
  | { readonly kind: 'watching'; readonly from: string }
  /** A list every `pollIntervalMs`: the server cannot be watched. */
  | { readonly kind: 'polling' };

export type WatchPhase = Extract<Phase, { readonly kind: 'streaming-list' | 'watching' }>;

/** An event of a watch. `position`: the resource version to continue from; empty: unknown. */
export type WatchEvent =
  /** `initial`: added, or there when the watch began; versions before it may have been missed. */
  | {
      readonly kind: 'changed';
      readonly object: unknown;
      readonly position: string;
      readonly initial?: boolean;
    }
  | { readonly kind: 'deleted'; readonly object: unknown; readonly position: string }
  /** `complete`: the initial events of a streaming list have all been sent. */
  | { readonly kind: 'bookmark'; readonly complete: boolean; readonly position: string }
  /** The server no longer has the versions since the position (410). */
  | { readonly kind: 'expired' }
  | { readonly kind: 'error'; readonly error: TransientError };

/** The answer to a watch request. */
export type WatchResponse =
  /** `listMs`: how long a streaming list may take in all. */
  | { readonly kind: 'stream'; readonly stream: LineStream; readonly listMs?: number }
  /** It cannot be watched from this position: a list comes next. */
  | { readonly kind: 'expired'; readonly why: string }
  /** Refused for now: the same request is tried again. */
  | { readonly kind: 'refused'; readonly why: string; readonly afterMs: number }
  /** The server cannot do this: from now on `instead`. */
  | {
      readonly kind: 'unsupported';
      readonly why: string;
      readonly instead: Exclude<Phase['kind'], WatchPhase['kind']>;
    };

/** What the reflector knows of the server. */
export interface Contact {
  /** The listener was told that the server cannot be reached. */
  readonly unreachable: boolean;
  /** When the server last told anything about its state, by the elapsed time. */
  readonly heardAt: number;
  /** Refusals in a row since a watch last worked; infinite before the first. */
  readonly refusals: number;
}

/** A watch while it is read. */
export interface Watch {
  readonly events: number;
  /** Since the server last told anything. */
  silentMs(): number;
  /** How many objects were delivered and not deleted. */
  known(): number;
  /**
   * Lists, and delivers what the list has, unless the watch told something meanwhile.
   * @returns whether it had anything new; undefined: not compared, as the watch told something
   * @throws TerminalError or TransientError
   */
  relist(signal: AbortSignal): Promise<boolean | undefined>;
}

/** Reads an object on the wire; undefined for one that is not selected. */
export type ReadObject<T extends Identity> = (object: unknown) => T | undefined;

/** A complete list. */
export interface Listing<T extends Identity> {
  readonly items: readonly T[];
  /** Where a watch continues, see `Phase`; undefined: there is nothing to watch from. */
  readonly from: string | undefined;
}

/** How a server lists and watches: all that differs between the two sources. */
export interface Protocol {
  readonly firstPhase: Phase;
  /**
   * Lists are read from etcd: an older version comes from a restored backup. Otherwise lists come
   * from caches, and an older version is stale.
   */
  readonly consistentLists: boolean;
  /** The answer to a watch request comes at once, not with the first event. */
  readonly answersBeforeEvents: boolean;
  /** @throws TerminalError or TransientError */
  list<T extends Identity>(read: ReadObject<T>, signal: AbortSignal): Promise<Listing<T>>;
  /** @throws TerminalError or TransientError */
  open(phase: WatchPhase, contact: Contact, signal: AbortSignal): Promise<WatchResponse>;
  /** @throws TerminalError or TransientError for a line that is not an event */
  decode(line: string): WatchEvent;
  /**
   * Runs beside a watch. Resolves when the watch has missed something, or when the signal aborts.
   * @throws TerminalError or TransientError
   */
  check?(watch: Watch, signal: AbortSignal): Promise<void>;
}
