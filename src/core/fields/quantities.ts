/** Decimal exponents of Kubernetes' quantities, and powers of 1024 of the binary ones. */
const DECIMAL: ReadonlyMap<string, number> = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]);
const BINARY: readonly string[] = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

const QUANTITY =
  /^([+-]?)(\d{0,30})(?:\.(\d{0,30}))?(?:([eE][+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i)?)$/;
/** Digits after the point that tell two quantities apart: more than a nano has. */
const SCALE = 40;

/** Whether two values are the same quantity, as `1000m` and `1`, `1024Mi` and `1Gi`. */
export function isSameQuantity(a: unknown, b: unknown): boolean {
  const [first, second] = [amountOf(a), amountOf(b)];
  return first !== undefined && first === second;
}

/** A quantity as a whole number of 10^-40; undefined: it is no quantity. */
function amountOf(value: unknown): bigint | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const [all, sign, whole = '', fraction = '', exponent, suffix = ''] =
    QUANTITY.exec(String(value)) ?? [];
  if (all === undefined || whole + fraction === '') return undefined;
  const power = BINARY.indexOf(suffix);
  const shift = exponent ? Number(exponent.slice(1)) : power > 0 ? 0 : (DECIMAL.get(suffix) ?? 0);
  const digits = BigInt(whole + fraction) * 1024n ** BigInt(Math.max(power, 0));
  const scale = SCALE - fraction.length + shift;
  const amount = scale < 0 ? digits / 10n ** BigInt(-scale) : digits * 10n ** BigInt(scale);
  return sign === '-' ? -amount : amount;
}
