import type { Reason } from '../core/result/vocabulary.js';

/**
 * The user's mistake: a bad input, found before anything is contacted.
 * All problems of a run are carried together, each a sentence with its remedy.
 */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** The reasons that a final error may give. */
export type TerminalReason = Extract<
  Reason,
  | 'unauthorized'
  | 'forbidden'
  | 'unreachable'
  | 'missing'
  | 'invalid-input'
  | 'truncated'
  | 'sync-window'
  | 'operation-running'
>;

/** Waiting cannot fix it: the run ends at once with this reason. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
  readonly reason: TerminalReason;
  readonly remedy: string;
  /**
   * @param reason the output `reason`
   * @param message one sentence: what happened, and where
   * @param remedy what to do, possibly several lines of YAML to paste
   */
  constructor(reason: TerminalReason, message: string, remedy = '') {
    super(message);
    this.reason = reason;
    this.remedy = remedy;
  }
}

/** A fault that may pass (connection refused, 429, 500 …): tried again until the timeout. */
export class TransientError extends Error {
  override readonly name = 'TransientError';
  /** @param retryAfterMs what the server asked for (`Retry-After`), in milliseconds */
  readonly retryAfterMs: number | undefined;
  constructor(message: string, retryAfterMs?: number) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The text of any thrown value, without its stack. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Stands in a text in place of a secret. */
export const HIDDEN = '(hidden)';
