import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { readDataByLibrary, readNodesByLibrary } from '../../src/yaml/library.js';
import { readData, readNodes } from '../../src/yaml/read.js';
import { readSimple } from '../../src/yaml/simple.js';
import { KUBECONFIGS } from '../support/kubeconfigs.ts';

/** Texts as people write them, which must not cost a start the library. */
const SIMPLE: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['a comment', '# filters to come\n\n'],
  ['a pattern', 'web: apps/Deployment/*/web'],
  ['patterns in quotes', `cdn: 'Ingress/*'\napi: "Deployment/api-*"`],
  ['a list', 'web:\n  - Deployment/web\n  - "!Deployment/web-canary"\n'],
  ['a list that is not indented', 'web:\n- Deployment/web\n- Ingress/*\ncdn: Ingress/*\n'],
  ['a list in brackets', 'config: [\'ConfigMap/*\', "!ConfigMap/*-cache", Secret/x]  # all\n'],
  ['an empty list and mapping', 'a: []\nb: {}\nc: [ ]\n'],
  ['an object', 'web:\n  pattern: Deployment/*\n  change: [created, updated]\n'],
  ['comments between', '# a\nweb: A/b # b\n  # c\n\ncdn: C/d\n'],
  ['words with a meaning', 'a: true\nb: false\nc: null\nd:\n'],
  ['colons and slashes', 'a: arn:aws:eks:eu-1:1:cluster/x\nb: https://k.example.com:6443/a?b=c\n'],
  ['mappings in a list', '- name: a\n  value: b\n- name: c\n  value:\n    - d\n'],
  ['several words', 'a: two words\nb: x#y\n'],
];

/** Texts that could be read in another way, or are none: the library is asked. */
const OTHERS: readonly string[] = [
  'a: 1',
  'a: 2026-11-21',
  'a: ~',
  'a: True',
  'a: NULL',
  'true: A/b',
  'a: |\n  b',
  'a: >-\n  b',
  'a: &x b',
  'a: *x',
  'a: !!str b',
  'a: b: c',
  'a: b:',
  'a: b\n  c',
  "a: 'b\n  c'",
  "a: 'it''s'",
  'a: "\\x41"',
  'a: [b,\n  c]',
  'a: [b, [c]]',
  'a: [b,, c]',
  'a: [b, c,]',
  "a: ['b' c]",
  'a: [true]',
  'a: [b: c]',
  'a: {b: c}',
  'a:\tb',
  'a: b\r\nc: d',
  'a: é',
  '\uFEFFa: b',
  '--- \na: b',
  'a: b\n...\n',
  'a: b\na: c',
  '? a\n: b',
  '<<: b',
  "'a': b",
  '- - a',
  '-\n  a',
  '- a\nb: c',
  'a: b\n c: d',
  'a:\n    b: c\n  d: e',
  'a: - b',
  'a: @b',
  'a: %b',
  'just text',
  `${Array.from({ length: 30 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')} b`,
];

test.each(SIMPLE)('%s is read without the library, and as it does', (_, text) => {
  const simple = readSimple(text);
  expect(simple).toBeDefined();
  expect({ ok: true, value: simple }).toEqual(readNodesByLibrary(text));
});

test.each(OTHERS)('%j is left to the library', async (text) => {
  expect(readSimple(text)).toBeUndefined();
  expect(await readNodes(text)).toEqual(readNodesByLibrary(text));
  expect(await readData(text)).toEqual(readDataByLibrary(text));
});

describe('kubeconfigs come out as the library reads them', () => {
  test.each(KUBECONFIGS)('$name', async ({ text, simple }) => {
    expect(readSimple(text) !== undefined).toBe(simple);
    expect(await readData(text)).toEqual(readDataByLibrary(text));
  });
});

const LINES = [
  ...['a:', 'b: x', 'c: two words', "d: 'q*'", 'e: "r"', 'f: [x, "y", z]', 'g: {}', 'h: true'],
  ...[
    '- x',
    '- a: b',
    '- c:',
    '-',
    '- - x',
    '- [x]',
    '# c',
    '',
    ' ',
    'i: x # y',
    'j: x:y',
    'k: []',
  ],
  ...['a: x: y', 'l: |', 'm: *x', 'n: 1', 'o: "', "p: '", 'b:', 'x', 'q: #', "r: ''", 's: null'],
];

/** Texts of likely lines with any indentation, and of likely characters in any order. */
const texts = fc.oneof(
  fc
    .array(fc.tuple(fc.nat({ max: 4 }), fc.constantFrom(...LINES)), { maxLength: 9 })
    .map((lines) => lines.map(([indent, line]) => ' '.repeat(indent) + line).join('\n')),
  fc
    .array(fc.constantFrom(...`ab:-#'",[]{} \n*&!|/.`), { maxLength: 24 })
    .map((characters) => characters.join('')),
);

test('whatever is read without the library, the library reads alike', () => {
  let read = 0;
  fc.assert(
    fc.property(texts, (text) => {
      const simple = readSimple(text);
      if (simple === undefined) return;
      read += 1;
      expect({ ok: true, value: simple }).toEqual(readNodesByLibrary(text));
    }),
    { numRuns: 20_000, seed: 7 },
  );
  // The property would hold of a reader that reads nothing.
  expect(read).toBeGreaterThan(2000);
});
