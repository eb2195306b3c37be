import { expect, test } from '@jest/globals';
import { type SyncWindow, windowCauses } from '../../../src/core/result/sync-windows.js';

const DENY: SyncWindow = {
  ...{ kind: 'deny', schedule: '0 22 * * *', duration: '8h', manualSync: false },
};
const ALLOW: SyncWindow = { ...DENY, kind: 'allow', schedule: '0 8 * * 1-5' };
const byHand = (window: SyncWindow): SyncWindow => ({ ...window, manualSync: true });

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
    'with its time zone',
    [],
    [{ ...DENY, timeZone: 'Europe/Berlin' }],
    'a deny sync window (0 22 * * *, 8h, Europe/Berlin) blocks auto-sync',
  ],
  [
    'auto-sync is blocked though a person may sync',
    [],
    [byHand(DENY)],
    'a deny sync window (0 22 * * *, 8h) blocks auto-sync; a manual sync is allowed',
  ],
  [
    'several, of which one lets nobody sync',
    [],
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
    'many allow windows, none of them open',
    [1, 2, 3, 4, 5].map((hours) => byHand({ ...ALLOW, duration: `${hours}h` })),
    [],
    'its allow sync windows (0 8 * * 1-5, 1h; 0 8 * * 1-5, 2h; 0 8 * * 1-5, 3h and 2 more) are not open, so auto-sync waits; a manual sync is allowed',
  ],
])('%s', (_, assigned, active, message) => {
  const causes = windowCauses({ assigned, active }, 'shop');
  const told = { application: 'shop', subject: 'sync window', reason: 'SyncWindow', message };
  expect(causes).toEqual(message === '' ? [] : [told]);
});
