import { describe, expect, test } from '@jest/globals';
import { lookAtWindows } from '../../../src/core/result/sync-windows.js';
import type { SyncWindow } from '../../../src/core/windows/types.js';

const DENY: SyncWindow = {
  ...{ kind: 'deny', schedule: '0 22 * * *', duration: '8h', manualSync: false },
};
const ALLOW: SyncWindow = { ...DENY, kind: 'allow', schedule: '0 8 * * 1-5' };
const byHand = (window: SyncWindow): SyncWindow => ({ ...window, manualSync: true });
const inZone = (window: SyncWindow, timeZone = ''): SyncWindow => ({ ...window, timeZone });

/** A Thursday. */
const NIGHT = Date.parse('2026-11-26T01:00:30Z');
const SHOP = { application: 'shop', now: NIGHT };

function messageOf(windows: Parameters<typeof lookAtWindows>[0], over: object = {}): string {
  const { causes } = lookAtWindows(windows, { ...SHOP, ...over });
  for (const { message: _, ...rest } of causes) {
    expect(rest).toEqual({ application: 'shop', subject: 'sync window', reason: 'SyncWindow' });
  }
  return causes.map(({ message }) => message).join(' + ');
}

describe('open by what Argo CD tells, without time zones', () => {
  test.each<[string, readonly SyncWindow[], readonly SyncWindow[], string]>([
    ['no window', [], [], ''],
    ['a deny window that is not open', [DENY], [], ''],
    [
      'a deny window that is open',
      [DENY],
      [DENY],
      'a deny sync window (0 22 * * *, 8h) blocks auto-sync',
    ],
    [
      'auto-sync is blocked though a person may sync',
      [byHand(DENY)],
      [byHand(DENY)],
      'a deny sync window (0 22 * * *, 8h) blocks auto-sync; a manual sync is allowed',
    ],
    [
      'several, of which one lets nobody sync',
      [DENY, byHand({ ...DENY, duration: '1h' })],
      [DENY, byHand({ ...DENY, duration: '1h' })],
      'deny sync windows (0 22 * * *, 8h; 0 22 * * *, 1h) block auto-sync',
    ],
    [
      'deny wins',
      [ALLOW, DENY],
      [ALLOW, DENY],
      'a deny sync window (0 22 * * *, 8h) blocks auto-sync',
    ],
    ['an allow window that is open', [ALLOW, { ...ALLOW, duration: '1h' }], [ALLOW], ''],
    [
      'an allow window that is not open',
      [ALLOW, DENY],
      [],
      'its allow sync window (0 8 * * 1-5, 8h) is not open, so auto-sync waits',
    ],
    [
      'an open window of a kind that Argo CD does not know allows nothing',
      [ALLOW, { ...ALLOW, kind: 'maintenance' }],
      [{ ...ALLOW, kind: 'maintenance' }],
      'its allow sync window (0 8 * * 1-5, 8h) is not open, so auto-sync waits',
    ],
    [
      'many allow windows, none of them open',
      [1, 2, 3, 4, 5].map((hours) => byHand({ ...ALLOW, duration: `${hours}h` })),
      [],
      'its allow sync windows (0 8 * * 1-5, 1h; 0 8 * * 1-5, 2h; 0 8 * * 1-5, 3h and 2 more) are not open, so auto-sync waits; a manual sync is allowed',
    ],
    [
      'a schedule that nobody reads',
      [{ ...DENY, schedule: 'x'.repeat(500) }],
      [{ ...DENY, schedule: 'x'.repeat(500) }],
      `a deny sync window (${'x'.repeat(100)}, 8h) blocks auto-sync`,
    ],
  ])('%s', (_, assigned, active, message) => {
    expect(messageOf({ assigned, active })).toBe(message);
    expect(lookAtWindows({ assigned, active }, SHOP).opening).toBeUndefined();
  });
});

