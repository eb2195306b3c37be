import type { Cause } from './causes.js';

/** A sync window of an AppProject. */
export interface SyncWindow {
  readonly kind: string;
  /** Of cron. */
  readonly schedule: string;
  /** As Go writes durations: `8h`, `1h30m`. */
  readonly duration: string;
  /** A person may sync in spite of it. */
  readonly manualSync: boolean;
  /** IANA name; absent: not told. */
  readonly timeZone?: string;
}

/** The sync windows that apply to an Application. */
export interface SyncWindows {
  readonly assigned: readonly SyncWindow[];
  /** Those of `assigned` that are open now. */
  readonly active: readonly SyncWindow[];
}

/** More are not read by anybody. */
const MOST = 3;

/**
 * Why auto-sync starts nothing, as Argo CD decides it (`SyncWindows.CanSync`): a deny window is
 * open, or there are allow windows and none of them is open.
 * @param application what the user calls it
 */
export function windowCauses(
  { assigned, active }: SyncWindows,
  application: string,
): readonly Cause[] {
  const denying = active.filter(isDeny);
  if (denying.length > 0) {
    const one = denying.length === 1;
    const what = `${one ? 'a deny sync window' : 'deny sync windows'} (${scheduleOf(denying)})`;
    const but = denying.every(canSyncByHand) ? BY_HAND : '';
    return [causeOf(`${what} ${one ? 'blocks' : 'block'} auto-sync${but}`, application)];
  }
  const allowing = assigned.filter(isAllow);
  if (allowing.length === 0 || active.some(isAllow)) return [];
  const what = `its allow ${allowing.length === 1 ? 'sync window' : 'sync windows'} (${scheduleOf(allowing)})`;
  const closed = allowing.length === 1 ? 'is not open' : 'are not open';
  const but = allowing.every(canSyncByHand) ? BY_HAND : '';
  return [causeOf(`${what} ${closed}, so auto-sync waits${but}`, application)];
}

const BY_HAND = '; a manual sync is allowed';

function causeOf(message: string, application: string): Cause {
  return { application, subject: 'sync window', reason: 'SyncWindow', message };
}

/** `0 22 * * *, 8h, Europe/Berlin` */
function scheduleOf(windows: readonly SyncWindow[]): string {
  const texts = windows
    .slice(0, MOST)
    .map(({ schedule, duration, timeZone }) =>
      [schedule, duration, ...(timeZone ? [timeZone] : [])].join(', '),
    );
  const rest = windows.length - MOST;
  return `${texts.join('; ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function isDeny({ kind }: SyncWindow): boolean {
  return kind === 'deny';
}

function isAllow({ kind }: SyncWindow): boolean {
  return kind === 'allow';
}

function canSyncByHand({ manualSync }: SyncWindow): boolean {
  return manualSync;
}
