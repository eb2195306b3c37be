/** Texts that are made when they are asked for: of thousands only the first ones are. */
export interface Texts {
  readonly count: number;
  readonly all: () => Iterable<string>;
}

export const NO_TEXTS: Texts = { count: 0, all: () => [] };

export function textsOf<T>(things: readonly T[], write: (thing: T) => string): Texts {
  if (things.length === 0) return NO_TEXTS;
  return {
    count: things.length,
    *all() {
      for (const thing of things) yield write(thing);
    },
  };
}

export function firstTexts({ count, all }: Texts, most: number): Texts {
  return {
    count: Math.min(count, most),
    *all() {
      let left = most;
      if (left === 0) return;
      for (const text of all()) {
        yield text;
        left -= 1;
        if (left === 0) return;
      }
    },
  };
}

/**
 * The first texts that find room.
 * @param size what one takes
 */
export function fitting(
  { all }: Texts,
  room: number,
  size: (text: string) => number,
): { readonly texts: readonly string[]; readonly taken: number } {
  const texts: string[] = [];
  let taken = 0;
  for (const text of all()) {
    const more = size(text);
    if (taken + more > room) break;
    texts.push(text);
    taken += more;
  }
  return { texts, taken };
}
