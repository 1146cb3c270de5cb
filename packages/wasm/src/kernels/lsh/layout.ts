/**
 * The records of the LSH kernel, and its scratch memory. Offsets in bytes; an address of 0 means that
 * there is no such thing.
 *
 * Keys have places. The keys of a round have places in its sorted order, one round after another;
 * where rounds are a cycle, places go on around it. Place 0 is the first of the round that lies `lead`
 * rounds before the current one, so that all visible places are ≥ 0; the places of the current round
 * begin at `lead · N`. Chunks are counted like places. A key tile is 64 places; a tile begins where
 * the current round begins.
 */
import { TILE } from '@attn/core/backend';
import { paddedDim, scratchLayout } from '../attention/layout.ts';

/** Layout of the numbers that all heads of a call share. */
export const LSH_CALL = {
  length: 0,
  rounds: 4,
  /** At most `length`. */
  chunkLength: 8,
  /** Number of chunks of a round. */
  chunks: 12,
  chunksBefore: 16,
  /** chunksBefore + chunksAfter. */
  span: 20,
  /** Number of chunks before the current round's. */
  leadChunks: 24,
  /** The first chunk that does not exist. */
  endChunk: 28,
  /** The first place that does not exist. */
  endPlace: 32,
  /** Distance from a place to its position on the tile grid, 0 … 63. */
  shift: 36,
  /** The first tile of the current round, and the number of tiles that lie completely in it. */
  firstTile: 40,
  wholeTiles: 44,
  /** The round of place 0 is the current round plus this number, modulo `rounds`. */
  roundBase: 48,
  /** The number of key tiles in scratch memory, which is a power of two, minus 1; and bytes of a tile. */
  slotMask: 52,
  slotBytes: 56,
  /**
   * For lucidrains' count: a pair meets once for each of `meetCount` numbers, from `meetFirst` in steps of
   * `meetStep`, for which key chunk − query chunk + number is in [0, span].
   */
  meetFirst: 60,
  meetStep: 64,
  meetCount: 68,
  /** Address of f32 numbers, by count: the terms to add to logits. */
  meetTerms: 72,
} as const;

/** Bytes of an `LSH_CALL`. */
export const LSH_CALL_BYTES = 76;

/** Layout of one head of one batch row. */
export const LSH_HEAD = {
  /** Address of row 0, and bytes from row to row. */
  qk: 0,
  qkStride: 4,
  v: 8,
  vStride: 12,
  out: 16,
  outStride: 20,
  /** [N] f32: 1 / norm of each key. */
  inverseNorms: 24,
  /**
   * [N × 2] f32: the greatest logit of each token and the sum of its weights. Between rounds `out` holds
   * its sums of values.
   */
  states: 28,
  /** [R × N] i32 each; `chunkOf` only if it matters how often pairs meet. */
  order: 32,
  buckets: 36,
  chunkOf: 40,
  /** [N] bytes: 0 hides a token. */
  mask: 44,
  /** f32: factor of logits. */
  scale: 48,
  /** Address of an `LSH_CALL`. */
  call: 52,
} as const;

/** Bytes of an `LSH_HEAD`. */
export const LSH_HEAD_BYTES = 56;

/** Layout of a task of `attend`: row blocks of a round of a head. */
export const LSH_TASK = { head: 0, round: 4, firstBlock: 8, endBlock: 12 } as const;

/** Bytes of an `LSH_TASK`. */
export const LSH_TASK_BYTES = 16;

/**
 * Layout of a task of `norms`: address of the first key, bytes from key to key, count, address of 1 / norm.
 */
export const NORMS = { x: 0, xStride: 4, count: 8, to: 12 } as const;

/** Bytes of a `NORMS`. */
export const NORMS_BYTES = 16;

/**
 * Layout of a task of `chunks`: the order of a round, the address of the chunk of each token, and lengths.
 */
export const CHUNKS = { order: 0, to: 4, length: 8, chunkLength: 12 } as const;

/** Bytes of a `CHUNKS`. */
export const CHUNKS_BYTES = 16;

/** The chunk of a hidden key: no query looks that far. */
export const HIDDEN_CHUNK: number = -(2 ** 31);

/** The largest number of key tiles in scratch memory. */
export const MAX_SLOTS = 16;

/** Bytes of 64 numbers. */
export const ROW: number = 4 * TILE;

/** Offsets of the parts of a packed key tile. */
export interface SlotLayout {
  /** Keys and values, packed by `pack.ts`. */
  readonly keys: number;
  readonly values: number;
  /** [64] i32 each: tokens, their chunks (or `HIDDEN_CHUNK`), their buckets. */
  readonly tokens: number;
  readonly chunks: number;
  readonly buckets: number;
  /** [64] f32: 1 / norm. */
  readonly factors: number;
  /** i32: whether all values are finite. */
  readonly finite: number;
  /** i32: whether no key is hidden. */
  readonly unhidden: number;
  /** [R × 2 × 64] i32: chunks and buckets of the tokens in each round, if it matters how often pairs meet. */
  readonly meetings: number;
}

/** The layout of a slot for these dims. */
export function slotLayout(headDim: number, valueDim: number): SlotLayout {
  const values = ROW * headDim;
  const tokens = values + ROW * paddedDim(valueDim);
  return {
    keys: 0,
    values,
    tokens,
    chunks: tokens + ROW,
    buckets: tokens + 2 * ROW,
    factors: tokens + 3 * ROW,
    finite: tokens + 4 * ROW,
    unhidden: tokens + 4 * ROW + 4,
    meetings: tokens + 5 * ROW,
  };
}

/** Bytes of a slot. `meetingRounds` is 0 if it does not matter how often pairs meet. */
export function slotBytes(headDim: number, valueDim: number, meetingRounds: number): number {
  return slotLayout(headDim, valueDim).meetings + 2 * ROW * meetingRounds;
}

/** Offsets of the LSH kernel's own parts of the scratch memory. They lie behind those of `scratchLayout`. */
export interface LshScratchLayout {
  /** [64] i32 each: places of the first key that a row sees, and of the key behind the last one. */
  readonly from: number;
  readonly to: number;
  /** [64] i32: the first chunk that a row sees. */
  readonly firstChunk: number;
  /** [64] i32: the row's bucket. */
  readonly bucket: number;
  /** [slots] i32: the tile that each slot holds, or −1. */
  readonly held: number;
  readonly slots: number;
}

/** The layout of the LSH kernel's scratch memory for these dims. */
export function lshScratchLayout(headDim: number, valueDim: number): LshScratchLayout {
  const from = scratchLayout(headDim, valueDim).bytes;
  return {
    from,
    to: from + ROW,
    firstChunk: from + 2 * ROW,
    bucket: from + 3 * ROW,
    held: from + 4 * ROW,
    slots: from + 4 * ROW + 4 * MAX_SLOTS,
  };
}
