import type { Clock } from './clock.js';
import { type Application, keyOf } from './core/application.js';
import { type End, timedOut } from './core/outcome.js';
import type { Reason } from './core/result.js';
import { openQuestion } from './core/standing.js';
import { begin, type Event, type Policy, type Relation, type State, step } from './core/state.js';
import type { Target } from './core/target.js';
import { judge, type Verdict } from './core/verdict.js';
import { FinalError, messageOf, PassingError } from './errors.js';
import type { Wanted } from './selection.js';
import type { Source, SourceEvent } from './sources/source.js';

/** What a wait needs. Durations in milliseconds. */
export interface WaitParts {
  readonly source: Source;
  readonly clock: Clock;
  readonly wanted: readonly Wanted[];
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
  readonly timeoutMs: number;
  readonly failFast: boolean;
  /** Aborted when GitHub cancels the run. */
  readonly cancelled: AbortSignal;
  /** Called after everything that may have changed what is to be shown. */
  readonly onChange: (waits: Waits) => void;
}

/** One Application's wait. */
export interface Wait {
  readonly state: State;
  readonly verdict: Verdict;
}

/** By `namespace/name`; an entry that found nothing stands by its own text. */
export type Waits = ReadonlyMap<string, Wait>;

/** How the whole wait ended. */
export interface Outcome {
  readonly waits: Waits;
  readonly ends: ReadonlyMap<string, End>;
  /** What ended it from outside, for all. */
  readonly error?: FinalError;
}

const LAST_LOOK_MS = 5000;

/** Waits until every wanted Application has come to its end, or time or patience runs out. */
export async function waitFor(parts: WaitParts): Promise<Outcome> {
  const loop = createLoop(parts);
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, parts.cancelled]);
  try {
    if (parts.timeoutMs > 0) await loop.run(signal);
    if (!loop.isOver() && !parts.cancelled.aborted) await loop.lastLook(parts.cancelled);
    return loop.outcome();
  } finally {
    stop.abort();
  }
}

interface Loop {
  run(signal: AbortSignal): Promise<void>;
  lastLook(signal: AbortSignal): Promise<void>;
  isOver(): boolean;
  outcome(): Outcome;
}

