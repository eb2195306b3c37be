import { sharedWith } from '../application/interning.js';
import type { Application, Revisions } from '../application/types.js';
import type { Rollout } from '../applicationset/rollout.js';
import type { SetState } from '../applicationset/standing.js';
import type { ImagePattern } from '../filters/images.js';
import type { Pattern } from '../filters/patterns.js';
import { type Looks, NO_LOOKS, NO_WINDOWS } from '../result/looks.js';
import { type Fact, withFacts } from './facts.js';
import { type Reported, withoutInherited } from './inherited.js';
import type { Moment } from './moment.js';
import { isBusy, NOTHING_SEEN, type Observations, observeSnapshot } from './observations.js';
import {
  type Tags,
  untagged,
  untaggedEvidence,
  untaggedFacts,
  untaggedTarget,
  withTags,
} from './tags.js';
import { isSameTarget, lookedUp, matches, type Target } from './target.js';

/** What must be true at the end; the input `wait-for`. */
export type WaitFor = 'operation' | 'sync' | 'health' | 'deletion' | 'nothing';

/** The user's rules for when a wait is over. Durations in milliseconds. */
export interface Policy {
  readonly waitFor: readonly WaitFor[];
  /** Given: health and sync are required of the matching resources only. */
  readonly waitResources: readonly Pattern[];
  /** Each must run, and no other of its name. */
  readonly images: readonly ImagePattern[];
  /** Infinity: Degraded never fails. */
  readonly degradedGraceMs: number;
  /** What a container of the new version that cannot start does to the wait. */
  readonly podFailures: 'fail' | 'wait';
  readonly suspended: 'wait' | 'succeed' | 'fail';
  readonly retries: 'wait' | 'fail';
  readonly ifMissing: 'fail' | 'wait' | 'skip';
  /** Auto-sync is off, and nobody asked for the sync that the target needs. */
  readonly ifNotAutomated: 'wait' | 'fail';
  /** The wait is over so long after it began, whatever the Application does. */
  readonly timeoutMs: number;
  /** What was deployed after that revision counts as changed too; absent: the target alone. */
  readonly since?: Since;
  /** It is waited for because another Application manages it, which writes its spec. */
  readonly managed?: true;
  /**
   * An ApplicationSet that is waited for generates it, or, though it is named itself, an Application
   * that is waited for manages it: a state of its former spec does not matter.
   */
  readonly generated?: true;
}

/** A revision up to which all changes were reported; the input `since`. */
export interface Since {
  /** Empty: not known. */
  readonly revision: string;
  /** What was deployed from then on (RFC 3339) came after the revision; absent: not known. */
  readonly from?: string;
}

/**
 * How a revision that is not the target relates to it, by its repository: it contains the target,
 * it does not, or it is an annotated tag and names this commit.
 */
export type Relation = 'descendant' | 'other' | { readonly tagOf: string };

/** Everything known of one Application's wait. Only `step` makes a new one. */
export interface State {
  readonly policy: Policy;
  readonly resolve: (application: Application) => Target;
  readonly presence: 'unknown' | 'present' | 'missing' | 'deleted' | 'out-of-sight';
  readonly since: Moment;
  /** `Moment.elapsed` at which the timeout ends the wait. */
  readonly endsAt: number;
  readonly application?: Application;
  /** Its operation, as the last snapshot had it. */
  readonly reported?: Reported;
  readonly target?: Target;
  readonly seen: Observations;
  /** What was seen, in its order; progress.ts says what it means. */
  readonly facts: readonly Fact[];
  readonly relations: ReadonlyMap<string, Relation>;
  /** Annotated tags: everything here has their commits in place of them. */
  readonly tags: Tags;
  /** What this run asked Argo CD for. */
  readonly triggered?: Triggered;
  /** What looks within the Application have told. */
  readonly looks: Looks;
  /** The names of those that manage it, where all have failed, and none will create it any more. */
  readonly abandonedBy?: readonly string[];
  /** It is no Application, but stands for those of `min-applications` that are still to come. */
  readonly shortage?: Shortage;
  /** It is no Application, but stands for an ApplicationSet while that has not generated its own. */
  readonly set?: SetState;
}

/** Fewer Applications match than must. */
export interface Shortage {
  /** The names of those that match. */
  readonly found: readonly string[];
  readonly wanted: number;
}

