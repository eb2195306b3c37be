import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT } from './support/action.ts';

/** Words that CONTRIBUTING.md asks to leave out of messages, documents and comments. */

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const FILES = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'CODE_OF_CONDUCT.md'],
  ...['action.yml', 'filters.schema.json'],
  ...[
    'src/**/*.ts',
    'scripts/**/*.ts',
    'docs/**/*.md',
    'examples/*/*',
    '.github/**/*.{yml,yaml,md}',
  ],
].flatMap((pattern) => globSync(pattern, { cwd: ROOT }).sort());

/** A word of the list as it is looked for: also in other forms, and at the end of a line. */
const FORMS: Readonly<Record<string, RegExp>> = {
  'comes to none': /\bc(?:ome|omes|ame) to none\b/i,
  'is none': /(?<!\bthere |\brevision )\bis none\b/i,
  'good end': /\bgood end\b/i,
  'bad end': /\bbad end\b/i,
  'come to its end': /\bc(?:ome|omes|ame) to (?:its|their|an) end\b/i,
  mend: /\bmend(?:s|ed|ing)?\b/i,
  '«…»': /[«»]/,
};

const section = /^## Words\n([\s\S]*?)(?=^## )/m.exec(read('CONTRIBUTING.md'))?.[1] ?? '';
const avoided = [...section.matchAll(/^\| `([^`]+)` +\| (?!.*`src)/gm)].map(
  ([, word = '']) => word,
);
const patterns = avoided.map(
  (word) => FORMS[word] ?? new RegExp(`\\b${word.replaceAll(' ', '\\s+(?:\\*\\s+)?')}\\b`, 'i'),
);

function found(path: string, text: string): readonly string[] {
  // What is in backticks is a name, not a word.
  const prose = path.endsWith('.md') ? text.replaceAll(/`[^`\n]*`/g, '``') : text;
  return patterns.flatMap((pattern) => {
    const at = prose.search(pattern);
    if (at < 0) return [];
    return [`${path}:${prose.slice(0, at).split('\n').length}: ${pattern.exec(prose)?.[0]}`];
  });
}

test('CONTRIBUTING.md lists them', () => {
  expect(avoided.length).toBeGreaterThan(10);
  expect(Object.keys(FORMS).filter((word) => !avoided.includes(word))).toEqual([]);
});

test('no file has one', () => {
  expect(FILES.length).toBeGreaterThan(200);
  expect(FILES.flatMap((path) => found(path, read(path)))).toEqual([]);
});

test.each([
  'Write it anew.',
  'said\n * of a resource',
  'came to their end',
  'We mended it.',
  'a «word»',
  'that is none',
])('"%s" is noticed', (text) => {
  expect(found('x.ts', text)).toHaveLength(1);
});

test('what is right is not', () => {
  expect(found('x.md', 'there is none, as `anew` says; amend it in the end')).toEqual([]);
});

test('the glossary has at most 15 words of our own, each with its reason', () => {
  const glossary = /^### Words of our own\n([\s\S]*)/m.exec(section)?.[1] ?? '';
  const rows = glossary.match(/^\| \*\*[^|]+\*\* +\| [^|]+ \| [^|]+ \|$/gm) ?? [];
  expect(rows.length).toBeGreaterThan(5);
  expect(rows.length).toBeLessThanOrEqual(15);
});
