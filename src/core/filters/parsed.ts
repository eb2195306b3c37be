/** The outcome of reading a text: its value, or every problem found, each with its remedy. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly string[] };

export function good<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export function bad(...problems: readonly string[]): Parsed<never> {
  return { ok: false, problems };
}

/** Reads every item; all problems together, or all values in their order. */
export function parseAll<T>(
  items: readonly string[],
  parse: (item: string) => Parsed<T>,
): Parsed<readonly T[]> {
  const results = items.map(parse);
  const problems = results.flatMap((r) => (r.ok ? [] : r.problems));
  return problems.length > 0
    ? bad(...problems)
    : good(results.flatMap((r) => (r.ok ? [r.value] : [])));
}

const SHOWN = 80;

/** A user's text as messages show it: on one line, in quotes, the end of a long one cut. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
}
