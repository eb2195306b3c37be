import { pluralize } from '../core/application/phrases.js';
import type { ApplicationResult, Change } from '../core/result/vocabulary.js';
import { clip } from './escape.js';
import { areFieldsCut, inFull, inOutputs, type ValueStyle } from './fields.js';
import {
  type List,
  membersOf,
  type Named,
  objectOf,
  objectWriter,
  outputOf,
  text,
  type Value,
} from './json.js';
import type { Report } from './report.js';
import { firstTexts, fitting, type Texts, textsOf } from './texts.js';
import {
  applicationScopes,
  changeWriter,
  type OutputScope,
  runScope,
  valuesOf,
  writeChange,
} from './values.js';

/** The outputs in the order they are written, and what a person must know of what was cut. */
export interface Outputs {
  readonly values: readonly (readonly [name: string, value: string])[];
  readonly warnings: readonly string[];
}

/**
 * UTF-16 units that all names and values may take together. GitHub allows a job about 1 MB in
 * UTF-16, two bytes a unit; a job may have a few outputs of other steps beside these.
 */
export const OUTPUT_UNITS = 480_000;
/** Jobs that GitHub lets a matrix have. */
const MATRIX_JOBS = 256;
/** Longest `message`: a cluster's text must not push the lists out. */
const MESSAGE_UNITS = 10_000;

/**
 * All outputs of the contract, cut to what GitHub takes.
 * @param resultsFile path of the file that holds `resultsOf`; empty where it could not be written
 */
export function outputsOf(report: Report, resultsFile: string): Outputs {
  const style = inOutputs(report.fieldValues);
  const write = changeWriter(style);
  const scope = runScope(report);
  const run = { ...scope, message: clip(report.message, MESSAGE_UNITS) };
  const values = new Map<string, Value>(valuesOf(run, write));
  values.set('applications', { items: applicationsOf(report, write) });
  values.set('results-file', text(resultsFile));
  const warnings = [
    ...cutFields(scope.changed, style),
    ...cutMatrix(values),
    ...cutToUnits(values, cutOrder(values, report)),
  ];
  return {
    values: [...values].map(([name, value]) => [name, outputOf(value)]),
    warnings: warnings.map((warning) => `${warning}; ${whereAll(resultsFile)}`),
  };
}

function applicationsOf(report: Report, write: (change: Change) => string): Texts {
  return {
    count: report.applications.length,
    *all() {
      for (const [result, scope] of applicationScopes(report)) {
        const { parent, url } = result;
        const more: readonly Named[] = [
          ...(parent ? [['parent', text(parent)] as const] : []),
          ...(url ? [['url', text(url)] as const] : []),
        ];
        const values = valuesOf(scope, write).map(([name, value]) => [name, jobs(value)] as const);
        yield objectOf([...more, ...values, ['application', text(result.application)]]);
      }
    },
  };
}

/**
 * The results file: the outputs as JSON values, complete, and what has no output. In pieces, since
 * the whole may be longer than all else that a run has in memory.
 */
export function* resultsOf(report: Report): Generator<string> {
  const more: readonly Named[] = [
    ['remedy', text(report.remedy)],
    ['waited-seconds', { json: JSON.stringify(report.waitedMs / 1000) }],
    ['changes', { json: JSON.stringify(report.changes) }],
    ['filters', { json: JSON.stringify(report.filters.map(questionOf)) }],
  ];
  yield '{';
  // The contract's names win over the rest: a filter may be called `remedy`.
  const style = inFull(report.fieldValues);
  yield* membersOf([
    ...more,
    ...valuesOf(runScope(report), (change) => writeChange(change, style)),
  ]);
  yield ',"applications":[';
  let separator = '';
  const write = objectWriter();
  for (const [result, scope] of applicationScopes(report)) {
    yield separator + write(applicationValues(result, scope, style));
    separator = ',';
  }
  yield ']}';
}

function applicationValues(
  result: ApplicationResult,
  scope: OutputScope,
  style: ValueStyle,
): readonly Named[] {
  const write = changeWriter(style);
  const more: readonly Named[] = [
    ['parent', text(result.parent ?? '')],
    ['url', text(result.url ?? '')],
    ['rule', text(result.rule ?? '')],
    ['all-resources', { items: textsOf(result.changes, write) }],
    ['blockers', { json: JSON.stringify(result.blockers) }],
    ['timeline', { json: JSON.stringify(result.timeline ?? []) }],
    ['summary-images', { json: JSON.stringify(result.summaryImages) }],
  ];
  const named: Named = ['application', text(result.application)];
  return [named, ...more, ...valuesOf(scope, write), named];
}

function questionOf({ name, patterns, classes }: Report['filters'][number]) {
  return { name, patterns: patterns.map((pattern) => pattern.text), ...(classes && { classes }) };
}

function jobs(value: Value): Value {
  return isList(value) && value.matrix ? first(value, MATRIX_JOBS) : value;
}

function isList(value: Value | undefined): value is List {
  return value !== undefined && 'items' in value;
}

function first(list: List, count: number): List {
  return { ...list, items: firstTexts(list.items, count) };
}

function cutFields(changed: readonly Change[], style: ValueStyle): readonly string[] {
  const count = changed.filter((each) => areFieldsCut(each, style)).length;
  if (count === 0) return [];
  const what = `Output resources has not all changed fields, or not their values, of ${pluralize(count, 'resource')}`;
  return [`${what}: those of one resource are limited to ${style.room} characters`];
}

function cutMatrix(values: Map<string, Value>): readonly string[] {
  const matrix = values.get('matrix');
  if (!isList(matrix) || matrix.items.count <= MATRIX_JOBS) return [];
  values.set('matrix', first(matrix, MATRIX_JOBS));
  return [
    `${counted('matrix', MATRIX_JOBS, matrix.items.count)}: GitHub runs no more jobs of one matrix`,
  ];
}

/** What is cut first to last; of the filters the longest list first, which leaves most filters whole. */
function cutOrder(values: ReadonlyMap<string, Value>, report: Report): readonly string[] {
  const lists = report.filters.map(({ name }) => `${name}-resources`);
  const longest = lists.sort((a, b) => countOf(values.get(b)) - countOf(values.get(a)));
  return ['applications', ...longest, 'resources', 'matrix', 'images', 'causes'];
}

function countOf(value: Value | undefined): number {
  return isList(value) ? value.items.count : 0;
}

/** Fills the room there is, and begins with what is cut last. */
function cutToUnits(values: Map<string, Value>, order: readonly string[]): readonly string[] {
  let room = OUTPUT_UNITS;
  for (const [name, value] of values) {
    const listed = isList(value) && order.includes(name);
    room -= name.length + outputOf(listed ? first(value, 0) : value).length;
  }
  const warnings: string[] = [];
  for (const name of order.toReversed()) {
    const list = values.get(name);
    if (!isList(list)) continue;
    const { texts, taken } = fitting(list.items, room, (item) => item.length + 1);
    values.set(name, { ...list, items: textsOf(texts, (item) => item) });
    const whole = texts.length === list.items.count;
    // What is cut before this one has nothing left once this one is cut.
    room = whole ? room - taken : 0;
    if (!whole) {
      warnings.push(
        `${counted(name, texts.length, list.items.count)}: GitHub limits a job's outputs to 1 MB`,
      );
    }
  }
  return warnings.reverse();
}

function counted(name: string, kept: number, all: number): string {
  return `Output ${name} has only the first ${kept} of ${all} entries`;
}

function whereAll(resultsFile: string): string {
  return resultsFile
    ? `all are in ${resultsFile} (output results-file)`
    : 'the results file that has all could not be written';
}
