import { resourceName } from '../core/application/types.js';
import { managedBy } from '../core/children/managed.js';
import { type Lead, leadOf, successorsIn } from '../core/children/target.js';
import type { Verdict } from '../core/decision/rules.js';
import { isTarget, type Policy, type State, step } from '../core/decision/state.js';
import type { Inputs } from '../inputs/types.js';
import { type ChildRules, type Draft, waitOf } from './draft.js';
import { selectionOf } from './selection.js';
import type { OpenWait, Wait } from './waits.js';

/** What those that manage an Application mean for its wait: its target, and when its end counts. */

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

/** A wait with the target that follows from those that manage its Application. */
export function aimed(draft: Draft, key: string, wait: OpenWait): OpenWait {
  const { application } = wait.state;
  const { children } = draft.rules;
  if (!children || !application) return wait;
  if (!isManaged(wait)) return withManagers(draft, key, wait);
  const above = leadsOf(draft, key);
  const target = children.resolve(application, above);
  const state = withSuccessors(
    step(wait.state, { kind: 'retargeted', target }),
    successorsIn(above, target),
  );
  // What was asked was about the former target.
  return state === wait.state ? wait : { ...wait, state, asked: new Set() };
}

/** One that is named keeps its own target, though its spec is that of its managers. */
function withManagers({ family }: Draft, key: string, wait: OpenWait): OpenWait {
  const { managers = [] } = family.get(key) ?? {};
  if (managers.length === 0) return wait;
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
    return wait?.kind === 'waiting' ? [{ name: draft.rules.nameOf(manager), wait }] : [];
  });
  if (open.length === 0 || verdict.rule === 'out-of-sight') return verdict;
  const failed = verdict.conclusion === 'failure' && state.target?.kind === 'revision';
  // Its manager may be waiting for it.
  if (failed && open.every(({ wait }) => hasWritten(wait.state, key))) return verdict;
  const [names, manage] = [open.map(({ name }) => name).join(', '), open.length > 1 ? '' : 's'];
  return { kind: 'waiting', what: `${names}, which manage${manage} it` };
}

/** Whether a managed Application is as the target has it. */
function hasWritten({ application, target }: State, key: string): boolean {
  if (!application || target?.kind !== 'revision') return false;
  const { comparison, operation } = application;
  const name = resourceName({ group: 'argoproj.io', kind: 'Application', ...partsOf(key) });
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
