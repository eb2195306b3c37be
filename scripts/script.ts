/** What the scripts share: where they are, how they are called, how they fail, how they wait. */
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

/** The directory of the project. */
export const ROOT = resolve(import.meta.dirname, '..');

interface Accepted {
  /** How many arguments without a name are taken; default: none. */
  readonly positionals?: number;
  readonly options?: Readonly<Record<string, { readonly type: 'boolean' | 'string' }>>;
}

export interface Options {
  readonly positionals: readonly string[];
  /** Whether an option without a value was given. */
  has(name: string): boolean;
  /** The value of an option; undefined: it was not given. */
  value(name: string): string | undefined;
}

/**
 * What a script was called with. `--help` prints its usage and ends; what it does not take ends it
 * with a line and its usage on stderr, and exit code 2.
 * @param usage how it is called, what it does, what its options mean
 */
export function optionsOf(usage: string, { positionals = 0, options = {} }: Accepted = {}) {
  try {
    const parsed = parseArgs({
      options: { ...options, help: { type: 'boolean' as const } },
      allowPositionals: true,
    });
    const given: Readonly<Record<string, unknown>> = parsed.values;
    if (given['help'] === true) {
      console.log(usage);
      process.exit(0);
    }
    const surplus = parsed.positionals[positionals];
    if (surplus !== undefined) throw new TypeError(`Unexpected argument '${surplus}'`);
    return {
      positionals: parsed.positionals,
      has: (name) => given[name] === true,
      value: (name) => (typeof given[name] === 'string' ? given[name] : undefined),
    } satisfies Options;
  } catch (error) {
    const [line = ''] = messageOf(error).split(/\. |\n/);
    console.error(`${line.replace(/\.$/, '')}.\n\n${usage}`);
    process.exit(2);
  }
}

/** Does a script's work; a failure is a sentence, not a stack, and exit code 1. */
export async function main(work: () => void | Promise<void>): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    console.error(messageOf(thrown));
    process.exitCode = 1;
  }
}

/** What an error says; what fetch could not do is in the cause of its error. */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause instanceof Error ? thrown.cause.message : thrown.message;
}

/**
 * Looks until a condition holds.
 * @param what completes "waited in vain until …"
 * @throws Error where it does not hold in time
 */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  { withinMs = 20_000, everyMs = 50 } = {},
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await sleep(everyMs);
  }
}
