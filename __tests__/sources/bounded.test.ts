import { describe, expect, test } from '@jest/globals';
import { TransientError } from '../../src/platform/errors.js';
import { bounded } from '../../src/sources/bounded.js';
import { fakeClock } from '../support/fake-clock.ts';

const HANGS = new Promise<never>(() => undefined);

describe('what a bounded work has so far', () => {
  test('counts when time is up', async () => {
    const clock = fakeClock();
    const working = bounded<string>(clock, new AbortController().signal, (_, soFar) => {
      soFar('first');
      soFar('second');
      return HANGS;
    });
    await clock.advance(8_000);
    expect(await working).toEqual({ value: 'second' });
  });

  test('does not count where the work fails', async () => {
    const failing = bounded<string>(fakeClock(), new AbortController().signal, async (_, soFar) => {
      soFar('first');
      throw new TransientError('reset');
    });
    expect(await failing).toMatchObject({ lack: { message: 'reset' }, final: false });
  });

  test('does not count where the run ends', async () => {
    const stop = new AbortController();
    const working = bounded<string>(fakeClock(), stop.signal, (_, soFar) => {
      soFar('first');
      return HANGS;
    });
    stop.abort();
    expect(await working).toMatchObject({ final: false });
    expect(await working).toHaveProperty('lack');
  });
});
