/** From tokens to characters. */
import { expect, test } from 'vitest';
import { Places } from './places.ts';

// "can't 🐋🐋!" after a question of one word; the whales are a word of two tokens each.
const text = {
  ids: [0, 9, 2, 3, 4, 5, 6, 6, 7, 8, 2],
  sequences: [null, 0, null, 1, 1, 1, 1, 1, 1, 1, null] as const,
  offsets: [null, [0, 3], null, [0, 3], [3, 4], [4, 5], [6, 8], [6, 8], [8, 10], [10, 11], null] as const,
  words: [null, 0, null, 0, 1, 1, 2, 2, 2, 3, null],
};

test('whole words, or tokens alone', () => {
  const words = new Places(text, true);
  expect(words.of(4, 5)).toEqual({ start: 3, end: 5 });
  expect(words.of(5, 7)).toEqual({ start: 3, end: 10 });
  // A question's word of the same number is another one.
  expect(words.of(3, 3)).toEqual({ start: 0, end: 3 });
  expect(new Places(text, false).of(5, 7)).toEqual({ start: 4, end: 8 });
});

test('without separators the end of a question is no part of a context', () => {
  const joined = {
    ids: [5, 6, 7],
    sequences: [0, 1, 1] as const,
    offsets: [
      [0, 2],
      [0, 1],
      [1, 3],
    ] as const,
    words: [0, 0, 0],
  };
  expect(new Places(joined, true).of(2, 2)).toEqual({ start: 0, end: 3 });
});

test('only as far as the window reaches', () => {
  expect(new Places(text, true).of(5, 7, 5, 8)).toEqual({ start: 4, end: 8 });
});

test('a tokenizer without words has tokens', () => {
  expect(new Places({ ...text, words: undefined }, true).of(5, 7)).toEqual({ start: 4, end: 8 });
});
