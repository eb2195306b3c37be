import type { Application } from '../core/application/types.js';
import type { Event, Relation, State } from '../core/decision/state.js';
import type { Target } from '../core/decision/target.js';
import type { LookAt, Looks } from '../core/result/looks.js';
import type { Clock } from '../platform/clock.js';
import { messageOf, TransientError } from '../platform/errors.js';
import type { SetSeen } from '../sources/inspector.js';
import type { ObjectName } from '../sources/source.js';
import type { Effect, Question, WaitEvent } from './draft.js';

/** What effects are run with. */
export interface EffectDependencies {
  readonly clock: Clock;
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
  readonly act?: (
    application: Application,
    target: Target,
    signal: AbortSignal,
  ) => Promise<Event | undefined>;
  /** Looks within an Application; never rejects. */
  readonly look: (
    application: Application,
    at: LookAt,
    known: Looks,
    signal: AbortSignal,
  ) => Promise<Looked>;
  /** Reads an ApplicationSet; never rejects. */
  readonly readSet: (set: ObjectName, signal: AbortSignal) => Promise<SetSeen>;
}

/** What a look within an Application came to, as in the event of that name. */
export type Looked = Pick<Extract<WaitEvent, { readonly kind: 'looked' }>, 'looks' | 'final'>;

/** Runs effects, and sends what they come to as events. */
export class Effects {
  readonly #dependencies: EffectDependencies;
  readonly #send: (event: WaitEvent) => void;
  readonly #fail: (thrown: unknown) => void;
  /** Requests under way. */
  readonly #requests = new Set<Promise<void>>();

  /** @param fail is told what no event can say: terminal errors, and bugs */
  constructor(
    dependencies: EffectDependencies,
    send: (event: WaitEvent) => void,
    fail: (thrown: unknown) => void,
  ) {
    this.#dependencies = dependencies;
    this.#send = send;
    this.#fail = fail;
  }

  /** @param signal ends the effect, which then sends nothing */
  run(effect: Effect, signal: AbortSignal): void {
    switch (effect.kind) {
      case 'ask':
        this.#track(this.#ask(effect, signal));
        break;
      case 'act':
        this.#track(this.#act(effect, signal));
        break;
      case 'look':
        // Not among the requests: no end waits for it.
        void this.#look(effect, signal).catch(this.#fail);
        break;
      case 'read-set':
        this.#track(this.#readSet(effect, signal));
        break;
      case 'later':
        void this.#later(effect, signal).catch(this.#fail);
    }
  }

  /** How many requests are under way. */
  get pending(): number {
    return this.#requests.size;
  }

  /** Until one of the requests under way has ended. */
  async next(): Promise<void> {
    await Promise.race(this.#requests);
  }

  async #ask({ key, id, question }: Of<'ask'>, signal: AbortSignal): Promise<void> {
    const answer = await this.#answer(question, signal);
    this.#send({ kind: 'answered', key, question: id, ...(answer ? { answer } : {}) });
  }

  async #answer(question: Question, signal: AbortSignal): Promise<Event | undefined> {
    const { relate, resolveName } = this.#dependencies;
    if (question.kind === 'relation') {
      const { state, revision } = question;
      const relation = await relate(state, revision, signal);
      return relation && { kind: 'relation', revision, relation };
    }
    const sha = await resolveName(question.repository, question.text, signal);
    return sha === undefined ? undefined : { kind: 'named', ...(sha === '' ? {} : { sha }) };
  }

  async #act({ key, application: on, target }: Of<'act'>, signal: AbortSignal): Promise<void> {
    let answer: Event | undefined;
    try {
      answer = await this.#dependencies.act?.(on, target, signal);
    } catch (thrown) {
      if (!(thrown instanceof TransientError)) throw thrown;
      return this.#send({ kind: 'act-failed', key, message: messageOf(thrown) });
    }
    this.#send({ kind: 'acted', key, on, ...(answer ? { answer } : {}) });
  }

  async #look({ key, application, at, looks }: Of<'look'>, signal: AbortSignal): Promise<void> {
    const looked = await this.#dependencies.look(application, at, looks, signal);
    if (!signal.aborted) this.#send({ kind: 'looked', key, uid: application.uid, ...looked });
  }

  async #readSet({ key, set, operation }: Of<'read-set'>, signal: AbortSignal): Promise<void> {
    const [namespace = '', name = ''] = set.split('/');
    const seen = await this.#dependencies.readSet({ namespace, name }, signal);
    if (!signal.aborted) this.#send({ kind: 'set-read', key, set, operation, seen });
  }

  async #later({ ms, event }: Of<'later'>, signal: AbortSignal): Promise<void> {
    await this.#dependencies.clock.sleep(ms, signal);
    if (!signal.aborted) this.#send(event);
  }

  #track(request: Promise<void>): void {
    const entry = request.catch(this.#fail).finally(() => this.#requests.delete(entry));
    this.#requests.add(entry);
  }
}

type Of<K extends Effect['kind']> = Extract<Effect, { readonly kind: K }>;
