/**
 * The records of the LSH kernel, and its scratch memory. Offsets in bytes; an address of 0 means that there is no such thing.
 *
 * Keys have places: those of a round stand in its sorted order, one round after another, and where rounds are a cycle this goes on
 * around it. Place 0 is the first of the round that lies `lead` rounds before the one at hand, so that no place that is looked at
 * is negative; the round's own places begin at lead · N. Chunks are counted along with places. A key tile is 64 places, and tiles
 * are laid out so that one begins where the round does.
 */
import { TILE } from '@attn/core/backend';
import { paddedDim, scratchLayout } from '../attention/layout.ts';

/** What is the same for all heads of a call. */
export const LSH_CALL = {
  length: 0,
  rounds: 4,
  /** At most `length`. */
  chunkLength: 8,
  /** Chunks of a round. */
  chunks: 12,
  chunksBefore: 16,
  /** chunksBefore + chunksAfter. */
  span: 20,
  /** Chunks before the round's own. */
  leadChunks: 24,
  /** No chunk from this one on exists. */
  endChunk: 28,
  /** No place from this one on exists. */
  endPlace: 32,
  /** What a place is to be moved by to fall on the tile grid, 0 … 63. */
  shift: 36,
  /** The round's first tile, and how many tiles lie in it as a whole. */
  firstTile: 40,
  wholeTiles: 44,
  /** The round of place 0 is the round at hand plus this, modulo `rounds`. */
  roundBase: 48,
  /** Key tiles that scratch memory holds, a power of two, minus 1; and bytes of one. */
  slotMask: 52,
  slotBytes: 56,
  /** lucidrains' count: the key's chunk minus the query's, plus these, is in [0, span] where they meet. */
  meetFirst: 60,
  meetStep: 64,
  meetCount: 68,
  /** f32 by count: what is added to a logit. */
  meetTerms: 72,
} as const;
export const LSH_CALL_BYTES = 76;

/** One head of one batch row. */
export const LSH_HEAD = {
  /** Row 0, and bytes from row to row. */
  qk: 0,
  qkStride: 4,
  v: 8,
  vStride: 12,
  out: 16,
  outStride: 20,
  /** [N] f32: 1 over the norm of each key. */
  inverseNorms: 24,
  /**
   * [N × 2] f32: the greatest logit of each token and the sum of its weights; between rounds `out` has its
   * sums of values.
   */
  states: 28,
  /** [R × N] i32 each; `chunkOf` where it matters how often pairs meet. */
  order: 32,
  buckets: 36,
  chunkOf: 40,
  /** [N] bytes: 0 hides a token. */
  mask: 44,
  /** f32: factor on logits. */
  scale: 48,
  /** An `LSH_CALL`. */
  call: 52,
} as const;
export const LSH_HEAD_BYTES = 56;

/** A unit of work: row blocks of one round of one head. */
export const LSH_TASK = { head: 0, round: 4, firstBlock: 8, endBlock: 12 } as const;
export const LSH_TASK_BYTES = 16;

/** Keys whose norms are wanted: the first row, bytes from row to row, how many, and where 1 / norm goes. */
export const NORMS = { x: 0, xStride: 4, count: 8, to: 12 } as const;
export const NORMS_BYTES = 16;

/** A round whose chunks are to be known by token: its order, [N] to be written, and lengths of the round and of a chunk. */
export const CHUNKS = { order: 0, to: 4, length: 8, chunkLength: 12 } as const;
export const CHUNKS_BYTES = 16;

/** The chunk of a key that nobody sees: far from all others. */
export const HIDDEN_CHUNK: number = -(2 ** 31);

/** Key tiles that scratch memory holds at most. */
export const MOST_SLOTS = 16;

/** Bytes of 64 numbers. */
export const ROW: number = 4 * TILE;

/** Parts of a packed key tile. */
export interface SlotLayout {
  /** As `pack.ts` writes them. */
  readonly keys: number;
  readonly values: number;
  /** [64] i32 each: tokens, their chunks (or `HIDDEN_CHUNK`), their buckets. */
  readonly tokens: number;
  readonly chunks: number;
  readonly buckets: number;
  /** [64] f32: 1 / norm. */
  readonly factors: number;
  /** i32: whether all values are finite; whether no key is hidden. */
  readonly finite: number;
  readonly unhidden: number;
  /** [R × 2 × 64] i32, where it matters how often pairs meet: per round chunks and buckets of the tokens. */
  readonly meetings: number;
}

/** A slot for these dims. */
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

/** Bytes of a slot; `meetingRounds` is 0 where it does not matter how often pairs meet. */
export function slotBytes(headDim: number, valueDim: number, meetingRounds: number): number {
  return slotLayout(headDim, valueDim).meetings + 2 * ROW * meetingRounds;
}

/** The LSH kernel's own parts of the scratch memory, which lie behind those of `scratchLayout`. */
export interface LshScratchLayout {
  /** [64] i32 each: places of the first key that a row sees, and of the one behind the last. */
  readonly from: number;
  readonly to: number;
  /** [64] i32: the first chunk that a row sees. */
  readonly firstChunk: number;
  /** [64] i32: the row's bucket. */
  readonly bucket: number;
  /** Which tile each slot holds. */
  readonly held: number;
  readonly slots: number;
}

/** Where they lie. */
export function lshScratch(headDim: number, valueDim: number): LshScratchLayout {
  const from = scratchLayout(headDim, valueDim).bytes;
  return {
    from,
    to: from + ROW,
    firstChunk: from + 2 * ROW,
    bucket: from + 3 * ROW,
    held: from + 4 * ROW,
    slots: from + 4 * ROW + 4 * MOST_SLOTS,
  };
}
