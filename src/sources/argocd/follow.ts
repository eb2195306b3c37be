import { type Application, keyOf } from '../../core/application/types.js';
import type { Answer } from '../../http/answers.js';
import { identityOf } from '../../http/json.js';
import { backoff } from '../../http/retry.js';
import type { LineStream, Transport } from '../../http/transport.js';
import type { Clock } from '../../platform/clock.js';
import { TransientError } from '../../platform/errors.js';
import type { Log } from '../../platform/log.js';
import { type Delivered, isOlder, mayHaveMissed, sameVersion } from '../deliveries.js';
import type { Selection, SourceEvent } from '../source.js';
import { isSelected, listApplications, streamRequest } from './applications.js';
import { LISTING, refusal } from './refusals.js';
import { streamEvent } from './stream.js';

/** In milliseconds. */
export interface Timing {
  /**
   * A stream says nothing while nothing changes, not even that it is alive: after so long, the
   * server is asked.
   */
  readonly silenceTimeoutMs: number;
  /** A stream that lived so long was a working one, even if it had nothing to say. */
  readonly healthyAfterMs: number;
}

export const TIMING: Timing = { silenceTimeoutMs: 60_000, healthyAfterMs: 5_000 };

export interface FollowOptions {
  /** For answers. */
  readonly transport: Transport;
  /** For streams, of which even the headers come only with the first event. */
  readonly streams: Transport;
  /** As messages call it. */
  readonly server: string;
  readonly selection: Selection;
  readonly clock: Clock;
  readonly log: Log;
  /** Undefined: it cannot be read. */
  readonly read: (object: unknown) => Application | undefined;
  readonly pollIntervalMs: number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly timing: Timing;
  readonly delivered: Delivered;
}

/** A server, or what is before it, that refuses so does not do streams. */
const NO_STREAM: ReadonlySet<number> = new Set([404, 405, 406, 501]);

/** A stream while it is read. */
interface Reading {
  /** Ends it. */
  readonly life: AbortController;
  /** Elapsed time of the last sign of life. */
  heardAt: number;
  events: number;
  /** The state of its beginning was compared with a list made after it. */
  checked: boolean;
  /** It had not told what a check found. */
  deaf: boolean;
  /** What a check met with: it ends the stream. */
  fault?: unknown;
}

/**
 * Delivers the present state of a selection and then every change, whatever happens on the way,
 * until the signal aborts (then resolves).
 * @throws TerminalError for what no waiting can mend
 */
