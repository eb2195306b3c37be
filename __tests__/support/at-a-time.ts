/**
 * Starts work on all items, so many at a time. The result of each can be awaited meanwhile; one that
 * nobody awaits may fail unnoticed.
 */
export function atATime<T, R>(
  count: number,
  items: readonly T[],
  work: (item: T) => Promise<R>,
): ReadonlyMap<T, Promise<R>> {
  const results = new Map(items.map((item) => [item, Promise.withResolvers<R>()] as const));
  for (const { promise } of results.values()) promise.catch(() => undefined);
  const left = results.entries();
  const worker = async (): Promise<void> => {
    for (const [item, { resolve, promise }] of left) {
      resolve(work(item));
      await Promise.allSettled([promise]);
    }
  };
  for (let i = 0; i < count; i += 1) void worker();
  return new Map([...results].map(([item, { promise }]) => [item, promise]));
}
