import type { Identity } from '../http/json.js';
import { backoff } from '../http/retry.js';
import { type LineStream, Silence } from '../http/transport.js';
import { TransientError } from '../platform/errors.js';
import type { Deliveries, Present } from './deliveries.js';
import type {
  Contact,
  ObjectEvent,
  Phase,
  Protocol,
  ReadObject,
  Watch,
  WatchEvent,
  WatchPhase,
  WatchResponse,
} from './protocol.js';
import type { SourceOptions, WatchTimeouts } from './source.js';

export interface ReflectorOptions<T extends Identity>
  extends Pick<SourceOptions, 'clock' | 'log' | 'random' | 'pollIntervalMs'> {
  readonly protocol: Protocol;
  readonly read: ReadObject<T>;
  readonly timing: WatchTimeouts;
  readonly deliveries: Deliveries<T>;
  readonly listener: (event: ObjectEvent<T>) => void;
  /** What is listed, as messages call it: `Applications`. */
  readonly what: string;
  readonly signal: AbortSignal;
}

/** How a watch ended. */
type End =
  | Exclude<WatchResponse, { readonly kind: 'stream' }>
  /** A list had what the watch did not tell. */
  | { readonly kind: 'missed' }
  | { readonly kind: 'closed'; readonly error: TransientError }
  /** The server sent an error as an event: the position cannot be trusted. */
  | { readonly kind: 'error'; readonly error: TransientError };

/** After so many silent watches in a row a list comes next. */
const MAX_SILENT_WATCHES = 2;

/** What is kept of a watch while it is read. */
interface WatchState {
  /** The resource version to continue from; empty: a list comes next. */
  position: string;
  /** Until a streaming list is complete. */
  list: Present | undefined;
  /** When it must be, by the elapsed time. */
  listUntil: number;
  stream?: LineStream;
  beganAt: number;
  /** Without those of a streaming list. */
  events: number;
}

/**
 * Delivers the present state, then every change, whatever fails on the way, until the signal aborts
 * (then resolves).
 * @throws TerminalError for what no waiting can fix
 */
export async function reflect<T extends Identity>(options: ReflectorOptions<T>): Promise<void> {
  await new Reflector(options).run();
}

