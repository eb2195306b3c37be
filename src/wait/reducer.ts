import { type Application, keyOf } from '../core/application/types.js';
import type { Moment } from '../core/decision/moment.js';
import { openQuestion } from '../core/decision/progress.js';
import { judge, type Verdict } from '../core/decision/rules.js';
import { begin, type Event, type Policy, type State, step } from '../core/decision/state.js';
import type { Target } from '../core/decision/target.js';
import { hasSomethingToSee, type LookAt, type Looks, lookAtFor } from '../core/result/looks.js';
import { settle } from '../core/result/settle.js';
import type { SourceEvent } from '../sources/source.js';
import type { ApplicationSelector } from './selection.js';
import { type LookState, shownOf, type Wait, type Waiting, type Waits } from './waits.js';

/**
 * The wait as a story without I/O: each event changes some waits, and asks for effects. What an
 * effect comes to is an event again.
 */

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
  /** It can be looked within Applications. */
  readonly looks: boolean;
  /** When the wait began. */
  readonly since: Moment;
}

/** What is known beside the waits themselves. */
export interface Facts {
  /** A list was complete: an Application that was not in it does not exist. */
  readonly listed: boolean;
  /** How many waits go on; counted, as it is asked after every event of thousands. */
  readonly open: number;
  /** How many Applications were found; counted for the same reason. */
  readonly found: number;
  /** An Application ended in failure. */
  readonly failed: boolean;
  /** Why the server has no answer at present. */
  readonly trouble?: string;
}

export const NOTHING_KNOWN: Facts = { listed: false, open: 0, found: 0, failed: false };

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
  | { readonly kind: 'act'; readonly key: string; readonly application: Application }
  /** Looks within the Application. */
  | {
      readonly kind: 'look';
      readonly key: string;
      readonly application: Application;
      readonly at: LookAt;
      /** What is known by now. */
      readonly looks: Looks;
    }
  /** Sends an event after so many milliseconds. */
  | { readonly kind: 'later'; readonly ms: number; readonly event: WaitEvent };

export interface Reduction {
  readonly facts: Facts;
  /** The waits that changed, undefined: it is gone. Of thousands most stay, so no map is copied. */
  readonly changed: ReadonlyMap<string, Wait | undefined>;
  readonly effects: readonly Effect[];
}

/** After a refused or failed answer of the repository's host. */
const ASK_AGAIN_MS = 60_000;
/** After a fault of a request that changes something. */
const ACT_AGAIN_MS = 2000;

/** From what there is to see on; and between two looks within an Application. */
export const LOOK_MS = 10_000;

const UNSEEN: Waiting = { kind: 'waiting', what: 'the first answer of the server' };
const PREPARING: Waiting = { kind: 'waiting', what: 'its trigger' };

/** Takes in one event. */
export function reduce(
  rules: WaitRules,
  waits: Waits,
  facts: Facts,
  event: WaitEvent,
  now: Moment,
): Reduction {
  const draft: Draft = { rules, waits, now, facts, changed: new Map(), effects: [] };
  take(draft, event);
  return draft;
}

/** Whether all is decided that is to be decided. */
export function isOver({ wanted, failFast }: WaitRules, waits: Waits, facts: Facts): boolean {
  if (failFast && facts.failed) return true;
  if (facts.open > 0) return false;
  return facts.listed || wanted.every(({ key }) => key !== undefined && waits.has(key));
}

/** The key that stands for the Applications of `min-applications` that are still to come. */
function shortageKey(wanted: readonly ApplicationSelector[]): string {
  return wanted.map(({ text }) => text).join(', ');
}

/** The entries for which no Application was found, by the keys that stand for them. */
export function unfound(wanted: readonly ApplicationSelector[], waits: Waits): readonly string[] {
  return wanted.filter((entry) => !isFound(entry, waits)).map((entry) => entry.key ?? entry.text);
}

function isFound(entry: ApplicationSelector, waits: Waits): boolean {
  if (waits.has(entry.key ?? entry.text)) return true;
  return entry.key === undefined && [...waits.keys()].some((key) => isNamedBy(entry, key));
}

