const known = new Map<string, string>();

/**
 * One copy of equal texts. The wire repeats names and images with every snapshot, and what was seen
 * keeps them all: of thousands of Applications that is most of the memory. Not for texts that
 * change, such as messages: nothing is forgotten.
 */
export function shared(text: string): string {
  const first = known.get(text);
  if (first !== undefined) return first;
  known.set(text, text);
  return text;
}
