/**
 * The records that TypeScript writes for the attention kernel: offsets in bytes into little-endian memory.
 * All addresses have 32 bits; an address of 0 means that there is no such thing.
 */
import { TILE } from '@attn/core/backend';
import { PANEL } from '../register-tile.ts';

/** Layout of one head of one batch row, under one plan. */
export const HEAD = {
  /** Address of row 0 of the queries, and bytes from row to row. */
  q: 0,
  qStride: 4,
  /** Addresses of packed keys and values (see `pack.ts`), or of rows of them (see `in-place.ts`). */
  keys: 8,
  values: 12,
  /** Address of a byte for each key tile: 1 when all of its values are finite. */
  finite: 16,
  /** Address of row 0 of the result, and bytes from row to row. */
  out: 20,
  outStride: 24,
  /** Address of two floats for each query row: its greatest logit and the sum of its weights. Optional. */
  states: 28,
  /** Address of a `PLAN`. */
  plan: 32,
  /** f32: factor of queries, so that products are logits (or, with a soft cap, logits divided by the cap). */
  scale: 36,
  /** f32: the soft cap. */
  cap: 40,
  /** Key position of query row 0. */
  queryOffset: 44,
  /** f32: ALiBi's slope. */
  slope: 48,
  /** Address of [2 · radius + 1] f32: the relative bias of this head. */
  relative: 52,
  radius: 56,
  /**
   * Address of element (0, 0) of this head's dense bias, and bytes from query to query and from key to key.
   */
  bias: 60,
  biasQueryStride: 64,
  biasKeyStride: 68,
  /**
   * For the score's expression: number of the batch row and of the head, and the address of words: for each
   * of its tables, the table's address and extents.
   */
  batchRow: 72,
  head: 76,
  tables: 80,
} as const;

/** Bytes of a `HEAD`. */
export const HEAD_BYTES = 96;

/** Layout of a `BlockPlan`: two counts, then the addresses of its arrays. */
export const PLAN = {
  queryCount: 0,
  keyCount: 4,
  queryIndex: 8,
  keyIndex: 12,
  rowStart: 16,
  spanColumn: 20,
  spanTiles: 24,
  spanMask: 28,
  masks: 32,
} as const;

/** Bytes of a `PLAN`. */
export const PLAN_BYTES = 48;

/** Layout of a task of `attend`: a head, and the index of a row block. */
export const TASK = { head: 0, rowBlock: 4 } as const;

/** Bytes of a `TASK`. */
export const TASK_BYTES = 8;

/** Layout of a task of `pack`: the source of a tile of keys and values, and its packed form. */
export const PACK = {
  /** Addresses of row 0 of the sources, bytes from row to row, and addresses of the packed tile. */
  keys: 0,
  keyStride: 4,
  values: 8,
  valueStride: 12,
  packedKeys: 16,
  packedValues: 20,
  /** Address of the byte that says whether all values are finite. */
  finite: 24,
  /** Address of the row numbers of this tile, or 0 for `first`, `first` + 1, … */
  index: 28,
  first: 32,
  count: 36,
} as const;

/** Bytes of a `PACK`. */
export const PACK_BYTES = 40;

/** Number of columns of packed values: the value dim, rounded up to whole panels. */
export function paddedDim(valueDim: number): number {
  return Math.ceil(valueDim / PANEL) * PANEL;
}

/** Offsets of the parts of a thread's scratch memory. */
export interface ScratchLayout {
  /** [64 × D]: the row block's queries, scaled. */
  readonly queries: number;
  /** [64 × 64]: logits, then weights. */
  readonly scores: number;
  /** [64 × padded Dv]: the sums of weighted values. */
  readonly sums: number;
  /** [64] each: numbers of the online softmax, see `softmax.ts`. */
  readonly maxima: number;
  readonly totals: number;
  readonly factors: number;
  readonly origins: number;
  readonly shifts: number;
  /** [64] i32: the numbers of the rows. */
  readonly rows: number;
  /** [64 × 2] i32, at the first row of each group: the range of columns that any row of the group sees. */
  readonly ranges: number;
  /** [64 × 2] i32: a bit for each visible pair, if that is needed. */
  readonly visible: number;
  /** [padded Dv]: the new sums of a row, where keys and values are read in place. */
  readonly next: number;
  readonly bytes: number;
}

/** The layout of a thread's scratch memory for these dims. */
export function scratchLayout(headDim: number, valueDim: number): ScratchLayout {
  let bytes = 0;
  const reserve = (floats: number): number => {
    const start = bytes;
    bytes += 4 * floats;
    return start;
  };
  return {
    queries: reserve(TILE * headDim),
    scores: reserve(TILE * TILE),
    sums: reserve(TILE * paddedDim(valueDim)),
    maxima: reserve(TILE),
    totals: reserve(TILE),
    factors: reserve(TILE),
    origins: reserve(TILE),
    shifts: reserve(TILE),
    rows: reserve(TILE),
    ranges: reserve(2 * TILE),
    visible: reserve(2 * TILE),
    next: reserve(paddedDim(valueDim)),
    bytes,
  };
}
