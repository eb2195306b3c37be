import { pluralize } from '../core/application/phrases.js';
import { resourceName } from '../core/application/types.js';
import type { Filter } from '../core/filters/filter.js';
import { selects } from '../core/filters/patterns.js';
import type { ApplicationResult, Change } from '../core/result/vocabulary.js';
import { oneLine } from '../report/escape.js';
import { problemsOf, type Report } from '../report/report.js';
import { CONCLUSION_ICONS, titleOf } from '../report/words.js';

/** What a run would say, for a terminal. */
export function textOf(report: Report): string {
  const sections = [
    report.applications.flatMap(headOf),
    titled(
      'Why',
      report.applications.flatMap(({ causes }) => causes).map((each) => [each.message]),
    ),
    titled(
      'Failed or blocking',
      problemsOf(report).map(({ subject, message }) => [subject, message]),
    ),
    titled('Resources', report.applications.flatMap((each) => each.changes).map(changeRow)),
    titled(
      'Filters',
      report.filters.map((filter) => filterRow(filter, report)),
    ),
  ];
  const counted = `Counted as changed: ${report.changes.join(', ')}.`;
  return `${[...sections.filter((each) => each.length > 0), [counted]].map(joined).join('\n\n')}\n`;
}

function headOf(result: ApplicationResult): readonly string[] {
  const { application, conclusion, reason, message, evidence } = result;
  const statuses = [result.syncStatus, result.healthStatus, result.operationPhase];
  return [
    `${CONCLUSION_ICONS[conclusion]} ${oneLine(application)}: ${titleOf(result)}`,
    `  ${oneLine(message)}`,
    `  conclusion ${conclusion}, reason ${reason}, evidence ${evidence}; ${oneLine(statuses.join(' '))}`,
  ];
}

function changeRow(change: Change): readonly string[] {
  const { application, change: name, evidence, message } = change;
  return [name, evidence, resourceName(change), application, message];
}

function filterRow({ name, patterns }: Filter, report: Report): readonly string[] {
  const matched = report.matched.get(name) ?? [];
  const names = matched.map((each) => `${each.kind}/${each.name}`).join(', ');
  const all = report.applications.flatMap((each) => each.changes);
  // Of one that matches nothing, whether it could have: a mistyped kind looks like no change.
  const misses = all.length > 0 && !all.some((each) => selects(patterns, each));
  const told = misses ? 'names none of the resources above, changed or not' : names;
  return [name, String(matched.length > 0), pluralize(matched.length, 'resource'), told];
}

/** A table under its title; nothing without rows. */
function titled(title: string, rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return [];
  const cells = rows.map((row) => row.map(oneLine));
  const widths = (cells[0] ?? []).map((_, i) => {
    return cells.reduce((width, row) => Math.max(width, row[i]?.length ?? 0), 0);
  });
  const lines = cells.map((row) => {
    return `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd();
  });
  return [title, ...lines];
}

function joined(lines: readonly string[]): string {
  return lines.join('\n');
}
