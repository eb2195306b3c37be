import type { Application } from '../core/application/types.js';
import type { SeenSet } from '../core/applicationset/standing.js';
import type { Family } from '../core/children/family.js';
import type { Lead } from '../core/children/target.js';
import type { Moment } from '../core/decision/moment.js';
import type { Event, Policy, State } from '../core/decision/state.js';
import type { Target } from '../core/decision/target.js';
import type { LookAt, Looks } from '../core/result/looks.js';
import type { SetSeen } from '../sources/inspector.js';
import type { SourceEvent } from '../sources/source.js';
import type { ApplicationSelector } from './selection.js';
import type { SetReading } from './set-readings.js';
import type { Wait, Waits } from './waits.js';

/** What a reduction is told, what it knows, and what it changes. */

/** What stays the same from the first event to the last. */
export interface WaitRules {
  readonly wanted: readonly ApplicationSelector[];
  /** So many Applications must be found; above 1, fewer are waited for. */
  readonly minApplications: number;
  readonly policy: Policy;
  readonly resolve: (application: Application) => Target;
  /** What the user calls an Application, by `namespace/name`. */
  readonly nameOf: (key: string) => string;
  readonly failFast: boolean;
  /** `trigger` has something to do for each Application before its end is judged. */
  readonly acts: boolean;
  /** When the wait began. */
  readonly since: Moment;
  /** The Applications that others manage are waited for too; absent: only those that are named. */
  readonly children?: ChildRules;
}

/** How it is waited for Applications that nobody named. */
export interface ChildRules {
  readonly policy: Policy;
  /** @param leads what those say that manage the Application */
  readonly resolve: (application: Application, leads: readonly Lead[]) => Target;
  /** Whether Applications in that namespace can be seen. */
  readonly watches: (namespace: string) => boolean;
}

/** What is known of ApplicationSets. */
export interface Sets {
  /** A list was complete. */
  readonly listed: boolean;
  /** By `namespace/name`. */
  readonly seen: ReadonlyMap<string, SeenSet>;
}

/** What is known beside the waits themselves. */
export interface Facts {
  /** A list was complete: an Application that was not in it does not exist. */
  readonly listed: boolean;
  /** How many waits go on; counted, as it is asked after every event of thousands. */
  readonly open: number;
  /** How many Applications that an entry names were found; counted for the same reason. */
  readonly found: number;
  /** An Application ended in failure. */
  readonly failed: boolean;
  /** The ApplicationSets that are followed; absent: nothing was heard of any. */
  readonly sets?: Sets;
  /**
   * `Moment.elapsed` until which the rest of a list may be on its way: an Application came after a
   * gap, and those that it manages may come next. Absent: nothing is.
   */
  readonly catchingUpUntil?: number;
  /** What was read of ApplicationSets that Applications manage, by the keys of both; absent: none. */
  readonly readings?: ReadonlyMap<string, SetReading>;
  /** The ends of Applications that nobody lists any more, and of which nothing was heard since. */
  readonly unlisted?: ReadonlyMap<string, Wait>;
  /** Why the server has no answer at present. */
  readonly trouble?: string;
  /**
   * `Moment.elapsed` until which what was missed may be on its way: the server had no answer, and has
   * one again. Absent: it always had.
   */
  readonly behindUntil?: number;
}

const NO_FACTS: Facts = { listed: false, open: 0, found: 0, failed: false };

export type Question =
  /** How does this deployed revision relate to the target? */
  | { readonly kind: 'relation'; readonly state: State; readonly revision: string }
  /** Which commit does this tag or branch name? */
  | { readonly kind: 'name'; readonly repository: string; readonly text: string };

export type WaitEvent =
  | SourceEvent
  /** `answer` is absent where it cannot be had now. */
  | {
      readonly kind: 'answered';
      readonly key: string;
      readonly question: string;
      readonly answer?: Event;
    }
  /** The time to ask again has come. */
  | { readonly kind: 'ask-again'; readonly key: string; readonly question: string }
  /** `answer` is absent where `trigger` has to wait for another snapshot than this one. */
  | {
      readonly kind: 'acted';
      readonly key: string;
      readonly on: Application;
      readonly answer?: Event;
    }
  /** A fault kept `trigger` from acting. */
  | { readonly kind: 'act-failed'; readonly key: string; readonly message: string }
  | { readonly kind: 'act-again'; readonly key: string }
  /** A request beside the watch failed, and may succeed later. */
  | { readonly kind: 'request-failed'; readonly message: string }
  /** The time for a look within the Application has come. */
  | { readonly kind: 'look'; readonly key: string; readonly at: number }
  | {
      readonly kind: 'looked';
      readonly key: string;
      /** Of the Application that was looked within. */
      readonly uid: string;
      /** What was known before, with what was seen; absent: nothing was. */
      readonly looks?: Looks;
      /** No later look will see more. */
      readonly final: boolean;
    }
  /** An ApplicationSet was read that the Application manages, after that operation of it. */
  | {
      readonly kind: 'set-read';
      readonly key: string;
      readonly set: string;
      readonly operation: string;
      readonly seen: SetSeen;
    }
  /** The time has come at which a verdict may change by itself. */
  | { readonly kind: 'recheck'; readonly key: string; readonly at: number };

