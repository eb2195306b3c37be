import type { FieldChange } from '../core/fields/difference.js';
import { formatPath } from '../core/fields/path.js';
import { valueText } from '../core/filters/field-patterns.js';
import type { Change } from '../core/result/vocabulary.js';
import { clip, code, plain } from './escape.js';
import { fitting, textsOf } from './texts.js';

/** Longest value in an output, in UTF-16 units: the results file has all of it. */
const OUTPUT_VALUE_UNITS = 200;
/**
 * What the fields of one resource may take in an output, in UTF-16 units of JSON: one resource must
 * not push all others out.
 */
const OUTPUT_FIELDS_UNITS = 100_000;

/** Which values of changed fields are shown, and how much of them. */
export interface ValueStyle {
  /** `fields: values`: public logs are public. */
  readonly values: boolean;
  /** Longest value, in UTF-16 units. */
  readonly longest: number;
  /** For all fields of one resource, in UTF-16 units of JSON. */
  readonly room: number;
}

export function inOutputs(values: boolean): ValueStyle {
  return { values, longest: OUTPUT_VALUE_UNITS, room: OUTPUT_FIELDS_UNITS };
}

/** As the results file has them. */
export function inFull(values: boolean): ValueStyle {
  return { values, longest: Number.POSITIVE_INFINITY, room: Number.POSITIVE_INFINITY };
}

/** A field as outputs have it; an absent side was not there. */
type NamedField = Readonly<Record<string, unknown>>;

/**
 * `[{"path"}]`, or with values `[{"path","from","to"}]`. Where those find no room it is the paths
 * alone, and of them the first.
 */
export function fieldsOf({ fields }: Change, style: ValueStyle): readonly NamedField[] | undefined {
  if (!fields) return undefined;
  const all = fields.changes.map((each) => namedField(each, style));
  if (areWithin(all, style.room)) return all;
  const paths = textsOf(fields.changes, ({ steps }) => formatPath(steps));
  const { texts } = fitting(paths, style.room, (path) => sizeOf({ path }));
  return texts.map((path) => ({ path }));
}

/** Whether an output has not all of a resource's fields, or not their values. */
export function areFieldsCut({ fields }: Change, style: ValueStyle): boolean {
  if (!fields) return false;
  const all = fields.changes.map((each) => namedField(each, style));
  return !areWithin(all, style.room);
}

function namedField(change: FieldChange, { values, longest }: ValueStyle): NamedField {
  return {
    path: formatPath(change.steps),
    ...(values && 'from' in change ? { from: shortened(change, 'from', longest) } : {}),
    ...(values && 'to' in change ? { to: shortened(change, 'to', longest) } : {}),
  };
}

function areWithin(fields: readonly NamedField[], room: number): boolean {
  if (room === Number.POSITIVE_INFINITY) return true;
  return fields.reduce((sum, each) => sum + sizeOf(each), 0) <= room;
}

/** With its separator. */
function sizeOf(field: NamedField): number {
  return JSON.stringify(field).length + 1;
}

/** A value that is longer becomes a text that is cut. */
function shortened(change: FieldChange, side: 'from' | 'to', longest: number): unknown {
  const text = valueText(change, side);
  return text.length > longest ? clip(text, longest) : change[side];
}

/** All paths as one text, for a matrix. */
export function pathsText({ fields }: Change): string | undefined {
  return fields?.changes.map(({ steps }) => formatPath(steps)).join(' ');
}

const LISTED = 12;
const PATH_UNITS = 200;
const IMAGE_UNITS = 120;

/** The changed fields of a resource, for a table's cell: images with both values, others by path. */
export function fieldsCell(changes: readonly FieldChange[]): string {
  const lines = changes.slice(0, FOLDED).map(fieldLine);
  const [shown, rest] = [lines.slice(0, LISTED), lines.slice(LISTED)];
  const left = changes.length - shown.length;
  const note = changes.length > FOLDED ? '<br>…' : '';
  return left === 0
    ? shown.join('<br>')
    : `${shown.join('<br>')}<details><summary>${left} more</summary>${rest.join('<br>')}${note}</details>`;
}

/** More than that are in the results file only. */
const FOLDED = 200;

function fieldLine(change: FieldChange): string {
  const path = code(clip(formatPath(change.steps), PATH_UNITS));
  if (!isImage(change) || change.hidden) return path;
  const side = (name: 'from' | 'to') => {
    const text = valueText(change, name);
    return text === '' ? 'none' : code(clip(text, IMAGE_UNITS));
  };
  return `${path}: ${side('from')} → ${side('to')}`;
}

function isImage({ steps }: FieldChange): boolean {
  return steps.at(-1)?.text === 'image';
}

const DIFF_UNITS = 300;
const DIFF_LINES = 30;

/** What the diff of one resource may take, in UTF-16 units: the longest field finds room. */
const DIFF_ROOM = 24_000;

/** The changed fields with their values, as a Markdown block of `diff`: of very many the first. */
export function fieldsDiff(changes: readonly FieldChange[]): string {
  const { texts } = fitting(textsOf(changes, fieldDiff), DIFF_ROOM, (text) => text.length);
  const left = changes.length - texts.length;
  const body = [...texts, ...(left > 0 ? [`… ${left} more: see the results file`] : [])].join('\n');
  const fence = '`'.repeat(longestRun(body) + 1);
  return `${fence}diff\n${body}\n${fence}\n`;
}

function fieldDiff(change: FieldChange): string {
  const note = change.hidden ? ' (not shown: a Secret)' : '';
  return [`@ ${pathLine(formatPath(change.steps))}${note}`, ...sideLines(change)].join('\n');
}

function sideLines(change: FieldChange): readonly string[] {
  const [before, after] = [linesOf(change, 'from'), linesOf(change, 'to')];
  const start = before.findIndex((line, i) => line !== after[i]);
  const from = start < 0 ? Math.min(before.length, after.length) : start;
  let [end, otherEnd] = [before.length, after.length];
  while (end > from && otherEnd > from && before[end - 1] === after[otherEnd - 1]) {
    end -= 1;
    otherEnd -= 1;
  }
  return [...marked('-', before.slice(from, end)), ...marked('+', after.slice(from, otherEnd))];
}

function linesOf(change: FieldChange, side: 'from' | 'to'): readonly string[] {
  return side in change ? plain(valueText(change, side)).split('\n') : [];
}

function marked(sign: '-' | '+', lines: readonly string[]): readonly string[] {
  const shown = lines.slice(0, DIFF_LINES).map((line) => `${sign} ${clip(line, DIFF_UNITS)}`);
  const left = lines.length - shown.length;
  return left > 0 ? [...shown, `${sign} … ${left} more lines`] : shown;
}

function pathLine(text: string): string {
  return plain(clip(text, PATH_UNITS)).replaceAll('\n', ' ');
}

/** A fence must be longer than any run of backticks in it. */
function longestRun(text: string): number {
  const runs = text.match(/`+/g) ?? [];
  return runs.reduce((longest, run) => Math.max(longest, run.length), 2);
}