function isNamedBy({ accepts }: ApplicationSelector, key: string): boolean {
  const [namespace = '', name = ''] = key.split('/');
  return accepts(namespace, name);
}

/** A reduction under way; it lives no longer than one call of `reduce`. */
interface Draft {
  readonly rules: WaitRules;
  readonly waits: Waits;
  readonly now: Moment;
  facts: Facts;
  readonly changed: Map<string, Wait | undefined>;
  readonly effects: Effect[];
}

type Taken<K extends WaitEvent['kind']> = Extract<WaitEvent, { readonly kind: K }>;

function take(draft: Draft, event: WaitEvent): void {
  // Whatever else the server sends, it answers.
  if (isFromServer(event)) untroubled(draft);
  switch (event.kind) {
    case 'application':
      arrived(draft, event);
      break;
    case 'deleted':
      left(draft, event.key);
      break;
    case 'listed':
      listed(draft, event.present);
      break;
    case 'unreachable':
    case 'request-failed':
      troubled(draft, event.message);
      break;
    case 'answered':
      answered(draft, event);
      break;
    case 'ask-again':
      askAgain(draft, event);
      break;
    case 'acted':
      acted(draft, event);
      break;
    case 'act-failed':
      troubled(draft, event.message);
      later(draft, ACT_AGAIN_MS, { kind: 'act-again', key: event.key });
      break;
    case 'act-again':
      actAgain(draft, event.key);
      break;
    case 'look':
      look(draft, event);
      break;
    case 'looked':
      looked(draft, event);
      break;
    case 'recheck':
      recheck(draft, event);
  }
}

function isFromServer({ kind }: WaitEvent): boolean {
  return kind === 'application' || kind === 'deleted' || kind === 'listed';
}

function untroubled(draft: Draft): void {
  if (draft.facts.trouble === undefined) return;
  const { trouble: _over, ...facts } = draft.facts;
  draft.facts = facts;
}

function troubled(draft: Draft, trouble: string): void {
  draft.facts = { ...draft.facts, trouble };
}

function waitOf({ changed, waits }: Draft, key: string): Wait | undefined {
  return changed.has(key) ? changed.get(key) : waits.get(key);
}

/** Of a wait that goes on. */
function openWait(draft: Draft, key: string): OpenWait | undefined {
  const wait = waitOf(draft, key);
  return wait?.kind === 'waiting' ? wait : undefined;
}

export type OpenWait = Extract<Wait, { readonly kind: 'waiting' }>;

/** An Application as it is now. */
function arrived(draft: Draft, { application, gap }: Taken<'application'>): void {
  const { wanted, policy } = draft.rules;
  const key = keyOf(application);
  const late = draft.facts.listed && !waitOf(draft, key);
  const tooFew = standsForMore(waitOf(draft, shortageKey(wanted)));
  if (late && policy.ifMissing !== 'wait' && !isShort(draft)) return;
  for (const entry of wanted) {
    // What stood for a glob that found nothing gives way to what it found.
    const placeholder = entry.key === undefined && waitOf(draft, entry.text);
    if (placeholder && isNamedBy(entry, key)) replace(draft, entry.text, undefined);
  }
  apply(draft, key, { kind: 'snapshot', application, now: draft.now, gap });
  act(draft, key, application);
  if (tooFew) counted(draft);
}

function isShort({ facts, rules }: Draft): boolean {
  return rules.minApplications > 1 && facts.found < rules.minApplications;
}

/**
 * Once a list is complete: waits for more Applications where there are too few. Where there are
 * enough, an entry that found none is as `if-missing` has it.
 */
function counted(draft: Draft): void {
  const { wanted, minApplications, nameOf } = draft.rules;
  const key = shortageKey(wanted);
  if (isShort(draft)) {
    const found = [...foundKeys(draft)].map(nameOf);
    apply(draft, key, { kind: 'too-few', shortage: { found, wanted: minApplications } });
    return;
  }
  if (standsForMore(waitOf(draft, key))) replace(draft, key, undefined);
  for (const missing of unfound(wanted, allWaits(draft))) {
    apply(draft, missing, { kind: 'absent', now: draft.now });
  }
}

