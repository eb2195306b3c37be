import { mayCreate } from '../core/children/managed.js';
import { leadOf } from '../core/children/target.js';
import { openQuestion } from '../core/decision/progress.js';
import { judge, type Verdict } from '../core/decision/rules.js';
import { begin, type Event, type State, step } from '../core/decision/state.js';
import { hasSomethingToSee, lookAtFor } from '../core/result/looks.js';
import { settle } from '../core/result/settle.js';
import { aimed, childrenIn, heldBack } from './children.js';
import {
  type Draft,
  type Question,
  replace,
  touch,
  type WaitEvent,
  type WaitRules,
  waitOf,
} from './draft.js';
import { setsIn } from './generated.js';
import { type LookState, type Manager, type OpenWait, shownOf, type Waiting } from './waits.js';

/** One wait: what an event makes of it, how it is judged, and what it then asks for. */

/** From what there is to see on; and between two looks within an Application. */
const LOOK_MS = 10_000;

/** So much later it is judged again what the server, which had no answer, may not have told yet. */
export const BEHIND_MS = 1000;

const UNSEEN: Waiting = { kind: 'waiting', what: 'the first answer from the server' };
const PREPARING: Waiting = { kind: 'waiting', what: 'its trigger' };

/**
 * Steps the wait for an Application; what is done stays done.
 * @param entries that name it, for a wait that begins
 */
export function apply(
  draft: Draft,
  key: string,
  event: Event,
  entries: readonly string[] = [],
): void {
  const wait = waitOf(draft, key);
  if (wait?.kind === 'done') return;
  const before = wait ?? beginning(draft.rules, entries);
  // A new Application under the same name has questions of its own.
  const own = isAnother(before.state, event) ? { asked: NOTHING, look: NO_LOOK } : {};
  const stepped = { ...before, ...own, state: step(before.state, event) };
  touch(draft, key);
  judged(draft, key, aimed(draft, key, stepped));
}

function isAnother({ application }: State, event: Event): boolean {
  if (event.kind !== 'snapshot' || !application) return false;
  return application.uid !== event.application.uid;
}

/** A wait that has seen nothing yet. */
export function beginning(
  { policy, resolve, since, acts }: WaitRules,
  entries: readonly string[],
): OpenWait {
  const state = begin(policy, resolve, since);
  const untouched = { acted: !acts, asked: NOTHING, look: NO_LOOK };
  return { kind: 'waiting', entries, state, verdict: UNSEEN, ...untouched };
}

/** The wait for an Application that another one manages; `trigger` does nothing to it. */
export function beginningOfManaged(state: State): OpenWait {
  const untouched = { acted: true, asked: NOTHING, look: NO_LOOK };
  return { kind: 'waiting', entries: [], state, verdict: UNSEEN, ...untouched };
}

const NOTHING: ReadonlySet<string> = new Set();
const NO_LOOK: LookState = { kind: 'none', last: Number.NEGATIVE_INFINITY };

/** Judges a wait whose state is new, or for which time has passed. */
export function judged(draft: Draft, key: string, wait: OpenWait): void {
  const { state, acted } = wait;
  const ready = acted || !canBeActedOn(state);
  const verdict: Verdict = ready ? heldBack(draft, key, wait, judge(state, draft.now)) : PREPARING;
  if (verdict.kind === 'waiting') waitOn(draft, key, { ...wait, verdict });
  else if (draft.behind) {
    const recheckAt = draft.now.elapsed + BEHIND_MS;
    waitOn(draft, key, { ...wait, verdict: { ...wait.verdict, recheckAt } });
  } else end(draft, key, wait, verdict);
}

/** Whether `trigger` has something to act on. */
export function canBeActedOn({ presence, application }: State): boolean {
  return presence === 'present' && application?.unreadable === undefined;
}

function managerIn(
  { rules, now }: Draft,
  key: string,
  state: State,
  verdict: Done,
): { readonly manager?: Manager } {
  const { application } = state;
  if (!rules.children || !application) return {};
  const [children, sets] = [childrenIn(state), setsIn(state)];
  if (children.length + sets.length === 0) return {};
  const creates = mayCreate(application, verdict);
  return { manager: { lead: leadOf(rules.nameOf(key), state, now), children, sets, creates } };
}

