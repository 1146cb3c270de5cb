/** Hides pairs: the score of a hidden pair becomes −∞, so that its weight is exactly 0. */
import { TILE } from '@attn/core/backend';

const WORDS_PER_ROW = TILE / 32;

/** Sets the scores whose mask bit is 0 to −∞. `mask` is the index of the tile's first mask word. */
export function maskTile(
  scores: Float64Array,
  rows: number,
  columns: number,
  words: Uint32Array,
  mask: number,
): void {
  for (let row = 0; row < rows; row++) {
    for (let word = 0; word * 32 < columns; word++) {
      let hidden = ~words[mask + row * WORDS_PER_ROW + word];
      // Takes the hidden columns from the highest down: clz32 finds it, and the bit is cleared.
      while (hidden !== 0) {
        const bit = 31 - Math.clz32(hidden);
        scores[row * TILE + word * 32 + bit] = -Infinity;
        hidden ^= 1 << bit;
      }
    }
  }
}
