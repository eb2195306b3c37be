import { expect, test } from '@jest/globals';
import { parseApplicationSet } from '../../src/core/applicationset/parse.js';
import { NO_LOOKS } from '../../src/core/result/looks.js';
import { EMPTY_TREE } from '../../src/core/within/tree.js';
import type { Inspection, Inspector, SetSeen, WindowsSeen } from '../../src/sources/inspector.js';
import { createLook, MOST_APPLICATIONS } from '../../src/wait/looks.js';
import { fakeClock } from '../support/fake-clock.ts';
import { application } from '../support/scripted-source.ts';
import { setManifest } from '../support/set-manifest.ts';

const NEVER = new AbortController().signal;
const NONE = { assigned: [], active: [] };
const SEEN: Inspection = { kind: 'seen', tree: EMPTY_TREE, lacks: [] };

function looking(inspect: () => Inspection | Promise<Inspection>, blind = false) {
  const lines: string[] = [];
  const order: string[] = [];
  let atOnce = 0;
  let most = 0;
  let count = 0;
  const inspector: Inspector = {
    async inspect() {
      order.push('look');
      count += 1;
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise((done) => setImmediate(done));
      atOnce -= 1;
      return inspect();
    },
    syncWindows: async () => ({ kind: 'unavailable', final: true, message: '', remedy: '' }),
    applicationSet: async () => ({ kind: 'seen' }),
    logs: async () => ({ kind: 'read', lines: [] }),
  };
  const look = createLook({
    open: async () => (blind ? undefined : inspector),
    nameOf: (key) => key,
    clock: fakeClock(),
    log: { info: (line) => lines.push(line) },
    expectMore: () => order.push('expect more'),
  });
  const at = (name: string) => look(application(name, {}), 'resources', NO_LOOKS, NEVER);
  return { at, lines, order, most: () => most, count: () => count };
}

test('eight at once, and within the first Applications only, which is told once', async () => {
  const { at, lines, most, count } = looking(() => SEEN);
  const names = Array.from({ length: MOST_APPLICATIONS + 3 }, (_, i) => `app-${i}`);
  const all = await Promise.all(names.map(at));
  expect(most()).toBe(8);
  expect(count()).toBe(MOST_APPLICATIONS);
  expect(all.filter(({ final }) => final)).toHaveLength(3);
  expect(lines).toEqual([
    `Looking within the first ${MOST_APPLICATIONS} Applications that are not well; of the others only their own status tells.`,
  ]);
  // One of the first is looked at again.
  expect(await at('app-0')).toMatchObject({ final: false });
});

test('what could not be seen is told once, with its remedy', async () => {
  const lack = { message: 'the server does not allow it', remedy: 'a rule' };
  const { at, lines } = looking(() => ({ kind: 'unavailable', final: true, ...lack }));
  expect(await at('shop')).toEqual({ final: true });
  await at('web');
  expect(lines).toEqual(['the server does not allow it\na rule']);
  const partly = looking(() => ({ ...SEEN, lacks: [{ message: 'no events', remedy: '' }] }));
  expect(await partly.at('shop')).toMatchObject({ final: false, looks: { causes: [] } });
  await partly.at('shop');
  expect(partly.lines).toEqual(['no events']);
});

test('thousands of resources are expected before a look at them, and not before others', async () => {
  const { at, order } = looking(() => SEEN);
  await at('shop');
  expect(order).toEqual(['expect more', 'look']);
});

test('no way to look', async () => {
  const { at, lines } = looking(() => SEEN, true);
  expect(await at('shop')).toEqual({ final: true });
  expect(lines).toEqual([]);
});

test('the sync windows: where they cannot be told, the resources may still be seen', async () => {
  const lines: string[] = [];
  const lack = { message: 'it may not be asked', remedy: '' };
  const window = { kind: 'deny', schedule: '0 22 * * *', duration: '8h', manualSync: false };
  const zone = { message: 'its time zone may not be asked', remedy: '' };
  const windows = { assigned: [window], active: [window] };
  const answers: WindowsSeen[] = [
    { kind: 'unavailable', final: true, ...lack },
    { kind: 'unavailable', final: true, ...lack },
    { kind: 'seen', windows, lacks: [zone] },
  ];
  const look = createLook({
    open: async () => {
      const answer = answers.shift();
      return {
        inspect: async () => SEEN,
        syncWindows: async () => answer ?? { kind: 'seen', windows: NONE, lacks: [] },
        applicationSet: async () => ({ kind: 'seen' }),
        logs: async () => ({ kind: 'read', lines: [] }),
      };
    },
    nameOf: (key) => key,
    clock: fakeClock(),
    log: { info: (line) => lines.push(line) },
    expectMore: () => lines.push('expect more'),
  });
  const at = () => look(application('shop', {}), 'sync-windows', NO_LOOKS, NEVER);
  for (const _ of [1, 2]) expect(await at()).toEqual({ final: false });
  expect(lines).toEqual(['it may not be asked']);
  const blocked = {
    windows: { causes: [{ message: 'a deny sync window (0 22 * * *, 8h) blocks auto-sync' }] },
  };
  expect(await at()).toMatchObject({ final: false, looks: blocked });
  expect(lines).toEqual(['it may not be asked', 'its time zone may not be asked']);
  // They may open, or be changed.
  expect(await at()).toMatchObject({ final: false, looks: { windows: { causes: [] } } });
});

test('the ApplicationSet: where it cannot be told, the resources may still be seen', async () => {
  const lines: string[] = [];
  const set = parseApplicationSet(
    setManifest({ steps: [''], rollout: [['shop', 'Waiting', '1', 'a']] }),
  );
  const answers: SetSeen[] = [
    { kind: 'unavailable', final: true, message: 'it may not be asked', remedy: 'Allow it' },
    { kind: 'unavailable', final: true, message: 'it may not be asked', remedy: 'Allow it' },
    { kind: 'seen', set },
    { kind: 'seen', set: parseApplicationSet(setManifest()) },
    { kind: 'seen' },
  ];
  const look = createLook({
    open: async () => ({
      inspect: async () => SEEN,
      syncWindows: async () => ({ kind: 'seen', windows: NONE, lacks: [] }),
      applicationSet: async () => answers.shift() ?? { kind: 'seen' },
      logs: async () => ({ kind: 'read', lines: [] }),
    }),
    nameOf: (key) => key,
    clock: fakeClock(),
    log: { info: (line) => lines.push(line) },
    expectMore: () => lines.push('expect more'),
  });
  const at = () => look(application('shop', {}), 'applicationset', NO_LOOKS, NEVER);
  for (const _ of [1, 2]) expect(await at()).toEqual({ final: false });
  expect(lines).toEqual(['it may not be asked\nAllow it']);
  expect(await at()).toMatchObject({ looks: { rollout: { step: 1, steps: 1 } }, final: false });
  // All at once, or no ApplicationSet any more.
  for (const _ of [1, 2]) expect(await at()).toMatchObject({ looks: { rollout: 'none' } });
});
