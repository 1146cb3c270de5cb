/** The tiles of one head: which are computed, by position and in the order of the plan. */
import { forEachSpan, maskAllows, SPAN_MASK, TILE, type BlockPlan } from '@attn/core/backend';
import { PIXEL } from './pixel.ts';

/** The place of each query and key of a block in its order; −1 where it has none. */
interface Places {
  readonly block: BlockPlan;
  readonly queries: Int32Array | undefined;
  readonly keys: Int32Array | undefined;
}

/** Tiles of the blocks of one head. Several blocks stand below each other in the computed order. */
export class TileIndex {
  readonly #places: readonly Places[];
  /** The first row of each block in the computed order. */
  readonly #starts: readonly number[];

  constructor(blocks: readonly BlockPlan[], n: number) {
    this.#places = blocks.map((block) => ({
      block,
      queries: inverse(block.queryIndex, n),
      keys: inverse(block.keyIndex, n),
    }));
    let start = 0;
    this.#starts = blocks.map(({ queryCount }) => (start += queryCount) - queryCount);
  }

  /** Adds `computed` to the pixels whose middle lies in a tile. */
  markComputed(pixels: Uint8Array, rows: Int32Array, columns: Int32Array): void {
    const width = columns.length - 1;
    const keyMiddles = middles(columns);
    middles(rows).forEach((query, row) => {
      for (const { block, queries, keys } of this.#places) {
        const place = queries === undefined ? query : queries[query];
        if (place < 0 || place >= block.queryCount) continue;
        const rowBlock = Math.floor(place / TILE);
        for (let column = 0; column < width; column++) {
          const key = keys === undefined ? keyMiddles[column] : keys[keyMiddles[column]];
          if (
            key >= 0 &&
            key < block.keyCount &&
            spanAt(block, rowBlock, Math.floor(key / TILE)) !== undefined
          )
            pixels[row * width + column] |= PIXEL.computed;
        }
      }
      // A pixel that covers several row blocks shows allowed pairs that its middle does not have.
      for (let column = 0; column < width; column++)
        if ((pixels[row * width + column] & (PIXEL.some | PIXEL.all)) !== 0)
          pixels[row * width + column] |= PIXEL.computed;
    });
  }

  /** The picture in the order of the tiles: a full tile is `all`, a masked one `some`, or its own bits. */
  computedRaster(rows: Int32Array, columns: Int32Array): Uint8Array<ArrayBuffer> {
    const [width, height] = [columns.length - 1, rows.length - 1];
    const pixels = new Uint8Array(width * height);
    for (let row = 0; row < height; row++) {
      this.#places.forEach(({ block }, index) => {
        const start = this.#starts[index];
        const first = Math.max(rows[row], start) - start;
        const end = Math.min(rows[row + 1], start + block.queryCount) - start;
        if (first >= end) return;
        const line = pixels.subarray(row * width, (row + 1) * width);
        if (end - first === 1 && columns[1] - columns[0] === 1) fillCells(line, block, first, columns);
        else
          for (let rowBlock = Math.floor(first / TILE); rowBlock * TILE < end; rowBlock++)
            fillSpans(line, block, rowBlock, columns);
      });
    }
    return pixels;
  }
}

/** One row of cells: each is a bit of a mask. */
function fillCells(line: Uint8Array, block: BlockPlan, query: number, columns: Int32Array): void {
  const rowBlock = Math.floor(query / TILE);
  for (let column = 0; column < line.length; column++) {
    const key = columns[column];
    const span = key < block.keyCount ? spanAt(block, rowBlock, Math.floor(key / TILE)) : undefined;
    if (span === undefined) continue;
    const mask = block.spanMask[span];
    const isAllowed = mask === SPAN_MASK.full || maskAllows(block.masks, mask, query % TILE, key % TILE);
    line[column] = PIXEL.computed | (isAllowed ? PIXEL.all : 0);
  }
}

/** All spans of a row block. Where pixels are wider than tiles, a masked tile beats a full one. */
function fillSpans(line: Uint8Array, block: BlockPlan, rowBlock: number, columns: Int32Array): void {
  const [from, to] = [columns[0], columns[columns.length - 1]];
  const scale = line.length / (to - from);
  forEachSpan(block, rowBlock, (first, tiles, mask) => {
    const start = Math.max(0, Math.floor((first * TILE - from) * scale));
    const end = Math.min(
      line.length,
      Math.ceil((Math.min((first + tiles) * TILE, block.keyCount) - from) * scale),
    );
    const value = PIXEL.computed | (mask === undefined ? PIXEL.all : PIXEL.some);
    for (let column = start; column < end; column++) {
      const isMixed = (line[column] | value) & PIXEL.some;
      line[column] = isMixed ? PIXEL.computed | PIXEL.some : value;
    }
  });
}

/** The span of a tile, by halving; undefined where the tile is not computed. */
function spanAt(block: BlockPlan, rowBlock: number, column: number): number | undefined {
  let [low, high] = [block.rowStart[rowBlock], block.rowStart[rowBlock + 1] - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (column < block.spanColumn[middle]) high = middle - 1;
    else if (column >= block.spanColumn[middle] + block.spanTiles[middle]) low = middle + 1;
    else return middle;
  }
  return undefined;
}

function inverse(index: Int32Array | undefined, n: number): Int32Array | undefined {
  if (index === undefined) return undefined;
  const places = new Int32Array(n).fill(-1);
  index.forEach((position, place) => (places[position] = place));
  return places;
}

function middles(edges: Int32Array): Int32Array {
  return Int32Array.from({ length: edges.length - 1 }, (_, i) => (edges[i] + edges[i + 1] - 1) >> 1);
}
