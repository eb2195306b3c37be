import { resourceName } from '../core/application/types.js';
import { managedBy } from '../core/children/managed.js';
import { type Lead, leadOf, successorsIn } from '../core/children/target.js';
import type { Verdict } from '../core/decision/rules.js';
import { isTarget, type Policy, type State, step } from '../core/decision/state.js';
import type { Inputs } from '../inputs/types.js';
import { type ChildRules, type Draft, waitOf } from './draft.js';
import { awaitedSet, awaitedSets, ownerOf, setsIn } from './generated.js';
import { selectionOf } from './selection.js';
import type { OpenWait, Wait, Waiting } from './waits.js';

/** What those that manage an Application mean for its wait: its target, and when its end counts. */

type Done = Extract<Verdict, { readonly kind: 'done' }>;

/** How it is waited for those that Applications manage; undefined: it is not. */
export function childRules(
  inputs: Inputs,
  policy: Policy,
  resolve: ChildRules['resolve'],
): ChildRules | undefined {
  if (!inputs.children) return undefined;
  const { namespace: only } = selectionOf(inputs);
  const watches = (namespace: string) => only === undefined || namespace === only;
  return { policy: policyOfManaged(policy), watches, resolve };
}

/** The policy for Applications that nobody named: some inputs speak of the named ones only. */
export function policyOfManaged(policy: Policy): Policy {
  return { ...policy, images: [], waitResources: [], managed: true };
}

/** What an Application lists as its own, as far as it exists. */
export function childrenIn({ application, presence }: State): readonly string[] {
  return application && presence === 'present' ? managedBy(application) : [];
}

/** Whether an Application is waited for only because another one manages it. */
function isManaged({ state }: OpenWait): boolean {
  return state.policy.managed === true;
}

/** A wait with what follows from those that manage its Application: its target, and whether it comes. */
export function aimed(draft: Draft, key: string, wait: OpenWait): OpenWait {
  const { children } = draft.rules;
  if (!children) return wait;
  if (!isManaged(wait)) return withManagers(draft, key, wait);
  const { application, presence } = wait.state;
  const by = presence === 'present' ? [] : failedManagers(draft, key);
  const expected = step(wait.state, { kind: 'abandoned', by });
  if (!application) return expected === wait.state ? wait : { ...wait, state: expected };
  const above = leadsOf(draft, key);
  const target = children.resolve(application, above);
  const state = withSuccessors(
    step(expected, { kind: 'retargeted', target }),
    successorsIn(above, target),
  );
  // What was asked was about the former target.
  return state === wait.state ? wait : { ...wait, state, asked: new Set() };
}

/**
 * The names of those that manage an Application, where each has failed, and will create nothing any
 * more; else none.
 */
function failedManagers(draft: Draft, key: string): readonly string[] {
  const { failFast, nameOf } = draft.rules;
  const { managers = [] } = draft.family.get(key) ?? {};
  const isCreator = (manager: string) => {
    const wait = waitOf(draft, manager);
    return wait?.kind !== 'done' || (wait.manager?.creates ?? true);
  };
  // The first failure ends all: what was still waited for is cancelled.
  return failFast || managers.some(isCreator) ? [] : managers.map(nameOf);
}

/** One that is named keeps its own target, though its spec is that of its managers. */
function withManagers({ family }: Draft, key: string, wait: OpenWait): OpenWait {
  const { managers = [] } = family.get(key) ?? {};
  if (managers.length === 0 || !wait.state.application) return wait;
  const state = step(wait.state, { kind: 'managed' });
  return state === wait.state ? wait : { ...wait, state };
}

/** What took the place of the target in its manager takes it here as well: no need to ask. */
function withSuccessors(state: State, successors: readonly string[]): State {
  return successors
    .filter((revision) => state.relations.get(revision) !== 'descendant')
    .reduce(
      (known, revision) => step(known, { kind: 'relation', revision, relation: 'descendant' }),
      state,
    );
}

function leadsOf(draft: Draft, key: string): readonly Lead[] {
  const { managers = [] } = draft.family.get(key) ?? {};
  return managers.flatMap((manager) => {
    const wait = waitOf(draft, manager);
    return wait ? [leadIn(draft, manager, wait)] : [];
  });
}