describe('by their schedules', () => {
  test.each<[string, readonly SyncWindow[], string]>([
    ['a deny window in UTC', [inZone(DENY)], '2026-11-26T06:00:00Z'],
    ['in its time zone', [inZone(DENY, 'Europe/Berlin')], '2026-11-26T05:00:00Z'],
    ['one that Go does not know is UTC', [inZone(DENY, 'Mars/Olympus')], '2026-11-26T06:00:00Z'],
    ['nor does it by another case', [inZone(DENY, 'Europe/berlin')], '2026-11-26T06:00:00Z'],
    ['an allow window', [inZone(ALLOW, 'America/New_York')], '2026-11-26T13:00:00Z'],
    ['allow once deny has ended', [inZone(ALLOW), inZone(DENY)], '2026-11-26T08:00:00Z'],
    [
      'deny as long as it lasts within allow',
      [inZone(ALLOW), inZone({ ...DENY, schedule: '0 7 * * *', duration: '2h' })],
      '2026-11-26T09:00:00Z',
    ],
    [
      'one deny window after the other',
      [inZone(DENY), inZone({ ...DENY, schedule: '0 6 * * *', duration: '90m' })],
      '2026-11-26T07:30:00Z',
    ],
    [
      'the allow window of another day',
      [inZone({ ...ALLOW, schedule: '0 8 * * 6' })],
      '2026-11-28T08:00:00Z',
    ],
    [
      'after weeks, beside one that begins every minute of a month',
      [
        inZone({ ...DENY, schedule: '0 0 20 11 *', duration: '480h' }),
        inZone({ ...DENY, schedule: '* * * 11 *', duration: '1m' }),
      ],
      '2026-12-10T00:00:00Z',
    ],
    ['another month', [inZone({ ...ALLOW, schedule: '30 4 1 3 ?' })], '2027-03-01T04:30:00Z'],
  ])('%s', (_, assigned, opens) => {
    const message = messageOf({ assigned });
    expect(message).toMatch(/blocks? auto-sync|is not open, so auto-sync waits/);
    expect(message).toContain(`; auto-sync can start at ${opens}`);
    const { opening } = lookAtWindows({ assigned }, SHOP);
    expect(opening).toEqual({ notBefore: Date.parse(opens), opens: true });
  });

  test.each<[string, string, string, string]>([
    // Berlin: 2 h ahead until 2026-10-25T01:00:00Z. The night has an hour more on the wall clock.
    ['clocks go back', '2026-10-24T23:00:00Z', 'Europe/Berlin', '2026-10-25T05:00:00Z'],
    ['clocks go forward', '2026-03-28T23:00:00Z', 'Europe/Berlin', '2026-03-29T04:00:00Z'],
    ['half an hour', '2026-04-04T13:00:00Z', 'Australia/Lord_Howe', '2026-04-04T19:30:00Z'],
  ])('while %s', (_, at, timeZone, opens) => {
    const now = Date.parse(at);
    const windows = { assigned: [inZone(DENY, timeZone)] };
    expect(messageOf(windows, { now })).toContain(`; auto-sync can start at ${opens}`);
  });

  test('open to auto-sync', () => {
    const noon = { now: Date.parse('2026-11-26T12:00:00Z') };
    expect(messageOf({ assigned: [inZone(DENY), inZone(ALLOW)] }, noon)).toBe('');
    expect(messageOf({ assigned: [] })).toBe('');
  });

  test('a freeze without an end', () => {
    const freeze = inZone({ ...DENY, schedule: '0 0 * * *', duration: '24h' });
    expect(messageOf({ assigned: [freeze] })).toMatch(/; auto-sync cannot start within a year$/);
    const { opening } = lookAtWindows({ assigned: [freeze] }, SHOP);
    expect(opening).toMatchObject({ opens: false });
    expect(opening?.notBefore).toBeGreaterThan(NIGHT + 365 * 86_400_000);
  });

  test('a freeze of minutes: nothing is told of what nobody looked at', () => {
    const minutes = inZone({ ...DENY, schedule: '* * * * *', duration: '1m' });
    expect(messageOf({ assigned: [minutes] })).toBe(
      'a deny sync window (* * * * *, 1m) blocks auto-sync',
    );
    const { opening } = lookAtWindows({ assigned: [minutes] }, SHOP);
    expect(opening?.notBefore).toBeGreaterThan(NIGHT + 86_400_000);
  });

  test('one that Argo CD cannot read blocks everything, for nobody knows how long', () => {
    const assigned = [inZone(DENY), inZone({ ...ALLOW, schedule: '@daily' })];
    expect(messageOf({ assigned })).toBe(
      'Argo CD cannot read a sync window (@daily, 8h), and starts no sync while it cannot',
    );
    expect(lookAtWindows({ assigned }, SHOP).opening).toBeUndefined();
  });

  test('what cannot be told is not told', () => {
    const zoned = inZone({ ...DENY, schedule: 'CRON_TZ=Europe/Berlin 0 22 * * *' });
    expect(messageOf({ assigned: [zoned] })).toBe('');
    expect(messageOf({ assigned: [inZone(DENY)] }, { now: undefined })).toBe('');
    expect(messageOf({ assigned: Array(201).fill(inZone(DENY)) })).toBe('');
    expect(messageOf({ assigned: Array(200).fill(inZone(DENY)) })).not.toBe('');
  });

  test('Argo CD knows better which are open, and the schedules when that changes', () => {
    const assigned = [inZone(DENY)];
    const noon = { now: Date.parse('2026-11-26T12:00:00Z') };
    const blocks = 'a deny sync window (0 22 * * *, 8h) blocks auto-sync';
    expect(messageOf({ assigned, active: assigned }, noon)).toBe(blocks);
    expect(messageOf({ assigned, active: [] })).toBe('');
  });
});

describe('an operation that waits', () => {
  const manual = { operation: { automated: false } };

  test('started by a person: windows that let nobody sync', () => {
    expect(messageOf({ assigned: [inZone(DENY), byHand(inZone(DENY))] }, manual)).toBe(
      'deny sync windows (0 22 * * *, 8h; 0 22 * * *, 8h) block the operation; it can start at 2026-11-26T06:00:00Z',
    );
    expect(messageOf({ assigned: [byHand(inZone(DENY))] }, manual)).toBe('');
  });

  test('started by a person: until the last window that lets nobody sync ends', () => {
    const assigned = [inZone(DENY), byHand(inZone({ ...DENY, duration: '12h' }))];
    expect(messageOf({ assigned }, manual)).toContain('it can start at 2026-11-26T06:00:00Z');
    expect(messageOf({ assigned })).toContain('auto-sync can start at 2026-11-26T10:00:00Z');
  });

  test('of auto-sync: all windows', () => {
    const automated = { operation: { automated: true } };
    expect(messageOf({ assigned: [byHand(inZone(ALLOW))] }, automated)).toBe(
      'its allow sync window (0 8 * * 1-5, 8h) is not open, so the operation waits; it can start at 2026-11-26T08:00:00Z',
    );
  });
});
