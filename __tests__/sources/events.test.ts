import { describe, expect, test } from '@jest/globals';
import { warningsIn } from '../../src/sources/events.js';

const EVENT = {
  ...{ type: 'Warning', reason: 'FailedMount', message: 'no secret' },
  involvedObject: { uid: 'pod' },
};

describe('the warnings about an object', () => {
  test.each([
    ['of another object', { ...EVENT, involvedObject: { uid: 'other' } }],
    ['of no object', { ...EVENT, involvedObject: null }],
    ['that are none', { ...EVENT, type: 'Normal' }],
  ])('not: %s', (_, event) => {
    expect(warningsIn({ items: [event] }, 'pod')).toEqual([]);
  });

  test.each([
    [{ lastTimestamp: 'b', firstTimestamp: 'a' }, 'b'],
    [{ lastTimestamp: null, eventTime: 'c' }, 'c'],
    [{ series: { lastObservedTime: 'd' }, eventTime: 'c' }, 'd'],
    [{}, ''],
  ])('when it was last seen: %j', (times, at) => {
    expect(warningsIn({ items: [{ ...EVENT, ...times }] }, 'pod')).toEqual([
      { about: 'pod', reason: 'FailedMount', message: 'no secret', at },
    ]);
  });

  test.each([null, {}, { items: null }, { items: {} }, { items: [null, 7, 'x'] }])(
    'of no shape: %j',
    (answer) => {
      expect(warningsIn(answer, 'pod')).toEqual([]);
    },
  );
});
