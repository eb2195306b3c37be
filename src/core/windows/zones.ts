/** Milliseconds by which a wall clock is ahead of UTC at a time. */
export type Offset = (at: number) => number;

const UTC: Offset = () => 0;

/**
 * The wall clock of a time zone.
 * @param name an IANA name as Go knows it; UTC for any other, as Argo CD has it
 */
export function offsetOf(name: string): Offset {
  if (!isKnown(name)) return UTC;
  const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  const days = new Map<number, number>();
  const atDay = (day: number): number => {
    const known = days.get(day) ?? offsetAt(format, day * DAY_MS);
    days.set(day, known);
    return known;
  };
  return (at) => {
    // Asking takes long, and clocks are seldom changed.
    const day = Math.floor(at / DAY_MS);
    const ahead = atDay(day);
    return ahead === atDay(day + 1) ? ahead : offsetAt(format, at);
  };
}

const DAY_MS = 86_400_000;

function offsetAt(format: Intl.DateTimeFormat, at: number): number {
  const parts = format.formatToParts(at);
  const text = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign, hours = 0, minutes = 0] = /([+-])(\d\d):(\d\d)/.exec(text) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

/** Go looks a name up as that of a file, with its case, and no offset such as `+02:00`. */
function isKnown(name: string): boolean {
  if (!/^[A-Z]/.test(name)) return false;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions();
    return timeZone === name || timeZone.toLowerCase() !== name.toLowerCase();
  } catch {
    return false;
  }
}
