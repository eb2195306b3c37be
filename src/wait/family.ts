import { type Application, keyOf } from '../core/application/types.js';
import { familyOf } from '../core/children/family.js';
import { managedBy, mayCreate, setsOf } from '../core/children/managed.js';
import type { Moment } from '../core/decision/moment.js';
import { begin, type State, step } from '../core/decision/state.js';
import { aimed, childrenIn } from './children.js';
import {
  allWaits,
  type ChildRules,
  type Draft,
  replace,
  strangerOf,
  touch,
  type WaitEvent,
  waitOf,
} from './draft.js';
import { generatedIn, setsIn } from './generated.js';
import { beginningOfManaged, judged } from './stepping.js';

/**
 * The Applications that others manage: they come and go with what those list, and follow what
 * becomes of those. An Application that nobody waits for is a stranger. It is remembered, as it may
 * turn out to be managed.
 */

type Met = Extract<WaitEvent, { readonly kind: 'application' }>;

/**
 * Remembers a stranger. Those of the first list are many, and of them only the last state counts;
 * one that came later is most likely new, and is followed from its beginning.
 */
export function met(draft: Draft, { application, gap }: Met): void {
  const { rules, now, facts } = draft;
  if (!rules.children) return;
  const key = keyOf(application);
  const known = strangerOf(draft, key);
  const isNew = known ? known.since !== rules.since : facts.listed;
  const since = isNew ? now : rules.since;
  const before = known && isNew ? known : begin(rules.children.policy, () => UNKNOWN, since);
  draft.strangers.set(key, step(before, { kind: 'snapshot', application, now, gap }));
}

const UNKNOWN = { kind: 'any', why: 'nobody waits for it', after: '' } as const;

/**
 * What an Application lists is final with its wait, but for what it takes back, and for what it will
 * not create.
 */
export function withdraw(draft: Draft, application: Application): void {
  const key = keyOf(application);
  const wait = waitOf(draft, key);
  if (wait?.kind !== 'done' || !wait.manager) return;
  const { manager, settled } = wait;
  const listed = new Set([...managedBy(application), ...setsOf(application)]);
  // A failed comparison may list nothing.
  const isUnknown = application.comparison.status === 'Unknown';
  const kept = (keys: readonly string[]) => keys.filter((each) => isUnknown || listed.has(each));
  const [children, sets] = [kept(manager.children), kept(manager.sets)];
  const creates = mayCreate(application, settled.end);
  const former = manager.children.length + manager.sets.length;
  if (children.length + sets.length === former && creates === manager.creates) return;
  replace(draft, key, { ...wait, manager: { ...manager, children, sets, creates } });
  touch(draft, key);
}

/** Carries on what an event has changed to the Applications that are managed, at any depth. */
export function followUp(draft: Draft): void {
  if (!draft.rules.children || !draft.facts.listed) return;
  for (const key of draft.regrouped) {
    if (isRestructured(draft, key)) restructure(draft);
    withItsSets(draft, key);
  }
  // What is touched on the way comes later in the same set.
  for (const key of draft.touched) {
    if (isRestructured(draft, key)) restructure(draft);
    withItsSets(draft, key);
    for (const child of draft.family.get(key)?.children ?? []) refresh(draft, child);
  }
}

/** What its ApplicationSets still lacked may be there. */
function withItsSets(draft: Draft, key: string): void {
  const wait = waitOf(draft, key);
  if (wait?.kind !== 'waiting' || wait.verdict.rule !== undefined) return;
  if (setsIn(wait.state).length > 0) judged(draft, key, wait);
}

/** Once the list is complete it is known who manages whom. */
export function formFamily(draft: Draft): void {
  if (!draft.rules.children) return;
  restructure(draft);
  for (const [key, wait] of allWaits(draft)) {
    if (wait.kind === 'waiting') judged(draft, key, wait);
    touch(draft, key);
  }
}

/** Lists are complete within that time; a stream may end without saying that it has told all. */
const CATCH_UP_MS = 5000;

/** An Application came after a gap: what it manages may have changed as well, and comes later. */
export function catchUp(draft: Draft): void {
  if (!draft.rules.children) return;
  draft.facts = { ...draft.facts, catchingUpUntil: draft.now.elapsed + CATCH_UP_MS };
}

