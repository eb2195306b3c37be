import { resourceName } from '../core/application/types.js';
import type { ApplicationResult, Change } from '../core/result/vocabulary.js';
import { oneLine } from '../report/escape.js';
import { problemsOf, type Report } from '../report/report.js';
import { CONCLUSION_ICONS, pluralize, titleOf } from '../report/words.js';

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
      report.filters.map(({ name }) => filterRow(name, report)),
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

function filterRow(name: string, report: Report): readonly string[] {
  const matched = report.matched.get(name) ?? [];
  const names = matched.map((each) => `${each.kind}/${each.name}`).join(', ');
  return [name, String(matched.length > 0), pluralize(matched.length, 'resource'), names];
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
