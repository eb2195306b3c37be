import { type Application, keyOf } from '../core/application/types.js';
import type { Moment } from '../core/decision/moment.js';
import { openQuestion } from '../core/decision/progress.js';
import { judge, type Verdict } from '../core/decision/rules.js';
import {
  begin,
  type Event,
  type Policy,
  type Relation,
  type State,
  step,
} from '../core/decision/state.js';
import type { Target } from '../core/decision/target.js';
import { type End, type Settled, settle, timedOut } from '../core/result/settle.js';
import type { Reason } from '../core/result/vocabulary.js';
import type { Clock } from '../platform/clock.js';
import { messageOf, TerminalError, TransientError } from '../platform/errors.js';
import type { Source, SourceEvent } from '../sources/source.js';
import type { ApplicationSelector } from './selection.js';
import { type Outcome, shownOf, type Wait, type Waiting, type Waits } from './waits.js';

/** What a wait needs. Durations in milliseconds. */
export interface WaitParts {
  readonly source: Source;
  readonly clock: Clock;
  readonly wanted: readonly ApplicationSelector[];
  readonly policy: Policy;
  readonly resolve: (application: Application) => Target;
  /** How a deployed revision relates to the target; undefined while that cannot be told. */
  readonly relate: (
    state: State,
    revision: string,
    signal: AbortSignal,
  ) => Promise<Relation | undefined>;
  /** The commit that a target's text names; empty: none; undefined while that cannot be told. */
  readonly resolveName: (
    repository: string,
    text: string,
    signal: AbortSignal,
  ) => Promise<string | undefined>;
  /**
   * Acts on an Application before its end is judged, for `trigger`; called with every snapshot
   * until it tells what to step with. Absent: there is nothing to do.
   */
  readonly act?: (application: Application, signal: AbortSignal) => Promise<Event | undefined>;
  /** What the user calls an Application, by `namespace/name`. */
  readonly nameOf: (key: string) => string;
  readonly timeoutMs: number;
  readonly failFast: boolean;
  /** Aborted when GitHub cancels the run. */
  readonly cancelled: AbortSignal;
  /** Called after everything that may have changed what is to be shown. */
  readonly onChange: (waits: Waits) => void;
}

const LAST_LOOK_MS = 5000;

/** Waits until every wanted Application has come to its end, or time or patience runs out. */
export async function waitFor(parts: WaitParts): Promise<Outcome> {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, parts.cancelled]);
  const loop = new WaitLoop(parts, signal);
  try {
    if (parts.timeoutMs > 0) await loop.run();
    if (!loop.isOver() && !parts.cancelled.aborted) await loop.lastLook();
    return loop.outcome();
  } finally {
    // Ending connections takes a while, and most runs are over before that: their answer goes first.
    setImmediate(() => stop.abort());
  }
}

/** Takes in what the source says, and does on the side what the verdicts ask for. */
class WaitLoop {
  readonly #parts: WaitParts;
  readonly #since: Moment;
  readonly #waits = new Map<string, Wait>();
  /** Whose end has not come; kept beside, as it is asked after every event of thousands. */
  readonly #waiting = new Set<string>();
  #failed = false;
  /** Applications that `trigger` is done with. */
  readonly #acted = new Set<string>();
  /** Questions that were asked. */
  readonly #asked = new Set<string>();
  /** Work on the side that has not ended. */
  readonly #aside = new Set<Promise<void>>();
  readonly #over = Promise.withResolvers<void>();
  #signal: AbortSignal;
  /** A look was complete: who has not been seen is not there. */
  #listed = false;
  #trouble: string | undefined;
  #error: TerminalError | undefined;
  #bug: { readonly thrown: unknown } | undefined;
  /** The outcome has been told: what is still heard changes nothing. */
  #told = false;

  constructor(parts: WaitParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#signal = signal;
    this.#since = parts.clock.now();
  }