function standsForMore(wait: Wait | undefined): boolean {
  return wait?.kind === 'waiting' && wait.state.shortage !== undefined;
}

function* foundKeys(draft: Draft): Iterable<string> {
  for (const [key, wait] of allWaits(draft)) if (isFoundApplication(wait)) yield key;
}

/** The waits with the changes of this reduction. */
function allWaits({ waits, changed }: Draft): Waits {
  const merged = new Map(waits);
  for (const [key, wait] of changed) {
    if (wait) merged.set(key, wait);
    else merged.delete(key);
  }
  return merged;
}

function isFoundApplication(wait: Wait | undefined): boolean {
  if (wait?.kind === 'done') return wait.settled.application !== undefined;
  return wait?.state.presence === 'present';
}

/** An Application was deleted. */
function left(draft: Draft, key: string): void {
  if (waitOf(draft, key)) apply(draft, key, { kind: 'absent', now: draft.now });
}

/** A list is complete: what is not in it does not exist. */
function listed(draft: Draft, present: ReadonlySet<string>): void {
  for (const key of draft.waits.keys()) {
    if (key.includes('/') && !present.has(key)) left(draft, key);
  }
  counted(draft);
  draft.facts = { ...draft.facts, listed: true };
}

/** Steps the wait for an Application; what is done stays done. */
function apply(draft: Draft, key: string, event: Event): void {
  const wait = waitOf(draft, key);
  if (wait?.kind === 'done') return;
  const before = wait ?? beginning(draft.rules);
  // A new Application under the same name has questions of its own.
  const own = isAnother(before.state, event) ? { asked: NOTHING, look: NO_LOOK } : {};
  judged(draft, key, { ...before, ...own, state: step(before.state, event) });
}

function isAnother({ application }: State, event: Event): boolean {
  if (event.kind !== 'snapshot' || !application) return false;
  return application.uid !== event.application.uid;
}

/** A wait that has seen nothing yet. */
export function beginning({ policy, resolve, since, acts }: WaitRules): OpenWait {
  const state = begin(policy, resolve, since);
  return { kind: 'waiting', state, verdict: UNSEEN, acted: !acts, asked: NOTHING, look: NO_LOOK };
}

const NOTHING: ReadonlySet<string> = new Set();
const NO_LOOK: LookState = { kind: 'none', last: Number.NEGATIVE_INFINITY };

/** Judges a wait whose state is new, or for which time has passed. */
function judged(draft: Draft, key: string, wait: OpenWait): void {
  const { state, acted } = wait;
  const ready = acted || !canBeActedOn(state);
  const verdict: Verdict = ready ? judge(state, draft.now) : PREPARING;
  if (verdict.kind === 'waiting') waitOn(draft, key, { ...wait, verdict });
  else end(draft, key, state, verdict);
}

function canBeActedOn({ presence, application }: State): boolean {
  return presence === 'present' && application?.unreadable === undefined;
}

function end(draft: Draft, key: string, state: State, verdict: Done): void {
  const settled = settle(draft.rules.nameOf(key), state, verdict, draft.now);
  replace(draft, key, { kind: 'done', settled, shown: shownOf(state) });
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
  if (!draft.rules.looks || look.kind === 'under-way' || look.kind === 'given-up') return look;
  const first = firstLookAt(draft, wait);
  if (first === undefined) return { kind: 'none', last: look.last };
  if (look.kind === 'due') return look;
  const from = look.kind === 'done' ? draft.now.elapsed : first;
  const at = Math.max(from, look.last + LOOK_MS);
  later(draft, at - draft.now.elapsed, { kind: 'look', key, at });
  return { kind: 'due', last: look.last, at };
}

/** Rows of the table of verdicts that wait for what looks within an Application tell of. */
const UNHEALTHY: ReadonlySet<string> = new Set(['health-outdated', 'degraded', 'not-healthy']);

