import { expect, test } from '@jest/globals';
import { githubConsole } from '../../src/report/console.js';

function formatDuration(
  speak: (console: ReturnType<typeof githubConsole>) => void,
): readonly string[] {
  const lines: string[] = [];
  speak(githubConsole((line) => lines.push(line)));
  return lines;
}

test.each<[string, Parameters<typeof formatDuration>[0], readonly string[]]>([
  ['info', (c) => c.info('a\n::error::b'), ['a', ': :error::b']],
  ['debug', (c) => c.debug('a\nb'), ['::debug::a%0Ab']],
  ['notice', (c) => c.notice('a'), ['::notice::a']],
  ['warning', (c) => c.warning('50%'), ['::warning::50%25']],
  ['error', (c) => c.error('a\n::error::b'), ['::error::a%0A::error::b']],
  [
    'group',
    (c) => c.group('T\n::endgroup::', ['a', '::endgroup::', 'b\n##[endgroup]']),
    ['::group::T%0A::endgroup::', 'a', ': :endgroup::', 'b', '## [endgroup]', '::endgroup::'],
  ],
  ['mask', (c) => c.mask('s3cret%\nline'), ['::add-mask::s3cret%25%0Aline']],
  ['no mask of nothing', (c) => c.mask(''), []],
  ['no mask of a little', (c) => c.mask('abc'), []],
  ['no mask of blanks', (c) => c.mask('      '), []],
])('%s', (_, speak, expected) => {
  expect(formatDuration(speak)).toEqual(expected);
});

test('an annotation is no longer than the runner shows', () => {
  expect(formatDuration((c) => c.error('x'.repeat(10_000)))[0]).toHaveLength(
    '::error::'.length + 4000,
  );
});
