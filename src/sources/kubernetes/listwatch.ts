import { type Application, keyOf } from '../../core/application/types.js';
import type { Answer } from '../../http/answers.js';
import { identityOf } from '../../http/json.js';
import { backoff } from '../../http/retry.js';
import { type LineStream, Silence, type Transport } from '../../http/transport.js';
import type { Clock } from '../../platform/clock.js';
import { messageOf, TransientError } from '../../platform/errors.js';
import type { Log } from '../../platform/log.js';
import { type Delivered, isBehind, isOlder, mayHaveMissed, sameVersion } from '../deliveries.js';
import type { Selection, SourceEvent } from '../source.js';
import {
  applicationsPath,
  intentOf,
  listApplications,
  newestVersion,
  selectors,
} from './applications.js';
import { refuse } from './refusals.js';
import { type WireEvent, wireEvent } from './wire.js';

/** How long silence may last, in milliseconds. */
export interface Timing {
  /**
   * How long a watch is to live: most waits need one. Just before it ends it a server sends a
   * bookmark, so that the place to go on from is near even where nothing happens.
   */
  readonly watchMs: number;
  /** In a watch: bookmarks come every minute, so none that is sound is given up. */
  readonly silenceTimeoutMs: number;
  /** In a streaming list that is not complete: the server does not know what that is. */
  readonly idleTimeoutMs: number;
  /** For a streaming list in all: a busy server that does not know it is never quiet. */
  readonly listDeadlineMs: number;
  /** A watch that lived so long was a working one, even if it had nothing to say. */
  readonly healthyAfterMs: number;
  /** After so long without a word it is asked whether the server still is where the watch was. */
  readonly staleAfterMs: number;
}

export const TIMING: Timing = {
  watchMs: 3_600_000,
  silenceTimeoutMs: 75_000,
  idleTimeoutMs: 2_000,
  listDeadlineMs: 20_000,
  healthyAfterMs: 5_000,
  staleAfterMs: 5_000,
};

export interface ListWatchOptions {
  readonly transport: Transport;
  /** As messages call it. */
  readonly server: string;
  readonly selection: Selection;
  readonly clock: Clock;
  readonly log: Log;
  /** Undefined: it cannot be read. */
  readonly read: (value: unknown) => Application | undefined;
  readonly pollIntervalMs: number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly timing: Timing;
  readonly delivered: Delivered;
}

/** How the state is followed, from the best way down. */
type Mode = 'streaming-list' | 'list-then-watch' | 'poll';

/** A server that refuses so does not know how to stream a list, or does not allow to watch. */
const NO_STREAMING_LIST: ReadonlySet<number> = new Set([400, 403, 405, 406, 422, 501]);
/** For so many refusals, 3 s in all, what was allowed before is asked again. */
const MAX_FORBIDDEN_RETRIES = 3;
const REFUSED_PAUSE_MS = 500;
const NO_WATCH: ReadonlySet<number> = new Set([403, 405, 501]);

/** One that said nothing is taken up where it was; after so many in a row, lists must tell. */
const MAX_SILENT_WATCHES = 2;

/** The keys that a look has found so far. */
type Look = Set<string>;

type Advance = Extract<WireEvent, { readonly position: string }>;

/** A watch while it is read. */
interface Reading {
  /** Until the initial events are complete. */
  look: Look | undefined;
  /** When a look must be complete, by the elapsed time. */
  readonly until: number;
  heard: boolean;
}

/**
 * Delivers the present state of a selection and then every change, whatever happens on the way,
 * until the signal aborts (then resolves).
 * @throws TerminalError for what no waiting can mend
 */
