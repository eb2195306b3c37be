import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { assignedTo } from '../../../src/core/windows/assigned.js';
import { parseSchedule } from '../../../src/core/windows/cron.js';
import { parseGoDuration } from '../../../src/core/windows/duration.js';
import {
  blockingWindows,
  openAt,
  openingOf,
  type Timed,
  timingOf,
} from '../../../src/core/windows/opening.js';
import type { SyncWindow } from '../../../src/core/windows/types.js';

/**
 * What Argo CD's own rules say (pkg/apis/application/v1alpha1/types.go at 37ee0097 with
 * robfig/cron 3.0.2-0.20210106135023-bc59245fe10e, gobwas/glob 0.2.3 and Go 1.26), computed in Go.
 */
type Row =
  | { readonly schedule: string; readonly valid: boolean }
  | { readonly duration: string; readonly ms: number | null }
  | { readonly glob: string; readonly text: string; readonly matches: boolean }
  | Decision;

interface Decision {
  readonly windows: readonly SyncWindow[];
  readonly at: string;
  /** Which of the windows are open. */
  readonly active: readonly number[];
  /** Whether auto-sync may start, and a manual sync. */
  readonly auto: boolean;
  readonly manual: boolean;
  /** When auto-sync may start next; null: not within twelve days. */
  readonly opens?: string | null;
}

const ROWS: readonly Row[] = readFileSync(`${import.meta.dirname}/argocd.jsonl`, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

const decisions = ROWS.flatMap((row) => ('windows' in row ? [row] : []));

test('schedules that Argo CD reads, and no others', () => {
  const rows = ROWS.flatMap((row) => ('valid' in row ? [row] : []));
  const read = rows.map(({ schedule }) => ({ schedule, valid: !!parseSchedule(schedule) }));
  expect(read).toEqual(rows);
  expect(rows.length).toBeGreaterThan(40);
});

test('durations', () => {
  const rows = ROWS.flatMap((row) => ('ms' in row ? [row] : []));
  const read = rows.map(({ duration }) => ({ duration, ms: parseGoDuration(duration) ?? null }));
  expect(read).toEqual(rows);
});

test('globs', () => {
  const rows = ROWS.flatMap((row) => ('glob' in row ? [row] : []));
  const scope = { clusters: [], namespaces: [], matchesAll: false };
  const window = { kind: 'deny', schedule: '* * * * *', duration: '1h', manualSync: false };
  const read = rows.map(({ glob, text }) => {
    const destination = { server: '', name: '', namespace: '' };
    const windows = [{ ...window, ...scope, applications: [glob] }];
    return { glob, text, matches: assignedTo({ name: text, destination }, windows).length > 0 };
  });
  expect(read).toEqual(rows);
});

test('which windows are open, and whether a sync may start', () => {
  const told = decisions.map(({ windows, at, ...rest }) => {
    const timed = timedOf(windows);
    const open = openAt(timed, Date.parse(at));
    const active = [...windows.keys()].filter((i) => open.includes(windows[i] as SyncWindow));
    const may = (manual: boolean) => blockingWindows(windows, open, manual).length === 0;
    return { ...rest, windows, at, active, auto: may(false), manual: may(true) };
  });
  expect(told).toEqual(decisions);
});

test('when auto-sync may start next', () => {
  const denied = decisions.filter(({ auto }) => !auto);
  const told = denied.map(({ windows, at }) => {
    const from = Date.parse(at);
    const { notBefore, opens } = openingOf(timedOf(windows), from, false);
    const far = !opens || notBefore >= from + 12 * 24 * 3600_000;
    return { at, opens: far ? null : new Date(notBefore).toISOString().replace('.000', '') };
  });
  expect(told).toEqual(denied.map(({ at, opens }) => ({ at, opens })));
  expect(denied.filter(({ opens }) => opens !== null).length).toBeGreaterThan(50);
});

function timedOf(windows: readonly SyncWindow[]): readonly Timed[] {
  const timing = timingOf(windows);
  if (timing.kind !== 'timed') throw new Error(`${timing.kind}: ${JSON.stringify(windows)}`);
  return timing.windows;
}
