/** A block plan in the heap, as the kernel reads it, and what the host wants to know of it. */
import { TILE, type BlockPlan } from '@attn/core';
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

/** Copies a plan into the heap. Kernels with biases want positions even where the order is natural. */
export function placePlan(frame: Frame, block: BlockPlan, needsPositions: boolean): PlacedPlan {
  const { queryIndex, keyIndex, keyCount } = block;
  const keys = keyIndex ?? (needsPositions ? Int32Array.from({ length: keyCount }, (_, i) => i) : undefined);
  const keyAddress = keys === undefined ? 0 : placeKeys(frame, keys);
  const plan = new Records(PLAN, PLAN_BYTES, 1);
  plan.set(0, {
    queryCount: block.queryCount,
    keyCount,
    queryIndex: queryIndex === undefined ? 0 : frame.words(queryIndex),
    keyIndex: keyAddress,
    rowStart: frame.words(block.rowStart),
    spanColumn: frame.words(block.spanColumn),
    spanTiles: frame.words(block.spanTiles),
    spanMask: frame.words(block.spanMask),
    masks: frame.words(block.masks),
  });
  return { address: frame.words(plan.words), keyIndex: keyIndex === undefined ? 0 : keyAddress };
}

/** Padded to whole tiles: the kernel reads a tile's positions at once. */
function placeKeys(frame: Frame, keys: Int32Array): number {
  const length = Math.ceil(keys.length / TILE) * TILE;
  const address = frame.allocate(4 * length);
  const words = frame.heap.i32(address, length);
  words.set(keys);
  words.fill(0, keys.length);
  return address;
}

/** A row block and how many tiles it has. */
export interface WeighedRowBlock {
  readonly rowBlock: number;
  readonly tiles: number;
}

/** The row blocks that have any tiles, those with the most first. */
export function heaviestFirst({ rowStart, spanTiles }: BlockPlan): WeighedRowBlock[] {
  const list: WeighedRowBlock[] = [];
  for (let rowBlock = 0; rowBlock + 1 < rowStart.length; rowBlock++) {
    let tiles = 0;
    for (let span = rowStart[rowBlock]; span < rowStart[rowBlock + 1]; span++) tiles += spanTiles[span];
    list.push({ rowBlock, tiles });
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
