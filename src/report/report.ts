import type { Filter } from '../core/filters/filter.js';
import type { Cause } from '../core/result/causes.js';
import type {
  ApplicationResult,
  Change,
  ChangeClass,
  Conclusion,
  Reason,
} from '../core/result/vocabulary.js';

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
  /** Filter name to the changes it matched, in their order; a filter without an entry matched none. */
  readonly matched: ReadonlyMap<string, readonly Change[]>;
  /** The classes that count as changed. */
  readonly changes: readonly ChangeClass[];
  /** `fields: values`: the values of changed fields are shown. */
  readonly fieldValues: boolean;
  /** `log-lines`: never part of outputs, for logs hold secrets. */
  readonly logExcerpt?: LogExcerpt;
  /** Milliseconds the step waited. */
  readonly waitedMs: number;
}

/** The last lines of a container's log; anybody's text. */
export interface LogExcerpt {
  /** What they may explain. */
  readonly cause: Cause;
  /** Empty: the only one. */
  readonly container: string;
  readonly lines: readonly string[];
}

/** Whether the run ends with 0. */
export function succeeded(end: { readonly conclusion: Conclusion }): boolean {
  return end.conclusion === 'success' || end.conclusion === 'skipped';
}

/** The changes of these Applications whose class counts as changed. */
export function changedOf(
  applications: readonly ApplicationResult[],
  classes: readonly ChangeClass[],
): readonly Change[] {
  return applications.flatMap((each) => each.changes.filter((c) => classes.includes(c.change)));
}

/** A change that failed: its apply, or the hook or resource that the operation waited for. */
export function failed(change: Change): boolean {
  return change.change === 'failed' || change.phase === 'Failed' || change.phase === 'Error';
}

/** Something that failed or is in the way, to be shown to a person. */
export interface Problem {
  readonly application: string;
  /** What a person should look at; empty: the Application itself. */
  readonly subject: string;
  readonly message: string;
}

/** What failed or blocks, Application by Application; none for those that ended well. */
export function problemsOf(report: Report): readonly Problem[] {
  return report.applications.filter((each) => !succeeded(each)).flatMap(problemsIn);
}

function problemsIn(result: ApplicationResult): readonly Problem[] {
  const { application, blockers, message } = result;
  const failures = unnamedFailures(result).map((change) => ({
    subject: label(change),
    message: change.message || change.phase,
  }));
  const problems = [...blockers, ...failures].map((each) => ({ application, ...each }));
  return problems.length > 0 ? problems : [{ application, subject: '', message }];
}

/** The changes that failed and are no blocker. */
function unnamedFailures({ changes, blockers }: ApplicationResult): readonly Change[] {
  const failures = changes.filter(failed);
  if (failures.length === 0) return [];
  const named = new Set(blockers.map(({ subject }) => placeIn(subject)));
  return failures.filter((change) => !callings(change).some((name) => named.has(name)));
}

/** `Kind/namespace/name`; `Kind/name` for cluster-scoped resources. */
export function label(change: Pick<Change, 'kind' | 'namespace' | 'name'>): string {
  return joined([change.kind, change.namespace, change.name]);
}

/** The resource in a subject such as `PostSync hook Job/shop/smoke`. */
function placeIn(subject: string): string {
  return joined((subject.split(' ').at(-1) ?? '').split('/'));
}

/** A blocker may call a resource with its group or without. */
function callings(change: Change): readonly string[] {
  return [label(change), joined([change.group, label(change)])];
}

function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('/');
}
