/** What a piece of work gave, and what it cost. */
export interface Costed<T> {
  readonly value: T;
  /**
   * As a multiple of a fixed piece of reference work, both in CPU time of this thread: a slow machine
   * is slow at both, and what else runs on it does not count.
   */
  readonly cost: number;
}

export async function costed<T>(work: () => T | Promise<T>): Promise<Costed<T>> {
  reference ??= await cheapest(5, () => JSON.parse(REFERENCE));
  const before = process.threadCpuUsage();
  const value = await work();
  return { value, cost: microsecondsSince(before) / reference };
}

/**
 * The cost of work that can be done several times: the first one pays for compiling too.
 * @param enough less than this is taken at the first time
 */
export async function costOf(work: () => unknown, enough = 10): Promise<number> {
  const { cost } = await costed(work);
  if (cost < enough) return cost;
  return Math.min(cost, (await costed(work)).cost, (await costed(work)).cost);
}

/**
 * How many times as much some work costs as less of it does. CPU time is counted in ticks: what may be
 * none, though it is not nothing, counts as a fifth of the reference work.
 */
export async function growthOf(less: () => unknown, more: () => unknown): Promise<number> {
  const few = await costOf(less);
  return (await costOf(more)) / Math.max(few, 0.2);
}

/** Takes some milliseconds, on most machines. */
const REFERENCE = JSON.stringify(
  Array.from({ length: 40_000 }, (_, i) => ({ id: i, of: `n${i}` })),
);

let reference: number | undefined;

async function cheapest(count: number, work: () => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < count; i += 1) {
    const before = process.threadCpuUsage();
    work();
    least = Math.min(least, microsecondsSince(before));
  }
  return least;
}

function microsecondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(before);
  return user + system;
}
