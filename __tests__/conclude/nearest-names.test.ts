import { describe, expect, test } from '@jest/globals';
import { nearestNames } from '../../src/conclude/nearest-names.js';

const NAMES = ['shop', 'shop-eu', 'shop-us', 'workshop', 'billing', 'billing-worker', 'x'];

describe('names like one that does not exist', () => {
  test.each<[string, readonly string[]]>([
    ['shpo', ['shop']],
    ['shop-ue', ['shop-us', 'shop-eu', 'shop']],
    ['bilings', ['billing']],
    ['billing-worker-2', ['billing-worker', 'billing']],
    ['sho', ['shop', 'shop-eu', 'shop-us']],
    ['completely-else', []],
    ['belling-warkar', ['billing-worker']],
    ['', ['x']],
  ])('%j: %j', (wanted, names) => {
    expect(nearestNames(wanted, NAMES)).toEqual(names);
  });

  test('of nothing there is none', () => {
    expect(nearestNames('shop', [])).toEqual([]);
  });

  test('at most as many as asked for, equally near ones by name', () => {
    expect(nearestNames('ab', ['ad', 'ac', 'ae'], 2)).toEqual(['ac', 'ad']);
  });
});
