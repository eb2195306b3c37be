import { sharedWith } from '../application/interning.js';
import type { Application, HydratedPair, Hydration, Revisions } from '../application/types.js';
import type { Pattern } from '../filters/patterns.js';
import type { Moment } from './moment.js';
import { type Evidence, hasEnded, NOTHING_SEEN, observeSnapshot } from './observations.js';
import { type Tags, untagged, untaggedEvidence, untaggedTarget, withTags } from './tags.js';
import { lookedUp, matches, names, type Target } from './target.js';

/** What must be true at the end; the input `wait-for`. */
export type WaitFor = 'operation' | 'sync' | 'health' | 'deletion' | 'nothing';

/** The user's rules for when a wait is over. Durations in milliseconds. */
export interface Policy {
  readonly waitFor: readonly WaitFor[];
  /** Given: health and sync are required of the matching resources only. */
  readonly waitResources: readonly Pattern[];
  /** Infinity: Degraded never fails. */
  readonly degradedGraceMs: number;
  readonly suspended: 'wait' | 'succeed' | 'fail';
  readonly retries: 'wait' | 'fail';
  readonly ifMissing: 'fail' | 'wait' | 'skip';
  /** What was deployed after that revision counts as changed too; absent: the target alone. */
  readonly since?: Since;
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
  readonly presence: 'unknown' | 'present' | 'missing' | 'deleted';
  readonly since: Moment;
  readonly application?: Application;
  readonly target?: Target;
  readonly seen: Evidence;
  /** The target was seen compared, in an operation, or in the history. */
  readonly targetFirstSeen?: { readonly at: number; readonly when: Moment };
  /** Start of the last deployment on record at the first look; empty: there was none. */
  readonly recordedAt?: string;
  /** Revisions that were there before the target. */
  readonly older: ReadonlySet<string>;
  readonly relations: ReadonlyMap<string, Relation>;
  /** Annotated tags: everything here has their commits in place of them. */
  readonly tags: Tags;
  /** How the target, a dry revision, came to be a hydrated one. */
  readonly hydration?: TargetHydration;
  /** The attempts to hydrate the target that failed. */
  readonly failedHydrations: readonly FailedHydration[];
  /** The last operation's end, and whether a reconcile was seen after it. */
  readonly ending?: Ending;
  /** When health was seen to become what it is; absent: it was so at the first look. */
  readonly healthSeen?: Moment;
  /** What this run asked Argo CD for. */
  readonly triggered?: Triggered;
}

export interface Triggered {
  readonly what: 'operation' | 'refresh';
  /** Of the Application after the request: what is older knows nothing of it. */
  readonly resourceVersion: string;
  /** The first snapshot from after the request. */
  readonly at?: number;
}

/** The pair of the target, and when it was made. */
export interface TargetHydration extends HydratedPair {
  /** The first snapshot with it. */
  readonly at: number;
  /** An earlier dry revision had been hydrated to the same. */
  readonly again: boolean;
}

export interface FailedHydration extends Hydration {
  /** When it was seen to fail; absent: it had failed at the first look. */
  readonly seen?: Moment;
}

interface Ending {
  readonly startedAt: string;
  readonly finishedAt: string;
  /** When it was seen to end; absent: it had ended at the first look. */
  readonly seen?: Moment;
  /** `reconciledAt` when the end was first seen. */
  readonly reconciledAt: string;
  readonly reconciled: boolean;
}

export type Event =
  | {
      readonly kind: 'snapshot';
      readonly application: Application;
      readonly now: Moment;
      /** Versions before this one may have been missed. */
      readonly gap: boolean;
    }
  | { readonly kind: 'absent'; readonly now: Moment }
  | {
      readonly kind: 'relation';
      readonly revision: string;
      readonly relation: Relation;
    }
  /** The repository said which commit the target's text names; absent: none that it knows. */
  | { readonly kind: 'named'; readonly sha?: string }
  /** This run asked for something; absent: it found what it would have asked for under way. */
  | { readonly kind: 'triggered'; readonly request?: Triggered };

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
    seen: NOTHING_SEEN,
    older: new Set(),
    relations: new Map(),
    tags: new Map(),
    failedHydrations: [],
  };
}

/** Takes in one event. */
export function step(state: State, event: Event): State {
  switch (event.kind) {
    case 'snapshot':
      return withSnapshot(state, event);
    case 'absent':
      return withAbsence(state);
    case 'relation':
      return withRelation(state, event.revision, event.relation);
    case 'named':
      return withName(state, event.sha);
    case 'triggered':
      return event.request ? withTrigger({ ...state, triggered: event.request }) : state;
  }
}

function withAbsence(state: State): State {
  const { application: _gone, ...rest } = state;
  const known = state.presence === 'present' || state.presence === 'deleted';
  return known ? { ...state, presence: 'deleted' } : { ...rest, presence: 'missing' };
}

function withName(state: State, sha: string | undefined): State {
  if (!state.target || !state.application) return state;
  const { targetFirstSeen: _early, ...rest } = state;
  return withTargetFirstSeen(
    { ...rest, target: lookedUp(state.target, sha, state.application) },
    state.since,
  );
}

