import type { ApplicationResult, Span } from '../core/result.js';
import { clip, mermaid, oneLine } from './escape.js';
import { many, spoken } from './words.js';

/** More rows are no picture any more. */
const ROWS = 30;
const LABEL_UNITS = 60;
/** Bars are at least this part of the picture's width: a second of an hour is there too. */
const NARROWEST = 1 / 200;
/** Distances of the axis' marks, in seconds; the first that leaves few enough of them. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
const MARKS = 10;

/** What shows an Application as a whole; the rest are its details. */
const OUTLINE: readonly Span['kind'][] = ['operation', 'health'];
/** Colours by Mermaid's own words, which it has for the light and the dark page. */
const TAGS: Readonly<Record<Span['end'], string>> = {
  done: '',
  failed: 'crit, ',
  open: 'active, ',
};

/**
 * The timeline of the Applications as a Mermaid gantt in Markdown; empty where it would show less
 * than two bars.
 */
export function gantt(applications: readonly ApplicationResult[]): string {
  const all = applications.map((each) => ({ each, spans: each.timeline ?? [] }));
  const count = all.reduce((sum, { spans }) => sum + spans.length, 0);
  if (count < 2) return '';
  const outline = all.map(({ each, spans }) => ({
    each,
    spans: spans.filter(({ kind }) => OUTLINE.includes(kind)),
  }));
  const shown = cut(count > ROWS ? fuller(all, outline) : all);
  const spans = shown.flatMap((each) => each.spans);
  const [from, to] = [Math.min(...spans.map((s) => s.from)), Math.max(...spans.map((s) => s.to))];
  const several = applications.length > 1;
  const left = count - spans.length;
  const rest = left > 0 ? ` · ${left} more, left out: see the results file` : '';
  return [
    '### Timeline\n',
    '```mermaid',
    ...header(to - from),
    ...shown.flatMap(({ each, spans: own }) => [
      ...(several && own.length > 0 ? [`  section ${label(each.application)}`] : []),
      ...own.map((span) => bar(span, from, (to - from) * NARROWEST)),
    ]),
    '```\n',
    `<sub>${many(Math.round((to - from) / 1000), 'second')} from ${utc(from)} on, by the cluster's clock${rest}</sub>\n\n`,
  ].join('\n');
}

interface Part {
  readonly each: ApplicationResult;
  readonly spans: readonly Span[];
}

/** Of one Application its details, of several how each went. */
function fuller(all: readonly Part[], outline: readonly Part[]): readonly Part[] {
  return all.length > 1 ? outline : all;
}

function cut(parts: readonly Part[]): readonly Part[] {
  let room = ROWS;
  return parts.map(({ each, spans }) => {
    const kept = spans.slice(0, room);
    room -= kept.length;
    return { each, spans: kept };
  });
}

/**
 * Mermaid reads and writes times in the reader's zone: those of a day without an hour that is
 * missing anywhere come out as they went in, so that the axis counts from the beginning.
 */
function header(length: number): readonly string[] {
  const step = STEPS.find((each) => length / 1000 / each <= MARKS) ?? 7200;
  return [
    'gantt',
    '  dateFormat YYYY-MM-DD HH:mm:ss.SSS',
    `  axisFormat ${length < 3_600_000 ? '%M:%S' : '%H:%M:%S'}`,
    `  tickInterval ${step < 60 ? `${step}second` : `${step / 60}minute`}`,
    '  todayMarker off',
  ];
}

function bar(span: Span, zero: number, narrowest: number): string {
  const length = span.to - span.from;
  const took = length < 1000 ? 'under 1s' : spoken(length / 1000);
  const to = Math.max(span.to, span.from + narrowest);
  const task = `${label(span.label)}, ${took}`;
  return `  ${task} :${TAGS[span.end]}${since(span.from - zero)}, ${since(to - zero)}`;
}

function label(text: string): string {
  return mermaid(clip(oneLine(text), LABEL_UNITS));
}

function since(ms: number): string {
  return new Date(Date.UTC(2000, 0, 1) + ms).toISOString().slice(0, -1).replace('T', ' ');
}

function utc(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
