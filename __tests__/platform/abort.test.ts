import { describe, expect, test } from '@jest/globals';
import { unlessAborted } from '../../src/platform/abort.js';

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
