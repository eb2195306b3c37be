import type { Parsed } from '../core/filters/parsed.js';
import { DEFAULTS, type InputName } from './defaults.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads inputs one by one and keeps every problem found on the way. */
export interface Reader {
  /** The value as it was given, or the default of an empty one. */
  readonly text: (name: InputName) => string;
  /** Parses the trimmed value; after a problem, the stand-in keeps the reading going. */
  readonly take: <T>(name: InputName, parse: (value: string) => Parsed<T>, standIn: T) => T;
  /** Notes a problem: what is wrong with the value, and the remedy. */
  readonly refuse: (name: InputName, problem: string) => void;
  readonly problems: readonly string[];
}

/** A reader of inputs as the runner passes them: `INPUT_` and the name in upper case. */
export function createReader(env: Environment): Reader {
  const problems: string[] = [];
  const text = (name: InputName) => {
    const given = env[`INPUT_${name.toUpperCase()}`] ?? '';
    return given.trim() === '' ? DEFAULTS[name] : given;
  };
  const refuse = (name: InputName, problem: string) => {
    problems.push(`${name}: ${problem}`);
  };
  const take = <T>(name: InputName, parse: (value: string) => Parsed<T>, standIn: T) => {
    const parsed = parse(text(name).trim());
    if (parsed.ok) return parsed.value;
    for (const problem of parsed.problems) refuse(name, problem);
    return standIn;
  };
  return { text, take, refuse, problems };
}