class Reflector<T extends Identity> {
  readonly #options: ReflectorOptions<T>;
  readonly #signal: AbortSignal;
  #phase: Phase;
  /** How to list where there is no position. */
  #listPhase: Phase;
  /** In a row. */
  #failures = 0;
  #silentWatches = 0;
  #contact: Contact = { unreachable: false, heardAt: 0, refusals: Number.POSITIVE_INFINITY };

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#signal = options.signal;
    this.#phase = options.protocol.firstPhase;
    this.#listPhase = options.protocol.firstPhase;
  }

  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      const pauseMs = await this.#step(this.#phase).catch((thrown) => this.#failed(thrown));
      if (pauseMs > 0) await this.#options.clock.sleep(pauseMs, this.#signal);
    }
  }

  /** @returns how long to wait before the next phase, in milliseconds */
  #step(phase: Phase): Promise<number> {
    switch (phase.kind) {
      case 'listing':
      case 'polling':
        return this.#list(phase);
      case 'streaming-list':
      case 'watching':
        return this.#watch(phase);
    }
  }

  #failed(thrown: unknown): number {
    if (this.#signal.aborted) return 0;
    if (!(thrown instanceof TransientError)) throw thrown;
    this.#options.log.debug(thrown.message);
    this.#emit({ kind: 'unreachable', message: thrown.message });
    this.#failures += 1;
    return this.#backoff(thrown.retryAfterMs);
  }

  #backoff(atLeastMs?: number): number {
    return backoff(this.#failures, this.#options.random, atLeastMs);
  }

  async #list(phase: Phase): Promise<number> {
    const { protocol, read, pollIntervalMs } = this.#options;
    // The whole list is fetched before any of it is delivered: a partial one tells nothing.
    const { items, from } = await protocol.list(read, this.#signal);
    if (this.#signal.aborted) return 0;
    this.#deliverList(items);
    if (phase.kind === 'polling' || from === undefined) {
      this.#failures = 0;
      return pollIntervalMs;
    }
    this.#phase = { kind: 'watching', from };
    return 0;
  }

  async #watch(phase: WatchPhase): Promise<number> {
    const { protocol, clock } = this.#options;
    const watch: WatchState = {
      position: phase.kind === 'watching' ? phase.from : '',
      list: phase.kind === 'streaming-list' ? new Set() : undefined,
      listUntil: Number.POSITIVE_INFINITY,
      beganAt: clock.now().elapsed,
      events: 0,
    };
    this.#goOnFrom(watch.position);
    const life = new AbortController();
    const signal = AbortSignal.any([this.#signal, life.signal]);
    const reading = this.#read(phase, watch, signal);
    const checking = protocol
      .check?.(this.#viewOf(watch), signal)
      .then((): End => ({ kind: 'missed' }));
    const both = checking ? [reading, checking] : [reading];
    try {
      const end = await Promise.race(both);
      return this.#signal.aborted ? 0 : this.#ended(end, watch);
    } finally {
      life.abort();
      await Promise.allSettled(both);
    }
  }

  async #read(phase: WatchPhase, watch: WatchState, signal: AbortSignal): Promise<End> {
    const { protocol, clock } = this.#options;
    try {
      const opened = await protocol.open(phase, this.#contact, signal);
      if (opened.kind !== 'stream') return opened;
      watch.stream = opened.stream;
      if (protocol.answersBeforeEvents) watch.beganAt = clock.now().elapsed;
      watch.listUntil = clock.now().elapsed + (opened.listMs ?? Number.POSITIVE_INFINITY);
      if (phase.kind === 'watching') this.#backAgain();
      for await (const line of opened.stream.lines) {
        const end = this.#take(protocol.decode(line), watch);
        if (end) return end;
      }
      return { kind: 'closed', error: new TransientError('The server ended the watch.') };
    } catch (thrown) {
      if (!(thrown instanceof TransientError)) throw thrown;
      if (!watch.stream && protocol.answersBeforeEvents) throw thrown;
      return { kind: 'closed', error: thrown };
    }
  }

  /** @returns the end of the watch, if the event is one */
  #take(event: WatchEvent, watch: WatchState): End | undefined {
    const { timing, read, deliveries } = this.#options;
    if (event.kind === 'expired') return { kind: 'expired', why: 'it has expired (410)' };
    if (event.kind === 'error') return event;
    if (event.kind === 'deleted') this.#deliver(deliveries.deleted(event.object, watch.list));
    if (event.kind === 'changed') {
      const object = read(event.object);
      if (object) this.#deliver(deliveries.changed(object, watch.list, event.initial));
    }
    if (watch.list) {
      // Initial events are not ordered by version: there is no position before the last.
      if (event.kind !== 'bookmark' || !event.complete) return this.#overdue(watch);
      this.#complete(watch.list);
      watch.list = undefined;
      watch.stream?.expect(timing.silenceTimeoutMs);
    }
    watch.position = event.position || watch.position;
    watch.events += 1;
    this.#failures = 0;
    this.#heard({ refusals: 0 });
    return undefined;
  }

  #overdue({ listUntil }: WatchState): End | undefined {
    if (this.#options.clock.now().elapsed <= listUntil) return undefined;
    return { kind: 'closed', error: new Silence('A streaming list did not complete in time.') };
  }

  /** @returns how long to wait before the next phase, in milliseconds */
  #ended(end: End, watch: WatchState): number {
    switch (end.kind) {
      case 'expired':
        return this.#relist(end.why);
      case 'refused':
        this.#options.log.debug(`Trying again to watch, which was allowed before: ${end.why}`);
        this.#contact = { ...this.#contact, refusals: this.#contact.refusals + 1 };
        return end.afterMs;
      case 'unsupported':
        return this.#instead(end.instead, end.why);
      case 'missed':
        return 0;
      case 'error':
        return this.#closed(end.error, { ...watch, position: '' }, true);
      case 'closed':
        return this.#closed(end.error, watch);
    }
  }

  /** A watch that worked is opened again without an event for the listener. */
  #closed(error: TransientError, watch: WatchState, failed = false): number {
    const { clock, timing, log } = this.#options;
    const silent = error instanceof Silence;
    if (watch.list && silent) return this.#instead('listing', 'a streaming list did not complete');
    // A streaming list that broke off is listed in the simpler way next.
    if (watch.list) this.#listPhase = { kind: 'listing' };
    this.#goOnFrom(watch.position);
    this.#silentWatches =
      silent && watch.stream && watch.events === 0 ? this.#silentWatches + 1 : 0;
    if (this.#silentWatches >= MAX_SILENT_WATCHES)
      return this.#relist('the last watches were silent');
    const worked = watch.events > 0 || clock.now().elapsed - watch.beganAt >= timing.healthyAfterMs;
    if (failed || watch.list || (!worked && this.#failures > 0)) throw error;
    log.debug(`Watching again from ${watch.position || 'a list'}: ${error.message}`);
    this.#failures = worked ? 0 : 1;
    return this.#backoff();
  }

  #goOnFrom(position: string): void {
    this.#phase = position === '' ? this.#listPhase : { kind: 'watching', from: position };
  }

  /** The server cannot do better from now on. */
  #instead(kind: 'listing' | 'polling', why: string): number {
    const { log, pollIntervalMs, what } = this.#options;
    this.#listPhase = { kind };
    this.#goOnFrom('');
    if (kind === 'listing') {
      log.debug(`Listing, then watching: ${why}.`);
      return 0;
    }
    log.info(
      `Cannot watch, so ${what} are listed every ${pollIntervalMs / 1000} s instead: ${why}`,
    );
    return pollIntervalMs;
  }

  /** What happened since the position remains unknown. */
  #relist(why: string): number {
    this.#options.log.debug(`Listing again, as the position cannot be watched from: ${why}.`);
    this.#goOnFrom('');
    this.#failures += 1;
    return this.#backoff();
  }

  #viewOf(watch: WatchState): Watch {
    const { protocol, read, clock, deliveries } = this.#options;
    return {
      get events() {
        return watch.events;
      },
      silentMs: () => clock.now().elapsed - this.#contact.heardAt,
      known: () => deliveries.size,
      relist: async (signal) => {
        const { events } = watch;
        const { items } = await protocol.list(read, signal);
        // What the watch told in the meantime may be newer than the list.
        if (signal.aborted || watch.events !== events) return undefined;
        return this.#deliverList(items);
      },
    };
  }

  /** @returns whether it was news */
  #deliverList(items: readonly T[]): boolean {
    const { deliveries } = this.#options;
    const present: Present = new Set();
    const news = items.map((each) => this.#deliver(deliveries.changed(each, present)));
    return this.#complete(present) || news.includes(true);
  }

  /** @returns whether there was anything to deliver */
  #deliver(event: ObjectEvent<T> | undefined): boolean {
    if (event) this.#emit(event);
    return event !== undefined;
  }

  /** @returns whether what was known is not there any more */
  #complete(present: Present): boolean {
    const gone = this.#options.deliveries.completed(present);
    this.#heard({});
    this.#emit({ kind: 'listed', present });
    return gone;
  }

  /** A watch that continues may be silent for a minute: this tells that the server is back. */
  #backAgain(): void {
    if (!this.#contact.unreachable) return;
    this.#emit({ kind: 'listed', present: this.#options.deliveries.keys });
  }

  #heard(known: Partial<Contact>): void {
    this.#contact = { ...this.#contact, ...known, heardAt: this.#options.clock.now().elapsed };
  }

  #emit(event: ObjectEvent<T>): void {
    this.#contact = { ...this.#contact, unreachable: event.kind === 'unreachable' };
    this.#options.listener(event);
  }
}