/** Most waits are over before that, and ask for nothing more; undefined: there is nothing to see. */
function firstLookAt({ rules, now }: Draft, { verdict, state }: OpenWait): number | undefined {
  const { application } = state;
  if (UNHEALTHY.has(verdict.rule ?? '')) {
    return application?.health.status === 'Healthy' ? undefined : now.elapsed + LOOK_MS;
  }
  if (verdict.rule === 'auto-sync-pending') return now.elapsed + LOOK_MS;
  if (verdict.rule !== 'operation-running') return undefined;
  const pending = application !== undefined && hasSomethingToSee(application);
  // A hook's pod may be gone soon.
  return pending ? Math.max(now.elapsed, rules.since.elapsed + LOOK_MS) : undefined;
}

function look(draft: Draft, { key, at }: Taken<'look'>): void {
  const wait = openWait(draft, key);
  if (wait?.look.kind !== 'due' || wait.look.at !== at) return;
  const { application, looks } = wait.state;
  const { rule } = wait.verdict;
  if (application) {
    const at = lookAtFor(rule, application);
    draft.effects.push({ kind: 'look', key, application, at, looks });
  }
  replace(draft, key, { ...wait, look: { kind: 'under-way', last: draft.now.elapsed } });
}

function looked(draft: Draft, { key, uid, looks, final }: Taken<'looked'>): void {
  const wait = openWait(draft, key);
  if (wait?.look.kind !== 'under-way' || wait.state.application?.uid !== uid) return;
  const { last } = wait.look;
  const state = looks ? step(wait.state, { kind: 'looked', looks }) : wait.state;
  judged(draft, key, { ...wait, state, look: { kind: final ? 'given-up' : 'done', last } });
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

function answered(draft: Draft, { key, question, answer }: Taken<'answered'>): void {
  if (answer) apply(draft, key, answer);
  else later(draft, ASK_AGAIN_MS, { kind: 'ask-again', key, question });
}

function askAgain(draft: Draft, { key, question }: Taken<'ask-again'>): void {
  const wait = openWait(draft, key);
  if (!wait) return;
  const asked = new Set(wait.asked);
  asked.delete(question);
  judged(draft, key, { ...wait, asked });
}

/** Does what `trigger` asks for, again with every snapshot until it is done. */
function act(draft: Draft, key: string, application: Application): void {
  const wait = waitOf(draft, key);
  if (wait?.kind !== 'waiting' || wait.acted || application.unreadable !== undefined) return;
  draft.effects.push({ kind: 'act', key, application });
}

function acted(draft: Draft, { key, on, answer }: Taken<'acted'>): void {
  const wait = openWait(draft, key);
  if (!wait || wait.acted) return;
  if (answer) {
    untroubled(draft);
    judged(draft, key, { ...wait, acted: true, state: step(wait.state, answer) });
    return;
  }
  // A snapshot that came while the answer was on its way was not acted on: no other may come.
  const latest = wait.state.application;
  if (latest && latest !== on) act(draft, key, latest);
}

function actAgain(draft: Draft, key: string): void {
  const { application, presence } = openWait(draft, key)?.state ?? {};
  if (application && presence === 'present') act(draft, key, application);
}

/** Time alone may change a verdict; an older appointment than that of the verdict is void. */
function recheck(draft: Draft, { key, at }: Taken<'recheck'>): void {
  const wait = openWait(draft, key);
  if (wait?.verdict.recheckAt === at) judged(draft, key, wait);
}

function later(draft: Draft, ms: number, event: WaitEvent): void {
  draft.effects.push({ kind: 'later', ms: Math.max(0, ms), event });
}

function replace(draft: Draft, key: string, wait: Wait | undefined): void {
  const before = waitOf(draft, key);
  const opened = Number(wait?.kind === 'waiting') - Number(before?.kind === 'waiting');
  const found = Number(isFoundApplication(wait)) - Number(isFoundApplication(before));
  if (opened !== 0 || found !== 0) {
    const { facts } = draft;
    draft.facts = { ...facts, open: facts.open + opened, found: facts.found + found };
  }
  draft.changed.set(key, wait);
}
