import type { State } from '../core/decision/state.js';
import { unlessAborted } from '../platform/abort.js';
import { messageOf, TerminalError, TransientError } from '../platform/errors.js';
import type { Source } from '../sources/source.js';
import { awaitsSets } from './applicationsets.js';
import { type Facts, type Known, NOTHING_KNOWN, type WaitEvent, type WaitRules } from './draft.js';
import { type EffectDependencies, Effects } from './effects.js';
import { standInKey, unfound } from './membership.js';
import { endAll, inFamily } from './outcome.js';
import { isOver, reduce } from './reducer.js';
import { beginning } from './stepping.js';
import type { Outcome, Wait, Waits } from './waits.js';

/** What a wait needs. Durations in milliseconds. */
export interface WaitOptions extends EffectDependencies, Omit<WaitRules, 'since' | 'acts'> {
  readonly source: Source;
  readonly timeoutMs: number;
  /** Aborted when GitHub cancels the run. */
  readonly cancelled: AbortSignal;
  /**
   * Called after everything that may have changed what is to be shown.
   * @param trouble why the server has no answer at present
   */
  readonly onChange: (waits: Waits, trouble: string | undefined) => void;
}

const LAST_LOOK_MS = 5000;
const UNANSWERED = new TransientError('no answer in time');

/** Waits until every wanted Application is decided, or the time is over, or the run is cancelled. */
export async function waitFor(options: WaitOptions): Promise<Outcome> {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, options.cancelled]);
  const loop = new WaitLoop(options, signal);
  try {
    if (options.timeoutMs > 0) await loop.run();
    if (!loop.isOver() && !options.cancelled.aborted) await loop.lastLook();
    return loop.outcome();
  } finally {
    // Ending connections takes a while, and most runs are over before that: their answer goes first.
    setImmediate(() => stop.abort());
  }
}

/** Hands events to the reducer, keeps what it returns, and has its effects run. */
class WaitLoop {
  readonly #options: WaitOptions;
  readonly #rules: WaitRules;
  readonly #effects: Effects;
  readonly #waits = new Map<string, Wait>();
  readonly #over = Promise.withResolvers<void>();
  readonly #strangers = new Map<string, State>();
  #family = NOTHING_KNOWN.family;
  #facts: Facts = NOTHING_KNOWN.facts;
  #signal: AbortSignal;
  #error: TerminalError | undefined;
  #bug: { readonly thrown: unknown } | undefined;
  /** The outcome was told: what is still heard changes nothing. */
  #told = false;

  constructor(options: WaitOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#rules = { ...options, acts: options.act !== undefined, since: options.clock.now() };
    this.#effects = new Effects(
      options,
      (event) => this.#hear(event),
      (thrown) => this.#fail(thrown),
    );
  }

  async run(): Promise<void> {
    const { source, clock, timeoutMs } = this.#options;
    const signal = this.#signal;
    void source.watch((event) => this.#hear(event), signal).catch((thrown) => this.#fail(thrown));
    await Promise.race([this.#over.promise, clock.sleep(timeoutMs, signal)]);
  }

  /** A dead connection must not hide the end: looks once more, over a fresh one. */
  async lastLook(): Promise<void> {
    const { source, clock, cancelled } = this.#options;
    const deadline = new AbortController();
    const signal = AbortSignal.any([deadline.signal, cancelled]);
    this.#signal = signal;
    void clock.sleep(LAST_LOOK_MS, signal).then(() => deadline.abort());
    try {
      const events = await unlessAborted(source.relist(signal), signal);
      for (const event of events ?? []) this.#hear(event);
      // The list was complete: nothing that was missed is still on its way.
      const { behindUntil: _caughtUp, ...facts } = this.#facts;
      this.#facts = facts;
      await this.#answered(signal);
      if (!events) throw UNANSWERED;
    } catch (thrown) {
      if (cancelled.aborted) return;
      this.#fail(signal.aborted ? UNANSWERED : thrown);
    } finally {
      deadline.abort();
    }
  }

  isOver(): boolean {
    return Boolean(this.#error ?? this.#bug) || isOver(this.#rules, this.#known());
  }

  outcome(): Outcome {
    if (this.#bug) throw this.#bug.thrown;
    const { wanted, nameOf, failFast } = this.#rules;
    const { cancelled, clock } = this.#options;
    const { trouble, failed, listed, sets } = this.#facts;
    // Of those that a list did not have, too few were found, and one wait stands for all of them.
    const unheard = listed && !awaitsSets(wanted, sets) ? [] : unfound(wanted, this.#waits);
    for (const entry of unheard) {
      this.#waits.set(standInKey(entry), beginning(this.#rules, [entry.text]));
    }
    const circumstances = {
      error: this.#error,
      cancelled: cancelled.aborted,
      trouble,
      failedFast: failFast && failed,
    };
    this.#told = true;
    const outcome = endAll(this.#waits, circumstances, nameOf, clock.now());
    return inFamily(outcome, this.#family, nameOf);
  }

  #hear(event: WaitEvent): void {
    if (this.#told) return;
    const { clock, onChange } = this.#options;
    const reduction = reduce(this.#rules, this.#known(), event, clock.now());
    const { facts, changed, strangers, family, effects } = reduction;
    this.#facts = facts;
    this.#family = family;
    update(this.#waits, changed);
    update(this.#strangers, strangers);
    for (const effect of effects) this.#effects.run(effect, this.#signal);
    onChange(this.#waits, facts.trouble);
    if (this.isOver()) this.#over.resolve();
  }

  #known(): Known {
    const [waits, strangers] = [this.#waits, this.#strangers];
    return { waits, strangers, family: this.#family, facts: this.#facts };
  }

  /** Until no request is under way, or none that is can decide anything any more. */
  async #answered(signal: AbortSignal): Promise<void> {
    while (this.#effects.pending > 0 && !this.isOver() && !signal.aborted) {
      await Promise.race([this.#effects.next(), this.#options.clock.sleep(LAST_LOOK_MS, signal)]);
    }
  }

  /** Never throws: it is told of failures by promises that nobody else catches. */
  #fail(thrown: unknown): void {
    if (thrown instanceof TransientError) this.#troubled(thrown);
    else if (thrown instanceof TerminalError) this.#error ??= thrown;
    else this.#bug ??= { thrown };
    if (this.isOver()) this.#over.resolve();
  }

  #troubled(thrown: TransientError): void {
    try {
      this.#hear({ kind: 'request-failed', message: messageOf(thrown) });
    } catch (bug) {
      this.#fail(bug);
    }
  }
}

function update<T>(kept: Map<string, T>, changed: ReadonlyMap<string, T | undefined>): void {
  for (const [key, value] of changed) {
    if (value === undefined) kept.delete(key);
    else kept.set(key, value);
  }
}
