import { describe, expect, test } from '@jest/globals';
import { lineWriter } from '../../src/platform/line-writer.js';

function refused(code: string): Error {
  return Object.assign(new Error(`${code}: refused`), { code });
}

/** A descriptor that takes so many bytes a call, or throws; at the end of the list, everything. */
function descriptor(...answers: readonly (number | string)[]) {
  const left = [...answers];
  let text = '';
  return {
    text: () => text,
    calls: () => answers.length - left.length,
    write(_: number, bytes: Uint8Array): number {
      const answer = left.shift() ?? bytes.length;
      if (typeof answer === 'string') throw refused(answer);
      text += Buffer.from(bytes.subarray(0, answer)).toString();
      return Math.min(answer, bytes.length);
    },
  };
}

describe('a line writer', () => {
  test('writes what short writes have left', async () => {
    const { write, text } = descriptor(1, 2, 1);
    const writer = lineWriter(1, write);
    writer.write('Größe');
    writer.write('two');
    expect(text()).toContain('two\n');
    expect(await writer.flush()).toBeUndefined();
  });

  test('keeps lines while a pipe is full, in their order', async () => {
    const { write, text } = descriptor(3, 'EAGAIN', 'EAGAIN');
    const writer = lineWriter(1, write);
    writer.write('first');
    writer.write('second');
    expect(text()).toBe('fir');
    expect(await writer.flush()).toBeUndefined();
    expect(text()).toBe('first\nsecond\n');
  });

  test('gives a pipe up that nobody reads', async () => {
    const writer = lineWriter(1, () => {
      throw refused('EAGAIN');
    });
    writer.write('line');
    expect(await writer.flush()).toEqual(new Error('nobody reads it'));
  });

  test.each(['EPIPE', 'ENOSPC', 'EIO'])('%s ends it, and is told', async (code) => {
    const target = descriptor(5, code);
    const writer = lineWriter(1, target.write);
    for (const line of ['a', 'bcdef', 'g']) writer.write(line);
    expect(await writer.flush()).toMatchObject({ code });
    expect(target.text()).toBe('a\n');
  });
});
