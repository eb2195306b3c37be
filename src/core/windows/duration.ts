const UNITS: Readonly<Record<string, number>> = {
  ...{ ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1 },
  ...{ s: 1_000, m: 60_000, h: 3_600_000 },
};
/** Go counts nanoseconds in 63 bits: some 292 years. */
const LONGEST_MS = 2 ** 63 / 1e6;
const PART = /^(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/;

/**
 * A duration as Go writes it: `8h`, `1h30m`, `90s`.
 * @returns milliseconds; undefined where Go rejects it
 */
export function parseGoDuration(text: string): number | undefined {
  const sign = text.startsWith('-') ? -1 : 1;
  let rest = text.replace(/^[+-]/, '');
  if (rest === '0') return 0;
  if (rest === '') return undefined;
  let sum = 0;
  while (rest !== '') {
    const [part, count, unit = ''] = PART.exec(rest) ?? [];
    if (part === undefined) return undefined;
    sum += Number(count) * (UNITS[unit] ?? 0);
    rest = rest.slice(part.length);
  }
  return sum < LONGEST_MS ? sign * sum : undefined;
}
