/**
 * Copies a block plan into the heap, as the kernel reads it, and lists the rows and row blocks
 * that it computes.
 */
import { countTiles, TILE, type BlockPlan } from '@attn/core/backend';
import { PLAN, PLAN_BYTES } from '../kernels/attention/layout.ts';
import { Records } from '../kernels/records.ts';
import type { Frame } from '../ops/frame.ts';
import type { RowRange } from './staged-heads.ts';

/** The addresses of a plan in the heap. */
export interface PlanAddresses {
  /** Address of the `PLAN`. */
  readonly address: number;
  /** Address of the key rows in the plan's order, or 0 for the natural order. */
  readonly keyIndex: number;
}

/**
 * Copies a plan into the heap, in one piece.
 * @param options.needsPositions whether the kernel needs key positions even where the order is natural
 */
export function placePlan(
  frame: Frame,
  block: BlockPlan,
  { needsPositions }: { readonly needsPositions: boolean },
): PlanAddresses {
  const { queryIndex, keyIndex, keyCount, queryCount } = block;
  const positions =
    keyIndex ?? (needsPositions ? Int32Array.from({ length: keyCount }, (_, i) => i) : undefined);
  const { rowStart, spanColumn, spanTiles, spanMask, masks } = block;
  const arrays = { rowStart, spanColumn, spanTiles, spanMask, masks, queryIndex, keyIndex: positions };
  const names = Object.keys(arrays) as (keyof typeof arrays)[];
  // Positions come last, with room for whole tiles: the kernel reads the positions of a tile at once.
  const length = names.reduce((sum, name) => sum + (arrays[name]?.length ?? 0), PLAN_BYTES / 4 + TILE);

  const address = frame.allocate(4 * length);
  const words = frame.heap.i32(address, length);
  const plan = new Records(PLAN, PLAN_BYTES, 1);
  const fields = { queryCount, keyCount, ...NO_ADDRESSES };
  let end = plan.words.length;
  for (const name of names) {
    const array = arrays[name];
    if (array === undefined) continue;
    fields[name] = address + 4 * end;
    words.set(array, end);
    end += array.length;
  }
  words.fill(0, end);
  plan.set(0, fields);
  words.set(plan.words);
  return { address, keyIndex: keyIndex === undefined ? 0 : fields.keyIndex };
}

/** The addresses of arrays that a plan does not have. */
const NO_ADDRESSES = {
  rowStart: 0,
  spanColumn: 0,
  spanTiles: 0,
  spanMask: 0,
  masks: 0,
  queryIndex: 0,
  keyIndex: 0,
};

/** A row block and its number of tiles. */
export interface WeighedRowBlock {
  readonly rowBlock: number;
  readonly tiles: number;
}

/** The row blocks of a plan, those with the most tiles first. */
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
