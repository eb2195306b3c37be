import { parseArgs } from 'node:util';

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
    const [line = ''] = String(error instanceof Error ? error.message : error).split(/\. |\n/);
    console.error(`${line.replace(/\.$/, '')}.\n\n${usage}`);
    process.exit(2);
  }
}
