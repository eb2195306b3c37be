import { keyOf } from '../core/application/types.js';
import type { Moment } from '../core/decision/moment.js';
import { step } from '../core/decision/state.js';
import { lookAtFor } from '../core/result/looks.js';
import {
  awaitsSets,
  rolloutChanges,
  rolloutOf,
  type SetEvent,
  setsAfter,
  standIns,
} from './applicationsets.js';
import {
  type Draft,
  type Facts,
  type Known,
  type Reduction,
  replace,
  touch,
  type WaitEvent,
  type WaitRules,
  waitOf,
} from './draft.js';
import { catchUp, caughtUp, followUp, forget, formFamily, met, withdraw } from './family.js';
import { isGenerated, ownedNow, setRead } from './generated.js';
import {
  areOfSet,
  counted,
  entriesNaming,
  givingWay,
  isAdmitted,
  isTooFew,
  type MembershipChange,
  standInKey,
} from './membership.js';
import { apply, BEHIND_MS, canBeActedOn, judged, later } from './stepping.js';
import type { OpenWait, Wait } from './waits.js';

/**
 * The wait as a story without I/O: each event changes some waits, and asks for effects. What an
 * effect comes to is an event again.
 */

/** After a refused or failed answer of the repository's host. */
const ASK_AGAIN_MS = 60_000;
/** After a fault of a request that changes something. */
const ACT_AGAIN_MS = 2000;

/** Takes in one event. */
export function reduce(rules: WaitRules, known: Known, event: WaitEvent, now: Moment): Reduction {
  const { facts, family } = known;
  const nothing = {
    changed: new Map(),
    strangers: new Map(),
    touched: new Set<string>(),
    regrouped: new Set<string>(),
    leads: new Map(),
    effects: [],
  };
  const behind = !isFromServer(event) && isBehind(facts, now);
  const draft: Draft = { rules, known, now, behind, facts, family, ...nothing };
  take(draft, event);
  followUp(draft);
  return draft;
}

/** Whether all is decided that is to be decided. */
export function isOver(rules: WaitRules, { waits, facts }: Known): boolean {
  const { wanted, failFast, children } = rules;
  if (failFast && facts.failed) return true;
  if (facts.open > 0 || awaitsSets(wanted, facts.sets)) return false;
  if (facts.listed || children) return facts.listed;
  return wanted.every(({ key }) => key !== undefined && waits.has(key));
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
      deleted(draft, event.key);
      break;
    case 'listed':
      listed(draft, event.present);
      break;
    case 'applicationset':
    case 'applicationset-deleted':
    case 'applicationsets-listed':
      setChanged(draft, event);
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
      act(draft, event.key);
      break;
    case 'look':
      look(draft, event);
      break;
    case 'looked':
      looked(draft, event);
      break;
    case 'set-read':
      setRead(draft, event);
      break;
    case 'recheck':
      recheck(draft, event);
  }
}

const FROM_SERVER: ReadonlySet<WaitEvent['kind']> = new Set([
  ...(['application', 'deleted', 'listed'] as const),
  ...(['applicationset', 'applicationset-deleted', 'applicationsets-listed'] as const),
]);

function isFromServer({ kind }: WaitEvent): boolean {
  return FROM_SERVER.has(kind);
}

function untroubled(draft: Draft): void {
  if (draft.facts.trouble === undefined) return;
  const { trouble: _over, ...facts } = draft.facts;
  draft.facts = { ...facts, behindUntil: draft.now.elapsed + BEHIND_MS };
}

function isBehind({ trouble, behindUntil = 0 }: Facts, now: Moment): boolean {
  return trouble !== undefined || now.elapsed < behindUntil;
}

function troubled(draft: Draft, trouble: string): void {
  draft.facts = { ...draft.facts, trouble };
}

/** Of a wait that goes on. */
function openWait(draft: Draft, key: string): OpenWait | undefined {
  const wait = waitOf(draft, key);
  return wait?.kind === 'waiting' ? wait : undefined;
}

