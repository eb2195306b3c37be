import type { Application } from '../core/application/types.js';
import type { Event } from '../core/decision/state.js';
import { allWaits, type Draft, isFoundApplication, waitOf } from './draft.js';
import type { ApplicationSelector } from './selection.js';
import type { Wait, Waits } from './waits.js';

/**
 * Which Applications are waited for. Says what becomes of the waits as data: the reducer carries it
 * out.
 */

/** What becomes of one wait: it takes in an event (and begins, where there was none), or goes. */
export type MembershipChange =
  | { readonly kind: 'event'; readonly key: string; readonly event: Event }
  | { readonly kind: 'gone'; readonly key: string };

/** The entries that name an Application, by their texts. */
export function entriesNaming(
  wanted: readonly ApplicationSelector[],
  application: Application,
): readonly string[] {
  return wanted.filter((each) => each.accepts(application)).map(({ text }) => text);
}

/** Whether one of these entries names the Applications of an ApplicationSet. */
export function areOfSet(
  wanted: readonly ApplicationSelector[],
  entries: readonly string[],
): boolean {
  return wanted.some(({ set, text }) => set !== undefined && entries.includes(text));
}

/**
 * Whether an Application that comes now is waited for, if an entry names it. Those of an
 * ApplicationSet come when that generates them.
 */
export function isAdmitted(draft: Draft, key: string, entries: readonly string[]): boolean {
  if (areOfSet(draft.rules.wanted, entries)) return true;
  const late = draft.facts.listed && !waitOf(draft, key);
  return !late || draft.rules.policy.ifMissing === 'wait' || isShort(draft);
}

/** What stood for entries that had found nothing gives way to what they find. */
export function givingWay(draft: Draft, entries: readonly string[]): readonly MembershipChange[] {
  return draft.rules.wanted
    .filter(({ key, set, text }) => {
      const named = key === undefined && set === undefined && entries.includes(text);
      return named && waitOf(draft, text);
    })
    .map(({ text }) => ({ kind: 'gone', key: text }));
}

/** Whether one wait stands for the Applications of `min-applications` that are still to come. */
export function isTooFew(draft: Draft): boolean {
  return standsForMore(waitOf(draft, shortageKey(draft)));
}

/**
 * Once a list is complete: waits for more Applications where there are too few. Where there are
 * enough, an entry that found none is as `if-missing` has it.
 */
export function counted(draft: Draft): readonly MembershipChange[] {
  const { wanted, minApplications, nameOf } = draft.rules;
  const key = shortageKey(draft);
  if (isShort(draft)) {
    const found = [...foundKeys(draft)].map(nameOf);
    const event: Event = { kind: 'too-few', shortage: { found, wanted: minApplications } };
    return [{ kind: 'event', key, event }];
  }
  const absent: Event = { kind: 'absent', now: draft.now };
  return [
    ...(isTooFew(draft) ? [{ kind: 'gone', key } as const] : []),
    ...unfound(wanted, allWaits(draft))
      .filter(({ set }) => set === undefined)
      .map((entry) => ({ kind: 'event', key: standInKey(entry), event: absent }) as const),
  ];
}

/** Whether `min-applications` waits for more than were found. */
export function isShort({ facts, rules }: Draft): boolean {
  return rules.minApplications > 1 && facts.found < rules.minApplications;
}

/** The key that stands for the Applications of `min-applications` that are still to come. */
function shortageKey({ rules }: Draft): string {
  const texts = rules.wanted.map(({ text }) => text).join(', ');
  // One wait stands for an ApplicationSet too.
  return rules.wanted.some(({ set }) => set !== undefined) ? `Applications of ${texts}` : texts;
}

function standsForMore(wait: Wait | undefined): boolean {
  return wait?.kind === 'waiting' && wait.state.shortage !== undefined;
}

function* foundKeys(draft: Draft): Iterable<string> {
  for (const [key, wait] of allWaits(draft)) if (isFoundApplication(wait)) yield key;
}

/** The entries for which no Application was found. */
export function unfound(
  wanted: readonly ApplicationSelector[],
  waits: Waits,
): readonly ApplicationSelector[] {
  const found = new Set([...waits.values()].flatMap(({ entries }) => entries));
  return wanted.filter(({ text }) => !found.has(text));
}

/** The key of the wait that stands for an entry while no Application is found for it. */
export function standInKey({ key, text }: ApplicationSelector): string {
  return key ?? text;
}
