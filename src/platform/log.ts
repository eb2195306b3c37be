/** Where a run speaks to people; injected, so that the parts stay silent in tests. */
export interface Log {
  /** A line of the step's log. */
  info(line: string): void;
  /** Shown only with step debugging on. */
  debug(line: string): void;
  /** An annotation of the run, level notice. */
  notice(message: string): void;
  warning(message: string): void;
  error(message: string): void;
  /** Lines under a heading that folds. */
  group(title: string, lines: readonly string[]): void;
}
