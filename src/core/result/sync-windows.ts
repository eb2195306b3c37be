import { someOf } from '../application/phrases.js';
import { timeText } from '../decision/moment.js';
import {
  blockingWindows,
  HORIZON_MS,
  type Opening,
  openAt,
  openingOf,
  timingOf,
} from '../windows/opening.js';
import type { SyncWindow, SyncWindows } from '../windows/types.js';
import type { Cause } from './causes.js';
import { NO_WINDOWS, type WindowsLook } from './looks.js';

export interface WindowsOptions {
  /** What the user calls the Application. */
  readonly application: string;
  /** The operation that waits for them, if there is one; else it is auto-sync that waits. */
  readonly operation?: { readonly automated: boolean };
  /** Milliseconds since the epoch, by the server's clock; undefined: not known. */
  readonly now: number | undefined;
}

/** Nobody reads more. */
const MOST = 3;
/** UTF-16 units. */
const LONGEST_PART = 100;

/** Why no sync starts, as far as that is because of sync windows, and when one may start. */
export function lookAtWindows(
  { assigned, active }: SyncWindows,
  { application, operation, now }: WindowsOptions,
): WindowsLook {
  const manual = operation?.automated === false;
  const timing = timingOf(assigned);
  const timed = timing.kind === 'timed' && now !== undefined ? { ...timing, now } : undefined;
  if (!active && timing.kind === 'invalid') {
    return { causes: [causeOf(ofInvalid(timing.window), application)] };
  }
  const open = active ?? (timed && openAt(timed.windows, timed.now));
  const blocking = open ? blockingWindows(assigned, open, manual) : [];
  const [first] = blocking;
  if (!first) return NO_WINDOWS;
  const what = first.kind === 'deny' ? ofDeny(blocking, operation) : ofAllow(blocking, operation);
  const opening = timed && openingOf(timed.windows, timed.now, manual);
  // Argo CD knows better than the schedules which windows are open now.
  if (!opening || opening.notBefore <= timed.now) return { causes: [causeOf(what, application)] };
  const when = whenOf(opening, operation, timed.now);
  return { causes: [causeOf(`${what}${when}`, application)], opening };
}

type Held = WindowsOptions['operation'];

function ofDeny(windows: readonly SyncWindow[], operation: Held): string {
  const one = windows.length === 1;
  const which = `${one ? 'a deny sync window' : 'deny sync windows'} (${scheduleOf(windows)})`;
  return `${which} ${one ? 'blocks' : 'block'} ${syncOf(operation)}${byHand(windows, operation)}`;
}

function ofAllow(windows: readonly SyncWindow[], operation: Held): string {
  const one = windows.length === 1;
  const which = `its allow ${one ? 'sync window' : 'sync windows'} (${scheduleOf(windows)})`;
  const waits = `${one ? 'is' : 'are'} not open, so ${syncOf(operation)} waits`;
  return `${which} ${waits}${byHand(windows, operation)}`;
}

function syncOf(operation: Held): string {
  return operation ? 'the operation' : 'auto-sync';
}

function byHand(windows: readonly SyncWindow[], operation: Held): string {
  const allowed = !operation && windows.every(({ manualSync }) => manualSync);
  return allowed ? '; a manual sync is allowed' : '';
}

function ofInvalid(window: SyncWindow): string {
  return `Argo CD cannot read a sync window (${scheduleOf([window])}), and starts no sync while it cannot`;
}

function whenOf({ notBefore, opens }: Opening, operation: Held, now: number): string {
  const what = operation ? 'it' : 'auto-sync';
  if (opens) return `; ${what} can start at ${timeText(notBefore)}`;
  return notBefore >= now + HORIZON_MS ? `; ${what} cannot start within a year` : '';
}

function causeOf(message: string, application: string): Cause {
  return { application, subject: 'sync window', reason: 'SyncWindow', message };
}

/** `0 22 * * *, 8h, Europe/Berlin` */
function scheduleOf(windows: readonly SyncWindow[]): string {
  const texts = windows.map(({ schedule, duration, timeZone }) => {
    const parts = [schedule, duration, ...(timeZone ? [timeZone] : [])];
    return parts.map((part) => part.slice(0, LONGEST_PART)).join(', ');
  });
  return someOf(texts, '; ', MOST);
}
