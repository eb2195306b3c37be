import { withDeadline } from '../http/deadline.js';
import type { Clock } from '../platform/clock.js';
import { messageOf, TerminalError, TransientError } from '../platform/errors.js';
import { INSPECT_MS, type Lack, LONGEST_LINE, type Unavailable } from './inspector.js';

export type Bounded<T> = { readonly value: T } | Failed;

interface Failed {
  readonly lack: Lack;
  /** Asking again gives the same. */
  readonly final: boolean;
}

/** What a look says that gave nothing. */
export function unavailable({ lack, final }: Failed): Unavailable {
  return { kind: 'unavailable', final, ...lack };
}

/**
 * Does something that may neither fail nor last: what it meets with is told as a lack.
 * @param work is handed a signal that aborts with the caller's, and when time is up; and a function
 *   to tell what it has so far, which counts when time is up, and not where the work fails
 */
export async function bounded<T>(
  clock: Clock,
  signal: AbortSignal,
  work: (signal: AbortSignal, soFar: (value: T) => void) => Promise<T>,
): Promise<Bounded<T>> {
  const late = new TransientError(`No answer for ${INSPECT_MS / 1000} s.`);
  let known: { readonly value: T } | undefined;
  const soFar = (value: T) => {
    known = { value };
  };
  try {
    const deadline = { clock, ms: INSPECT_MS, late: () => late };
    return { value: await withDeadline(deadline, signal, (until) => work(until, soFar)) };
  } catch (thrown) {
    if (known && thrown === late) return known;
    return { lack: lackOf(thrown), final: thrown instanceof TerminalError };
  }
}

/** What something gives, or nothing where that fails. */
export async function orNothing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch {
    return undefined;
  }
}

export function lackOf(thrown: unknown): Lack {
  const remedy = thrown instanceof TerminalError ? thrown.remedy : '';
  return { message: messageOf(thrown), remedy };
}

/** The last lines of a text, none of them long. */
export function lastLines(lines: readonly string[], most: number): readonly string[] {
  const all = lines.map((line) => line.replace(/\r$/, ''));
  const whole = all.at(-1) === '' ? all.slice(0, -1) : all;
  return whole
    .slice(-most)
    .map((line) => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE - 1)}…` : line));
}
