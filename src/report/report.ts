import type { Filter } from '../core/filters.js';
import type { ApplicationResult, ChangeClass, Conclusion, Reason } from '../core/result.js';

/** A finished run, as it is published: outputs, summary, annotations, results file. */
export interface Report {
  readonly conclusion: Conclusion;
  readonly reason: Reason;
  /** One sentence for a person. */
  readonly message: string;
  /** What to do about it, possibly YAML to paste; empty on success. */
  readonly remedy: string;
  readonly applications: readonly ApplicationResult[];
  readonly filters: readonly Filter[];
  /** The classes that count as changed. */
  readonly changes: readonly ChangeClass[];
  /** Milliseconds the step waited. */
  readonly waitedMs: number;
}
