import { describe, expect, test } from '@jest/globals';
import { tellingEventsIn } from '../../src/sources/events.js';

const EVENT = {
  ...{ type: 'Warning', reason: 'FailedMount', message: 'no secret' },
  involvedObject: { uid: 'pod' },
};

describe('the warnings about an object', () => {
  test.each([
    ['of another object', { ...EVENT, involvedObject: { uid: 'other' } }],
    ['of no object', { ...EVENT, involvedObject: null }],
    ['that warn of nothing', { ...EVENT, type: 'Normal' }],
  ])('not: %s', (_, event) => {
    expect(tellingEventsIn({ items: [event] }, 'pod')).toEqual([]);
  });

  test.each(['FailedBinding', 'WaitForFirstConsumer', 'Pulling'])(
    'a normal one that tells what is waited for: %s',
    (reason) => {
      const items = [{ ...EVENT, type: 'Normal', reason }];
      expect(tellingEventsIn({ items }, 'pod')).toEqual([expect.objectContaining({ reason })]);
    },
  );

  test.each([
    [{ lastTimestamp: 'b', firstTimestamp: 'a' }, 'b'],
    [{ lastTimestamp: null, eventTime: 'c' }, 'c'],
    [{ series: { lastObservedTime: 'd' }, eventTime: 'c' }, 'd'],
    [{}, ''],
  ])('when it was last seen: %j', (times, at) => {
    expect(tellingEventsIn({ items: [{ ...EVENT, ...times }] }, 'pod')).toEqual([
      { about: 'pod', reason: 'FailedMount', message: 'no secret', at },
    ]);
  });

  test.each([null, {}, { items: null }, { items: {} }, { items: [null, 7, 'x'] }])(
    'of no shape: %j',
    (answer) => {
      expect(tellingEventsIn(answer, 'pod')).toEqual([]);
    },
  );
});
