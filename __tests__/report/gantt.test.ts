import { describe, expect, test } from '@jest/globals';
import type { Span } from '../../src/core/result/vocabulary.js';
import { mermaid } from '../../src/report/escape.js';
import { gantt } from '../../src/report/gantt.js';
import { SUMMARY_BYTES, summaryOf } from '../../src/report/summary.js';
import { changesOf, report, result } from './reports.ts';

const ZERO = Date.parse('2026-11-21T07:00:00Z');

function span(kind: Span['kind'], what: string, from: number, to: number, more = {}): Span {
  return { kind, what, from: ZERO + from * 1000, to: ZERO + to * 1000, end: 'done', ...more };
}

const SYNC = span('operation', 'c3b0a1ca', 0, 10);
const HEALTHY = span('health', 'Healthy', 10, 15);

function diagram(...timelines: readonly (readonly Span[])[]): string {
  return gantt(timelines.map((timeline, i) => result({ application: `shop-${i}`, timeline })));
}

/** Sections and bars, without their times. */
function rowsOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => /^ {2}(?:section .*|.* :.*)$/.test(line));
}

describe('what it shows', () => {
  test('what the source hydrator did', () => {
    const hydration = span('hydration', 'c5ec251d to 1281645e', -3, 0);
    expect(rowsOf(diagram([hydration, SYNC])).map((row) => row.replace(/ :.*/, ''))).toEqual([
      '  section Hydration',
      '  hydration of c5ec251d to 1281645e, 3s',
      '  section Operation',
      '  sync of c3b0a1ca, 10s',
    ]);
  });

  test('stages, bars with their lengths, times from the beginning', () => {
    const timeline = [
      span('request', '', -5, 0),
      SYNC,
      span('hook', 'PreSync Job/migrate', 1, 4),
      span('apply', '0, 2 resources', 4, 4.2),
      span('prune', 'ConfigMap/old', 4.2, 5),
      span('hook', 'PostSync Job/smoke', 5, 10, { end: 'failed' }),
      span('apply', '1, Deployment/web', 6, 10),
      span('health', 'Progressing', 10, 75, { end: 'open' }),
    ];
    expect(diagram(timeline)).toBe(`### Timeline

\`\`\`mermaid
gantt
  dateFormat YYYY-MM-DD HH:mm:ss.SSS
  axisFormat %M:%S
  tickInterval 10second
  todayMarker off
  section Before
  waiting for the operation, 5s :done, 2000-01-01 00:00:00.000, 2000-01-01 00:00:05.000
  section Operation
  sync of c3b0a1ca, 10s :2000-01-01 00:00:05.000, 2000-01-01 00:00:15.000
  section PreSync
  hook PreSync Job/migrate, 3s :2000-01-01 00:00:06.000, 2000-01-01 00:00:09.000
  section Waves
  wave 0, 2 resources, under 1s :2000-01-01 00:00:09.000, 2000-01-01 00:00:09.400
  pruning ConfigMap/old, under 1s :2000-01-01 00:00:09.200, 2000-01-01 00:00:10.000
  section PostSync
  hook PostSync Job/smoke, 5s :crit, 2000-01-01 00:00:10.000, 2000-01-01 00:00:15.000
  section Waves 2
  wave 1, Deployment/web, 4s :2000-01-01 00:00:11.000, 2000-01-01 00:00:15.000
  section Health
  still Progressing, 1m 5s :active, 2000-01-01 00:00:15.000, 2000-01-01 00:01:20.000
\`\`\`

<sub>1m 20s from 2026-11-21 06:59:55 UTC on, by the cluster's clock</sub>

`);
  });

  test('of several Applications a section each, and room for their names', () => {
    const text = diagram([SYNC, HEALTHY], [SYNC]);
    expect(text).toContain('---\nconfig:\n  gantt:\n    leftPadding: 75\n---\ngantt');
    expect(rowsOf(text).map((row) => row.split(' :')[0])).toEqual([
      '  section shop-0',
      '  sync of c3b0a1ca, 10s',
      '  until Healthy, 5s',
      '  section shop-1',
      '  sync of c3b0a1ca, 10s',
    ]);
  });

  test.each([
    ['nobody watched', []],
    ['no times', [[]]],
    ['one bar', [[SYNC]]],
  ])('nothing: %s', (_, timelines) => {
    expect(diagram(...timelines)).toBe('');
    expect(gantt([result()])).toBe('');
  });

  test.each([
    [8, '1second', '%M:%S'],
    [60, '10second', '%M:%S'],
    [600, '1minute', '%M:%S'],
    [7200, '15minute', '%H:%M:%S'],
    [86_000, '120minute', '%H:%M:%S'],
  ])('%i seconds have marks every %s', (seconds, interval, format) => {
    const text = diagram([SYNC, span('health', 'Healthy', 0, seconds)]);
    expect(text).toContain(`  axisFormat ${format}\n  tickInterval ${interval}\n`);
  });
});

