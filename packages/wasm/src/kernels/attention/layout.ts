/**
 * The records through which TypeScript tells the attention kernel what to do: offsets in bytes into little-endian memory. All
 * addresses are 32 bits; an address of 0 means that there is no such thing.
 */
import { TILE } from '@attn/core/backend';
import { PANEL } from '../register-tile.ts';

/** One head of one batch row, under one plan. */
export const HEAD = {
  /** Row 0 of the queries, and bytes from row to row. */
  q: 0,
  qStride: 4,
  /** Packed keys and values, see `pack.ts`. */
  keys: 8,
  values: 12,
  /** A byte per key tile: 1 when all of its values are finite. */
  finite: 16,
  /** Row 0 of the result, and bytes from row to row. */
  out: 20,
  outStride: 24,
  /** Per query row two floats: its greatest logit and the sum of its weights. 0: not asked for. */
  states: 28,
  /** A `PLAN`. */
  plan: 32,
  /** f32: what queries are multiplied by, so that logits come out right (or, with a soft cap, over the cap). */
  scale: 36,
  /** f32: the soft cap. */
  cap: 40,
  /** Key position of query row 0. */
  queryOffset: 44,
  /** f32: ALiBi's slope. */
  slope: 48,
  /** [2 · radius + 1] f32 for this head. */
  relative: 52,
  radius: 56,
  /** Element (0, 0) of the dense bias of this head, and bytes from query to query and from key to key. */
  bias: 60,
  biasQueryStride: 64,
  biasKeyStride: 68,
} as const;

/** Bytes of a `HEAD`. */
export const HEAD_BYTES = 80;

/** A `BlockPlan` in memory: two counts, then addresses of its arrays. */
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

/** A unit of work: a head, and which of its row blocks. */
export const TASK = { head: 0, rowBlock: 4 } as const;

/** Bytes of a `TASK`. */
export const TASK_BYTES = 8;

/** A unit of packing: where a tile of keys and values comes from and goes to. */
export const PACK = {
  /** Row 0 of the source, bytes from row to row, and addresses of the packed tile. */
  keys: 0,
  keyStride: 4,
  values: 8,
  valueStride: 12,
  packedKeys: 16,
  packedValues: 20,
  /** Where the byte goes that says whether all values are finite. */
  finite: 24,
  /** Address of the row numbers of this tile, or 0 for `first`, `first` + 1, … */
  index: 28,
  first: 32,
  count: 36,
} as const;

/** Bytes of a `PACK`. */
export const PACK_BYTES = 40;

/** Columns of values as they are packed: whole panels. */
export function paddedDim(valueDim: number): number {
  return Math.ceil(valueDim / PANEL) * PANEL;
}

/** Where the parts of a thread's scratch memory lie. */
export interface ScratchLayout {
  /** [64 × D]: the row block's queries, scaled. */
  readonly queries: number;
  /** [64 × 64]: logits, then weights. */
  readonly scores: number;
  /** [64 × padded Dv]: the sums of weighted values. */
  readonly sums: number;
  /** [64] each. */
  readonly maxima: number;
  readonly totals: number;
  readonly factors: number;
  readonly origins: number;
  readonly shifts: number;
  /** [64] i32: the rows' numbers. */
  readonly rows: number;
  /** [64 × 2] i32: for the first row of each group of rows, the first and the last plus one column that any of them sees. */
  readonly ranges: number;
  /** [64 × 2] i32: bits of what is visible, where that is needed. */
  readonly visible: number;
  readonly bytes: number;
}

/** The scratch memory of one thread for these dims. */
export function scratchLayout(headDim: number, valueDim: number): ScratchLayout {
  let bytes = 0;
  const take = (floats: number): number => {
    const start = bytes;
    bytes += 4 * floats;
    return start;
  };
  return {
    queries: take(TILE * headDim),
    scores: take(TILE * TILE),
    sums: take(TILE * paddedDim(valueDim)),
    maxima: take(TILE),
    totals: take(TILE),
    factors: take(TILE),
    origins: take(TILE),
    shifts: take(TILE),
    rows: take(TILE),
    ranges: take(2 * TILE),
    visible: take(2 * TILE),
    bytes,
  };
}
