import { describe, expect, test } from '@jest/globals';
import type { Application } from '../../src/core/application/types.js';
import { Deliveries } from '../../src/sources/deliveries.js';
import { application } from '../support/scripted-source.ts';

function shop(resourceVersion: string, uid = 'one'): Application {
  return { ...application('shop'), uid, resourceVersion };
}

const KEY = 'argocd/shop';
const object = (uid: string) => ({ metadata: { namespace: 'argocd', name: 'shop', uid } });

/** After a complete list that had version 5. */
function afterList(consistentLists = true): Deliveries<Application> {
  const deliveries = new Deliveries<Application>(consistentLists);
  const present = new Set<string>();
  deliveries.changed(shop('5'), present);
  deliveries.completed(present);
  return deliveries;
}

describe('an Application after a list that had version 5', () => {
  type Case = readonly [string, Application, { list?: true; initial?: true }, 'gap' | 'whole' | ''];
  const CASES: readonly Case[] = [
    ['the same version in a watch', shop('5'), {}, ''],
    ['the same version in a list', shop('5'), { list: true }, ''],
    ['the next version in a watch', shop('6'), {}, 'whole'],
    ['the next version in a list', shop('6'), { list: true }, 'gap'],
    ['another version that a watch begins with', shop('6'), { initial: true }, 'gap'],
    ['an older version in a watch', shop('4'), {}, ''],
    ['another object of the name', shop('4', 'two'), {}, 'whole'],
    ['a version that is not a number', shop('abc'), {}, 'whole'],
  ];

  test.each(CASES)('%s', (_, next, { list, initial }, expected) => {
    const event = afterList().changed(next, list && new Set(), initial);
    const gap = event?.kind === 'object' && event.gap;
    expect(event ? (gap ? 'gap' : 'whole') : '').toBe(expected);
  });

  test.each([
    ['a restored backup, where lists are consistent', true, 'object'],
    ['stale, where they come from a cache', false, undefined],
  ])('an older version in a list is %s', (_, consistent, kind) => {
    expect(afterList(consistent).changed(shop('4'), new Set())?.kind).toBe(kind);
  });
});

test('what changes while a streaming list is read was not missed', () => {
  const deliveries = afterList();
  const present = new Set<string>();
  expect(deliveries.changed(shop('6'), present)).toMatchObject({ gap: true });
  expect(deliveries.changed(shop('7'), present)).toMatchObject({ gap: false });
});

test('the first list misses nothing; a new Application in a later one may have been created since', () => {
  const deliveries = new Deliveries<Application>(true);
  expect(deliveries.changed(shop('1'), new Set())).toMatchObject({ gap: false });
  deliveries.completed(new Set());
  expect(deliveries.changed(shop('2', 'two'), new Set())).toMatchObject({ gap: true });
});

test('only the deletion of the present object is told', () => {
  const deliveries = afterList();
  expect(deliveries.deleted(object('earlier'))).toBeUndefined();
  const present = new Set([KEY]);
  expect(deliveries.deleted(object('one'), present)).toEqual({
    kind: 'deleted',
    key: KEY,
    uid: 'one',
  });
  expect(present.size).toBe(0);
  expect(deliveries.deleted(object('one'))).toBeUndefined();
});

test('a complete list tells whether something is gone', () => {
  const deliveries = afterList();
  expect(deliveries.completed(new Set([KEY]))).toBe(false);
  expect(deliveries.completed(new Set())).toBe(true);
  expect(deliveries.size).toBe(0);
});

test('a list beside the watch has gaps where the watch is behind, and does not count', () => {
  const deliveries = afterList();
  const listed = { kind: 'listed', present: new Set([KEY]) };
  expect(deliveries.eventsOf([shop('5')])).toMatchObject([{ gap: false }, listed]);
  expect(deliveries.eventsOf([shop('6')])).toMatchObject([{ gap: true }, listed]);
  expect(deliveries.changed(shop('6'))).toMatchObject({ gap: false });
});

test('a stale list beside a stream tells nothing of what the stream is ahead of', () => {
  const listed = { kind: 'listed', present: new Set([KEY]) };
  expect(afterList(false).eventsOf([shop('4')])).toEqual([listed]);
  expect(afterList(true).eventsOf([shop('4')])).toMatchObject([{ kind: 'object' }, listed]);
});
