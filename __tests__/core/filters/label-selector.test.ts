import { expect, test } from '@jest/globals';
import { labelMatcher } from '../../../src/core/filters/label-selector.js';

const LABELS = { team: 'shop', tier: '3', empty: '' };

test.each<[string, boolean]>([
  ['', true],
  ['team=shop', true],
  ['team==shop', true],
  ['team = shop', true],
  ['team=web', false],
  ['team=', false],
  ['empty=', true],
  ['team!=web', true],
  ['team!=shop', false],
  ['other!=shop', true],
  ['team in (web, shop)', true],
  ['team in (web)', false],
  ['other in (web)', false],
  ['team notin (web)', true],
  ['team notin (shop,web)', false],
  ['other notin (web)', true],
  ['team', true],
  ['other', false],
  ['!other', true],
  ['!team', false],
  ['tier>2', true],
  ['tier > 3', false],
  ['tier<4', true],
  ['tier<3', false],
  ['team<4', false],
  ['empty<1', false],
  ['other>1', false],
  ['team=shop,tier in (3,4)', true],
  ['team=shop,tier in (4,5)', false],
  ['tier in (3,4),team=shop', true],
  ['team=shop, tier=3', true],
  // What every object has is no label.
  ['constructor', false],
])('%j selects %j', (selector, expected) => {
  expect(labelMatcher(selector)(LABELS)).toBe(expected);
});
