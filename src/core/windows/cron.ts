/**
 * When a sync window opens. Times here are those of a wall clock, in milliseconds as if it showed
 * UTC: Argo CD adds the offset of the time zone and reads the schedule without one.
 */
export interface Schedule {
  /** Minutes of a day, in order. */
  readonly times: readonly number[];
  readonly isDay: (date: Date) => boolean;
  /** No date has such a day: `30 2` is of no month of February. */
  readonly never: boolean;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  /** The first stands for `min`. */
  readonly names: readonly string[];
}

const MINUTE: Bounds = { min: 0, max: 59, names: [] };
const HOUR: Bounds = { min: 0, max: 23, names: [] };
const DAY: Bounds = { min: 1, max: 31, names: [] };
const MONTH: Bounds = {
  ...{ min: 1, max: 12 },
  names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
};
const WEEKDAY: Bounds = {
  ...{ min: 0, max: 6 },
  names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'],
};

/** The values of a field, and whether it has a star, which makes it no restriction. */
interface Field {
  readonly values: ReadonlySet<number>;
  readonly star: boolean;
}

/**
 * Reads a schedule as Argo CD does: robfig/cron with five fields. It knows no `@daily`, no `L`, `W`
 * or `#`, and no 7 for Sunday; `?` is a star, and `5/15` is `5-59/15`.
 * @returns undefined where Argo CD rejects it
 */
export function parseSchedule(text: string): Schedule | undefined {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== 5) return undefined;
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = parts;
  const minutes = parseField(minute, MINUTE);
  const hours = parseField(hour, HOUR);
  const days = parseField(day, DAY);
  const months = parseField(month, MONTH);
  const weekdays = parseField(weekday, WEEKDAY);
  if (!minutes || !hours || !days || !months || !weekdays) return undefined;
  return scheduleOf({ minutes, hours, days, months, weekdays });
}

type Fields = Readonly<Record<'minutes' | 'hours' | 'days' | 'months' | 'weekdays', Field>>;

function scheduleOf({ minutes, hours, days, months, weekdays }: Fields): Schedule {
  const times = sorted(hours).flatMap((h) => sorted(minutes).map((m) => h * 60 + m));
  // Two restrictions: either is enough.
  const both = days.star || weekdays.star;
  const isDay = (date: Date): boolean => {
    if (!months.values.has(date.getUTCMonth() + 1)) return false;
    const isDate = days.values.has(date.getUTCDate());
    const isWeekday = weekdays.values.has(date.getUTCDay());
    return both ? isDate && isWeekday : isDate || isWeekday;
  };
  const dates = sorted(months).some((month) => sorted(days).some((day) => exists(day, month)));
  const dated = both
    ? dates && weekdays.values.size > 0
    : dates || (months.values.size > 0 && weekdays.values.size > 0);
  return { times, isDay, never: times.length === 0 || !dated };
}

/** In a leap year. */
function exists(day: number, month: number): boolean {
  return new Date(Date.UTC(2024, month - 1, day)).getUTCMonth() === month - 1;
}

function sorted({ values }: Field): readonly number[] {
  return [...values].sort((a, b) => a - b);
}

function parseField(text: string, bounds: Bounds): Field | undefined {
  const ranges = text.split(',').filter((each) => each !== '');
  const parsed = ranges.map((each) => parseRange(each, bounds));
  const valid = parsed.filter((each) => each !== undefined);
  if (valid.length < parsed.length) return undefined;
  return {
    values: new Set(valid.flatMap(({ values }) => [...values])),
    star: valid.some(({ star }) => star),
  };
}

/** `5`, `1-5`, `*`, each with a step. */
function parseRange(text: string, bounds: Bounds): Field | undefined {
  const [range = '', stepText = '1', ...moreSteps] = text.split('/');
  const [low = '', high, ...moreEnds] = range.split('-');
  const star = low === '*' || low === '?';
  const start = star ? bounds.min : numberOf(low, bounds);
  const open = high === undefined && text.includes('/');
  const end = star || open ? bounds.max : numberOf(high ?? low, bounds);
  const step = numberOf(stepText, MINUTE);
  if (start === undefined || end === undefined || step === undefined) return undefined;
  if (moreSteps.length > 0 || (!star && moreEnds.length > 0)) return undefined;
  if (start < bounds.min || end > bounds.max || start > end || step === 0) return undefined;
  const count = Math.floor((end - start) / step) + 1;
  const values = new Set(Array.from({ length: count }, (_, i) => start + i * step));
  return { values, star: star && step === 1 };
}

function numberOf(text: string, { min, names }: Bounds): number | undefined {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return min + named;
  return /^\+?\d{1,18}$/.test(text) ? Number(text) : undefined;
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** The first start from a time on, and not after another. */
export function firstStart(schedule: Schedule, from: number, until: number): number | undefined {
  const { times, isDay } = schedule;
  for (let day = Math.floor(from / DAY_MS) * DAY_MS; day <= until; day += DAY_MS) {
    const time = times[countBefore(times, (from - day) / MINUTE_MS)];
    if (time === undefined || !isDay(new Date(day))) continue;
    const start = day + time * MINUTE_MS;
    return start <= until ? start : undefined;
  }
  return undefined;
}

/** The last start before a time and after another. */
export function lastStart(schedule: Schedule, before: number, after: number): number | undefined {
  const { times, isDay } = schedule;
  for (let day = Math.floor(before / DAY_MS) * DAY_MS; day + DAY_MS > after; day -= DAY_MS) {
    const time = times[countBefore(times, (before - day) / MINUTE_MS) - 1];
    if (time === undefined || !isDay(new Date(day))) continue;
    const start = day + time * MINUTE_MS;
    return start > after ? start : undefined;
  }
  return undefined;
}

/** How many of the times, which are in order, are before one. */
function countBefore(times: readonly number[], time: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
