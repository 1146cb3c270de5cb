/**
 * The plan of LSH attention: one round of one head as tiles. In the sorted order a round is a band of chunks,
 * so the tiles are the same for every round, head and batch row; only the order and what hides single pairs
 * come from the data.
 *
 * Queries are the tokens of the round in its order. Keys are a list of chunks: those of the round, and where
 * rounds are a cycle also the ones that its ends look at. Each takes `chunkLength` slots, so that a chunk
 * begins at a tile wherever chunks are whole tiles; slots that a shorter chunk leaves over read row 0 and are
 * hidden. A chunk that is met twice is listed twice.
 */
import type { LshProblem } from '../ops/lsh-attention/spec.ts';
import { MASK_WORDS, TILE, type BlockTiles } from './block-plan.ts';
import { MaskStore } from './mask-store.ts';
import { Meetings } from './meetings.ts';
import { SPAN_MASK } from './span-mask.ts';
import { forEachSpan } from './walk.ts';

/** What a run knows of one head. */
export interface ChunkData {
  /** [R, N]: the head's orders. */
  readonly order: ArrayLike<number>;
  /** [R, N], where tokens attend within buckets. */
  readonly buckets?: ArrayLike<number>;
  /** [N]: 0 hides a token. */
  readonly mask?: ArrayLike<number>;
}

/** Plans the rounds of a call, head by head. */
export class ChunkPlan {
  /** Tiles of each round. */
  readonly tiles: number;
  private readonly problem: LshProblem;
  /** Slots of a chunk. */
  private readonly slots: number;
  /** Chunks that are listed before those of the round, and how many in all. */
  private readonly lead: number;
  private readonly listed: number;
  /** The tiles, a span each, with masks that hold for every round or `SPAN_MASK.byData`. */
  private readonly spans: Omit<BlockTiles, 'queryCount' | 'keyCount' | 'queryIndex' | 'keyIndex'>;
  private readonly meetings: Meetings;
  private data: ChunkData | undefined;

  constructor(problem: LshProblem) {
    const { length, chunkLength, chunks, chunksBefore, chunksAfter, wrap } = problem;
    this.problem = problem;
    this.slots = Math.min(chunkLength, length);
    this.lead = wrap ? chunksBefore : 0;
    this.listed = chunks === 0 ? 0 : this.lead + chunks + (wrap ? chunksAfter : 0);
    this.meetings = new Meetings(problem);
    const masks = new MaskStore();
    const [rowStart, columns, maskOf]: [number[], number[], number[]] = [[0], [], []];
    for (let rowBlock = 0; rowBlock * TILE < length; rowBlock++) {
      const [first, end] = this.columnsOf(rowBlock);
      for (let column = first; column < end; column++) {
        const mask = this.isFixed(column)
          ? masks.add(this.maskOf(rowBlock, column, this.isOther))
          : SPAN_MASK.byData;
        if (mask === SPAN_MASK.empty) continue;
        columns.push(column);
        maskOf.push(mask);
      }
      rowStart.push(columns.length);
    }
    this.spans = {
      rowStart: Uint32Array.from(rowStart),
      spanColumn: Uint32Array.from(columns),
      spanTiles: new Uint32Array(columns.length).fill(1),
      spanMask: Int32Array.from(maskOf),
      masks: masks.toArray(),
    };
    this.tiles = columns.length;
  }

  /** Turns to a head. */
  use(data: ChunkData): void {
    this.data = data;
    if (this.problem.duplicates !== 'each') this.meetings.use(data);
  }

  /** How often lucidrains' implementation counts that two tokens of the head meet. */
  timesMet(query: number, key: number): number {
    return this.meetings.count(query, key);
  }

  /** The tiles of a round of the head. */
  round(round: number): BlockTiles {
    const { length, chunks, chunkLength, rounds, wrap } = this.problem;
    const { order, mask, buckets } = this.data ?? { order: [] };
    const queryIndex = Int32Array.from({ length }, (_, place) => order[round * length + place]);
    const keyIndex = new Int32Array(this.listed * this.slots);
    /** The token of each slot, −1 where it is hidden from everybody; and its bucket, −1 in other rounds. */
    const tokens = new Int32Array(keyIndex.length).fill(-1);
    const bucketOf = buckets && new Int32Array(keyIndex.length).fill(-1);
    const cycle = rounds * chunks;
    for (let chunk = 0; chunk < this.listed; chunk++) {
      const at = round * chunks + chunk - this.lead;
      const source = wrap ? ((at % cycle) + cycle) % cycle : at;
      const ofRound = Math.floor(source / chunks);
      const first = (source % chunks) * chunkLength;
      const count = Math.min(this.slots, length - first);
      for (let s = 0; s < count; s++) {
        const token = order[ofRound * length + first + s];
        const slot = chunk * this.slots + s;
        keyIndex[slot] = token;
        if (mask?.[token] !== 0) tokens[slot] = token;
        if (bucketOf && buckets && ofRound === round) bucketOf[slot] = buckets[round * length + token];
      }
    }
    return {
      queryCount: length,
      keyCount: keyIndex.length,
      queryIndex,
      keyIndex,
      ...this.masked(round, queryIndex, tokens, bucketOf),
    };
  }

