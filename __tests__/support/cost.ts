/**
 * What a piece of work costs, as a multiple of a fixed piece of reference work, both in CPU time of
 * this thread: a slow machine is slow at both, and what else runs on it does not count.
 */
export async function costOf(work: () => unknown): Promise<number> {
  reference ??= Math.min(...(await times(5, () => JSON.parse(JSON_TEXT))));
  const [first = 0] = await times(1, work);
  // The first time pays for compiling, and for whatever garbage there was.
  return Math.min(first, ...(await times(first > 10 * reference ? 2 : 0, work))) / reference;
}

/** Some milliseconds, on most machines. */
const JSON_TEXT = JSON.stringify(
  Array.from({ length: 40_000 }, (_, i) => ({ id: i, of: `n${i}` })),
);

let reference: number | undefined;

async function times(count: number, work: () => unknown): Promise<readonly number[]> {
  const found: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const before = process.threadCpuUsage();
    await work();
    const { user, system } = process.threadCpuUsage(before);
    found.push(user + system);
  }
  return found;
}
