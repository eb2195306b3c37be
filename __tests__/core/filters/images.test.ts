import { describe, expect, test } from '@jest/globals';
import { type ImagePattern, parseImage } from '../../../src/core/filters/images.js';

function parsed(text: string): ImagePattern {
  const image = parseImage(text);
  if (!image.ok) throw new Error(image.problems.join('; '));
  return image.value;
}

const DIGEST = `sha256:${'0f'.repeat(32)}`;
const OTHER = `sha256:${'1e'.repeat(32)}`;

/** What is wanted, an image that runs, and whether it is that one, another of the name, or neither. */
const CASES: readonly (readonly [string, string, 'same' | 'other' | 'none'])[] = [
  ['web:2', 'web:2', 'same'],
  ['web:2', 'web:1', 'other'],
  ['web:2', 'web', 'other'],
  ['web:2', `web@${DIGEST}`, 'other'],
  ['web:2', `web:2@${DIGEST}`, 'same'],
  ['web:2', 'shop/web:2', 'none'],
  ['web:2', 'web-api:2', 'none'],
  ['r.example.com:5000/shop/web:2', 'r.example.com:5000/shop/web:2', 'same'],
  ['r.example.com:5000/shop/web:2', 'r.example.com:5000/shop/web:3', 'other'],
  ['r.example.com/shop/web:2', 'mirror.example.com/shop/web:2', 'none'],
  ['*/shop/web:2', 'mirror.example.com/proxy/r.example.com/shop/web:2', 'same'],
  ['*/shop/web:2', 'mirror.example.com/shop/web:1', 'other'],
  ['*/shop/web:2', 'shop/web:2', 'same'],
  ['*/shop/web:2', 'r.example.com/workshop/web:2', 'none'],
  ['r.example.com/*/web:2', 'r.example.com/shop/web:2', 'same'],
  ['r.example.com/*/web:2', 'r.example.com/a/b/web:2', 'none'],
  ['r.example.com/shop/*:2', 'r.example.com/shop/web:2', 'same'],
  ['web:main-*', 'web:main-0af', 'same'],
  ['web:main-*', 'web:dev-0af', 'other'],
  ['web:{1,2}', 'web:2', 'same'],
  [`web@${DIGEST}`, `web@${DIGEST}`, 'same'],
  [`web@${DIGEST}`, `web:1@${DIGEST}`, 'same'],
  [`web@${DIGEST}`, `web@${OTHER}`, 'other'],
  [`web@${DIGEST}`, 'web:2', 'other'],
  [`web:2@${DIGEST}`, `web@${DIGEST}`, 'same'],
  ['web@sha256:0f*', `web@${DIGEST}`, 'same'],
];

describe('an image', () => {
  test.each(CASES)('%s, and %s: %s', (wanted, image, expected) => {
    const pattern = parsed(wanted);
    const found = { same: pattern.matches(image), name: pattern.hasName(image) };
    expect(found).toEqual({ same: expected === 'same', name: expected !== 'none' });
  });

  test.each([
    ['web', 'has no tag'],
    ['web:', 'has no tag (is its variable set?)'],
    ['localhost:5000/web', 'has no tag'],
    [':2', 'has no name'],
    ['web:my tag', 'contains a space'],
    ['web@sha256:0f', 'has a digest that is not whole'],
    ['web@md5:0f', 'has a digest that is not whole'],
    ['web:{1,2', 'has an unmatched {'],
    ['we[b:2', 'has an unmatched ['],
    [`web:${'2'.repeat(300)}`, 'is longer than 256'],
  ])('%j %s', (text, problem) => {
    const image = parseImage(text);
    expect(image.ok ? [] : image.problems).toEqual([expect.stringContaining(problem)]);
    expect(image.ok ? [] : image.problems).toEqual([expect.stringMatching(/^"/)]);
  });
});
