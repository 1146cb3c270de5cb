import { TILE } from '@attn/core/backend';
import { describe, expect, test } from 'vitest';
import { resetState, softmaxState, softmaxTile } from './softmax.ts';

/** Feeds a row, tile by tile, and returns its maximum, its sum and the weights of the last tile. */
function feed(...tiles: number[][]): { max: number; sum: number; weights: number[] } {
  const state = softmaxState(1);
  resetState(state);
  const scores = new Float64Array(TILE * TILE);
  for (const tile of tiles) {
    scores.set(tile);
    softmaxTile(scores, 1, tile.length, state);
  }
  const weights = Array.from(scores.slice(0, tiles[tiles.length - 1].length));
  return { max: state.max[0], sum: state.sum[0], weights };
}

describe('one row', () => {
  test('keeps the largest score and the sum relative to it', () => {
    const { max, sum, weights } = feed([1, 3], [2, 5]);
    expect(max).toBe(5);
    expect(sum).toBeCloseTo(Math.exp(-4) + Math.exp(-2) + Math.exp(-3) + 1, 7);
    expect(weights[1]).toBe(1);
  });

  test('hidden pairs weigh exactly 0', () => {
    expect(feed([-Infinity, 0])).toMatchObject({ max: 0, sum: 1, weights: [0, 1] });
  });

  test('a row that sees nothing stays empty', () => {
    expect(feed([-Infinity], [-Infinity, -Infinity])).toEqual({ max: -Infinity, sum: 0, weights: [0, 0] });
  });

  test('a hidden tile after a visible one changes nothing', () => {
    expect(feed([2], [-Infinity])).toEqual({ max: 2, sum: 1, weights: [0] });
  });

  test.each([
    ['first', [[NaN], [1]]],
    ['last', [[1], [NaN]]],
    ['beside the maximum', [[NaN, 7]]],
    ['beside hidden pairs only', [[NaN, -Infinity], [-Infinity]]],
  ])('NaN %s makes the sum NaN', (_, tiles) => {
    expect(feed(...tiles).sum).toBeNaN();
  });

  test('+∞ makes the sum NaN, as ∞ − ∞ does', () => {
    expect(feed([1], [Infinity], [2]).sum).toBeNaN();
  });
});

test('earlier sums shrink when a larger score arrives', () => {
  const state = softmaxState(3);
  resetState(state);
  const scores = new Float64Array(TILE * TILE);
  softmaxTile(scores, 1, 1, state);
  state.values.set([4, 8, 12]);
  scores[0] = Math.log(2);
  softmaxTile(scores, 1, 1, state);
  [2, 4, 6].forEach((value, d) => expect(state.values[d]).toBeCloseTo(value, 6));
});