/** A list is complete. */
export function caughtUp(draft: Draft): void {
  const { catchingUpUntil, ...facts } = draft.facts;
  if (catchingUpUntil === undefined) return;
  draft.facts = facts;
  for (const key of draft.family.keys()) {
    const wait = waitOf(draft, key);
    if (wait?.kind === 'waiting') judged(draft, key, wait);
  }
}

function isRestructured(draft: Draft, key: string): boolean {
  const place = draft.family.get(key);
  const wait = waitOf(draft, key);
  if (!place || !wait) return place !== undefined || (wait?.entries.length ?? 0) > 0;
  const listed = childrenOf(draft, key);
  const { children } = place;
  return listed.length !== children.length || listed.some((each, i) => each !== children[i]);
}

function restructure(draft: Draft): void {
  const former = draft.family;
  const roots = [...allWaits(draft)].flatMap(([key, { entries }]) =>
    entries.length > 0 ? [key] : [],
  );
  draft.family = familyOf(roots, (key) => childrenOf(draft, key));
  const left = [...former.keys()].filter((key) => !draft.family.has(key));
  if (left.length > 0) leave(draft, left);
  for (const key of draft.family.keys()) if (!waitOf(draft, key)) join(draft, key);
}

function childrenOf(draft: Draft, key: string): readonly string[] {
  const wait = waitOf(draft, key);
  if (wait?.kind === 'done') {
    return wait.manager ? withGenerated(draft, key, wait.manager.children, wait.manager.sets) : [];
  }
  const state = wait?.state ?? strangerOf(draft, key);
  return state ? withGenerated(draft, key, childrenIn(state), setsIn(state)) : [];
}

/** What an Application lists, and what the ApplicationSets that it lists have generated by now. */
function withGenerated(
  draft: Draft,
  key: string,
  listed: readonly string[],
  sets: readonly string[],
): readonly string[] {
  if (sets.length === 0) return listed;
  draft.generated ??= generatedIn(draft);
  const generated = sets.flatMap((set) => draft.generated?.get(set) ?? []);
  return [...new Set([...listed, ...generated])].filter((each) => each !== key);
}

function join(draft: Draft, key: string): void {
  const { children } = draft.rules;
  if (!children) return;
  const known = strangerOf(draft, key);
  const ended = draft.facts.unlisted?.get(key);
  if (ended && !known) {
    replace(draft, key, ended);
    touch(draft, key);
    return;
  }
  const state = known ?? unseen(children, key, draft.now);
  if (known) draft.strangers.set(key, undefined);
  touch(draft, key);
  judged(draft, key, aimed(draft, key, beginningOfManaged(state)));
}

function unseen({ policy, watches }: ChildRules, key: string, now: Moment): State {
  const [namespace = ''] = key.split('/');
  const state = begin(policy, () => UNKNOWN, now);
  return step(state, watches(namespace) ? { kind: 'absent', now } : { kind: 'out-of-sight' });
}

/** Nobody lists them any more, but may again. */
function leave(draft: Draft, keys: readonly string[]): void {
  const unlisted = new Map(draft.facts.unlisted);
  for (const key of keys) {
    const wait = waitOf(draft, key);
    replace(draft, key, undefined);
    unlisted.delete(key);
    if (wait?.kind === 'done') unlisted.set(key, wait);
    else if (wait?.state.presence === 'present') draft.strangers.set(key, wait.state);
  }
  draft.facts = { ...draft.facts, unlisted };
}

/** One that manages it has changed, or its wait has ended. */
function refresh(draft: Draft, key: string): void {
  const wait = waitOf(draft, key);
  if (wait?.kind !== 'waiting') return;
  const fresh = aimed(draft, key, wait);
  // What a row of the table decided stands, whatever becomes of its managers.
  if (fresh === wait && wait.verdict.rule !== undefined) return;
  if (fresh !== wait) touch(draft, key);
  judged(draft, key, fresh);
}

/** It was deleted. */
export function forget(draft: Draft, key: string): void {
  if (strangerOf(draft, key)) draft.strangers.set(key, undefined);
  if (!draft.facts.unlisted?.has(key)) return;
  const unlisted = new Map(draft.facts.unlisted);
  unlisted.delete(key);
  draft.facts = { ...draft.facts, unlisted };
}
