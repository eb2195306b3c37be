import { type Application, keyOf } from '../core/application/types.js';
import { isSameRollout, type Rollout, rolloutsOf } from '../core/applicationset/rollout.js';
import { standingOf, withoutSet, withSet } from '../core/applicationset/standing.js';
import type { SourceEvent } from '../sources/source.js';
import { allWaits, type Draft, isFoundApplication, type Sets, waitOf } from './draft.js';
import { isShort, type MembershipChange, standInKey } from './membership.js';
import type { ApplicationSelector } from './selection.js';

/**
 * What the ApplicationSets that are followed say: whether all Applications of theirs are there, and
 * where those stand in a RollingSync.
 */

export type SetEvent = Extract<SourceEvent, { readonly kind: `applicationset${string}` }>;

/** What is known of ApplicationSets after an event. */
export function setsAfter({ facts, rules, now }: Draft, event: SetEvent): Sets {
  const { listed, seen: known } = facts.sets ?? { listed: false, seen: new Map() };
  const seen = new Map(known);
  switch (event.kind) {
    case 'applicationset': {
      const key = keyOf(event.set);
      seen.set(key, withSet(seen.get(key), event.set, now));
      return { listed, seen };
    }
    case 'applicationset-deleted':
      seen.set(event.key, withoutSet(seen.get(event.key), now));
      return { listed, seen };
    case 'applicationsets-listed':
      for (const { set } of rules.wanted) {
        if (set !== undefined && !event.present.has(set)) {
          seen.set(set, withoutSet(seen.get(set), now));
        }
      }
      return { listed: true, seen };
  }
}

/** Whether ApplicationSets are waited for, and were not heard of yet. */
export function awaitsSets(
  wanted: readonly ApplicationSelector[],
  sets: Sets | undefined,
): boolean {
  return sets?.listed !== true && wanted.some(({ set }) => set !== undefined);
}

/**
 * One wait stands for each ApplicationSet until all Applications that it generates are there. Their
 * own list comes first.
 */
export function standIns(draft: Draft): readonly MembershipChange[] {
  return draft.rules.wanted.flatMap((entry) => standInFor(draft, entry) ?? []);
}

function standInFor(draft: Draft, entry: ApplicationSelector): MembershipChange | undefined {
  const { facts, now } = draft;
  const seen = entry.set === undefined ? undefined : facts.sets?.seen.get(entry.set);
  if (entry.set === undefined || !seen) return undefined;
  const key = standInKey(entry);
  const standing = standingOf(seen, now);
  if (standing.kind === 'generated' && !facts.listed) return goneWhereOpen(draft, key);
  const unseen =
    standing.kind === 'generated' ? unseenOf(draft, entry.set, standing.applications) : [];
  if (standing.kind === 'generated' && unseen.length === 0) {
    const isEmpty = standing.applications.length === 0 && !ownsAny(draft, entry);
    // One wait stands for all that are to come, of whatever ApplicationSet.
    if (!isEmpty || isShort(draft)) return goneWhereOpen(draft, key);
  }
  return { kind: 'event', key, event: { kind: 'set', set: { standing, unseen } } };
}

/** It lists its Applications a reconcile after it has created them. */
function ownsAny(draft: Draft, { text }: ApplicationSelector): boolean {
  return [...allWaits(draft).values()].some((wait) => {
    if (!wait.entries.includes(text) || !isFoundApplication(wait)) return false;
    return wait.kind === 'done' || wait.state.application?.deleting === false;
  });
}

function goneWhereOpen(draft: Draft, key: string): MembershipChange | undefined {
  return waitOf(draft, key)?.kind === 'waiting' ? { kind: 'gone', key } : undefined;
}

/** Those of the Applications of an ApplicationSet for which no wait has begun. */
function unseenOf(draft: Draft, set: string, applications: readonly string[]): readonly string[] {
  const namespace = set.slice(0, set.indexOf('/'));
  return applications.filter((name) => !waitOf(draft, keyOf({ namespace, name })));
}

/** Where an Application stands in the RollingSync of its ApplicationSet; undefined: that is not followed. */
export function rolloutOf(
  { facts }: Draft,
  application: Application,
): Rollout | 'none' | undefined {
  const { namespace, name, applicationSet = '' } = application;
  const set = facts.sets?.seen.get(keyOf({ namespace, name: applicationSet }))?.set;
  return set && followed(rolloutsOf(set)?.(name));
}

/** The Applications for which an ApplicationSet says something else than before. */
export function rolloutChanges(draft: Draft, key: string): readonly MembershipChange[] {
  const set = draft.facts.sets?.seen.get(key)?.set;
  const entry = draft.rules.wanted.find((each) => each.set === key);
  if (!set || !entry) return [];
  const rollouts = rolloutsOf(set);
  return [...allWaits(draft)].flatMap(([key, wait]) => {
    const application = wait.kind === 'waiting' ? wait.state.application : undefined;
    if (wait.kind === 'done' || !application || !wait.entries.includes(entry.text)) return [];
    const rollout = followed(rollouts?.(application.name));
    if (isSameRollout(wait.state.looks.rollout, rollout)) return [];
    return [{ kind: 'event', key, event: { kind: 'rollout', rollout } } as const];
  });
}

function followed(rollout: Rollout | undefined): Rollout | 'none' {
  return rollout ? { ...rollout, followed: true } : 'none';
}
