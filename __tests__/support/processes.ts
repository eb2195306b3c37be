import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** One that has ended may stay in the table until its parent asks for it. */
export function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Long enough for any machine; ends what would wait without end after a test that failed. */
export async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let left = 1_000; left > 0; left -= 1) {
    const found = await look();
    if (found !== undefined) return found;
    await pause(20);
  }
  throw new Error('it did not happen within 20 s');
}

/** A signal that was sent takes its time, even SIGKILL, where others have the processors. */
export async function gone(pids: readonly number[]): Promise<void> {
  await until(async () => (pids.some(isAlive) ? undefined : true));
}
