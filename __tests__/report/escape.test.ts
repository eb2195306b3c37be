import { describe, expect, test } from '@jest/globals';
import {
  clip,
  code,
  commandData,
  html,
  link,
  logLines,
  oneLine,
  plain,
  prose,
} from '../../src/report/escape.js';
import { costOf } from '../support/cost.ts';

describe('plain', () => {
  test.each([
    ['colours', '\x1b[31mred\x1b[0m', 'red'],
    ['8-bit CSI', '\x9b1mbold', 'bold'],
    ['titles and links', '\x1b]0;title\x07\x1b]8;;https://evil\x1b\\click', 'click'],
    ['an unterminated OSC hides nothing', '\x1b]8;;hidden', '[U+001B]]8;;hidden'],
    ['a lone escape', 'a\x1b', 'a[U+001B]'],
    ['bidi', 'a\u202eb\u2066c', 'a[U+202E]b[U+2066]c'],
    ['zero width', 'a\u200bb\ufeffc\u2060', 'a[U+200B]b[U+FEFF]c[U+2060]'],
    ['tags', 'a\u{e0041}', 'a[U+E0041]'],
    ['blank fillers', 'a\u3164b', 'a[U+3164]b'],
    ['NUL, backspace', 'a\0\b', 'a[U+0000][U+0008]'],
    ['a lone surrogate', 'a\ud800b', 'a[U+D800]b'],
    ['line ends', 'a\r\nb\rc\nd\u2028e\u0085f', 'a\nb\nc\nd[U+2028]e[U+0085]f'],
    ['words of all scripts', 'Größe 部署 🚀', 'Größe 部署 🚀'],
  ])('%s', (_, text, expected) => {
    expect(plain(text)).toBe(expected);
  });

  test.each(['\x1b]', '\x1b[', '\x9b0', '\x1b[0;', '\x1b]8;;'])(
    'a megabyte of %j costs little',
    async (bait) => {
      const text = bait.repeat(300_000);
      expect(await costOf(() => plain(text), 50)).toBeLessThan(50);
    },
  );
});

test.each([
  ['a\n b\t\tc ', 'a b c'],
  ['\r\n', ''],
])('oneLine %j', (text, expected) => {
  expect(oneLine(text)).toBe(expected);
});

test.each([
  ['short', 10, 'short'],
  ['exactly10!', 10, 'exactly10!'],
  ['longer than ten', 10, 'longer th…'],
  ['12345678🚀🚀', 10, '12345678…'],
])('clip %j to %i', (text, units, expected) => {
  expect(clip(text, units)).toBe(expected);
});

describe('Markdown', () => {
  const HOSTILE = [
    '| a | b |',
    '`code` ``more``',
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<!-- hidden',
    '</code></td></details>',
    '[click](javascript:alert(1))',
    '![pixel](https://evil.example.com/p.png)',
    'https://evil.example.com www.evil.example.com',
    '@octocat and @org/team',
    '#123 and owner/repo#123 and GH-123',
    '# heading',
    '- list',
    '1. list',
    '> quote',
    '---',
    '**bold** _em_ ~~gone~~ $x$ :tada:',
    '&lt;script&gt; &amp;',
    'back\\slash \\| pipe',
    'two\n\nparagraphs\r\n| row |',
    '\u202e\u200b\x1b[31m',
    '"quotes" \'n\' more',
  ];

  test.each(HOSTILE)('nothing of %j means anything', (text) => {
    for (const escaped of [prose(text), code(text), code('x', text)]) {
      const left = escaped
        .replace(/^<code(?: title="[^"<>]*")?>|<\/code>$/g, '')
        .replaceAll('<wbr>', '')
        .replace(/&#\d+;/g, '');
      expect(left).not.toMatch(/[<>&"'`*_|[\]\\~#@:$!\n\r\x1b\u202e\u200b]|www\./);
    }
  });

  test.each(HOSTILE)('%j is read as it was', (text) => {
    const read = prose(text)
      .replaceAll('<wbr>', '')
      .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
    expect(read).toBe(oneLine(text));
  });

  test.each([
    ['a mention', '@octocat', '&#64;<wbr>octocat'],
    ['a reference', 'a #1', 'a &#35;<wbr>1'],
    ['another', 'see GH-12', 'see GH&#45;<wbr>12'],
    ['an address', 'https://x.example', 'https&#58;/<wbr>/x.example'],
    ['a list', '- a', '&#45; a'],
    ['a numbered list', '1. a', '&#49;. a'],
    ['a rule', '===', '&#61;=='],
  ])('%s in prose', (_, text, expected) => {
    expect(prose(text)).toBe(expected);
  });
});

test.each([
  ['an e-mail address', 'shop@example.com', 'shop&#64;<wbr>example.com'],
  ['an address', 'https://x.example', 'https&#58;/<wbr>/x.example'],
  ['another scheme', 'ftp://x.example', 'ftp&#58;/<wbr>/x.example'],
  ['a reference', 'acme/shop#1', 'acme/shop&#35;<wbr>1'],
  ['another', 'GH-12', 'GH&#45;<wbr>12'],
])('%s in code is no link', (_, text, expected) => {
  expect(code(text)).toBe(`<code>${expected}</code>`);
  // An attribute has no tags in it.
  expect(code('x', text)).not.toContain('<wbr>');
});

test('html keeps lines and closes nothing', () => {
  expect(html('a: "b"\n</pre><b>')).toBe('a&#58; &#34;b&#34;\n&#60;/pre&#62;&#60;b&#62;');
});

test.each([
  ['https://argocd.example.com/a', '<a href="https&#58;//argocd.example.com/a">x</a>'],
  [
    'https://argocd.example.com/"><script>',
    '<a href="https&#58;//argocd.example.com/%22%3E%3Cscript%3E">x</a>',
  ],
  ['javascript:alert(1)', 'x'],
  ['data:text/html,x', 'x'],
  ['', 'x'],
])('link to %j', (address, expected) => {
  expect(link('x', address)).toBe(expected);
});

test.each([
  ['plain', ['plain']],
  ['::error::x', [': :error::x']],
  ['  \t::add-mask::x', ['  \t: :add-mask::x']],
  ['\u00a0\u2003::error::x', ['\u00a0\u2003: :error::x']],
  ['a\n::stop-commands::x\r::set-env::y', ['a', ': :stop-commands::x', ': :set-env::y']],
  ['x ##[error]y', ['x ## [error]y']],
  ['\x1b[0m::error::x', [': :error::x']],
  ['a::b', ['a::b']],
])('logLines %j', (text, expected) => {
  expect(logLines(text)).toEqual(expected);
});

test('commandData', () => {
  expect(commandData('50%\r\n%0A\x1b[1m')).toBe('50%25%0A%250A');
});