export interface Triggered {
  readonly what: 'operation' | 'refresh';
  /** Of the Application after the request: what is older knows nothing of it. */
  readonly resourceVersion: string;
  /** The first snapshot from after the request. */
  readonly at?: number;
}

export type Event =
  | {
      readonly kind: 'snapshot';
      readonly application: Application;
      readonly now: Moment;
      /** Versions before this one may have been missed. */
      readonly gap: boolean;
      /** What its ApplicationSet, which is followed, says of it by now. */
      readonly rollout?: Rollout | 'none';
    }
  | { readonly kind: 'absent'; readonly now: Moment }
  | { readonly kind: 'too-few'; readonly shortage: Shortage }
  | { readonly kind: 'set'; readonly set: SetState }
  /** Its ApplicationSet, which is followed, tells where it stands; `none`: it has no RollingSync. */
  | { readonly kind: 'rollout'; readonly rollout: Rollout | 'none' }
  /** An Application that is waited for manages it, and writes its spec. */
  | { readonly kind: 'managed' }
  /** Those that manage it have failed, and none will create it any more; empty: one still may. */
  | { readonly kind: 'abandoned'; readonly by: readonly string[] }
  /** It is where this run cannot look. */
  | { readonly kind: 'out-of-sight' }
  | {
      readonly kind: 'relation';
      readonly revision: string;
      readonly relation: Relation;
    }
  /** The repository said which commit the target's text names; absent: none that it knows. */
  | { readonly kind: 'named'; readonly sha?: string }
  /** This run asked for something; absent: it found what it would have asked for under way. */
  | { readonly kind: 'triggered'; readonly request?: Triggered }
  /** What looks within the Application have told by now. */
  | { readonly kind: 'looked'; readonly looks: Looks }
  /** Something else is waited for than was until now. */
  | { readonly kind: 'retargeted'; readonly target: Target };

/** The state of a wait that has seen nothing yet. */
export function begin(
  policy: Policy,
  resolve: (application: Application) => Target,
  now: Moment,
): State {
  return {
    policy,
    resolve,
    presence: 'unknown',
    since: now,
    endsAt: now.elapsed + policy.timeoutMs,
    seen: NOTHING_SEEN,
    facts: [],
    relations: new Map(),
    tags: new Map(),
    looks: NO_LOOKS,
  };
}

/** Takes in one event. */
export function step(state: State, event: Event): State {
  switch (event.kind) {
    case 'snapshot':
      return withRollout(withSnapshot(state, event), event.rollout);
    case 'absent':
      return withAbsence(state);
    case 'managed':
      return withManager(state);
    case 'abandoned':
      return withAbandonment(state, event.by);
    case 'out-of-sight':
      return { ...state, presence: 'out-of-sight' };
    case 'too-few':
      return { ...state, presence: 'missing', shortage: event.shortage };
    case 'set':
      return { ...state, presence: 'missing', set: event.set };
    case 'rollout':
      return withRollout(state, event.rollout);
    case 'relation':
      return withRelation(state, event.revision, event.relation);
    case 'named':
      return withName(state, event.sha);
    case 'triggered':
      return event.request ? withTrigger({ ...state, triggered: event.request }) : state;
    case 'looked':
      return withLook(state, event.looks);
    case 'retargeted':
      return withTarget(state, event.target);
  }
}

function withRollout(state: State, rollout: Rollout | 'none' | undefined): State {
  return rollout ? { ...state, looks: { ...state.looks, rollout } } : state;
}

function withManager(state: State): State {
  const { policy } = state;
  if (policy.managed || policy.generated) return state;
  return { ...state, policy: { ...policy, generated: true } };
}

function withAbandonment(state: State, by: readonly string[]): State {
  const { abandonedBy = [], ...rest } = state;
  if (by.length === abandonedBy.length && by.every((each, i) => each === abandonedBy[i])) {
    return state;
  }
  return by.length === 0 ? rest : { ...rest, abandonedBy: by };
}

/** What was seen stays; the repository's answers were about the former target. */
function withTarget(state: State, fresh: Target): State {
  const target = untaggedTarget(fresh, state.tags);
  return isSameTarget(state.target, target) ? state : { ...state, target, relations: new Map() };
}

