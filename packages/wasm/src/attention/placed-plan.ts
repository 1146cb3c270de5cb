/** A block plan in the heap, as the kernel reads it, and what the host wants to know of it. */
import { countTiles, TILE, type BlockPlan } from '@attn/core/backend';
import { PLAN, PLAN_BYTES } from '../kernels/attention/layout.ts';
import { Records } from '../kernels/records.ts';
import type { Frame } from '../ops/frame.ts';
import type { RowRange } from './head-rows.ts';

/** A plan's addresses. */
export interface PlacedPlan {
  /** Of a `PLAN`. */
  readonly address: number;
  /** Of the key rows in the plan's order, or 0 for the natural one. */
  readonly keyIndex: number;
}

/** Copies a plan into the heap, in one piece. Kernels with biases want positions even where the order is natural. */
export function placePlan(frame: Frame, block: BlockPlan, needsPositions: boolean): PlacedPlan {
  const { queryIndex, keyIndex, keyCount, queryCount } = block;
  const positions =
    keyIndex ?? (needsPositions ? Int32Array.from({ length: keyCount }, (_, i) => i) : undefined);
  const { rowStart, spanColumn, spanTiles, spanMask, masks } = block;
  const arrays = { rowStart, spanColumn, spanTiles, spanMask, masks, queryIndex, keyIndex: positions };
  const names = Object.keys(arrays) as (keyof typeof arrays)[];
  // Room for whole tiles of positions, which come last: the kernel reads those of a tile at once.
  const length = names.reduce((sum, name) => sum + (arrays[name]?.length ?? 0), PLAN_BYTES / 4 + TILE);

  const address = frame.allocate(4 * length);
  const words = frame.heap.i32(address, length);
  const plan = new Records(PLAN, PLAN_BYTES, 1);
  const at = { queryCount, keyCount, ...NOWHERE };
  let end = plan.words.length;
  for (const name of names) {
    const array = arrays[name];
    if (array === undefined) continue;
    at[name] = address + 4 * end;
    words.set(array, end);
    end += array.length;
  }
  words.fill(0, end);
  plan.set(0, at);
  words.set(plan.words);
  return { address, keyIndex: keyIndex === undefined ? 0 : at.keyIndex };
}

/** The addresses of arrays that a plan does not have. */
const NOWHERE = {
  rowStart: 0,
  spanColumn: 0,
  spanTiles: 0,
  spanMask: 0,
  masks: 0,
  queryIndex: 0,
  keyIndex: 0,
};

/** A row block and how many tiles it has. */
export interface WeighedRowBlock {
  readonly rowBlock: number;
  readonly tiles: number;
}

/** The row blocks that have any tiles, those with the most first. */
export function heaviestFirst(block: BlockPlan): WeighedRowBlock[] {
  const list: WeighedRowBlock[] = [];
  for (let rowBlock = 0; rowBlock + 1 < block.rowStart.length; rowBlock++) {
    list.push({ rowBlock, tiles: countTiles(block, rowBlock) });
  }
  return list.sort((a, b) => b.tiles - a.tiles);
}

/** The query rows that a plan computes, as ranges in ascending order. */
export function queryRanges({ queryIndex, queryCount }: BlockPlan, queryLength: number): RowRange[] {
  if (queryIndex === undefined) return [[0, queryCount]];
  const listed = new Uint8Array(queryLength + 1);
  for (const row of queryIndex) listed[row] = 1;
  const ranges: RowRange[] = [];
  for (let row = listed.indexOf(1); row >= 0;) {
    const end = listed.indexOf(0, row);
    ranges.push([row, end]);
    row = listed.indexOf(1, end);
  }
  return ranges;
}
