/**
 * How the chunks of LSH attention lie on tiles. In the sorted order a round is a band of chunks, so the tiles
 * are the same for every round, head and batch row.
 *
 * Queries are the tokens of the round in its order. Keys are a list of chunks: those of the round, and where
 * rounds are a cycle also the ones that its ends look at. Each takes `slots` places, so that a chunk begins
 * at a tile wherever chunks are whole tiles. A chunk that is met twice is listed twice.
 */
import type { LshProblem } from '../ops/lsh-attention/spec.ts';
import { MASK_WORDS, TILE } from './block-plan.ts';

/** Whether the query at a place of the order sees the key in a slot of the list. */
export type SeesSlot = (place: number, slot: number) => boolean;

/** The list of chunks of one round, and the band of it that each query sees. */
export class ChunkLayout {
  readonly problem: LshProblem;
  /** Key slots of a chunk. */
  readonly slots: number;
  /** How many chunks are listed before those of the round. */
  readonly lead: number;
  /** How many chunks are listed in all. */
  readonly listed: number;

  constructor(problem: LshProblem) {
    const { length, chunkLength, chunks, chunksBefore, chunksAfter, wrap } = problem;
    this.problem = problem;
    this.slots = Math.min(chunkLength, length);
    this.lead = wrap ? chunksBefore : 0;
    this.listed = chunks === 0 ? 0 : this.lead + chunks + (wrap ? chunksAfter : 0);
  }

  /** Tile columns that a row block sees, from … to (exclusive). */
  columnsOf(rowBlock: number): [number, number] {
    const last = Math.min((rowBlock + 1) * TILE, this.problem.length) - 1;
    const [first] = this.chunksOf(rowBlock * TILE);
    const [, end] = this.chunksOf(last);
    return [Math.floor((first * this.slots) / TILE), Math.ceil((end * this.slots) / TILE)];
  }

  /** Whether the masks of a column's tiles are the same for all data, except for tokens that a mask hides. */
  isFixed(column: number): boolean {
    const { causal, withinBuckets, duplicates, wrap, rounds, chunks } = this.problem;
    if (causal || withinBuckets || duplicates === 'once') return false;
    const first = Math.floor((column * TILE) / this.slots);
    const last = Math.floor((column * TILE + TILE - 1) / this.slots);
    return !wrap || rounds === 1 || (first >= this.lead && last < this.lead + chunks);
  }

  /** Whether a slot holds another token of the round than a place. Slots behind a chunk hold none. */
  readonly isOther: SeesSlot = (place, slot) => {
    const { chunks, chunkLength, length } = this.problem;
    const chunk = Math.floor(slot / this.slots) - this.lead;
    const inRound = ((chunk % chunks) + chunks) % chunks;
    const at = inRound * chunkLength + (slot % this.slots);
    return at < length && at !== place;
  };

  /** The mask of a tile: the pairs of the band that `sees` allows. */
  maskOf(rowBlock: number, column: number, sees: SeesSlot): Uint32Array {
    const mask = new Uint32Array(MASK_WORDS);
    const rows = Math.min(TILE, this.problem.length - rowBlock * TILE);
    for (let row = 0; row < rows; row++) {
      const place = rowBlock * TILE + row;
      const [first, end] = this.chunksOf(place);
      const from = Math.max(first * this.slots - column * TILE, 0);
      const to = Math.min(end * this.slots - column * TILE, TILE);
      for (let c = from; c < to; c++) {
        if (sees(place, column * TILE + c)) mask[2 * row + (c >>> 5)] |= 1 << (c & 31);
      }
    }
    return mask;
  }

  /** The listed chunks that the chunk of a place sees, from … to (exclusive). */
  private chunksOf(place: number): [number, number] {
    const { chunkLength, chunksBefore, chunksAfter } = this.problem;
    const own = Math.floor(place / chunkLength) + this.lead;
    return [Math.max(0, own - chunksBefore), Math.min(this.listed, own + chunksAfter + 1)];
  }
}