  async run(): Promise<void> {
    const { source, clock, timeoutMs } = this.#parts;
    const signal = this.#signal;
    void source.watch((event) => this.#hear(event), signal).catch((thrown) => this.#fail(thrown));
    await Promise.race([this.#over.promise, clock.sleep(timeoutMs, signal)]);
  }

  /** A dead connection must not hide the end: looks once more, over a fresh one. */
  async lastLook(): Promise<void> {
    const { source, clock, cancelled } = this.#parts;
    const patience = new AbortController();
    const signal = AbortSignal.any([patience.signal, cancelled]);
    this.#signal = signal;
    void clock.sleep(LAST_LOOK_MS, signal).then(() => patience.abort());
    try {
      for (const event of await source.relist(signal)) this.#hear(event);
      await this.#settled(signal);
    } catch (thrown) {
      if (cancelled.aborted) return;
      this.#fail(signal.aborted ? new TransientError('no answer in time') : thrown);
    } finally {
      patience.abort();
    }
  }

  isOver(): boolean {
    if (this.#error || this.#bug) return true;
    if (this.#parts.failFast && this.#failed) return true;
    return this.#isComplete() && this.#waiting.size === 0;
  }

  outcome(): Outcome {
    if (this.#bug) throw this.#bug.thrown;
    for (const entry of this.#parts.wanted) {
      if (!this.#isFound(entry)) this.#set(entry.key ?? entry.text, this.#fresh());
    }
    const circumstances = this.#circumstances();
    const ends = new Map<string, Settled>();
    for (const [key, wait] of this.#waits) {
      ends.set(
        key,
        wait.kind === 'done'
          ? wait.settled
          : this.#settle(key, wait.state, endOf(wait.verdict, circumstances)),
      );
      // Of thousands, what each has seen takes more room than its end.
      this.#waits.delete(key);
    }
    this.#told = true;
    const error = this.#error;
    return { ends, ...(error ? { error } : {}) };
  }

  #settle(key: string, state: State, end: End): Settled {
    const { nameOf, clock } = this.#parts;
    return settle(nameOf(key), state, end, clock.now());
  }

  #circumstances(): Circumstances {
    return {
      error: this.#error,
      cancelled: this.#parts.cancelled.aborted,
      trouble: this.#trouble,
      failedFast: this.#parts.failFast && this.#failed,
    };
  }

  #fresh(): State {
    return begin(this.#parts.policy, this.#parts.resolve, this.#since);
  }

  /** Everybody who could be wanted is known. */
  #isComplete(): boolean {
    const named = ({ key }: ApplicationSelector) => key !== undefined && this.#waits.has(key);
    return this.#listed || this.#parts.wanted.every(named);
  }

  #isFound(entry: ApplicationSelector): boolean {
    return [...this.#waits.keys()].some((key) => isNamedBy(entry, key));
  }

  #hear(event: SourceEvent): void {
    if (this.#told) return;
    this.#trouble = event.kind === 'unreachable' ? event.message : undefined;
    switch (event.kind) {
      case 'application':
        this.#arrived(event.application, event.gap);
        break;
      case 'deleted':
        this.#left(event.key);
        break;
      case 'listed':
        this.#compare(event.present);
        break;
      case 'unreachable':
        this.#parts.onChange(this.#waits);
    }
  }

  #arrived(application: Application, gap: boolean): void {
    const { policy, wanted, clock } = this.#parts;
    const key = keyOf(application);
    const late = this.#listed && !this.#waits.has(key);
    if (late && policy.ifMissing !== 'wait') return;
    for (const entry of wanted) {
      // What stood for a glob that found nothing gives way to what it found.
      if (!entry.key && isNamedBy(entry, key)) this.#forget(entry.text);
    }
    this.#apply(key, { kind: 'snapshot', application, now: clock.now(), gap });
  }

  #forget(key: string): void {
    this.#waits.delete(key);
    this.#waiting.delete(key);
  }

  #left(key: string): void {
    if (this.#waits.has(key)) this.#apply(key, { kind: 'absent', now: this.#parts.clock.now() });
  }

  /** A look is complete: what is not there does not exist. */
  #compare(present: ReadonlySet<string>): void {
    for (const key of [...this.#waits.keys()]) {
      if (key.includes('/') && !present.has(key)) this.#left(key);
    }
    const now = this.#parts.clock.now();
    for (const entry of this.#parts.wanted) {
      if (!this.#isFound(entry)) this.#apply(entry.key ?? entry.text, { kind: 'absent', now });
    }
    this.#listed = true;
    this.#changed();
  }

  #apply(key: string, event: Event): void {
    const known = this.#waits.get(key);
    if (known?.kind === 'done') return;
    this.#set(key, step(known?.state ?? this.#fresh(), event));
    if (event.kind === 'snapshot') this.#act(key, event.application);
  }

  #set(key: string, state: State): void {
    if (this.#told) return;
    const ready = !this.#parts.act || this.#acted.has(key) || state.presence !== 'present';
    const verdict: Verdict = ready ? judge(state, this.#parts.clock.now()) : PREPARING;
    if (verdict.kind === 'done') {
      const settled = this.#settle(key, state, verdict);
      this.#waits.set(key, { kind: 'done', settled, shown: shownOf(state) });
      this.#waiting.delete(key);
      this.#failed ||= verdict.conclusion === 'failure';
    } else {
      this.#waits.set(key, { kind: 'waiting', state, verdict });
      this.#waiting.add(key);
      this.#recheck(key, verdict.recheckAt);
      this.#askRelations(key, state);
      this.#askName(key, state);
    }
    this.#changed();
  }

  #changed(): void {
    this.#parts.onChange(this.#waits);
    if (this.isOver()) this.#over.resolve();
  }

  /** Time alone may change a verdict: looks at it again then. */
  #recheck(key: string, at: number | undefined): void {
    if (at === undefined) return;
    this.#later(at - this.#parts.clock.now().elapsed, () => {
      const wait = this.#waits.get(key);
      if (wait?.kind === 'waiting' && wait.verdict.recheckAt === at) this.#set(key, wait.state);
    });
  }

  /** Does what `trigger` asks for, again with every snapshot until it is done. */
  #act(key: string, application: Application): void {
    const { act } = this.#parts;
    if (!act || this.#acted.has(key)) return;
    const acting = act(application, this.#signal).then((event) => {
      if (this.#acted.has(key)) return;
      if (event === undefined) return this.#actOnNewer(key, application);
      this.#acted.add(key);
      this.#trouble = undefined;
      this.#apply(key, event);
    });
    this.#track(
      acting.catch((thrown) => {
        // The next snapshot may be long in coming.
        if (thrown instanceof TransientError) this.#later(ACT_AGAIN_MS, () => this.#actAgain(key));
        throw thrown;
      }),
    );
  }

  /** A snapshot that came while the answer was on its way was not acted on: no other may come. */
  #actOnNewer(key: string, than: Application): void {
    const latest = this.#stateOf(key)?.application;
    if (latest && latest !== than) this.#act(key, latest);
  }

  #actAgain(key: string): void {
    const { application, presence } = this.#stateOf(key) ?? {};
    if (application && presence === 'present') this.#act(key, application);
  }

  /** Of a wait that goes on. */
  #stateOf(key: string): State | undefined {
    const wait = this.#waits.get(key);
    return wait?.kind === 'waiting' ? wait.state : undefined;
  }

  /** Asks the repository once for every revision that stands in the target's place. */
  #askRelations(key: string, state: State): void {
    for (const revision of openQuestion(state)?.revisions ?? []) {
      this.#askOnce(`${key} ${revision}`, key, async () => {
        const relation = await this.#parts.relate(state, revision, this.#signal);
        return relation && { kind: 'relation', revision, relation };
      });
    }
  }

  /** Asks once which commit a tag or branch names. */
  #askName(key: string, { target }: State): void {
    if (target?.kind !== 'revision' || target.lookup === undefined) return;
    const { lookup, text } = target;
    this.#askOnce(`${key} ${text}`, key, async () => {
      const sha = await this.#parts.resolveName(lookup, text, this.#signal);
      return sha === undefined ? undefined : { kind: 'named', ...(sha === '' ? {} : { sha }) };
    });
  }

  /** @param ask answers with an event; with none where the answer cannot be had now */
  #askOnce(question: string, key: string, ask: () => Promise<Event | undefined>): void {
    if (this.#asked.has(question)) return;
    this.#asked.add(question);
    const asking = ask().then((event) => {
      if (event) this.#apply(key, event);
      else this.#later(ASK_AGAIN_MS, () => this.#askAgain(question, key));
    });
    this.#track(asking);
  }

  #askAgain(question: string, key: string): void {
    this.#asked.delete(question);
    const state = this.#stateOf(key);
    if (state) this.#set(key, state);
  }

  /** Does something after a time, unless the wait is over by then. */
  #later(ms: number, work: () => void): void {
    const signal = this.#signal;
    const slept = this.#parts.clock.sleep(Math.max(0, ms), signal).then(() => {
      if (!signal.aborted) work();
    });
    slept.catch((thrown) => this.#fail(thrown));
  }

  /** Work on the side: its failure is the wait's, and a single look waits for it too. */
  #track(work: Promise<void>): void {
    const entry = work
      .catch((thrown) => this.#fail(thrown))
      .finally(() => this.#aside.delete(entry));
    this.#aside.add(entry);
  }

  /** Until nothing is under way on the side, or what is decides nothing any more. */
  async #settled(signal: AbortSignal): Promise<void> {
    while (this.#aside.size > 0 && !this.isOver() && !signal.aborted) {
      await Promise.race([...this.#aside, this.#parts.clock.sleep(LAST_LOOK_MS, signal)]);
    }
  }

  #fail(thrown: unknown): void {
    if (thrown instanceof TransientError) {
      this.#trouble = messageOf(thrown);
      return;
    }
    if (thrown instanceof TerminalError) this.#error ??= thrown;
    else this.#bug ??= { thrown };
    this.#over.resolve();
  }
}

