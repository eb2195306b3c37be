import type { ApplicationResult, Span } from '../core/result/vocabulary.js';
import { clip, mermaid } from './escape.js';
import { formatDuration } from './words.js';

/** More rows are no picture any more. */
const ROWS = 30;
const LABEL_UNITS = 60;
const TITLE_UNITS = 28;
/** Of a title's letter, about. */
const LETTER_PX = 7;
/** Bars are at least this part of the picture's width: a second of an hour is there too. */
const NARROWEST = 1 / 200;
/** The axis tells the hours of a day, and a cluster may write times that are ages apart. */
const LONGEST_MS = 24 * 3600 * 1000;
/** Distances of the axis' marks, in seconds; the first that leaves few enough of them. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
const MARKS = 10;

/** What shows an Application as a whole; the rest are its details. */
const OUTLINE: readonly Span['kind'][] = ['hydration', 'operation', 'health'];

/** Colours by Mermaid's own words, which it has for the light and the dark page. */
const TAGS: Readonly<Record<Span['end'], string>> = {
  done: '',
  failed: 'crit, ',
  open: 'active, ',
};

/** The rows of the diagram that one Application has. */
interface Part {
  readonly title: string;
  readonly spans: readonly Span[];
}

/**
 * The timeline of the Applications as a Mermaid gantt in Markdown; empty where it would show less
 * than two bars, or more than a day.
 */
export function gantt(applications: readonly ApplicationResult[]): string {
  const all = applications.map(({ application, timeline = [] }) => {
    return { title: mermaid(clip(application, TITLE_UNITS)), spans: timeline };
  });
  const count = countOf(all);
  const several = applications.length > 1;
  const parts = cut(several && count > ROWS ? all.map(outline) : all);
  const spans = parts.flatMap((each) => each.spans);
  if (spans.length < 2) return '';
  const from = Math.min(...spans.map((each) => each.from));
  const to = Math.max(...spans.map((each) => each.to));
  if (to - from > LONGEST_MS) return '';
  const left = count - spans.length;
  const rest = left > 0 ? ` · ${left} more, left out: see the results file` : '';
  return [
    '### Timeline\n',
    '```mermaid',
    ...(several ? margin(parts) : []),
    ...header(to - from),
    ...parts.flatMap((part) => (several ? titled(part, from, to) : staged(part, from, to))),
    '```\n',
    `<sub>${formatDuration((to - from) / 1000)} from ${utc(from)} on, by the cluster's clock${rest}</sub>\n\n`,
  ].join('\n');
}

function countOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { spans }) => sum + spans.length, 0);
}

function outline({ title, spans }: Part): Part {
  return { title, spans: spans.filter(({ kind }) => OUTLINE.includes(kind)) };
}

function cut(parts: readonly Part[]): readonly Part[] {
  let room = ROWS;
  return parts.flatMap(({ title, spans }) => {
    const kept = spans.slice(0, room);
    room -= kept.length;
    return kept.length === 0 ? [] : [{ title, spans: kept }];
  });
}

/** Room for the titles, which Mermaid would else write across the bars. */
function margin(parts: readonly Part[]): readonly string[] {
  const letters = parts.reduce((most, { title }) => Math.max(most, title.length), 0);
  const px = Math.max(75, letters * LETTER_PX + 25);
  return ['---', 'config:', '  gantt:', `    leftPadding: ${px}`, '---'];
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

/** One of several Applications: a section. */
function titled({ title, spans }: Part, from: number, to: number): readonly string[] {
  return [`  section ${title}`, ...spans.map((span) => bar(span, from, to))];
}

/** The only Application: a section for each stage, numbered where it comes again. */
function staged({ spans }: Part, from: number, to: number): readonly string[] {
  const times = new Map<string, number>();
  return spans.flatMap((span, i) => {
    const stage = stageOf(span);
    const before = spans[i - 1];
    if (before && stageOf(before) === stage) return [bar(span, from, to)];
    const time = (times.get(stage) ?? 0) + 1;
    times.set(stage, time);
    return [`  section ${stage}${time > 1 ? ` ${time}` : ''}`, bar(span, from, to)];
  });
}

function stageOf({ kind, what }: Span): string {
  switch (kind) {
    case 'request':
      return 'Before';
    case 'hydration':
      return 'Hydration';
    case 'operation':
      return 'Operation';
    case 'hook':
      return mermaid(clip(what.split(' ')[0] ?? '', 10)) || 'Hook';
    case 'apply':
    case 'prune':
      return 'Waves';
    case 'health':
      return 'Health';
  }
}

/** Begins with a word of ours: a name could be one of Mermaid's. */
function wordsOf({ kind, what, end }: Span): string {
  switch (kind) {
    case 'request':
      return 'waiting for the operation';
    case 'hydration':
      return `hydration of ${what}`;
    case 'operation':
      return `sync of ${what}`;
    case 'hook':
      return `hook ${what}`;
    case 'apply':
      return `wave ${what}`;
    case 'prune':
      return `pruning ${what}`;
    case 'health':
      return `${end === 'open' ? 'still' : 'until'} ${what}`;
  }
}

function bar(span: Span, zero: number, last: number): string {
  const length = span.to - span.from;
  const took = length < 1000 ? 'under 1s' : formatDuration(length / 1000);
  const to = Math.max(span.to, span.from + (last - zero) * NARROWEST);
  const tag = span.kind === 'request' ? 'done, ' : TAGS[span.end];
  const words = mermaid(clip(wordsOf(span), LABEL_UNITS));
  return `  ${words}, ${took} :${tag}${since(span.from - zero)}, ${since(to - zero)}`;
}

function since(ms: number): string {
  return new Date(Date.UTC(2000, 0, 1) + ms).toISOString().slice(0, -1).replace('T', ' ');
}

function utc(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
