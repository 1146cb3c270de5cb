import { expect, test } from 'vitest';
import { hasChanged, WORD } from './control.ts';

test('a thread sees a change at once, and gives up on a word that stays', () => {
  const words = new Int32Array(new SharedArrayBuffer(64));
  expect(hasChanged(words, WORD.generation, 0)).toBe(false);
  Atomics.add(words, WORD.generation, 1);
  expect(hasChanged(words, WORD.generation, 0)).toBe(true);
});