export async function follow(
  options: FollowOptions,
  listener: (event: SourceEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  await new Follow(options, listener, signal).run();
}

class Follow {
  readonly #options: FollowOptions;
  readonly #emit: (event: SourceEvent) => void;
  readonly #signal: AbortSignal;
  #mode: 'stream' | 'poll' = 'stream';
  /** In a row. */
  #failures = 0;

  constructor(options: FollowOptions, listener: (event: SourceEvent) => void, signal: AbortSignal) {
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
   * One look, and the stream after it to its end. A stream tells the present state too, but neither
   * when that is complete nor what was deleted before.
   * @returns how long to wait before the next, in milliseconds
   */
  async #step(): Promise<number> {
    this.#look(await this.#list());
    if (this.#signal.aborted) return 0;
    if (this.#mode === 'stream') return this.#stream();
    this.#failures = 0;
    return this.#options.pollIntervalMs;
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

  #list(signal = this.#signal): Promise<readonly Application[]> {
    const { transport, server, selection, read } = this.#options;
    return listApplications(transport, server, selection, read, signal);
  }

  /** @returns whether a complete look tells anything new */
  #look(items: readonly Application[]): boolean {
    const { delivered } = this.#options;
    const { versions } = delivered;
    const present = new Set(items.map(keyOf));
    const lost = [...versions.keys()].filter((key) => !present.has(key));
    for (const key of lost) versions.delete(key);
    const news = items.map((each) => this.#deliver(each, mayHaveMissed(delivered, keyOf(each))));
    delivered.looked = true;
    this.#emit({ kind: 'listed', present });
    return lost.length > 0 || news.includes(true);
  }

  async #stream(): Promise<number> {
    const { clock } = this.#options;
    const began = clock.now().elapsed;
    const life = new AbortController();
    const reading: Reading = { life, heardAt: began, events: 0, checked: false, deaf: false };
    const checking = this.#check(reading);
    const end = await this.#read(reading).finally(() => life.abort());
    await checking;
    if (this.#signal.aborted) return 0;
    if (reading.fault !== undefined) throw reading.fault;
    if (reading.deaf) return 0;
    if (typeof end === 'number') return end;
    return this.#ended(end, reading, began);
  }

  /** A stream that worked is taken up again without a word. */
  #ended(end: TransientError, reading: Reading, began: number): number {
    const { clock, timing, log } = this.#options;
    const worked = reading.events > 0 || clock.now().elapsed - began >= timing.healthyAfterMs;
    if (!worked && this.#failures > 0) throw end;
    log.debug(`Following again: ${end.message}`);
    this.#failures = worked ? 0 : 1;
    return this.#backoff();
  }

  /** @returns why it ended, or how long to wait as there can be no stream */
  async #read(reading: Reading): Promise<TransientError | number> {
    const { streams, selection } = this.#options;
    const signal = AbortSignal.any([this.#signal, reading.life.signal]);
    try {
      const opened = await streams.stream(streamRequest(selection), signal);
      if ('refused' in opened) return this.#refused(opened.refused);
      await this.#take(opened.stream, reading);
      return new TransientError('The server ended the stream.');
    } catch (thrown) {
      if (thrown instanceof TransientError) return thrown;
      throw thrown;
    }
  }

  #refused(refused: Answer): number {
    const { server, log, pollIntervalMs } = this.#options;
    const fault = refusal(refused, LISTING, server);
    if (!NO_STREAM.has(refused.status)) throw fault;
    log.info(
      `Streaming is not possible, so it looks every ${pollIntervalMs / 1000} s: ${fault.message}`,
    );
    this.#mode = 'poll';
    return pollIntervalMs;
  }

  async #take({ lines }: LineStream, reading: Reading): Promise<void> {
    const { server, clock, selection, delivered, read } = this.#options;
    for await (const line of lines) {
      const { kind, object } = streamEvent(line, server);
      reading.heardAt = clock.now().elapsed;
      reading.events += 1;
      this.#failures = 0;
      if (!isSelected(object, selection)) continue;
      if (kind === 'gone') this.#delete(object);
      else {
        const application = read(object);
        if (!application) continue;
        // What is there at the beginning and was known may have had versions in between.
        this.#deliver(application, kind === 'first' && delivered.versions.has(keyOf(application)));
      }
    }
  }

  /**
   * Lists whenever a stream is silent for long. For the first time sooner: what changes between the
   * state that a stream begins with and its first change is lost. A stream that had not told what
   * the list tells is deaf, and another one takes its place.
   */
  async #check(reading: Reading): Promise<void> {
    const { clock } = this.#options;
    const { signal } = reading.life;
    for (;;) {
      const left = reading.heardAt + this.#patience(reading) - clock.now().elapsed;
      await clock.sleep(Math.max(0, left), AbortSignal.any([signal, this.#signal]));
      if (signal.aborted || this.#signal.aborted) return;
      if (reading.heardAt + this.#patience(reading) > clock.now().elapsed) continue;
      await this.#compare(reading);
      if (reading.deaf || reading.fault !== undefined) reading.life.abort();
    }
  }

  /** A stream that has not even told the present state is not to be relied on. */
  #patience({ checked, events }: Reading): number {
    const { timing, delivered, pollIntervalMs } = this.#options;
    const reliable = checked && (events > 0 || delivered.versions.size === 0);
    return reliable ? timing.silenceTimeoutMs : Math.min(pollIntervalMs, timing.silenceTimeoutMs);
  }

  async #compare(reading: Reading): Promise<void> {
    const { events, life } = reading;
    try {
      const items = await this.#list(AbortSignal.any([this.#signal, life.signal]));
      // What the stream said meanwhile may be newer than the list.
      if (life.signal.aborted || reading.events !== events) return;
      reading.heardAt = this.#options.clock.now().elapsed;
      reading.checked = true;
      reading.deaf = this.#look(items);
    } catch (thrown) {
      if (!life.signal.aborted) reading.fault = thrown;
    }
  }

  /** @returns whether it is news */
  #deliver(application: Application, gap: boolean): boolean {
    const { versions } = this.#options.delivered;
    const key = keyOf(application);
    const last = versions.get(key);
    if (isOlder(application, last) || sameVersion(last, application)) return false;
    versions.set(key, { uid: application.uid, resourceVersion: application.resourceVersion });
    this.#emit({ kind: 'application', application, gap });
    return true;
  }

  #delete(object: unknown): void {
    const { versions } = this.#options.delivered;
    const identity = identityOf(object);
    const key = keyOf(identity);
    // The end of an earlier object of that name says nothing about the present one.
    if (versions.get(key)?.uid !== identity.uid) return;
    versions.delete(key);
    this.#emit({ kind: 'deleted', key, uid: identity.uid });
  }
}
