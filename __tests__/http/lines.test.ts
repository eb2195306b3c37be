import { expect, test } from '@jest/globals';
import { lines } from '../../src/http/lines.js';
import { TransientError } from '../../src/platform/errors.js';

async function* chunks(...parts: readonly (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield Buffer.from(part as string);
}

const LIMIT = 500_000;
const tooLong = () => new Error('too long');

async function read(...parts: readonly (string | Buffer)[]): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const line of lines(chunks(...parts), LIMIT, tooLong)) all.push(line);
  return all;
}

const LONG = 'é'.repeat(200_000);
const E_ACUTE = Buffer.from('é');

test.each<[name: string, parts: readonly (string | Buffer)[], expected: readonly string[]]>([
  ['one in one chunk', ['one\n'], ['one']],
  ['several in one chunk', ['one\ntwo\n'], ['one', 'two']],
  ['one in several chunks', ['o', 'n', 'e\n'], ['one']],
  ['a chunk that ends one and begins another', ['on', 'e\ntw', 'o\n'], ['one', 'two']],
  ['empty ones are none', ['\n', ' \n\none\n'], ['one']],
  [
    'a letter of two bytes, between two chunks',
    [E_ACUTE.subarray(0, 1), E_ACUTE.subarray(1), '\n'],
    ['é'],
  ],
  [
    'a long one, then a short one',
    [LONG.slice(0, 70_000), LONG.slice(70_000), '\none\n'],
    [LONG, 'one'],
  ],
  ['none', [], []],
])('%s', async (_, parts, expected) => {
  expect(await read(...parts)).toEqual(expected);
});

test('a stream that ends within one is broken', async () => {
  await expect(read('one\ntw')).rejects.toThrow(TransientError);
});

test('one beyond the limit is given up, however it comes', async () => {
  await expect(read('x'.repeat(LIMIT + 1), '\n')).rejects.toThrow('too long');
  const endless = Array.from({ length: 6 }, () => 'x'.repeat(100_000));
  await expect(read(...endless)).rejects.toThrow('too long');
  expect(await read('x'.repeat(LIMIT), '\n')).toHaveLength(1);
});
