import { MASK_WORDS, TILE } from '@attn/core/backend';
import { expect, test } from 'vitest';
import { maskTile } from './mask.ts';

test('hides exactly the pairs whose bit is 0', () => {
  const visible = (row: number, column: number) => (row * 7 + column * 3) % 5 < 2;
  const words = new Uint32Array(2 * MASK_WORDS);
  for (let row = 0; row < TILE; row++) {
    for (let column = 0; column < TILE; column++) {
      if (visible(row, column)) words[MASK_WORDS + row * 2 + (column >> 5)] |= 1 << (column & 31);
    }
  }
  const scores = new Float64Array(TILE * TILE).fill(1);
  maskTile(scores, TILE, TILE, words, MASK_WORDS);
  scores.forEach((score, i) => expect(score).toBe(visible(i >> 6, i & 63) ? 1 : -Infinity));
});

test('leaves absent rows alone', () => {
  const scores = new Float64Array(TILE * TILE).fill(1);
  maskTile(scores, 3, 20, new Uint32Array(MASK_WORDS), 0);
  expect(scores[2 * TILE + 19]).toBe(-Infinity);
  expect(scores[3 * TILE]).toBe(1);
});