/** An operation that began since the look: its failures are previous ones. */
function withLook(state: State, looks: Looks): State {
  const busy = state.application !== undefined && isBusy(state.application);
  const seen = busy ? { ...looks, failures: NO_LOOKS.failures } : looks;
  // What is followed is newer than what the look began with.
  const { rollout } = state.looks;
  const followed = rollout !== undefined && rollout !== 'none' && rollout.followed;
  return { ...state, looks: followed ? { ...seen, rollout } : seen };
}

function withAbsence(state: State): State {
  const { application: _gone, ...rest } = state;
  const known = state.presence === 'present' || state.presence === 'deleted';
  return known ? { ...state, presence: 'deleted' } : { ...rest, presence: 'missing' };
}

function withName(state: State, sha: string | undefined): State {
  if (!state.target || !state.application) return state;
  return { ...state, target: lookedUp(state.target, sha, state.application) };
}

function withRelation(state: State, revision: string, relation: Relation): State {
  if (typeof relation === 'object') return withTag(state, revision, relation.tagOf);
  return { ...state, relations: new Map(state.relations).set(revision, relation) };
}

function withTag(state: State, tag: string, commit: string): State {
  const { application, target } = state;
  if (!application || !target) return state;
  const tags = withTags(state.tags, [{ tag, commit }]);
  return {
    ...state,
    tags,
    application: untagged(application, tags),
    target: untaggedTarget(target, tags),
    seen: untaggedEvidence(state.seen, tags),
    facts: untaggedFacts(state.facts, tags),
  };
}

function withSnapshot(state: State, event: Extract<Event, { kind: 'snapshot' }>): State {
  const { now } = event;
  const before = renewed(state, event.application, now);
  if (event.application.unreadable !== undefined) {
    return { ...before, presence: 'present', application: event.application };
  }
  const known = before.application;
  const shared = known ? sharedWith(known, event.application) : event.application;
  const owned = withoutInherited(shared, before.reported, before.seen.snapshots === 0);
  const fresh = owned.application;
  const tags = withTags(before.tags, fresh.operation?.tags ?? []);
  const application = withHydrated(untagged(fresh, tags), known);
  const learnt = tags !== before.tags;
  const seenBefore = learnt ? untaggedEvidence(before.seen, tags) : before.seen;
  const factsBefore = learnt ? untaggedFacts(before.facts, tags) : before.facts;
  const seen = observeSnapshot(seenBefore, application, event.gap, now);
  const { reported: _reported, ...rest } = before;
  return withTrigger({
    ...rest,
    ...(owned.reported ? { reported: owned.reported } : {}),
    presence: 'present',
    application,
    tags,
    // An operation and auto-sync are blocked by different windows, and for different times.
    looks:
      known && isBusy(known) !== isBusy(application)
        ? { ...before.looks, windows: NO_WINDOWS }
        : before.looks,
    target: untaggedTarget(before.target ?? before.resolve(application), tags),
    seen,
    facts: withFacts(factsBefore, application, before.policy, seen, now),
  });
}

/** A hydrator keeps its last pair only; an operation may still be at the one before. */
function withHydrated(application: Application, before: Application | undefined): Application {
  const known = before?.hydrated ?? [];
  const fresh = application.hydrated.filter(
    (pair) => !known.some((each) => each.dry === pair.dry && each.hydrated === pair.hydrated),
  );
  const hydrated = [...known, ...fresh].slice(-HYDRATED_KEPT);
  return hydrated.length === 0 ? application : { ...application, hydrated };
}

const HYDRATED_KEPT = 50;

function withTrigger(state: State): State {
  const { triggered, application } = state;
  if (!triggered || triggered.at !== undefined || !application) return state;
  if (isOlder(application.resourceVersion, triggered.resourceVersion)) return state;
  return { ...state, triggered: { ...triggered, at: state.seen.snapshots - 1 } };
}

/** Versions of one object grow; where they are no numbers, only equal ones can be told. */
function isOlder(version: string, than: string): boolean {
  const [a, b] = [Number(version), Number(than)];
  return Number.isNaN(a) || Number.isNaN(b) ? version !== than : a < b;
}

/** A new Application under the same name has nothing in common with the one before. */
function renewed(state: State, application: Application, now: Moment): State {
  const uid = state.application?.uid ?? application.uid;
  if (uid === application.uid) return state;
  return { ...begin(state.policy, state.resolve, now), endsAt: state.endsAt };
}

/** Whether revisions of an Application are its target's. */
export function isTarget(application: Application, target: Target, revisions: Revisions): boolean {
  return matches(target, revisions, application.hydrated);
}