function leadIn({ rules, now, leads }: Draft, key: string, wait: Wait): Lead {
  const name = rules.nameOf(key);
  if (wait.kind === 'done') {
    return wait.manager?.lead ?? { name, sources: [], successors: [], startedAt: '' };
  }
  const lead = leads.get(wait.state) ?? leadOf(name, wait.state, now);
  leads.set(wait.state, lead);
  return lead;
}

/** A verdict as it counts: none is final while one that manages the Application may still change it. */
export function heldBack(
  draft: Draft,
  key: string,
  { state }: OpenWait,
  verdict: Verdict,
): Verdict {
  if (!draft.rules.children || verdict.kind === 'waiting') return verdict;
  if (!draft.facts.listed) return { kind: 'waiting', what: 'the complete list of Applications' };
  const { managers = [] } = draft.family.get(key) ?? {};
  const recheckAt = draft.facts.catchingUpUntil ?? 0;
  if (managers.length > 0 && recheckAt > draft.now.elapsed) {
    return { kind: 'waiting', what: 'the complete list of Applications', recheckAt };
  }
  const open = managers.flatMap((manager) => {
    const wait = waitOf(draft, manager);
    return wait?.kind === 'waiting' ? [{ key: manager, state: wait.state }] : [];
  });
  if (verdict.rule === 'out-of-sight') return verdict;
  if (open.length === 0) return withSets(draft, key, state, verdict);
  const failed = verdict.conclusion === 'failure' && state.target?.kind === 'revision';
  // Its manager may be waiting for it.
  const writing = failed ? open.map((manager) => writtenBy(draft, manager, key, state)) : [];
  if (failed && writing.every((each) => each === 'written')) return verdict;
  const names = open.map((manager) => draft.rules.nameOf(manager.key)).join(', ');
  const again = writing.flatMap((each) => (typeof each === 'object' ? (each.recheckAt ?? []) : []));
  return {
    kind: 'waiting',
    what: `${names}, which manage${open.length > 1 ? '' : 's'} it`,
    ...(again.length > 0 ? { recheckAt: Math.min(...again) } : {}),
  };
}

/** What is well with all that it deploys may still lack what its ApplicationSets generate. */
function withSets(draft: Draft, key: string, state: State, verdict: Done): Verdict {
  if (verdict.conclusion !== 'success' || verdict.rule === 'wait-for-nothing') return verdict;
  const hidden = setsIn(state).find(
    (set) => !draft.rules.children?.watches(partsOf(set).namespace),
  );
  if (hidden !== undefined) {
    const what = unwatched(hidden);
    return {
      ...verdict,
      conclusion: 'failure',
      reason: 'invalid-input',
      what,
      rule: 'out-of-sight',
    };
  }
  return awaitedSets(draft, key, state) ?? verdict;
}

function unwatched(set: string): string {
  return `it deploys ApplicationSet ${set} to a namespace that this step does not watch, so the Applications of that cannot be waited for: set application-namespace: '*'`;
}

interface Manager {
  readonly key: string;
  readonly state: State;
}

/**
 * Whether an Application is as the target has it, by one that manages it or the ApplicationSet that
 * generates it; else what is waited for, as far as that can be told.
 */
function writtenBy(
  draft: Draft,
  manager: Manager,
  key: string,
  { application }: State,
): 'written' | Waiting | undefined {
  if (hasWritten(manager.state, 'Application', key)) return 'written';
  const set = application && ownerOf(application);
  if (set === undefined || !hasWritten(manager.state, 'ApplicationSet', set)) return undefined;
  return awaitedSet(draft, manager.key, manager.state, set) ?? 'written';
}

/** Whether what an Application manages is as the target has it. */
function hasWritten({ application, target }: State, kind: string, key: string): boolean {
  if (!application || target?.kind !== 'revision') return false;
  const { comparison, operation } = application;
  const name = resourceName({ group: 'argoproj.io', kind, ...partsOf(key) });
  const isIn = (all: readonly { readonly status: string }[]) =>
    all.some((each) => each.status === 'Synced');
  const compared = isTarget(application, target, comparison.revisions);
  const operated = operation && isTarget(application, target, operation.revisions);
  return (
    (compared && isIn(comparison.resources.filter((each) => resourceName(each) === name))) ||
    (operated === true && isIn(operation.results.filter((each) => resourceName(each) === name)))
  );
}

function partsOf(key: string): { readonly namespace: string; readonly name: string } {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name };
}
