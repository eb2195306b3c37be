import { expect, jest, test } from '@jest/globals';
import { inShort } from '../../src/http/answers.js';
import { objectIdentityOf } from '../../src/http/json.js';
import { TransientError } from '../../src/platform/errors.js';
import { withoutTrailingSlashes } from '../../src/platform/urls.js';
import { LIST_ACTION } from '../../src/sources/argocd/refusals.js';
import { streamEvent } from '../../src/sources/argocd/stream.js';
import { isBehind } from '../../src/sources/deliveries.js';
import { watchEvent } from '../../src/sources/kubernetes/wire.js';

/** What a server may send instead of what servers send: it costs no more than its length. */

test.each<[version: string, than: string, behind: boolean]>([
  ['1', '2', true],
  ['2', '1', false],
  ['2', '2', false],
  ['9', '10', true],
  ['10', '9', false],
  ['009', '10', true],
  ['0010', '9', false],
  ['0', '00', false],
  ['18446744073709551615', '18446744073709551616', true],
  ['a', '2', false],
  ['1', 'b', false],
  ['', '1', false],
])('version %s is behind %s: %s', (version, than, behind) => {
  expect(isBehind(version, than)).toBe(behind);
});

const MANY = 8_000_000;

test('versions of megabytes of digits are compared without a number of them', () => {
  const number = jest.spyOn(globalThis, 'BigInt');
  const digits = '9'.repeat(MANY);
  expect(isBehind(`${digits}1`, `${digits}2`)).toBe(true);
  expect(isBehind(`${'0'.repeat(MANY)}1`, '2')).toBe(true);
  expect(isBehind(`x${'0'.repeat(MANY)}`, '2')).toBe(false);
  expect(number).not.toHaveBeenCalled();
  number.mockRestore();
});

test('a version that cannot be one is not sent back', () => {
  const identity = (resourceVersion: string) => objectIdentityOf({ metadata: { resourceVersion } });
  expect(identity('12345').resourceVersion).toBe('12345');
  expect(identity('1'.repeat(257)).resourceVersion).toBe('');
});

const NESTED = `${'{"a":'.repeat(100_000)}0${'}'.repeat(100_000)}`;

test.each([
  ['nested without end', NESTED, 'A watch reported: an error without a message'],
  ['null', 'null', 'A watch reported: an error without a message'],
  ['of a long message', `{"message":"${'x '.repeat(MANY / 2)}"}`, /^A watch reported: (x )+x?…$/],
])('an ERROR in a watch, %s', (_, object, message) => {
  const event = watchEvent(`{"type":"ERROR","object":${object}}`);
  if (event.kind !== 'error') throw new Error(event.kind);
  expect(event.error.message).toMatch(message);
  expect(event.error.message.length).toBeLessThan(600);
});

test.each([
  ['nested without end', NESTED, /answered 500 .*: no explanation$/],
  ['of a long message', `{"message":"${'x '.repeat(MANY / 2)}"}`, /answered 500 .*: (x )+x?…$/],
])('an error in a stream of Argo CD, %s', (_, error, message) => {
  const streamed = { server: 'Argo CD', action: LIST_ACTION, field: 'application' } as const;
  const read = () => streamEvent(`{"error":${error}}`, streamed);
  expect(read).toThrow(TransientError);
  expect(read).toThrow(message);
});

test('slashes at the end are taken away, and none before', () => {
  expect(withoutTrailingSlashes('https://a//b//')).toBe('https://a//b');
  expect(withoutTrailingSlashes('//')).toBe('');
  const pumped = `${'/'.repeat(MANY)}x`;
  expect(withoutTrailingSlashes(pumped)).toBe(pumped);
});

test('of a text only the beginning is looked at', () => {
  expect(inShort(`${' \n'.repeat(MANY)}x`)).toBe('');
  expect(inShort(' a \n b ')).toBe('a b');
});
