import vm from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { eager, functionsOf } from '../../scripts/build/eager.ts';

/** All functions of a text are hot, or those whose text has a word. */
function hasten(source: string, word = ''): string {
  const hot = functionsOf(source).filter(({ start, end }) =>
    source.slice(start, end).includes(word),
  );
  return eager(source, hot);
}

describe('parentheses', () => {
  test.each([
    ['a = () => 1', 'a = (() => 1)'],
    ['a = function () {}', 'a = (function () {})'],
    ['a = (() => 1)', 'a = (() => 1)'],
    ['{ b(); function b() {} }', '{let b=(function b() {});\n b();  }'],
    ['{ async function b() {} c; }', '{let b=(async function b() {});\n  c; }'],
    ['a = { b() {} }', 'a = { b() {} }'],
    ['f(() => () => 1)', 'f((() => (() => 1)))'],
  ])('%s', (source, expected) => {
    expect(hasten(source)).toBe(expected);
  });

  test('around what is hot, and nothing else', () => {
    const source = '{ function a() { return () => 1; } function b() { return () => 2; } }';
    expect(hasten(source, '2')).toBe(
      '{let b=(function b() { return (() => 2); });\n function a() { return () => 1; }  }',
    );
  });
});

test('what it does stays the same', () => {
  const source = `{
    const before = twice(2);
    function twice(n) { return inner(n); function inner(m) { return [m].map((each) => each * 2)[0]; } }
    async function* later() { yield* [1, 2].map(function (each) { return twice(each); }); }
    class Counter { #n = 0; next() { return (this.#n += 1); } }
    result = [before, twice(3), later.name, twice.length, new Counter().next()];
  }`;
  const run = (text: string) => vm.runInNewContext(`let result; ${text}; JSON.stringify(result)`);
  expect(hasten(source)).not.toBe(source);
  expect(run(hasten(source))).toBe(run(source));
  expect(run(source)).toBe('[4,6,"later",1,1]');
});