/** An Application as it is now. */
function arrived(draft: Draft, event: Taken<'application'>): void {
  const { application, gap } = event;
  const key = keyOf(application);
  if (gap) catchUp(draft);
  ownedNow(draft, application);
  const entries = entriesNaming(draft.rules.wanted, application);
  const named = isAdmitted(draft, key, entries) ? entries : [];
  if (named.length === 0 && !waitOf(draft, key)) {
    met(draft, event);
    return;
  }
  withdraw(draft, application);
  const tooFew = isTooFew(draft);
  carryOut(draft, givingWay(draft, named));
  forget(draft, key);
  const rollout = rolloutOf(draft, application);
  const told = rollout ? { rollout } : {};
  apply(draft, key, { kind: 'snapshot', application, now: draft.now, gap, ...told }, named);
  act(draft, key);
  if (tooFew) carryOut(draft, counted(draft));
  if (draft.facts.listed) carryOut(draft, standIns(draft));
}

/** What an ApplicationSet says has changed. */
function setChanged(draft: Draft, event: SetEvent): void {
  draft.facts = { ...draft.facts, sets: setsAfter(draft, event) };
  if (event.kind === 'applicationset') carryOut(draft, rolloutChanges(draft, keyOf(event.set)));
  carryOut(draft, standIns(draft));
}

/** Of those that stand for entries, the entry is known by their key. */
function carryOut(draft: Draft, changes: readonly MembershipChange[]): void {
  for (const change of changes) {
    if (change.kind === 'gone') replace(draft, change.key, undefined);
    else apply(draft, change.key, change.event, entriesAt(draft, change.key));
  }
}

function entriesAt({ rules }: Draft, key: string): readonly string[] {
  return rules.wanted.filter((each) => standInKey(each) === key).map(({ text }) => text);
}

/** An Application was deleted; nobody waits for one that its ApplicationSet has taken away. */
function left(draft: Draft, key: string): void {
  forget(draft, key);
  const wait = waitOf(draft, key);
  if (!wait) return;
  if (areOfSet(draft.rules.wanted, wait.entries) || isGenerated(draft, key)) {
    replace(draft, key, undefined);
    // What it manages goes with it.
    touch(draft, key);
  } else apply(draft, key, { kind: 'absent', now: draft.now });
}

function deleted(draft: Draft, key: string): void {
  left(draft, key);
  if (draft.facts.sets) carryOut(draft, [...counted(draft), ...standIns(draft)]);
}

/** A list is complete: what is not in it does not exist. */
function listed(draft: Draft, present: ReadonlySet<string>): void {
  const standing = new Set(
    draft.rules.wanted.flatMap((each) => (each.set ? standInKey(each) : [])),
  );
  const { waits, strangers } = draft.known;
  const { unlisted = new Map<string, Wait>() } = draft.facts;
  for (const key of [...waits.keys(), ...strangers.keys(), ...unlisted.keys()]) {
    if (key.includes('/') && !standing.has(key) && !present.has(key)) left(draft, key);
  }
  carryOut(draft, counted(draft));
  const first = !draft.facts.listed;
  draft.facts = { ...draft.facts, listed: true };
  if (first) formFamily(draft);
  caughtUp(draft);
  carryOut(draft, standIns(draft));
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

function answered(draft: Draft, { key, question, answer }: Taken<'answered'>): void {
  if (!answer) later(draft, ASK_AGAIN_MS, { kind: 'ask-again', key, question });
  else if (waitOf(draft, key)) {
    apply(draft, key, answer);
    // A trigger may have had to know the commit.
    if (answer.kind === 'named') act(draft, key);
  }
}

function askAgain(draft: Draft, { key, question }: Taken<'ask-again'>): void {
  const wait = openWait(draft, key);
  if (!wait) return;
  const asked = new Set(wait.asked);
  asked.delete(question);
  judged(draft, key, { ...wait, asked });
}

/** Does what `trigger` asks for, again with every snapshot until it is done. */
function act(draft: Draft, key: string): void {
  const wait = openWait(draft, key);
  if (!wait || wait.acted || !canBeActedOn(wait.state)) return;
  const { application, target } = wait.state;
  if (application && target) draft.effects.push({ kind: 'act', key, application, target });
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
  if (wait.state.application !== on) act(draft, key);
}

/** Time alone may change a verdict; an older appointment than that of the verdict is void. */
function recheck(draft: Draft, { key, at }: Taken<'recheck'>): void {
  const wait = openWait(draft, key);
  if (wait?.verdict.recheckAt !== at) return;
  if (draft.behind) later(draft, BEHIND_MS, { kind: 'recheck', key, at });
  else if (wait.state.set) carryOut(draft, standIns(draft));
  else {
    touch(draft, key);
    judged(draft, key, wait);
  }
}