function end(draft: Draft, key: string, { entries, state }: OpenWait, verdict: Done): void {
  const settled = settle(draft.rules.nameOf(key), state, verdict, draft.now);
  const manager = managerIn(draft, key, state, verdict);
  replace(draft, key, { kind: 'done', entries, settled, shown: shownOf(state), ...manager });
  touch(draft, key);
  // What cannot be read says nothing of the others.
  const failed = verdict.conclusion === 'failure' && verdict.reason !== 'internal-error';
  if (failed) draft.facts = { ...draft.facts, failed };
}

type Done = Extract<Verdict, { readonly kind: 'done' }>;

/** Notes that a wait goes on, and asks for all that may end it. */
function waitOn(draft: Draft, key: string, wait: OpenWait): void {
  const { recheckAt: at } = wait.verdict;
  if (at !== undefined) later(draft, at - draft.now.elapsed, { kind: 'recheck', key, at });
  const open = questionsOf(wait.state).filter(([id]) => !wait.asked.has(id));
  for (const [id, question] of open) draft.effects.push({ kind: 'ask', key, id, question });
  const asked =
    open.length === 0 ? wait.asked : new Set([...wait.asked, ...open.map(([id]) => id)]);
  replace(draft, key, { ...wait, asked, look: appointed(draft, key, wait) });
}

/** The next look within an Application: there is something to see, and it is not too soon. */
function appointed(draft: Draft, key: string, wait: OpenWait): LookState {
  const { look } = wait;
  if (look.kind === 'under-way' || look.kind === 'given-up') return look;
  const first = firstLookAt(draft, wait);
  if (first === undefined) return { kind: 'none', last: look.last };
  if (look.kind === 'due') return look;
  const from = look.kind === 'done' ? draft.now.elapsed : first;
  const at = Math.max(from, look.last + LOOK_MS);
  later(draft, at - draft.now.elapsed, { kind: 'look', key, at });
  return { kind: 'due', last: look.last, at };
}

/** Rows of the table of verdicts that wait for what looks within an Application tell of. */
const UNHEALTHY: ReadonlySet<string> = new Set([
  'health-outdated',
  'suspended',
  'degraded',
  'not-healthy',
]);

/** Most waits are over before that, and ask for nothing more; undefined: there is nothing to see. */
function firstLookAt({ rules, now }: Draft, { verdict, state }: OpenWait): number | undefined {
  const { application } = state;
  if (UNHEALTHY.has(verdict.rule ?? '')) {
    return application?.health.status === 'Healthy' ? undefined : now.elapsed + LOOK_MS;
  }
  if (verdict.rule === 'auto-sync-pending') return now.elapsed + LOOK_MS;
  if (mayAwaitTurn(rules, verdict, state)) return now.elapsed + LOOK_MS;
  if (verdict.rule !== 'operation-running') return undefined;
  const pending = application !== undefined && hasSomethingToSee(application);
  // A hook's pod may be gone soon.
  return pending ? Math.max(now.elapsed, rules.since.elapsed + LOOK_MS) : undefined;
}

/** Its ApplicationSet, where it is not followed, may tell whose turn it is. */
function mayAwaitTurn(rules: WaitRules, { rule }: Waiting, { application, looks }: State): boolean {
  if (!application || looks.rollout === 'none' || rules.wanted.some(({ set }) => set)) return false;
  return lookAtFor(rule, application) === 'applicationset';
}

/** What only the repository can say; each question is asked once. */
function questionsOf(state: State): readonly (readonly [id: string, question: Question])[] {
  const revisions = openQuestion(state)?.revisions ?? [];
  const relations = revisions.map(
    (revision) => [revision, { kind: 'relation', state, revision }] as const,
  );
  const { target } = state;
  if (target?.kind !== 'revision' || target.lookup === undefined) return relations;
  const { lookup: repository, text } = target;
  return [...relations, [text, { kind: 'name', repository, text }]];
}

/** Sends an event after so many milliseconds. */
export function later(draft: Draft, ms: number, event: WaitEvent): void {
  draft.effects.push({ kind: 'later', ms: Math.max(0, ms), event });
}
