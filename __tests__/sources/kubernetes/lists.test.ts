import { expect, test } from '@jest/globals';
import type { Transport } from '../../../src/http/transport.js';
import { TransientError } from '../../../src/platform/errors.js';
import { APPLICATIONS, listObjects } from '../../../src/sources/kubernetes/applications.js';

const { signal } = new AbortController();

/** A server of pages, each of which has one item and leads to the next. */
function pages(...tokens: readonly string[]) {
  let asked = 0;
  const transport: Transport = {
    async send() {
      const next = tokens[Math.min(asked, tokens.length - 1)];
      asked += 1;
      if (asked > 10) throw new Error('asked without end');
      const body = JSON.stringify({ items: [asked], metadata: { continue: next } });
      return { status: 200, type: '', retryAfter: '', location: '', body };
    },
    stream: () => Promise.reject(new Error('no stream')),
    close: () => undefined,
  };
  const options = { transport, server: 'the server', selection: {} };
  return listObjects({ ...options, type: APPLICATIONS }, (item) => item, signal);
}

test('a list has all of its pages', async () => {
  expect((await pages('a', 'b', '')).items).toEqual([1, 2, 3]);
});

test.each([
  ['leads from a page to the same again', ['a', 'b', 'b']],
  ['has a token that no real server sends', ['x'.repeat(20_000)]],
])('a list that %s is given up', async (_, tokens) => {
  const listed = pages(...tokens);
  await expect(listed).rejects.toThrow(TransientError);
  await expect(listed).rejects.toThrow('cannot be continued');
});