export async function listWatch(
  options: ListWatchOptions,
  listener: (event: SourceEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  await new ListWatch(options, listener, signal).run();
}

class ListWatch {
  readonly #options: ListWatchOptions;
  readonly #emit: (event: SourceEvent) => void;
  readonly #signal: AbortSignal;
  #mode: Mode = 'streaming-list';
  /** The resource version that a watch goes on from; empty: a look comes first. */
  #position = '';
  /** The listener was told that the server cannot be reached. */
  #lost = false;
  /** In a row. */
  #failures = 0;
  #warned = false;
  /** Refusals in a row since a watch worked; none of them is doubted before one has. */
  #refusals = MAX_FORBIDDEN_RETRIES;
  /** When the server last said anything of its state, by the elapsed time. */
  #heardAt = 0;
  /** Watches in a row that were silent to their end. */
  #mute = 0;

  constructor(
    options: ListWatchOptions,
    listener: (event: SourceEvent) => void,
    signal: AbortSignal,
  ) {
    this.#options = options;
    this.#emit = listener;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      const pauseMs = await this.#step().catch((thrown: unknown) => this.#failed(thrown));
      if (pauseMs > 0) await this.#options.clock.sleep(pauseMs, this.#signal);
    }
  }

  /**
   * One look, one watch, or both in one, to its end.
   * @returns how long to wait before the next, in milliseconds
   */
  #step(): Promise<number> {
    if (this.#position !== '') return this.#watch();
    return this.#mode === 'streaming-list' ? this.#streamingList() : this.#list();
  }

  #failed(thrown: unknown): number {
    if (this.#signal.aborted) return 0;
    if (!(thrown instanceof TransientError)) throw thrown;
    this.#options.log.debug(thrown.message);
    this.#say({ kind: 'unreachable', message: thrown.message });
    this.#failures += 1;
    return this.#backoff(thrown.retryAfterMs);
  }

  #backoff(atLeastMs?: number): number {
    return backoff(this.#failures, this.#options.random, atLeastMs);
  }

  async #streamingList(): Promise<number> {
    const { timing, clock } = this.#options;
    const opened = await this.#open({
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
    });
    if ('refused' in opened) {
      if (!NO_STREAMING_LIST.has(opened.refused.status)) return this.#refuse(opened.refused);
      return this.#fallBack(`streaming lists are refused (${opened.refused.status})`);
    }
    opened.stream.expect(timing.idleTimeoutMs);
    const look: Look = new Set();
    const until = clock.now().elapsed + timing.listDeadlineMs;
    return this.#follow(opened.stream, look, until);
  }

  /** The next best way to look, at once. */
  #fallBack(why: string): number {
    this.#options.log.debug(`Listing, then watching: ${why}.`);
    this.#mode = 'list-then-watch';
    return 0;
  }

  async #list(): Promise<number> {
    const { transport, server, selection, pollIntervalMs } = this.#options;
    // The whole list is fetched before any of it is delivered: one that breaks off tells nothing.
    const reduce = (item: unknown) => this.#wanted(item);
    const listing = await listApplications(transport, server, selection, reduce, this.#signal);
    if (this.#signal.aborted) return 0;
    const look: Look = new Set();
    for (const application of listing.items) this.#deliver(application, look);
    this.#complete(look);
    if (this.#mode === 'poll' || listing.resourceVersion === '') {
      this.#failures = 0;
      return pollIntervalMs;
    }
    this.#position = listing.resourceVersion;
    return 0;
  }

  async #watch(): Promise<number> {
    if (await this.#wentBack()) return this.#lookAnew('the server is behind it: restored, perhaps');
    const opened = await this.#open({ resourceVersion: this.#position });
    if ('stream' in opened) {
      this.#foundAgain();
      opened.stream.expect(this.#options.timing.silenceTimeoutMs);
      return this.#follow(opened.stream);
    }
    if (opened.refused.status === 410) return this.#expired();
    if (opened.refused.status === 403 && this.#refusals < MAX_FORBIDDEN_RETRIES) {
      return this.#refusedAgain(opened.refused);
    }
    if (!NO_WATCH.has(opened.refused.status)) return this.#refuse(opened.refused);
    return this.#poll(opened.refused);
  }

  /** An API server that has just started refuses for a moment what it allowed before. */
  #refusedAgain(refused: Answer): number {
    this.#refusals += 1;
    this.#options.log.debug(`Trying again what was allowed before: ${refused.status}.`);
    return this.#refusals * REFUSED_PAUSE_MS;
  }

  async #poll(refused: Answer): Promise<number> {
    const { log, pollIntervalMs } = this.#options;
    const why = await this.#refuse(refused).catch(messageOf);
    log.info(`Watching is not possible, so it looks every ${pollIntervalMs / 1000} s: ${why}`);
    this.#mode = 'poll';
    this.#position = '';
    return pollIntervalMs;
  }

  #open(query: Readonly<Record<string, string>>) {
    const { transport, selection, timing } = this.#options;
    const request = {
      path: applicationsPath(selection.namespace ?? ''),
      query: {
        watch: '1',
        allowWatchBookmarks: 'true',
        timeoutSeconds: String(Math.ceil(timing.watchMs / 1000)),
        ...selectors(selection),
        ...query,
      },
    };
    return transport.stream(request, this.#signal);
  }

  #refuse(refused: Answer): Promise<never> {
    const { server, selection } = this.#options;
    return refuse(refused, intentOf('watch', selection.namespace ?? ''), server);
  }

  /** Reads a watch to its end; one that worked is taken up again without a word. */
  async #follow(stream: LineStream, look?: Look, until = 0): Promise<number> {
    const { clock, timing, log } = this.#options;
    const began = clock.now().elapsed;
    const reading: Reading = { look, until, heard: false };
    const end = await this.#read(stream, reading);
    if (end === 'expired') return this.#expired();
    if (reading.look && end instanceof Silence) return this.#fallBack('no end of a streaming list');
    // A list that broke off is fetched in the simpler way next.
    if (reading.look) this.#mode = 'list-then-watch';
    this.#mute = end instanceof Silence && !reading.heard ? this.#mute + 1 : 0;
    if (this.#mute >= MAX_SILENT_WATCHES) return this.#lookAnew('watches say nothing');
    const worked = reading.heard || clock.now().elapsed - began >= timing.healthyAfterMs;
    if (this.#position === '' || (!worked && this.#failures > 0)) throw end;
    log.debug(`Watching again from ${this.#position}: ${end.message}`);
    this.#failures = worked ? 0 : 1;
    return this.#backoff();
  }

  /** @returns why it ended */
  async #read(stream: LineStream, reading: Reading): Promise<'expired' | TransientError> {
    try {
      for await (const line of stream.lines) {
        const event = wireEvent(line);
        if (event.kind === 'expired') return 'expired';
        if (event.kind === 'fault') {
          this.#position = '';
          return event.fault;
        }
        this.#take(event, reading, stream);
        if (reading.look && this.#options.clock.now().elapsed > reading.until) {
          return new Silence('A streaming list did not end.');
        }
      }
      return new TransientError('The server ended the watch.');
    } catch (thrown) {
      if (thrown instanceof TransientError) return thrown;
      throw thrown;
    }
  }

  #take(event: Advance, reading: Reading, stream: LineStream): void {
    if (event.kind === 'gone') this.#delete(event.object, reading.look);
    if (event.kind === 'changed') {
      const application = this.#wanted(event.object);
      if (application) this.#deliver(application, reading.look);
    }
    if (reading.look) {
      // Initial events come in no order of versions: there is no position before their end.
      if (event.kind !== 'bookmark' || !event.complete) return;
      this.#complete(reading.look);
      reading.look = undefined;
      stream.expect(this.#options.timing.silenceTimeoutMs);
    }
    this.#position = event.position || this.#position;
    this.#failures = 0;
    this.#refusals = 0;
    this.#heard();
    reading.heard = true;
  }

  #heard(): void {
    this.#heardAt = this.#options.clock.now().elapsed;
  }

  /**
   * A watch from a version that is still to come is silent, not an error: so it would be for ever
   * after etcd was restored from a backup. Asked only after an outage, or a long silence.
   */
  async #wentBack(): Promise<boolean> {
    const { clock, timing, transport, server, selection } = this.#options;
    if (!this.#lost && clock.now().elapsed - this.#heardAt < timing.staleAfterMs) return false;
    const version = await newestVersion(transport, server, selection, this.#signal);
    if (version === undefined) return false;
    this.#heard();
    return isBehind(version, this.#position);
  }

  #expired(): number {
    return this.#lookAnew('the server does not remember it any more');
  }

  /** What happened since the position stays unknown. */
  #lookAnew(why: string): number {
    this.#options.log.debug(`Looking again, not going on from version ${this.#position}: ${why}.`);
    this.#position = '';
    this.#failures += 1;
    return this.#backoff();
  }

  /** @returns nothing for an object that was not asked for, or that cannot be read */
  #wanted(object: unknown): Application | undefined {
    const { selection, read, log } = this.#options;
    const { namespace, name } = identityOf(object);
    if (name === '') {
      if (!this.#warned)
        log.warning('The server sent an object without a name; it is passed over.');
      this.#warned = true;
      return undefined;
    }
    if (selection.accepts && !selection.accepts(namespace, name)) return undefined;
    return read(object);
  }

  #deliver(application: Application, look?: Look): void {
    const { versions } = this.#options.delivered;
    const key = keyOf(application);
    const last = versions.get(key);
    if (!look && isOlder(application, last)) return;
    const gap = look !== undefined && !look.has(key) && mayHaveMissed(this.#options.delivered, key);
    look?.add(key);
    if (sameVersion(last, application)) return;
    versions.set(key, { uid: application.uid, resourceVersion: application.resourceVersion });
    this.#say({ kind: 'application', application, gap });
  }

  #delete(object: unknown, look?: Look): void {
    const { versions } = this.#options.delivered;
    const identity = identityOf(object);
    const key = keyOf(identity);
    // The end of an earlier object of that name says nothing about the present one.
    if (versions.get(key)?.uid !== identity.uid) return;
    versions.delete(key);
    look?.delete(key);
    this.#say({ kind: 'deleted', key, uid: identity.uid });
  }

  #complete(look: Look): void {
    const { delivered } = this.#options;
    for (const key of delivered.versions.keys()) {
      if (!look.has(key)) delivered.versions.delete(key);
    }
    delivered.looked = true;
    this.#heard();
    this.#say({ kind: 'listed', present: look });
  }

  /** A watch that goes on may have nothing to say for a minute: this says that all is as it was. */
  #foundAgain(): void {
    if (!this.#lost) return;
    this.#say({ kind: 'listed', present: new Set(this.#options.delivered.versions.keys()) });
  }

  #say(event: SourceEvent): void {
    this.#lost = event.kind === 'unreachable';
    this.#emit(event);
  }
}
