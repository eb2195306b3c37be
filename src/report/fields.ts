import type { FieldChange } from '../core/fields/difference.js';
import { formatPath } from '../core/fields/path.js';
import { valueText } from '../core/filters/field-patterns.js';
import type { Change } from '../core/result/vocabulary.js';
import { clip, code, plain } from './escape.js';

/** Longest value in an output, in UTF-16 units: the results file has all of it. */
export const OUTPUT_VALUE_UNITS = 200;

/** Which values of changed fields are shown, and how much of them. */
export interface ValueStyle {
  /** `fields: values`: public logs are public. */
  readonly values: boolean;
  /** In UTF-16 units. */
  readonly longest: number;
}

/** `[{"path"}]`, or with values `[{"path","from","to"}]`; an absent side was not there. */
export function fieldsOf(
  { fields }: Change,
  { values, longest }: ValueStyle,
): readonly Readonly<Record<string, unknown>>[] | undefined {
  return fields?.changes.map((each) => ({
    path: formatPath(each.steps),
    ...(values && 'from' in each ? { from: shortened(each, 'from', longest) } : {}),
    ...(values && 'to' in each ? { to: shortened(each, 'to', longest) } : {}),
  }));
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

/** The changed fields with their values, as a Markdown block of `diff`. */
export function fieldsDiff(changes: readonly FieldChange[]): string {
  const lines = changes.flatMap((each) => [
    `@ ${pathLine(formatPath(each.steps))}${each.hidden ? ' (not shown: a Secret)' : ''}`,
    ...sideLines(each),
  ]);
  const body = lines.join('\n');
  const fence = '`'.repeat(longestRun(body) + 1);
  return `${fence}diff\n${body}\n${fence}\n`;
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
