import { describe, expect, test } from '@jest/globals';
import { parseSchedule } from '../../../src/core/windows/cron.js';
import { timingOf } from '../../../src/core/windows/opening.js';
import type { SyncWindow } from '../../../src/core/windows/types.js';

/** Argo CD takes a window that never starts for one that is always open. */
test.each([
  ['0 0 30 2 *', true],
  ['0 0 30 1,2 *', false],
  // A day of the month or a day of the week: either is enough.
  ['0 0 30 2 1', false],
  ['0 0 , 1 1', false],
  // A comma alone names no value.
  ['0 0 30 2 ,', true],
  ['0 0 1 , 1', true],
  ['0 0 1 1 ,', false],
  ['0 0 * * ,', true],
  [', 0 * * *', true],
])('%s never starts: %s', (schedule, never) => {
  expect(parseSchedule(schedule)?.never).toBe(never);
});

test.each([
  ['0 0 15 * 1', true],
  ['0 0 16 * 2', true],
  ['0 0 15 * 2', false],
  // With a star in either, both have to be right.
  ['0 0 *,15 * 1', true],
  ['0 0 *,15 * 2', false],
  ['0 0 15 * *,1', false],
])('%s starts on Monday, 16 March: %s', (schedule, starts) => {
  expect(parseSchedule(schedule)?.isDay(new Date('2026-03-16T00:00:00Z'))).toBe(starts);
});

describe('one window of several decides whether times can be told', () => {
  const GOOD: SyncWindow = {
    ...{ kind: 'deny', schedule: '0 22 * * *', duration: '8h', timeZone: '', manualSync: false },
  };
  const { timeZone: _, ...UNZONED } = GOOD;
  test.each<[string, SyncWindow, string]>([
    ['all can be read', GOOD, 'timed'],
    ['its schedule cannot be read', { ...GOOD, schedule: '0 24 * * *' }, 'invalid'],
    ['its duration cannot be read', { ...GOOD, duration: '8 hours' }, 'invalid'],
    ['its schedule has a time zone', { ...GOOD, schedule: 'TZ=UTC 0 22 * * *' }, 'unknown'],
    ['its time zone is not told', UNZONED, 'unknown'],
  ])('%s', (_, window, kind) => {
    expect(timingOf([GOOD, window]).kind).toBe(kind);
  });
});