/** After a refused or failed answer of the repository's host. */
const ASK_AGAIN_MS = 60_000;
/** After a fault of a request that changes something. */
const ACT_AGAIN_MS = 2000;

const PREPARING: Waiting = { kind: 'waiting', what: 'its trigger' };

function isNamedBy(entry: ApplicationSelector, key: string): boolean {
  if (key === (entry.key ?? entry.text)) return true;
  const [namespace = '', name = ''] = key.split('/');
  return entry.accepts(namespace, name);
}

/** What ended the wait from outside. */
interface Circumstances {
  readonly error: TerminalError | undefined;
  readonly cancelled: boolean;
  readonly trouble: string | undefined;
  readonly failedFast: boolean;
}

function endOf(verdict: Waiting, { error, cancelled, trouble, failedFast }: Circumstances): End {
  if (cancelled) return { conclusion: 'cancelled', reason: 'cancelled', what: verdict.what };
  if (error) return { conclusion: 'failure', reason: error.reason, what: error.message };
  if (trouble !== undefined) {
    const reason: Reason = 'unreachable';
    return { conclusion: 'timeout', reason, what: `an answer of the server (${trouble})` };
  }
  if (failedFast) {
    return {
      conclusion: 'cancelled',
      reason: 'cancelled',
      what: `${verdict.what}, as another Application failed`,
    };
  }
  return timedOut(verdict);
}
