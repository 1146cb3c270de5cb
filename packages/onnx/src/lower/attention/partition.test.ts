import { describe, expect, test } from 'vitest';
import { partition } from './partition.ts';

const items = (...tiles: number[]) => tiles.map((count) => ({ tiles: count }));
const shapes = (...args: Parameters<typeof partition>) =>
  partition(...args).map((bin) => [bin.tiles, bin.items.length]);

describe('partition', () => {
  test('many row blocks of few sizes: a bin for each size, without padding', () => {
    const window = [...Array<number>(500).fill(9), 5, 6, 7, 8, 8, 7, 6, 5].map((tiles) => ({ tiles }));
    const bins = partition(window, 64);
    expect(Math.max(...bins.map((bin) => bin.tiles))).toBe(9);
    expect(bins.length).toBeLessThanOrEqual(3);
    expect(bins.flatMap((bin) => bin.items)).toHaveLength(window.length);
  });
  test('no more bins than allowed, and each as large as its largest item', () => {
    const sizes = Array.from({ length: 100 }, (_, i) => i + 1);
    const bins = partition(items(...sizes), 4);
    expect(bins).toHaveLength(4);
    for (const { items: members, tiles } of bins) {
      expect(Math.max(...members.map((item) => item.tiles))).toBe(tiles);
    }
    const padded = bins.reduce((sum, bin) => sum + bin.tiles * bin.items.length, 0);
    // The sizes form a triangle. Four bins of equal width cover 1/4 more than its area.
    expect(padded / (100 * 50.5)).toBeLessThan(1.27);
  });
  test('one tile of padding is cheaper than one more bin', () => {
    expect(shapes(items(3, 4), 64)).toEqual([[4, 2]]);
  });
  test('no items, no bins', () => expect(partition([], 64)).toEqual([]));
});
