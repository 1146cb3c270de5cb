/** Walks the spans and tiles of a plan, so that nobody else needs to know how they are stored. */
import type { BlockTiles } from './block-plan.ts';
import { SPAN_MASK } from './span-mask.ts';

/** The arrays that a walk reads. */
export type Spans = Pick<BlockTiles, 'rowStart' | 'spanColumn' | 'spanTiles' | 'spanMask'>;

/**
 * Visits the spans of a row block in order: the first tile column, the number of tiles, the index of their
 * mask (undefined where every pair is visible), and the place of the span in the plan's arrays.
 */
export function forEachSpan(
  { rowStart, spanColumn, spanTiles, spanMask }: Spans,
  rowBlock: number,
  visit: (column: number, tiles: number, mask: number | undefined, span: number) => void,
): void {
  const end = rowStart[rowBlock + 1];
  for (let span = rowStart[rowBlock]; span < end; span++) {
    const mask = spanMask[span];
    visit(spanColumn[span], spanTiles[span], mask === SPAN_MASK.full ? undefined : mask, span);
  }
}

/**
 * Visits the tiles of a row block in order: the column, which counts blocks of 64 keys, and the index of the
 * tile's mask (undefined where every pair is visible).
 */
export function forEachTile(
  block: Spans,
  rowBlock: number,
  visit: (column: number, mask: number | undefined) => void,
): void {
  forEachSpan(block, rowBlock, (first, tiles, mask) => {
    for (let column = first; column < first + tiles; column++) visit(column, mask);
  });
}

/** The number of tiles of a row block. */
export function countTiles(
  { rowStart, spanTiles }: Pick<Spans, 'rowStart' | 'spanTiles'>,
  rowBlock: number,
): number {
  let tiles = 0;
  for (let span = rowStart[rowBlock]; span < rowStart[rowBlock + 1]; span++) tiles += spanTiles[span];
  return tiles;
}