function createLoop(parts: WaitParts): Loop {
  const { clock, policy, source, wanted } = parts;
  const since = clock.now();
  const waits = new Map<string, Wait>();
  const acted = new Set<string>();
  const asked = new Set<string>();
  const aside = new Set<Promise<void>>();
  const over = Promise.withResolvers<void>();
  let signal = parts.cancelled;
  let listed = false;
  let trouble: string | undefined;
  let error: FinalError | undefined;
  let bug: { readonly thrown: unknown } | undefined;

  const fresh = () => begin(policy, parts.resolve, since);

  const apply = (key: string, event: Event) => {
    const known = waits.get(key);
    if (known?.verdict.kind === 'done') return;
    set(key, step(known?.state ?? fresh(), event));
    if (event.kind === 'snapshot') act(key, event.application);
  };

  const set = (key: string, state: State) => {
    const now = clock.now();
    const ready = !parts.act || acted.has(key) || state.presence !== 'present';
    const verdict: Verdict = ready ? judge(state, now) : PREPARING;
    waits.set(key, { state, verdict });
    if (verdict.kind === 'waiting') {
      recheck(key, verdict.recheckAt);
      ask(key, state);
      lookUp(key, state);
    }
    parts.onChange(waits);
    if (isOver()) over.resolve();
  };

  /** Does what `trigger` asks for, again with every snapshot until it is done. */
  const act = (key: string, application: Application) => {
    if (!parts.act || acted.has(key)) return;
    track(
      parts.act(application, signal).then((event) => {
        if (acted.has(key)) return;
        if (event === undefined) return actOnNewer(key, application);
        acted.add(key);
        trouble = undefined;
        apply(key, event);
      }, actLater(key)),
    );
  };

  /** A snapshot that came while the answer was on its way was not acted on: no other may come. */
  const actOnNewer = (key: string, than: Application) => {
    const latest = waits.get(key)?.state.application;
    if (latest && latest !== than) act(key, latest);
  };

  /** After a fault that may pass, the next snapshot may be long in coming. */
  const actLater = (key: string) => (thrown: unknown) => {
    if (thrown instanceof PassingError) later(ACT_AGAIN_MS, () => actAgain(key));
    throw thrown;
  };

  const actAgain = (key: string) => {
    const { application, presence } = waits.get(key)?.state ?? {};
    if (application && presence === 'present') act(key, application);
  };

  /** Does something after a time, unless the wait is over by then. */
  const later = (ms: number, work: () => void) => {
    const until = signal;
    const slept = clock.sleep(Math.max(0, ms), until).then(() => {
      if (!until.aborted) work();
    });
    slept.catch(fail);
  };

  /** Time alone may change a verdict: looks at it again then. */
  const recheck = (key: string, at: number | undefined) => {
    if (at === undefined) return;
    later(at - clock.now().elapsed, () => {
      const wait = waits.get(key);
      if (wait?.verdict.kind !== 'waiting') return;
      if (wait.verdict.recheckAt === at) set(key, wait.state);
    });
  };

  /** Asks the repository once for every revision that stands in the target's place. */
  const ask = (key: string, state: State) => {
    for (const revision of openQuestion(state)?.revisions ?? []) {
      const question = `${key} ${revision}`;
      if (asked.has(question)) continue;
      asked.add(question);
      track(
        parts.relate(state, revision, signal).then((relation) => {
          if (relation) apply(key, { kind: 'relation', revision, relation });
          else askAgain(key, question);
        }),
      );
    }
  };

  const askAgain = (key: string, question: string) => {
    later(ASK_AGAIN_MS, () => {
      asked.delete(question);
      const wait = waits.get(key);
      if (wait?.verdict.kind === 'waiting') set(key, wait.state);
    });
  };

  /** Asks once which commit a tag or branch names. */
  const lookUp = (key: string, { target }: State) => {
    if (target?.kind !== 'revision' || target.lookup === undefined) return;
    const question = `${key} ${target.text}`;
    if (asked.has(question)) return;
    asked.add(question);
    track(
      parts.resolveName(target.lookup, target.text, signal).then((sha) => {
        if (sha === undefined) askAgain(key, question);
        else apply(key, { kind: 'named', ...(sha === '' ? {} : { sha }) });
      }),
    );
  };

  /** Work on the side: its failure is the wait's, and a single look waits for it too. */
  const track = (work: Promise<void>) => {
    const entry = work.catch(fail).finally(() => aside.delete(entry));
    aside.add(entry);
  };

  const fail = (thrown: unknown) => {
    if (thrown instanceof PassingError) {
      trouble = messageOf(thrown);
      return;
    }
    if (thrown instanceof FinalError) error ??= thrown;
    else bug ??= { thrown };
    over.resolve();
  };

  const listen = (event: SourceEvent) => {
    trouble = event.kind === 'unreachable' ? event.message : undefined;
    switch (event.kind) {
      case 'application':
        return arrived(event.application, event.gap);
      case 'deleted':
        return waits.has(event.key)
          ? apply(event.key, { kind: 'absent', now: clock.now() })
          : undefined;
      case 'listed':
        return compare(event.present);
      case 'unreachable':
        return parts.onChange(waits);
    }
  };

  const arrived = (application: Application, gap: boolean) => {
    const key = keyOf(application);
    const late = listed && !waits.has(key);
    if (late && policy.ifMissing !== 'wait') return;
    for (const entry of wanted) {
      if (!entry.key && entry.accepts(application.namespace, application.name)) {
        waits.delete(entry.text);
      }
    }
    apply(key, { kind: 'snapshot', application, now: clock.now(), gap });
  };

  /** A look is complete: what is not there does not exist. */
  const compare = (present: ReadonlySet<string>) => {
    const now = clock.now();
    for (const key of [...waits.keys()]) {
      if (key.includes('/') && !present.has(key)) apply(key, { kind: 'absent', now });
    }
    for (const entry of wanted) {
      const found = [...waits.keys()].some((key) => isNamedBy(entry, key));
      if (!found) apply(entry.key ?? entry.text, { kind: 'absent', now });
    }
    listed = true;
    parts.onChange(waits);
    if (isOver()) over.resolve();
  };

  const isOver = (): boolean => {
    if (error || bug) return true;
    const all = [...waits.values()];
    if (parts.failFast && all.some((each) => isFailure(each.verdict))) return true;
    const complete =
      listed || wanted.every((each) => each.key !== undefined && waits.has(each.key));
    return complete && all.every((each) => each.verdict.kind === 'done');
  };

  return {
    isOver,
    async run(until) {
      signal = until;
      const watching = source.watch(listen, until).catch(fail);
      await Promise.race([over.promise, clock.sleep(parts.timeoutMs, until)]);
      void watching;
    },
    async lastLook(cancelled) {
      const patience = new AbortController();
      signal = AbortSignal.any([patience.signal, cancelled]);
      void clock.sleep(LAST_LOOK_MS, signal).then(() => patience.abort());
      try {
        for (const event of await source.look(signal)) listen(event);
        while (aside.size > 0 && !isOver() && !signal.aborted) {
          await Promise.race([...aside, clock.sleep(LAST_LOOK_MS, signal)]);
        }
      } catch (thrown) {
        if (!cancelled.aborted)
          fail(signal.aborted ? new PassingError('no answer in time') : thrown);
      } finally {
        patience.abort();
      }
    },
    outcome() {
      if (bug) throw bug.thrown;
      for (const entry of wanted) {
        const found = [...waits.keys()].some((key) => isNamedBy(entry, key));
        if (!found) set(entry.key ?? entry.text, fresh());
      }
      const cancelled = parts.cancelled.aborted;
      const failedFast =
        parts.failFast && [...waits.values()].some((each) => isFailure(each.verdict));
      const ends = new Map(
        [...waits].map(([key, { verdict }]) => {
          return [key, endOf(verdict, { error, cancelled, trouble, failedFast })];
        }),
      );
      return { waits, ends, ...(error ? { error } : {}) };
    },
  };
}

/** After a refused or failed answer of the repository's host. */
const ASK_AGAIN_MS = 60_000;
/** After a fault of a request that changes something. */
const ACT_AGAIN_MS = 2000;

const PREPARING: Verdict = { kind: 'waiting', what: 'its trigger' };

function isNamedBy(entry: Wanted, key: string): boolean {
  if (key === (entry.key ?? entry.text)) return true;
  const [namespace = '', name = ''] = key.split('/');
  return entry.accepts(namespace, name);
}

function isFailure(verdict: Verdict): boolean {
  return verdict.kind === 'done' && verdict.conclusion === 'failure';
}

/** What ended the wait from outside. */
interface Circumstances {
  readonly error: FinalError | undefined;
  readonly cancelled: boolean;
  readonly trouble: string | undefined;
  readonly failedFast: boolean;
}

function endOf(verdict: Verdict, { error, cancelled, trouble, failedFast }: Circumstances): End {
  if (verdict.kind === 'done') return verdict;
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
