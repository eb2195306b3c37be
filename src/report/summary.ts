import { pluralize } from '../core/application/phrases.js';
import { treeOf } from '../core/children/family.js';
import { shortSha } from '../core/decision/target.js';
import { type ApplicationResult, CHANGE_CLASSES, type Change } from '../core/result/vocabulary.js';
import { clip, code, html, link, prose } from './escape.js';
import { fieldsCell, fieldsDiff } from './fields.js';
import { gantt } from './gantt.js';
import { changedOf, failed, problemsOf, type Report } from './report.js';
import { layOut, passage, type Section } from './sections.js';
import { type Texts, textsOf } from './texts.js';
import { totalsOf } from './totals.js';
import { runScope } from './values.js';
import { CHANGE_ICONS, CONCLUSION_ICONS, formatDuration, logTitle, titleOf } from './words.js';

/** GitHub takes 1 MiB of summary from a step; a little is left for the file's own line ends. */
export const SUMMARY_BYTES = 1024 * 1024 - 4096;
/** Longest words of a table cell, in UTF-16 units: the results file has all. */
const CELL_UNITS = 300;
const MESSAGE_UNITS = 2_000;
/** Longer tables are folded. */
const OPEN_ROWS = 25;

const SYNC_ICONS = new Map([
  ['Synced', '✅'],
  ['OutOfSync', '🟠'],
]);
const HEALTH_ICONS = new Map([
  ['Healthy', '💚'],
  ['Progressing', '🔵'],
  ['Suspended', '⏸️'],
  ['Degraded', '💔'],
  ['Missing', '👻'],
]);

/**
 * The job summary, as Markdown.
 * @param limit bytes in UTF-8: rows beyond it are left out, and counted
 */
export function summaryOf(report: Report, limit = SUMMARY_BYTES): string {
  const sections = [
    passage(verdict(report)),
    applications(report),
    causes(report),
    logExcerpt(report),
    problems(report),
    timeline(report),
    changes(report),
    fields(report),
    filters(report),
    hooks(report),
    passage(footer(report)),
  ];
  return layOut(sections, limit);
}

function verdict(report: Report): string {
  const icon = CONCLUSION_ICONS[report.conclusion];
  const remedy = report.remedy === '' ? '' : `${block(clip(report.remedy, MESSAGE_UNITS))}\n\n`;
  const lines = clip(report.message, MESSAGE_UNITS).split(/\r\n?|\n/);
  const message = lines.map(prose).join('<br>\n');
  return `## ${icon} ${subject(report)}: ${titleOf(report)}\n\n${message}\n\n${remedy}`;
}

function subject({ applications: [first, ...more] }: Report): string {
  if (!first) return 'Argo CD';
  return more.length === 0 ? cell(first.application) : pluralize(more.length + 1, 'Application');
}

function block(text: string): string {
  return `<pre>${html(text)}</pre>`;
}

function applications(report: Report): Section {
  const several = report.applications.length > 1;
  const columns = ['Application', 'Revision', 'Sync', 'Health', 'Operation', 'Took', 'Changed'];
  const rows = textsOf(inTree(report.applications), ([each, depth]) =>
    row([...result(each, several, depth), fact(report, each)]),
  );
  return table('', columns, rows, 1);
}

/** Each below the Application that manages it. */
function inTree(
  all: readonly ApplicationResult[],
): readonly (readonly [result: ApplicationResult, depth: number])[] {
  const byName = new Map(all.map((each) => [each.application, each]));
  const tree = treeOf([...byName.keys()], (name) => byName.get(name)?.parent);
  return tree.flatMap(([name, depth]) => {
    const found = byName.get(name);
    return found ? [[found, depth] as const] : [];
  });
}

/** Deeper ones are shown at this depth. */
const DEEPEST = 8;

function indented(name: string, depth: number): string {
  return depth === 0 ? name : `${'&emsp;'.repeat(Math.min(depth, DEEPEST))}↳ ${name}`;
}

function fact(report: Report, result: ApplicationResult): string {
  return String(changedOf([result], report.changes).length);
}

