import { describe, expect, test } from '@jest/globals';
import { TerminalError, TransientError } from '../../src/platform/errors.js';
import { mapAtMost } from '../../src/sources/live-metadata.js';
import { refusals } from '../../src/sources/refused.js';

const FORBIDDEN = new TerminalError('forbidden', 'no pods', 'a role');
const LACK = { message: 'no pods', remedy: 'a role' };

describe('what a server refuses', () => {
  const forbidden = async (): Promise<never> => {
    throw FORBIDDEN;
  };

  test('is told once, whoever else asks at that time', async () => {
    const refused = refusals();
    const both = [refused.askFor('pods', forbidden), refused.askFor('pods', forbidden)];
    expect(await Promise.all(both)).toEqual([undefined, undefined]);
    expect(refused.untold()).toEqual([LACK]);
    expect(await refused.askFor('pods', forbidden)).toBeUndefined();
    expect(refused.untold()).toEqual([]);
  });

  test('is told where the request before it failed in passing', async () => {
    const refused = refusals();
    const reset = refused.askFor('pods', async () => {
      throw new TransientError('reset');
    });
    const other = refused.askFor('pods', forbidden);
    await expect(reset).rejects.toThrow('reset');
    expect(await other).toBeUndefined();
    expect(refused.untold()).toEqual([LACK]);
  });

  test('is not told twice where it was thrown', async () => {
    const refused = refusals();
    await expect(refused.ask('pods', forbidden)).rejects.toBe(FORBIDDEN);
    expect(await refused.askFor('pods', forbidden)).toBeUndefined();
    expect(refused.untold()).toEqual([]);
  });
});

test('of many requests, none is begun after one has failed', async () => {
  const begun: number[] = [];
  const going = mapAtMost(2, [1, 2, 3, 4, 5, 6], async (item) => {
    begun.push(item);
    await new Promise(setImmediate);
    if (item === 1) throw FORBIDDEN;
  });
  await expect(going).rejects.toBe(FORBIDDEN);
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
  expect(begun).toEqual([1, 2]);
});
