import { expect, test } from 'vitest';
import { MASK_WORDS } from './block-plan.ts';
import { MaskStore } from './mask-store.ts';
import { SPAN_MASK } from './span-mask.ts';
import { countTiles, forEachSpan, forEachTile } from './walk.ts';

/** Row blocks with two spans, none, and one. */
const block = {
  rowStart: Uint32Array.of(0, 2, 2, 3),
  spanColumn: Uint32Array.of(1, 5, 0),
  spanTiles: Uint32Array.of(3, 1, 2),
  spanMask: Int32Array.of(SPAN_MASK.full, 7, 0),
};

test('tiles come in order, with their mask or, where they are open, without one', () => {
  const rows = [0, 1, 2].map((rowBlock) => {
    const tiles: [number, number | undefined][] = [];
    forEachTile(block, rowBlock, (column, mask) => tiles.push([column, mask]));
    expect(countTiles(block, rowBlock)).toBe(tiles.length);
    return tiles;
  });
  expect(rows).toEqual([
    [
      [1, undefined],
      [2, undefined],
      [3, undefined],
      [5, 7],
    ],
    [],
    [
      [0, 0],
      [1, 0],
    ],
  ]);
});

test('spans come in order, with their place in the arrays', () => {
  const spans: unknown[] = [];
  for (const rowBlock of [0, 1, 2]) forEachSpan(block, rowBlock, (...span) => spans.push(span));
  expect(spans).toEqual([
    [1, 3, undefined, 0],
    [5, 1, 7, 1],
    [0, 2, 0, 2],
  ]);
});

test('a store of masks says by SPAN_MASK what needs none', () => {
  const masks = new MaskStore();
  expect(masks.add(new Uint32Array(MASK_WORDS))).toBe(SPAN_MASK.empty);
  expect(masks.add(new Uint32Array(MASK_WORDS).fill(0xffffffff))).toBe(SPAN_MASK.full);
  expect(masks.size).toBe(0);
  expect(new Set(Object.values(SPAN_MASK)).size).toBe(Object.keys(SPAN_MASK).length);
  expect(Math.max(...Object.values(SPAN_MASK))).toBeLessThan(0);
});