function result(each: ApplicationResult, several: boolean, depth: number): readonly string[] {
  const icon = several ? `${CONCLUSION_ICONS[each.conclusion]} ` : '';
  const ending = several ? `<br>${titleOf(each)}` : '';
  const seconds = totalsOf([each]).durationSeconds;
  return [
    `${indented(`${icon}${link(cell(each.application), each.url ?? '')}`, depth)}${ending}`,
    revision(each),
    status(SYNC_ICONS, each.syncStatus),
    status(HEALTH_ICONS, each.healthStatus),
    words(each.operationPhase),
    seconds === undefined ? '' : formatDuration(seconds),
  ];
}

function revision({ revision, revisions }: ApplicationResult): string {
  const all = revisions.length > 0 ? revisions : [revision];
  const short = all.filter((each) => each !== '').map((each) => clip(shortSha(each), 40));
  return short.map((each, i) => code(each, clip(all[i] ?? '', CELL_UNITS))).join(' ');
}

function status(icons: ReadonlyMap<string, string>, text: string): string {
  return text === '' ? '' : `${icons.get(text) ?? '❔'} ${words(text)}`;
}

/** Longest sentence of a cause, in UTF-16 units. */
const CAUSE_UNITS = 800;

function causes(report: Report): Section {
  const all = report.applications.flatMap((each) => each.causes);
  const rows = textsOf(all, (each) =>
    row([
      ...owner(report, each.application),
      cell(each.subject),
      prose(clip(each.message, CAUSE_UNITS)),
      each.container === undefined ? '' : cell(each.container),
      each.image === undefined ? '' : cell(each.image),
      each.restarts === undefined ? '' : String(each.restarts),
      each.exitCode === undefined ? '' : String(each.exitCode),
    ]),
  );
  const columns = ['What', 'Why', 'Container', 'Image', 'Restarts', 'Exit code'];
  return table('### Why\n\n', [...ownerColumn(report), ...columns], rows, 0);
}

function logExcerpt({ logExcerpt: log }: Report): Section {
  if (!log || log.lines.length === 0) return passage('');
  const { cause, container, lines } = log;
  const title = `Last lines of the log of ${cell(logTitle(cause.subject, container))}`;
  const text = clip(lines.join('\n'), LOG_UNITS);
  return {
    ...passage(''),
    rows: textsOf(
      [`<details><summary>${title}</summary>\n\n${block(text)}\n\n</details>\n\n`],
      (all) => all,
    ),
    rank: 4,
  };
}

/** Characters of HTML take up to ten bytes. */
const LOG_UNITS = 60_000;

function problems(report: Report): Section {
  const rows = textsOf(problemsOf(report), (each) => {
    const where = each.subject === '' ? '' : cell(each.subject);
    return row([...owner(report, each.application), where, words(each.message)]);
  });
  const columns = [...ownerColumn(report), 'What', 'Why'];
  return table('### Failed or blocking\n\n', columns, rows, 0);
}

/** All of it or nothing: half a diagram is invalid. */
function timeline({ applications: all }: Report): Section {
  const diagram = gantt(all);
  return { ...passage(''), rows: textsOf(diagram === '' ? [] : [diagram], (all) => all) };
}

function changes(report: Report): Section {
  const changed = changedOf(report.applications, report.changes);
  const title = `### ${changed.length === 0 ? 'Nothing' : pluralize(changed.length, 'resource')} changed\n\n`;
  const head = `${title}${countsByClass(report)}\n\n`;
  if (changed.length === 0) return passage(report.applications.length === 0 ? '' : head);
  const rows = textsOf(byClass(changed), (each) =>
    row([
      ...owner(report, each.application),
      `${CHANGE_ICONS[each.change]} ${each.change}`,
      ...resource(each),
      each.evidence,
      words(each.message),
    ]),
  );
  const columns = [...ownerColumn(report), 'Change', 'Kind', 'Resource', 'Evidence', 'Message'];
  return table(head, columns, rows, 4);
}

