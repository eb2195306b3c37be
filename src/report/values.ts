import { type Filter, isGuess } from '../core/filters/filter.js';
import type { Cause } from '../core/result/causes.js';
import type { ApplicationResult, Change, Conclusion, Reason } from '../core/result/vocabulary.js';
import { plain } from './escape.js';
import { fieldsOf, pathsText, type ValueStyle } from './fields.js';
import { json, list, type Named, seconds, text } from './json.js';
import { changedOf, type Report, succeeded } from './report.js';
import { textsOf } from './texts.js';
import { type Totals, totalsOf } from './totals.js';

/** What the outputs say: of a whole run, or of one Application in it. */
export interface OutputScope {
  readonly conclusion: Conclusion;
  readonly reason: Reason;
  readonly message: string;
  readonly evidence: 'complete' | 'partial';
  readonly causes: readonly Cause[];
  readonly totals: Totals;
  readonly changed: readonly Change[];
  readonly matched: Matched;
}

/** Each filter's changes, in the order of the filters. */
type Matched = readonly (readonly [filter: string, changes: readonly Change[]])[];

/** The whole run as one scope. */
export function runScope(report: Report): OutputScope {
  const { conclusion, reason, message, applications } = report;
  // Of a run that failed before it saw an Application, anything may be missing.
  const unseen = applications.length === 0 && !succeeded(report);
  const matched = report.filters.map((filter) => [filter.name, matchesOf(report, filter)] as const);
  const partial = unseen || applications.some((each) => each.evidence === 'partial');
  return {
    conclusion,
    reason,
    message,
    evidence: partial || guessed(report, matched) ? 'partial' : 'complete',
    causes: applications.flatMap(({ causes }) => causes),
    totals: totalsOf(applications),
    changed: changedOf(applications, report.changes),
    matched,
  };
}

/** One scope for each Application, in the report's order. */
export function* applicationScopes(
  report: Report,
): Generator<readonly [ApplicationResult, OutputScope]> {
  const matches = report.filters.map((filter) => {
    const changes = Map.groupBy(matchesOf(report, filter), (change) => change.application);
    return [filter.name, changes] as const;
  });
  for (const result of report.applications) {
    const matched = matches.map(([name, of]) => [name, of.get(result.application) ?? []] as const);
    yield [result, applicationScope(report, result, matched)];
  }
}

function applicationScope(
  report: Report,
  result: ApplicationResult,
  matched: Matched,
): OutputScope {
  const { conclusion, reason, message } = result;
  const partial = result.evidence === 'partial' || guessed(report, matched);
  return {
    conclusion,
    reason,
    message,
    evidence: partial ? 'partial' : 'complete',
    causes: result.causes,
    totals: totalsOf([result]),
    changed: changedOf([result], report.changes),
    matched,
  };
}

function matchesOf(report: Report, filter: Filter): readonly Change[] {
  return report.matched.get(filter.name) ?? [];
}

/** A filter matched a change although it is not known that its conditions hold. */
function guessed(report: Report, matched: Matched): boolean {
  const byName = new Map(report.filters.map((filter) => [filter.name, filter]));
  return matched.some(([name, changes]) => {
    const filter = byName.get(name);
    return filter !== undefined && changes.some((change) => isGuess(filter, change));
  });
}

/** The values of a scope in the contract's order, each under its output's name. */
export function valuesOf(scope: OutputScope, write: (change: Change) => string): readonly Named[] {
  const { totals, changed, matched } = scope;
  const hits = matched.filter(([, changes]) => changes.length > 0).map(([name]) => name);
  return [
    ['conclusion', text(scope.conclusion)],
    ['reason', text(scope.reason)],
    ['message', text(scope.message)],
    ['changed', json(changed.length > 0)],
    ['changed-count', json(changed.length)],
    ['resources', { items: textsOf(changed, write) }],
    ...matched.flatMap(([name, changes]) => filterValues(name, changes, write)),
    ['matched', list(hits)],
    ['filter-results', { json: filterResults(matched) }],
    ['matrix', { items: textsOf(jobsOf(matched), job), matrix: true }],
    ['revision', text(totals.revision)],
    ['revisions', list(totals.revisions)],
    ['sync-status', text(totals.syncStatus)],
    ['health-status', text(totals.healthStatus)],
    ['operation-phase', text(totals.operationPhase)],
    ['images', list(imagesOf(changed))],
    ['started-at', text(totals.startedAt)],
    ['finished-at', text(totals.finishedAt)],
    ['duration-seconds', seconds(totals.durationSeconds)],
    ['evidence', text(scope.evidence)],
    ['causes', { items: textsOf(scope.causes, causeText) }],
  ];
}

function filterResults(matched: Matched): string {
  const results = matched.map(([name, changes]) => `${JSON.stringify(name)}:${changes.length > 0}`);
  return `{${results.join(',')}}`;
}

function filterValues(
  name: string,
  changes: readonly Change[],
  write: (change: Change) => string,
): readonly Named[] {
  return [
    [name, json(changes.length > 0)],
    [`${name}-count`, json(changes.length)],
    [`${name}-resources`, { items: textsOf(changes, write) }],
  ];
}

/** A serialiser that does each change once, however many lists it is in, and keeps them all. */
export function changeWriter(style: ValueStyle): (change: Change) => string {
  const written = new Map<Change, string>();
  return (change) => {
    const known = written.get(change);
    if (known !== undefined) return known;
    const fresh = writeChange(change, style);
    written.set(change, fresh);
    return fresh;
  };
}

export function writeChange(change: Change, style: ValueStyle): string {
  return JSON.stringify(resourceOf(change, style));
}

/** A change in the contract's shape and order of keys. */
function resourceOf(change: Change, style: ValueStyle) {
  const { application, group, version, kind, namespace, name } = change;
  const fields = fieldsOf(change, style);
  return {
    ...{ application, group, version, kind, namespace, name },
    ...{ change: change.change, evidence: change.evidence, message: change.message },
    images: change.images,
    ...(fields === undefined ? {} : { fields }),
    ...(change.wave === undefined ? {} : { wave: change.wave }),
    ...(change.hook === undefined ? {} : { hook: change.hook }),
    phase: change.phase,
  };
}

/** A cause in the contract's shape and order of keys. */
function causeText(cause: Cause): string {
  const { application, subject, reason, message, container, image, restarts, since } = cause;
  return JSON.stringify({
    ...{ application, subject: plain(subject), reason: plain(reason), message: plain(message) },
    ...(container === undefined ? {} : { container: plain(container) }),
    ...(image === undefined ? {} : { image: plain(image) }),
    ...(restarts === undefined ? {} : { restarts }),
    ...(cause.exitCode === undefined ? {} : { 'exit-code': cause.exitCode }),
    ...(since === undefined ? {} : { since }),
  });
}

function jobsOf(matched: Matched): readonly (readonly [filter: string, change: Change])[] {
  return matched.flatMap(([name, changes]) => changes.map((each) => [name, each] as const));
}

function job([filter, of]: readonly [filter: string, change: Change]): string {
  const { application, group, kind, namespace, name, change } = of;
  const fields = pathsText(of);
  const more = fields === undefined ? {} : { fields };
  return JSON.stringify({ filter, application, group, kind, namespace, name, change, ...more });
}

function imagesOf(changes: readonly Change[]): readonly string[] {
  return [...new Set(changes.flatMap((change) => change.images))].sort();
}