export type Effect =
  | {
      readonly kind: 'ask';
      readonly key: string;
      /** Identifies it among those of its Application. */
      readonly id: string;
      readonly question: Question;
    }
  | {
      readonly kind: 'act';
      readonly key: string;
      readonly application: Application;
      readonly target: Target;
    }
  /** Looks within the Application. */
  | {
      readonly kind: 'look';
      readonly key: string;
      readonly application: Application;
      readonly at: LookAt;
      /** What is known by now. */
      readonly looks: Looks;
    }
  /** Reads an ApplicationSet, by `namespace/name`, for the Application that manages it. */
  | {
      readonly kind: 'read-set';
      readonly key: string;
      readonly set: string;
      readonly operation: string;
    }
  /** Sends an event after so many milliseconds. */
  | { readonly kind: 'later'; readonly ms: number; readonly event: WaitEvent };

/** All that is known between two events. */
export interface Known {
  readonly waits: Waits;
  /** The Applications that were seen and that nobody waits for, by `namespace/name`. */
  readonly strangers: ReadonlyMap<string, State>;
  /** Which of the Applications that are waited for manages which; empty before the first list. */
  readonly family: Family;
  readonly facts: Facts;
}

export const NOTHING_KNOWN: Known = {
  waits: new Map(),
  strangers: new Map(),
  family: new Map(),
  facts: NO_FACTS,
};

export interface Reduction {
  readonly facts: Facts;
  /** The waits that changed, undefined: it is gone. Of thousands most stay, so no map is copied. */
  readonly changed: ReadonlyMap<string, Wait | undefined>;
  /** Likewise of the strangers. */
  readonly strangers: ReadonlyMap<string, State | undefined>;
  readonly family: Family;
  readonly effects: readonly Effect[];
}

/** A reduction under way; it lives no longer than one call of `reduce`. */
export interface Draft {
  readonly rules: WaitRules;
  readonly known: Known;
  readonly now: Moment;
  /** The server may not have told all that happened: what it showed last ends nothing. */
  readonly behind: boolean;
  facts: Facts;
  readonly changed: Map<string, Wait | undefined>;
  readonly strangers: Map<string, State | undefined>;
  family: Family;
  /** Those whose state is new: what they manage follows. */
  readonly touched: Set<string>;
  /** Those whose ApplicationSets may have generated others: they say nothing new themselves. */
  readonly regrouped: Set<string>;
  /** What those that manage others say now: hundreds of children ask. */
  readonly leads: Map<State, Lead>;
  /** What ApplicationSets generate; absent: nobody has asked yet. */
  generated?: ReadonlyMap<string, readonly string[]>;
  readonly effects: Effect[];
}

export function waitOf({ changed, known }: Draft, key: string): Wait | undefined {
  return changed.has(key) ? changed.get(key) : known.waits.get(key);
}

export function strangerOf({ strangers, known }: Draft, key: string): State | undefined {
  return strangers.has(key) ? strangers.get(key) : known.strangers.get(key);
}

/** Notes that what an Application manages is to follow, once more if it has already. */
export function touch({ touched }: Draft, key: string): void {
  touched.delete(key);
  touched.add(key);
}

/** The waits with the changes of this reduction. */
export function allWaits({ known, changed }: Draft): Waits {
  const merged = new Map(known.waits);
  for (const [key, wait] of changed) {
    if (wait) merged.set(key, wait);
    else merged.delete(key);
  }
  return merged;
}

/** Notes what a wait is now, undefined: it is gone; and counts. */
export function replace(draft: Draft, key: string, wait: Wait | undefined): void {
  const before = waitOf(draft, key);
  const opened = Number(wait?.kind === 'waiting') - Number(before?.kind === 'waiting');
  const found = Number(isFoundApplication(wait)) - Number(isFoundApplication(before));
  if (opened !== 0 || found !== 0) {
    const { facts } = draft;
    draft.facts = { ...facts, open: facts.open + opened, found: facts.found + found };
  }
  draft.changed.set(key, wait);
}

/** Whether an entry named that Application, and it exists. */
export function isFoundApplication(wait: Wait | undefined): boolean {
  if (wait === undefined || wait.entries.length === 0) return false;
  if (wait.kind === 'done') return wait.settled.application !== undefined;
  return wait.state.presence === 'present';
}
