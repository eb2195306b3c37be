import type { Lead } from '../core/children/target.js';
import { shortRevision, type Verdict } from '../core/decision/rules.js';
import type { State } from '../core/decision/state.js';
import type { Settled } from '../core/result/settle.js';
import type { TerminalError } from '../platform/errors.js';
import type { Status } from '../report/progress.js';

/** One Application's wait: how it stands, or how it ended. */
export type Wait =
  | {
      readonly kind: 'waiting';
      /** The entries that name the Application, by their texts. */
      readonly entries: readonly string[];
      readonly state: State;
      readonly verdict: Waiting;
      /** `trigger` has done what it is to do. */
      readonly acted: boolean;
      /** Questions that need not be asked, by their ids: an answer came, or is on its way. */
      readonly asked: ReadonlySet<string>;
      readonly look: LookState;
    }
  | {
      readonly kind: 'done';
      readonly entries: readonly string[];
      readonly settled: Settled;
      readonly shown: Shown;
      /** Absent: it manages no Application that is waited for. */
      readonly manager?: Manager;
    };

/** What is left of an Application that manages others, for those. */
export interface Manager {
  readonly lead: Lead;
  /** Their keys. */
  readonly children: readonly string[];
  /** Those of the ApplicationSets that generate more of them, as they come. */
  readonly sets: readonly string[];
  /** It may still create them. */
  readonly creates: boolean;
}

export type OpenWait = Extract<Wait, { readonly kind: 'waiting' }>;

/**
 * Where the looks within an Application stand: `last` is when one began, `at` when one is to. `none`:
 * there was nothing to see, so the next one is a first one; `done`: there was.
 */
export type LookState =
  | { readonly kind: 'none' | 'under-way' | 'done' | 'given-up'; readonly last: number }
  | { readonly kind: 'due'; readonly last: number; readonly at: number };

export type Waiting = Extract<Verdict, { readonly kind: 'waiting' }>;

/** By `namespace/name`; an entry that found nothing stands by its own text. */
export type Waits = ReadonlyMap<string, Wait>;

/** How the whole wait ended. */
export interface Outcome {
  /** By the keys of the waits. */
  readonly ends: ReadonlyMap<string, Settled>;
  /** How many of them are without their changes, for want of time; absent: none. */
  readonly untold?: number;
  /** What ended it from outside, for all. */
  readonly error?: TerminalError;
}

/** What a person who waits wants to know of a state. Empty where it is not there. */
export type Shown = Pick<Status, 'phase' | 'sync' | 'health' | 'revision'>;

export function shownOf({ application, presence }: State): Shown {
  const shown = presence === 'present' ? application : undefined;
  return {
    phase: shown?.operation?.phase ?? '',
    sync: shown?.comparison.status ?? '',
    health: shown?.health.status ?? '',
    revision: shown ? shortRevision(shown.comparison.revisions) : '',
  };
}