describe('at most 30 rows', () => {
  const waves = Array.from({ length: 40 }, (_, i) => span('apply', `${i}, Job/x`, i, i + 1));
  const bars = (text: string) => rowsOf(text).filter((row) => row.includes(' :'));

  test('of one Application the first, and a count', () => {
    const text = diagram([SYNC, ...waves]);
    expect(bars(text)).toHaveLength(30);
    expect(text).toContain(' · 11 more, left out: see the results file</sub>');
  });

  test('of several how each went, without details', () => {
    const text = diagram([SYNC, ...waves, HEALTHY], [SYNC, HEALTHY]);
    expect(bars(text)).toHaveLength(4);
    expect(text).toContain(' · 40 more, left out');
  });

  test('5,000 Applications', () => {
    const text = diagram(...Array.from({ length: 5000 }, () => [SYNC, HEALTHY]));
    expect(bars(text)).toHaveLength(30);
    expect(text).toContain(' · 9970 more, left out');
  });
});

const HOSTILE = [
  'a:b;c#d',
  'system:node-proxier',
  'two\nlines\n  section x',
  ':done, 2000-01-01, 1d',
  'click x call evil()',
  'href "javascript:alert(1)"',
  '%%{init: {"securityLevel": "loose"}}%%',
  '#quot;#60;script#62;',
  '<img src=x onerror=alert(1)>',
  '```\n# heading',
  '$$\\frac{1}{2}$$',
  '2000-01-01',
  '__proto__',
  'constructor',
  '\u202e\x1b[31m',
  'x'.repeat(500),
];

describe('hostile names', () => {
  test.each(HOSTILE)('%j means nothing to a label', (text) => {
    expect(mermaid(text)).toMatch(/^[\w ./(),+=…∶·-]*$/);
  });

  // A title is whatever follows `section`; a bar begins with a word that is none of Mermaid's.
  const BAR =
    /^ {2}(?:sync of|hook|wave|pruning|until|still) [\w ./(),+=…∶·-]* :(?:(?:crit|active), )?2000-01-01 [\d:.]+, 2000-01-01 [\d:.]+$/;
  const SECTION = /^ {2}section [\w ./(),+=…∶·-]*$/;

  test.each(HOSTILE)('%j breaks no diagram', (text) => {
    const kinds = ['operation', 'hook', 'apply', 'prune', 'health'] as const;
    const timeline = kinds.map((kind, i) => span(kind, text, i, i + 2));
    for (const names of [['shop'], [text, text]]) {
      const all = gantt(names.map((application) => result({ application, timeline })));
      const [, inside = ''] = /```mermaid\n([\s\S]*?)\n```\n/.exec(all) ?? [];
      const [, rows = ''] = inside.split('todayMarker off\n');
      expect(rows.split('\n').filter((row) => !BAR.test(row) && !SECTION.test(row))).toEqual([]);
      expect(rows.split('\n').filter((row) => BAR.test(row))).toHaveLength(names.length * 5);
    }
  });
});

test.each([
  ['a day', 24 * 3600, true],
  ['more: its axis tells the hours of one', 24 * 3600 + 1, false],
  // A cluster writes what it likes.
  ['as far apart as times can be', 8_640_000_000_000 - ZERO / 1000, false],
])('%s', (_, length, shown) => {
  const start = { ...SYNC, from: length > 1e9 ? -8_640_000_000_000_000 : ZERO };
  const text = diagram([start, span('health', 'Healthy', 10, length)]);
  expect(text !== '').toBe(shown);
});

describe('in the summary', () => {
  const applications = [result({ timeline: [SYNC, HEALTHY], changes: changesOf(1000) })];

  test('1,000 changes stay under 1 MiB with it', () => {
    const text = summaryOf(report({ applications }));
    expect(text).toContain('```mermaid');
    expect(Buffer.byteLength(text)).toBeLessThan(SUMMARY_BYTES);
  });

  test('it is there as a whole or not at all', () => {
    const text = summaryOf(report({ applications }), 900);
    expect(text).not.toContain('mermaid');
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(900);
  });
});
