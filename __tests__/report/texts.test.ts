import { describe, expect, test } from '@jest/globals';
import { firstTexts, fitting, textsOf } from '../../src/report/texts.js';

/** Numbers as texts, and which of them were made. */
function counted() {
  const made: number[] = [];
  const texts = textsOf([1, 22, 333, 4444], (each) => {
    made.push(each);
    return String(each);
  });
  return { made, texts };
}

const length = (text: string) => text.length;

describe('texts are made when they are asked for', () => {
  test('none of them to count them', () => {
    const { made, texts } = counted();
    expect([texts.count, made]).toEqual([4, []]);
  });

  test.each([0, 2, 4, 9])('the first %d of them', (most) => {
    const { made, texts } = counted();
    const first = firstTexts(texts, most);
    expect([...first.all()]).toEqual(['1', '22', '333', '4444'].slice(0, most));
    expect([first.count, made.length]).toEqual([Math.min(most, 4), Math.min(most, 4)]);
  });

  test('those that find room, and one that does not', () => {
    const { made, texts } = counted();
    expect(fitting(texts, 4, length)).toEqual({ texts: ['1', '22'], taken: 3 });
    expect(made).toEqual([1, 22, 333]);
  });

  test.each([
    [10, 4],
    [9, 3],
    [0, 0],
    [-1, 0],
  ])('in a room of %d', (room, kept) => {
    expect(fitting(counted().texts, room, length).texts).toHaveLength(kept);
  });
});
