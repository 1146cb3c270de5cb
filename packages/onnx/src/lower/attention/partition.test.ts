import { describe, expect, test } from 'vitest';
import { partition } from './partition.ts';

const items = (...tiles: number[]) => tiles.map((count) => ({ tiles: count }));
const shapes = (...args: Parameters<typeof partition>) =>
  partition(...args).map((each) => [each.tiles, each.items.length]);

describe('partition', () => {
  test('many row blocks of few sizes: a class each, without padding', () => {
    const window = [...Array<number>(500).fill(9), 5, 6, 7, 8, 8, 7, 6, 5].map((tiles) => ({ tiles }));
    const classes = partition(window, 64);
    expect(Math.max(...classes.map((each) => each.tiles))).toBe(9);
    expect(classes.length).toBeLessThanOrEqual(3);
    expect(classes.flatMap((each) => each.items)).toHaveLength(window.length);
  });
  test('no more classes than asked for, and each as large as its largest', () => {
    const sizes = Array.from({ length: 100 }, (_, i) => i + 1);
    const classes = partition(items(...sizes), 4);
    expect(classes).toHaveLength(4);
    for (const { items: members, tiles } of classes) {
      expect(Math.max(...members.map((item) => item.tiles))).toBe(tiles);
    }
    const padded = classes.reduce((sum, each) => sum + each.tiles * each.items.length, 0);
    // Four equal parts of a triangle: 1/8 more than its area.
    expect(padded / (100 * 50.5)).toBeLessThan(1.27);
  });
  test('a class is not worth a tile', () => {
    expect(shapes(items(3, 4), 64)).toEqual([[4, 2]]);
  });
  test('nothing', () => expect(partition([], 64)).toEqual([]));
});