function withRelation(state: State, revision: string, relation: Relation): State {
  if (typeof relation === 'object') return withTag(state, revision, relation.tagOf);
  return { ...state, relations: new Map(state.relations).set(revision, relation) };
}

function withTag(state: State, tag: string, commit: string): State {
  const { application, target } = state;
  if (!application || !target) return state;
  const tags = withTags(state.tags, [{ tag, commit }]);
  const next: State = {
    ...state,
    tags,
    application: untagged(application, tags),
    target: untaggedTarget(target, tags),
    seen: untaggedEvidence(state.seen, tags),
  };
  return withTargetFirstSeen(next, state.since);
}

function withSnapshot(state: State, event: Extract<Event, { kind: 'snapshot' }>): State {
  const { now } = event;
  const before = renewed(state, event.application, now);
  if (event.application.unreadable !== undefined) {
    return { ...before, presence: 'present', application: event.application };
  }
  const known = before.application;
  const fresh = known ? sharedWith(known, event.application) : event.application;
  const tags = withTags(before.tags, fresh.operation?.tags ?? []);
  const application = withHydrated(untagged(fresh, tags), known);
  const seen = tags === before.tags ? before.seen : untaggedEvidence(before.seen, tags);
  const next: State = {
    ...before,
    presence: 'present',
    application,
    tags,
    target: untaggedTarget(before.target ?? before.resolve(application), tags),
    seen: observeSnapshot(seen, application, event.gap, now),
    recordedAt: before.recordedAt ?? application.history.at(-1)?.startedAt ?? '',
  };
  return withTargetFirstSeen(
    withHealth(withEnding(withTrigger(withHydration(next, now)), before, now), before, now),
    now,
  );
}

/** Notes what the source hydrator has made of the target. */
function withHydration(state: State, now: Moment): State {
  const { application, target } = state;
  if (!application?.hydrator || target?.kind !== 'revision') return state;
  const failed = failedHydration(application, target.text);
  const known = state.failedHydrations.some((each) => each.startedAt === failed?.startedAt);
  const seen = state.seen.snapshots > 1 ? { seen: now } : {};
  const fresh = failed && !known ? [{ ...failed, ...seen }] : [];
  const failedHydrations = [...state.failedHydrations, ...fresh];
  const own = application.hydrated.findIndex(({ dry }) => names(target.text, dry));
  const pair = application.hydrated[own];
  if (state.hydration || !pair) return { ...state, failedHydrations };
  const earlier = application.hydrated.slice(0, own);
  const again = earlier.some(({ hydrated }) => hydrated === pair.hydrated);
  return {
    ...state,
    failedHydrations,
    hydration: { ...pair, at: state.seen.snapshots - 1, again },
  };
}

/** A failed hydration of that dry revision; one that failed early does not name its own. */
export function failedHydration(
  { hydrator }: Pick<Application, 'hydrator'>,
  target: string,
): Hydration | undefined {
  const { current, compared = '' } = hydrator ?? {};
  if (current?.phase !== 'Failed') return undefined;
  return names(target, current.dry || compared) ? current : undefined;
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
  return uid === application.uid ? state : begin(state.policy, state.resolve, now);
}

function withEnding(state: State, before: State, now: Moment): State {
  const operation = state.application?.operation;
  if (!operation || operation.dryRun || !hasEnded(operation)) return state;
  const { startedAt, finishedAt } = operation;
  const reconciledAt = state.application?.reconciledAt ?? '';
  const known = state.ending;
  if (known && known.startedAt === startedAt && known.finishedAt === finishedAt) {
    const reconciled = known.reconciled || reconciledAt !== known.reconciledAt;
    return { ...state, ending: { ...known, reconciled } };
  }
  const seen = before.application ? { seen: now } : {};
  return { ...state, ending: { startedAt, finishedAt, reconciledAt, reconciled: false, ...seen } };
}

function withHealth(state: State, before: State, now: Moment): State {
  if (!before.application) return state;
  const turned = before.application.health.status !== state.application?.health.status;
  return turned ? { ...state, healthSeen: now } : state;
}

function withTargetFirstSeen(state: State, now: Moment): State {
  const { application, target } = state;
  if (state.targetFirstSeen || !application || !target) return state;
  if (target.kind === 'revision' && target.lookup !== undefined) return state;
  const at = state.seen.snapshots - 1;
  if (!isTargetInSight(application, target)) return state;
  const keys = state.seen.comparisons.map((each) => each.key);
  return { ...state, targetFirstSeen: { at, when: now }, older: new Set(keys) };
}

function isTargetInSight(application: Application, target: Target): boolean {
  // Without auto-sync, a person may be about to go back to what was deployed before.
  const deployed = application.automated ? application.history : application.history.slice(-1);
  const places = [
    application.comparison.revisions,
    application.requested?.revisions,
    application.operation?.revisions,
    ...deployed.map((entry) => entry.revisions),
  ];
  return places.some((revisions) => revisions && isTarget(application, target, revisions));
}

/** Whether revisions of an Application are its target's. */
export function isTarget(application: Application, target: Target, revisions: Revisions): boolean {
  return matches(target, revisions, application.hydrated);
}
