import { describe, expect, test } from '@jest/globals';
import { inTime, unlessAborted, withTimeLimit } from '../../src/platform/abort.js';
import { fakeClock } from '../support/fake-clock.ts';

const never = () => new Promise<string>(() => undefined);

describe('unlessAborted', () => {
  test('is the result, where the work ends first', async () => {
    const { signal } = new AbortController();
    expect(await unlessAborted(Promise.resolve('done'), signal)).toBe('done');
    await expect(unlessAborted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
  });

  test('does not outlive the signal, whatever the work is deaf to', async () => {
    const abort = new AbortController();
    const waiting = unlessAborted(never(), abort.signal);
    abort.abort();
    expect(await waiting).toBeUndefined();
    expect(await unlessAborted(never(), abort.signal)).toBeUndefined();
  });

  test('what the work throws after that is dropped', async () => {
    const { promise, reject } = Promise.withResolvers<string>();
    const abort = new AbortController();
    const waiting = unlessAborted(promise, abort.signal);
    abort.abort();
    expect(await waiting).toBeUndefined();
    reject(new Error('too late'));
    await new Promise((resolve) => setImmediate(resolve));
  });
});

describe('withTimeLimit', () => {
  const NEVER = new AbortController().signal;
  const aborted = (signal: AbortSignal) =>
    new Promise<string>((resolve) => {
      if (signal.aborted) resolve('ended');
      signal.addEventListener('abort', () => resolve('ended'));
    });

  test('ends the work after the time, by the clock of the run', async () => {
    const clock = fakeClock();
    const ends: string[] = [];
    const waiting = withTimeLimit(clock, 1000, NEVER, async (signal) => {
      ends.push(await aborted(signal));
    });
    await clock.advance(999);
    expect(ends).toEqual([]);
    await clock.advance(1);
    await waiting;
    expect(ends).toEqual(['ended']);
  });

  test('ends it with the signal too', async () => {
    expect(await withTimeLimit(fakeClock(), 1000, AbortSignal.abort(), aborted)).toBe('ended');
  });

  test('leaves no timer behind', async () => {
    const clock = fakeClock();
    expect(await withTimeLimit(clock, 1000, NEVER, async () => 'done')).toBe('done');
    await expect(
      withTimeLimit(clock, 1000, NEVER, async () => Promise.reject(new Error('no'))),
    ).rejects.toThrow('no');
    await clock.settle();
    expect(clock.sleepers).toBe(0);
  });
});

test('inTime ends with the time, though the work is deaf to it', async () => {
  const clock = fakeClock();
  const { signal } = new AbortController();
  expect(await inTime(clock, 1000, signal, async () => 'done')).toBe('done');
  const waiting = inTime(clock, 1000, signal, never);
  await clock.advance(1000);
  expect(await waiting).toBeUndefined();
});
