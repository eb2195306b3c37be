/** `1 resource`, `2 resources` */
export function pluralize(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Nobody reads more names in a sentence. */
const MOST = 5;

/** The first few of many texts, and how many more there are: `a, b and 7 more`. */
export function someOf(texts: readonly string[], separator: string, most = MOST): string {
  const rest = texts.length - most;
  const first = texts.slice(0, most).join(separator);
  return rest > 0 ? `${first} and ${rest} more` : first;
}
