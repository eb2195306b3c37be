import { someOf } from '../application/phrases.js';
import type { Revisions } from '../application/types.js';
import type { ApplicationSet, RolloutStatus } from './types.js';

/** Where an Application stands in the RollingSync of its ApplicationSet. */
export interface Rollout {
  /** Name of the ApplicationSet. */
  readonly set: string;
  /** How many steps there are. */
  readonly steps: number;
  /** Its own, from 1; 0: no step selects it. */
  readonly step: number;
  /** `Waiting`, `Pending`, `Progressing`, `Healthy`; empty: the ApplicationSet does not say yet. */
  readonly status: string;
  /** What the status is about. */
  readonly targetRevisions: readonly string[];
  /** The ApplicationSet never syncs it: no step selects it, or its step has `maxUpdate: 0`. */
  readonly byHand: boolean;
  /** The first step that is not done, where that keeps the Application from being synced. */
  readonly blocked?: Blocked;
  /** It is told as it changes, not looked at now and then: then it may decide. */
  readonly followed?: true;
}

interface Blocked {
  readonly step: number;
  /** The Applications of that step that are not done. */
  readonly by: readonly RolloutStatus[];
}

/**
 * Where the Applications of an ApplicationSet stand in its RollingSync, by their names.
 * @returns undefined where all are synced at once, or where the controller has progressive syncs
 *   switched off
 */
export function rolloutsOf(set: ApplicationSet): ((application: string) => Rollout) | undefined {
  const { name, steps, rollout } = set;
  if (!steps || !isRolling(set)) return undefined;
  const known = new Map(rollout.map((each) => [each.application, each]));
  const open = openStep(rollout);
  return (application) => {
    const own = known.get(application);
    const { step = 0, status = '', targetRevisions = [] } = own ?? {};
    const maxUpdate = steps[step - 1]?.maxUpdate ?? '';
    const blocked = own && blockedBy(open, own);
    return {
      ...{ set: name, steps: steps.length, step, status, targetRevisions },
      byHand: own !== undefined && (step === 0 || maxUpdate === '0' || maxUpdate === '0%'),
      ...(blocked ? { blocked } : {}),
    };
  };
}

/** A controller without progressive syncs takes no notice of the strategy. */
function isRolling({ rollout, conditions }: ApplicationSet): boolean {
  return rollout.length > 0 || conditions.some(({ type }) => type === 'RolloutProgressing');
}

/** The first step that is not done, with what keeps it. */
function openStep(rollout: readonly RolloutStatus[]): Blocked {
  const open = rollout.filter(({ step, status }) => step > 0 && status !== 'Healthy');
  const first = open.reduce((least, { step }) => Math.min(least, step), Number.POSITIVE_INFINITY);
  return { step: first, by: open.filter(({ step }) => step === first) };
}

/** Those of its own step are synced beside it, unless `maxUpdate` makes it wait for them. */
function blockedBy(open: Blocked, own: RolloutStatus): Blocked | undefined {
  if (open.step < own.step) return open;
  if (open.step > own.step || own.status !== 'Waiting') return undefined;
  const by = open.by.filter((each) => each.status !== 'Waiting');
  return by.length > 0 ? { step: open.step, by } : undefined;
}

/** Whether the ApplicationSet has seen these very revisions of the Application through. */
export function isRolledOut(
  { status, targetRevisions }: Rollout,
  { resolved }: Revisions,
): boolean {
  return (
    status === 'Healthy' &&
    targetRevisions.length === resolved.length &&
    targetRevisions.every((each, i) => each === resolved[i])
  );
}

/** `step 3 of 3 of the RollingSync of ApplicationSet shops` */
export function stepName({ set, step, steps }: Rollout): string {
  const place = step > 0 ? `step ${step} of ${steps}` : 'a step';
  return `${place} of the RollingSync of ApplicationSet ${set}`;
}

/** What the Application waits for there, in a sentence; has foreign text in it. */
export function rolloutSentence(rollout: Rollout): string {
  const { set, step, steps, status, byHand, blocked } = rollout;
  if (byHand && step === 0) {
    return `no step of the RollingSync of ApplicationSet ${set} selects it, so it has to be synced by hand`;
  }
  if (byHand) return `step ${step} of ${steps} has maxUpdate: 0, so it has to be synced by hand`;
  if (blocked) return `step ${blocked.step} of ${steps} waits for ${namesOf(blocked.by)}`;
  if (status === 'Waiting' || status === 'Pending') {
    return `ApplicationSet ${set} is about to sync it (${status})`;
  }
  return `ApplicationSet ${set} has not noticed the revision yet`;
}

/** `set-dev (Progressing), set-test (Pending)` */
function namesOf(statuses: readonly RolloutStatus[]): string {
  return someOf(
    statuses.map(({ application, status }) => `${application} (${status})`),
    ', ',
  );
}

/** Whether two tell the same. */
export function isSameRollout(
  a: Rollout | 'none' | undefined,
  b: Rollout | 'none' | undefined,
): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') return a === b;
  return (
    a.status === b.status &&
    a.targetRevisions.join() === b.targetRevisions.join() &&
    stepName(a) === stepName(b) &&
    rolloutSentence(a) === rolloutSentence(b)
  );
}
