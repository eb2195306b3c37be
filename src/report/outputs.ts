import { clip } from './escape.js';
import { objectOf } from './json.js';
import type { Report } from './report.js';
import {
  applicationScopes,
  changeWriter,
  jsonOf,
  type Named,
  outputOf,
  runScope,
  text,
  type Value,
  valuesOf,
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
export const MATRIX_JOBS = 256;
/** Longest `message`: a cluster's text must not push the lists out. */
const MESSAGE_UNITS = 10_000;

/**
 * All outputs of the contract, cut to what GitHub takes.
 * @param resultsFile path of the file that holds `resultsOf`; empty where it could not be written
 */
export function outputsOf(report: Report, resultsFile: string): Outputs {
  const write = changeWriter();
  const run = { ...runScope(report), message: clip(report.message, MESSAGE_UNITS) };
  const items = applicationScopes(report).map(([result, scope]) => {
    const link: readonly Named[] = result.url ? [['url', text(result.url)]] : [];
    const values = valuesOf(scope, write).map(([name, value]) => [name, jobs(value)] as const);
    return objectOf(members([...link, ...values, ['application', text(result.application)]]));
  });
  const values = new Map<string, Value>(valuesOf(run, write));
  values.set('applications', { items }).set('results-file', text(resultsFile));
  const warnings = [...cutMatrix(values), ...cutToUnits(values, cutOrder(values, report))];
  return {
    values: [...values].map(([name, value]) => [name, outputOf(value)]),
    warnings: warnings.map((warning) => `${warning}; ${whereAll(resultsFile)}`),
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
  // The contract's names win over the rest: a filter may be called `remedy`.
  const run = objectOf(members([...more, ...valuesOf(runScope(report), changeWriter())]));
  yield `${run.slice(0, -1)},"applications":[`;
  let separator = '';
  for (const [result, scope] of applicationScopes(report)) {
    yield `${separator}${applicationOf(result, scope)}`;
    separator = ',';
  }
  yield ']}';
}

function applicationOf(...[result, scope]: ReturnType<typeof applicationScopes>[number]): string {
  const write = changeWriter();
  const more: readonly Named[] = [
    ['url', text(result.url ?? '')],
    ['all-resources', { items: result.changes.map(write) }],
    ['blockers', { json: JSON.stringify(result.blockers) }],
    ['timeline', { json: JSON.stringify(result.timeline ?? []) }],
    ['summary-images', { json: JSON.stringify(result.summaryImages) }],
  ];
  const named: Named = ['application', text(result.application)];
  return objectOf(members([named, ...more, ...valuesOf(scope, write), named]));
}

function questionOf({ name, patterns, classes }: Report['filters'][number]) {
  return { name, patterns: patterns.map((pattern) => pattern.text), ...(classes && { classes }) };
}

function members(values: readonly Named[]): readonly (readonly [string, string])[] {
  return values.map(([name, value]) => [name, jsonOf(value)]);
}

function jobs(value: Value): Value {
  return 'items' in value && value.matrix ? first(value, MATRIX_JOBS) : value;
}

function first(list: Extract<Value, { items: unknown }>, count: number): Value {
  return { ...list, items: list.items.slice(0, count) };
}

function cutMatrix(values: Map<string, Value>): readonly string[] {
  const matrix = values.get('matrix');
  if (!matrix || !('items' in matrix) || matrix.items.length <= MATRIX_JOBS) return [];
  values.set('matrix', first(matrix, MATRIX_JOBS));
  return [
    `${counted('matrix', MATRIX_JOBS, matrix.items.length)}: GitHub runs no more jobs of one matrix`,
  ];
}

/** What is cut first to last; of the filters the longest list first, which leaves most filters whole. */
function cutOrder(values: ReadonlyMap<string, Value>, report: Report): readonly string[] {
  const lists = report.filters.map(({ name }) => `${name}-resources`);
  const longest = lists.sort((a, b) => unitsOf(values.get(b)) - unitsOf(values.get(a)));
  return ['applications', ...longest, 'resources', 'matrix', 'images'];
}

function cutToUnits(values: Map<string, Value>, order: readonly string[]): readonly string[] {
  const warnings: string[] = [];
  let over = -OUTPUT_UNITS;
  for (const [name, value] of values) over += name.length + unitsOf(value);
  for (const name of order) {
    const list = values.get(name);
    if (over <= 0 || !list || !('items' in list) || list.items.length === 0) continue;
    const kept = keep(list.items, over);
    values.set(name, first(list, kept));
    over -= unitsOf(list) - unitsOf(values.get(name));
    warnings.push(
      `${counted(name, kept, list.items.length)}: GitHub limits a job's outputs to 1 MB`,
    );
  }
  return warnings;
}

/** How many items may stay for at least `units` to go. */
function keep(items: readonly string[], units: number): number {
  let [kept, gone] = [items.length, 0];
  while (kept > 0 && gone < units) {
    kept -= 1;
    gone += (items[kept]?.length ?? 0) + 1;
  }
  return kept;
}

/** Length as an output, without writing it. */
function unitsOf(value: Value | undefined): number {
  if (!value) return 0;
  if (!('items' in value)) return outputOf(value).length;
  const around = jsonOf({ ...value, items: [] }).length;
  return value.items.reduce((units, item) => units + item.length + 1, around);
}

function counted(name: string, kept: number, all: number): string {
  return `Output ${name} has only the first ${kept} of ${all} entries`;
}

function whereAll(resultsFile: string): string {
  return resultsFile
    ? `all are in ${resultsFile} (output results-file)`
    : 'the results file that has all could not be written';
}
