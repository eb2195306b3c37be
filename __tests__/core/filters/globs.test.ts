import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { Minimatch } from 'minimatch';
import { compileGlob, type GlobOptions } from '../../../src/core/filters/globs.js';

/** The oracle: minimatch with the meaning that a segment of a pattern has. */
function byLibrary(text: string, { nocase = false }: GlobOptions): (value: string) => boolean {
  const options = { nocomment: true, nonegate: true, dot: true, noglobstar: true, nocase };
  const compiled = new Minimatch(`x${text}`, { ...options, platform: 'linux' });
  return (value) => compiled.match(`x${value}`);
}

function matches(text: string, value: string, options: GlobOptions = {}): boolean {
  const glob = compileGlob(text, options);
  if (!glob.ok) throw new Error(glob.problems.join());
  return glob.value.matches(value);
}

const SIMPLE = fc.string({ unit: fc.constantFrom(...'aAb*-.:'), maxLength: 8 });
/** No part of a resource's name has a slash. */
const VALUE = fc.string({ unit: fc.constantFrom(...'aAb-.:'), maxLength: 8 });

test.each([{}, { nocase: true }])('globs of stars match as minimatch has it, %j', (options) => {
  let matched = 0;
  fc.assert(
    fc.property(SIMPLE, VALUE, (text, value) => {
      const expected = byLibrary(text, options)(value);
      if (expected) matched += 1;
      expect(matches(text, value, options)).toBe(expected);
    }),
    { numRuns: 5_000, seed: 7 },
  );
  expect(matched).toBeGreaterThan(100);
});

test.each([
  ['{web,api}-?', 'api-1', true],
  ['{web,api}-?', 'api-12', false],
  ['\\*', '*', true],
  ['+(ab)', 'abab', true],
])('%s on %s: %s', (text, value, expected) => {
  expect(matches(text, value)).toBe(expected);
});
