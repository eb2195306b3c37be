import { type Application, keyOf } from '../core/application/types.js';
import type { Standing } from '../core/applicationset/standing.js';
import { generationOf, lackingOf } from '../core/children/generated.js';
import { setsOf } from '../core/children/managed.js';
import type { State } from '../core/decision/state.js';
import { type Draft, strangerOf, touch, type WaitEvent, waitOf } from './draft.js';
import {
  doubtedForMs,
  dueAt,
  operationOf,
  type SetReading,
  unread,
  withFailure,
  withSet,
} from './set-readings.js';
import type { Wait, Waiting } from './waits.js';

/**
 * The Applications that ApplicationSets generate which an Application manages. They are known by who
 * owns them; whether they are all there, their ApplicationSet says, which is read when its manager is
 * done otherwise.
 */

type SetRead = Extract<WaitEvent, { readonly kind: 'set-read' }>;

/** What an Application manages by ApplicationSets, as far as it exists. */
export function setsIn({ application, presence }: State): readonly string[] {
  return application && presence === 'present' ? setsOnce(application) : [];
}

/** Each new Application asks all that may manage its ApplicationSet. */
const sets = new WeakMap<Application, readonly string[]>();

function setsOnce(application: Application): readonly string[] {
  const known = sets.get(application) ?? setsOf(application);
  sets.set(application, known);
  return known;
}

function setsOfWait(wait: Wait | undefined): readonly string[] {
  if (wait?.kind === 'done') return wait.manager?.sets ?? [];
  return wait ? setsIn(wait.state) : [];
}

type Owned = Pick<Application, 'namespace' | 'name' | 'applicationSet'>;

/** `namespace/name` of the ApplicationSet that owns an Application. */
export function ownerOf({ namespace, applicationSet }: Owned): string | undefined {
  return applicationSet === undefined ? undefined : keyOf({ namespace, name: applicationSet });
}

/** The Applications that ApplicationSets own, by the keys of both, in the order of their names. */
export function generatedIn(draft: Draft): ReadonlyMap<string, readonly string[]> {
  const owned = new Map<string, string[]>();
  const { waits, strangers } = draft.known;
  const { unlisted = new Map<string, Wait>() } = draft.facts;
  const keys = [waits, draft.changed, strangers, draft.strangers, unlisted].flatMap((each) => [
    ...each.keys(),
  ]);
  for (const key of new Set(keys)) {
    const application = presentOf(draft, key);
    const owner = application && ownerOf(application);
    if (owner === undefined) continue;
    const known = owned.get(owner);
    if (known) known.push(key);
    else owned.set(owner, [key]);
  }
  for (const each of owned.values()) each.sort();
  return owned;
}

function presentOf(draft: Draft, key: string): Owned | undefined {
  const stranger = strangerOf(draft, key);
  const wait = waitOf(draft, key) ?? (stranger ? undefined : draft.facts.unlisted?.get(key));
  if (wait?.kind === 'done') return wait.settled.application;
  const state = wait?.state ?? stranger;
  return state?.presence === 'present' ? state.application : undefined;
}

/** Those that manage an ApplicationSet. */
function managersOf(draft: Draft, set: string): readonly string[] {
  return [...draft.family.keys()].filter((key) => setsOfWait(waitOf(draft, key)).includes(set));
}

/** An Application came, with another owner than it had: those that manage its owners follow. */
export function ownedNow(draft: Draft, application: Application): void {
  if (!draft.rules.children || !draft.facts.listed) return;
  const own = keyOf(application);
  const before = presentOf(draft, own);
  const [former, owner] = [before && ownerOf(before), ownerOf(application)];
  if (former === owner) return;
  for (const set of [former, owner]) {
    for (const key of set === undefined ? [] : managersOf(draft, set)) {
      // One that is waited for already has a target by those that managed it before.
      if (waitOf(draft, own)) touch(draft, key);
      else draft.regrouped.add(key);
    }
  }
}

/** Whether an Application is waited for because such an ApplicationSet generates it. */
export function isGenerated(draft: Draft, key: string): boolean {
  const application = presentOf(draft, key);
  const owner = application && ownerOf(application);
  const named = (waitOf(draft, key)?.entries.length ?? 0) > 0;
  return !named && owner !== undefined && managersOf(draft, owner).length > 0;
}

/**
 * What the ApplicationSets of an Application lack; asks for what is to be read of them.
 * @param key of the Application that manages them
 */
export function awaitedSets(draft: Draft, key: string, state: State): Waiting | undefined {
  const awaited = setsIn(state).flatMap((set) => awaitedSet(draft, key, state, set) ?? []);
  const [first] = awaited;
  const times = awaited.flatMap(({ recheckAt }) => recheckAt ?? []);
  return first && { ...first, ...(times.length > 0 ? { recheckAt: Math.min(...times) } : {}) };
}

/** The same of one of them. */
export function awaitedSet(
  draft: Draft,
  key: string,
  state: State,
  set: string,
): Waiting | undefined {
  const reading = readingOf(draft, key, state, set);
  const name = draft.rules.nameOf(set);
  if (reading.refused) {
    const restMs = doubtedForMs(reading, state, draft.now);
    const recheckAt = draft.now.elapsed + restMs;
    return restMs > 0 ? { kind: 'waiting', what: generationOf(name), recheckAt } : undefined;
  }
  const unseen = unseenOf(draft, set, reading.standing);
  const lacking = lackingOf(name, reading.standing, unseen);
  if (!lacking) return undefined;
  if (reading.asked) return { kind: 'waiting', ...lacking };
  const recheckAt = dueAt(reading);
  if (recheckAt <= draft.now.elapsed) ask(draft, key, set, reading);
  return { kind: 'waiting', ...lacking, ...(recheckAt > draft.now.elapsed ? { recheckAt } : {}) };
}

function readingOf(draft: Draft, key: string, state: State, set: string): SetReading {
  const known = draft.facts.readings?.get(idOf(key, set));
  const operation = operationOf(state);
  if (known?.operation === operation) return known;
  const fresh = unread(operation, draft.now, known);
  note(draft, key, set, fresh);
  return fresh;
}

function idOf(key: string, set: string): string {
  return `${key} ${set}`;
}

function ask(draft: Draft, key: string, set: string, reading: SetReading): void {
  const { operation } = reading;
  note(draft, key, set, { ...reading, asked: true });
  draft.effects.push({ kind: 'read-set', key, set, operation });
}

function note(draft: Draft, key: string, set: string, reading: SetReading): void {
  const { facts } = draft;
  draft.facts = {
    ...facts,
    readings: new Map([...(facts.readings ?? []), [idOf(key, set), reading]]),
  };
}

/** Those that it has generated and that no wait has begun for. */
function unseenOf(draft: Draft, set: string, standing: Standing | undefined): readonly string[] {
  if (standing?.kind !== 'generated') return [];
  const namespace = set.slice(0, set.indexOf('/'));
  return standing.applications.filter((name) => !waitOf(draft, keyOf({ namespace, name })));
}

/** Takes in what was read; those that manage the ApplicationSet, and their children, follow. */
export function setRead(draft: Draft, { key, set, operation, seen }: SetRead): void {
  const wait = waitOf(draft, key);
  const reading = draft.facts.readings?.get(idOf(key, set));
  if (wait?.kind !== 'waiting' || reading?.operation !== operation) return;
  const answered = { ...reading, asked: false, at: draft.now.elapsed };
  const known =
    seen.kind === 'seen'
      ? withSet(answered, seen.set, wait.state, draft.now)
      : withFailure(answered, seen.final);
  note(draft, key, set, known);
  touch(draft, key);
}