  /** The round's tiles, those masks filled in that the data decides on. */
  private masked(
    round: number,
    queries: Int32Array,
    tokens: Int32Array,
    bucketOf: Int32Array | undefined,
  ): ChunkPlan['spans'] {
    const { length, causal, withinBuckets, duplicates } = this.problem;
    const { mask, buckets } = this.data ?? {};
    const { rowStart, spanMask: given, masks: fixed } = this.spans;
    // A mask of tokens may hide a pair of any tile.
    const isFixed = (span: number): boolean => mask === undefined && given[span] !== SPAN_MASK.byData;
    const byData = given.reduce((count, _, span) => count + (isFixed(span) ? 0 : 1), 0);
    if (byData === 0) return this.spans;

    const sees = (place: number, slot: number): boolean => {
      const query = queries[place];
      const key = tokens[slot];
      if (key < 0 || key === query || (causal && key > query) || mask?.[query] === 0) return false;
      if (withinBuckets && bucketOf?.[slot] !== buckets?.[round * length + query]) return false;
      return duplicates !== 'once' || !this.meetings.metBefore(query, key, round);
    };
    const masks = new Uint32Array(fixed.length + byData * MASK_WORDS);
    masks.set(fixed);
    const spanMask = given.slice();
    let free = fixed.length / MASK_WORDS;
    for (let rowBlock = 0; rowBlock < rowStart.length - 1; rowBlock++) {
      forEachSpan(this.spans, rowBlock, (column, _tiles, _mask, span) => {
        if (isFixed(span)) return;
        masks.set(this.maskOf(rowBlock, column, sees), free * MASK_WORDS);
        spanMask[span] = free++;
      });
    }
    return { ...this.spans, spanMask, masks };
  }

  /** The list's chunks that the chunk of a place sees, from … to (exclusive). */
  private chunksSeen(place: number): [number, number] {
    const { chunkLength, chunksBefore, chunksAfter } = this.problem;
    const own = Math.floor(place / chunkLength) + this.lead;
    return [Math.max(0, own - chunksBefore), Math.min(this.listed, own + chunksAfter + 1)];
  }

  /** Tile columns that a row block sees, from … to (exclusive). */
  private columnsOf(rowBlock: number): [number, number] {
    const last = Math.min((rowBlock + 1) * TILE, this.problem.length) - 1;
    const [first] = this.chunksSeen(rowBlock * TILE);
    const [, end] = this.chunksSeen(last);
    return [Math.floor((first * this.slots) / TILE), Math.ceil((end * this.slots) / TILE)];
  }

  /** Whether the mask of a column's tiles is the same for all data, but for tokens that a mask hides. */
  private isFixed(column: number): boolean {
    const { causal, withinBuckets, duplicates, wrap, rounds, chunks } = this.problem;
    if (causal || withinBuckets || duplicates === 'once') return false;
    const first = Math.floor((column * TILE) / this.slots);
    const last = Math.floor((column * TILE + TILE - 1) / this.slots);
    return !wrap || rounds === 1 || (first >= this.lead && last < this.lead + chunks);
  }

  /**
   * Within one round: whether a slot holds another token than that of the place. Behind the end of a chunk
   * there is none.
   */
  private readonly isOther = (place: number, slot: number): boolean => {
    const { chunks, chunkLength, length } = this.problem;
    const chunk = Math.floor(slot / this.slots) - this.lead;
    const inRound = ((chunk % chunks) + chunks) % chunks;
    const at = inRound * chunkLength + (slot % this.slots);
    return at < length && at !== place;
  };

  /** The mask of a tile: pairs in the band that `sees` says are visible. */
  private maskOf(
    rowBlock: number,
    column: number,
    sees: (place: number, slot: number) => boolean,
  ): Uint32Array {
    const mask = new Uint32Array(MASK_WORDS);
    const rows = Math.min(TILE, this.problem.length - rowBlock * TILE);
    for (let row = 0; row < rows; row++) {
      const place = rowBlock * TILE + row;
      const [first, end] = this.chunksSeen(place);
      const from = Math.max(first * this.slots - column * TILE, 0);
      const to = Math.min(end * this.slots - column * TILE, TILE);
      for (let c = from; c < to; c++) {
        if (sees(place, column * TILE + c)) mask[2 * row + (c >>> 5)] |= 1 << (c & 31);
      }
    }
    return mask;
  }
}