/** What changed within the updated resources, where that is known. */
function fields(report: Report): Section {
  const known = changedOf(report.applications, report.changes).filter(
    (each) => each.fields && each.fields.changes.length > 0,
  );
  const title = '### Changed fields\n\n';
  if (report.fieldValues) {
    const rows = textsOf(known, (each) => diffOf(report, each));
    return rows.count === 0 ? passage('') : { head: title, rows, foot: '\n', rank: 5 };
  }
  const rows = textsOf(known, (each) =>
    row([
      ...owner(report, each.application),
      ...resource(each),
      fieldsCell(each.fields?.changes ?? []),
      each.fields?.evidence ?? '',
    ]),
  );
  const columns = [...ownerColumn(report), 'Kind', 'Resource', 'Fields', 'Evidence'];
  return table(title, columns, rows, 5);
}

function diffOf(report: Report, change: Change): string {
  const changes = change.fields?.changes ?? [];
  const names = [...owner(report, change.application), ...resource(change)].join(' ');
  const count = `${pluralize(changes.length, 'field')}, ${change.fields?.evidence}`;
  return `<details><summary>${names}: ${count}</summary>\n\n${fieldsDiff(changes)}\n</details>\n\n`;
}

function byClass(changes: readonly Change[]): readonly Change[] {
  const rank = (change: Change) => CHANGE_CLASSES.indexOf(change.change);
  return changes.toSorted((a, b) => rank(a) - rank(b));
}

/** `2 created · 14 unchanged` */
function countsByClass(report: Report): string {
  const all = report.applications.flatMap((each) => each.changes);
  const counts = Map.groupBy(all, (each) => each.change);
  return CHANGE_CLASSES.flatMap((name) => {
    const count = counts.get(name)?.length;
    if (count === undefined) return [];
    // The other classes are participles.
    const words = name === 'hook' ? pluralize(count, name) : `${count} ${name}`;
    return [`${CHANGE_ICONS[name]} ${words}`];
  }).join(' · ');
}

function filters(report: Report): Section {
  const rows = textsOf(report.filters, ({ name }) => {
    const count = report.matched.get(name)?.length ?? 0;
    return row([cell(name), count > 0 ? '✅ yes' : '➖ no', String(count)]);
  });
  return table('### Filters\n\n', ['Filter', 'Matched', 'Resources'], rows, 2);
}

function hooks(report: Report): Section {
  const all = report.applications.flatMap((each) => each.changes);
  const those = all.filter((each) => each.change === 'hook');
  const rows = textsOf(those, (each) =>
    row([
      ...owner(report, each.application),
      `${failed(each) ? '❌' : '🪝'} ${words(each.hook ?? '')}`,
      ...resource(each),
      words(each.phase),
      words(each.message),
    ]),
  );
  const columns = [...ownerColumn(report), 'Hook', 'Kind', 'Resource', 'Phase', 'Message'];
  return table('### Hooks\n\n', columns, rows, 3);
}

function footer(report: Report): string {
  const note =
    runScope(report).evidence === 'partial' && report.applications.length > 0
      ? ' · evidence is partial: some changes are known only by an ambiguous message, or may be missing'
      : '';
  return `<sub>waited ${formatDuration(report.waitedMs / 1000)}${note}</sub>\n`;
}

/** Applications are named in a row only where there are several. */
function owner(report: Report, application: string): readonly string[] {
  return report.applications.length > 1 ? [cell(application)] : [];
}

function ownerColumn(report: Report): readonly string[] {
  return report.applications.length > 1 ? ['Application'] : [];
}

function resource(change: Change): readonly string[] {
  const kind = change.group === '' ? change.kind : `${change.group}/${change.kind}`;
  const name = change.namespace === '' ? change.name : `${change.namespace}/${change.name}`;
  return [cell(kind), cell(name)];
}

function cell(text: string): string {
  return code(clip(text, CELL_UNITS));
}

function words(text: string): string {
  return prose(clip(text, CELL_UNITS));
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`;
}

/** A table with its title, nothing without rows, folded when it is long. */
function table(title: string, columns: readonly string[], rows: Texts, rank: number): Section {
  if (rows.count === 0) return passage('');
  const folded = rows.count > OPEN_ROWS;
  const open = folded ? `<details><summary>${pluralize(rows.count, 'row')}</summary>\n\n` : '';
  const head = `${title}${open}${row(columns)}${row(columns.map(() => '---'))}`;
  return { head, rows, foot: folded ? '\n</details>\n\n' : '\n', rank };
}
