/**
 * The plan of LSH attention: one round of one head as tiles. The tiles are the same for every head
 * (`ChunkLayout`); only the order of the tokens, and what hides single pairs, come from the data of a head.
 */
import type { LshProblem } from '../ops/lsh-attention/spec.ts';
import { MASK_WORDS, TILE, type BlockTiles } from './block-plan.ts';
import { ChunkLayout, type SeesSlot } from './chunk-layout.ts';
import { MaskStore } from './mask-store.ts';
import { Meetings, type ChunkData } from './meetings.ts';
import { SPAN_MASK } from './span-mask.ts';
import { forEachSpan } from './walk.ts';

/** Where the tiles of a round are. */
type TileSpans = Omit<BlockTiles, 'queryCount' | 'keyCount' | 'queryIndex' | 'keyIndex'>;

/** What all heads of a call share: `head` plans the rounds of one of them. */
export class ChunkPlan {
  /** Tiles of each round. */
  readonly tiles: number;
  private readonly layout: ChunkLayout;
  /** The tiles, a span each, with masks that hold for every round or `SPAN_MASK.byData`. */
  private readonly spans: TileSpans;

  constructor(problem: LshProblem) {
    this.layout = new ChunkLayout(problem);
    const masks = new MaskStore();
    const [rowStart, columns, maskOf]: [number[], number[], number[]] = [[0], [], []];
    for (let rowBlock = 0; rowBlock * TILE < problem.length; rowBlock++) {
      const [first, end] = this.layout.columnsOf(rowBlock);
      for (let column = first; column < end; column++) {
        const mask = this.layout.isFixed(column)
          ? masks.add(this.layout.maskOf(rowBlock, column, this.layout.isOther))
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

  /** The rounds of one head, from its data. */
  head(data: ChunkData): HeadRounds {
    return new HeadRounds(this.layout, this.spans, data);
  }
}

/** The rounds of one head as tiles. */
export class HeadRounds {
  private readonly layout: ChunkLayout;
  private readonly spans: TileSpans;
  private readonly data: ChunkData;
  /** Only where it matters how often two tokens meet. */
  private readonly meetings: Meetings | undefined;

  constructor(layout: ChunkLayout, spans: TileSpans, data: ChunkData) {
    const { problem } = layout;
    this.layout = layout;
    this.spans = spans;
    this.data = data;
    this.meetings = problem.duplicates === 'each' ? undefined : new Meetings(problem, data);
  }

  /** How often lucidrains' implementation counts that two tokens meet. */
  timesMet(query: number, key: number): number {
    return this.meetings?.count(query, key) ?? 0;
  }

  /** The tiles of a round. Slots that a shorter chunk leaves empty read row 0, and are hidden. */
  round(round: number): BlockTiles {
    const { problem, slots, lead, listed } = this.layout;
    const { length, chunks, chunkLength, rounds, wrap } = problem;
    const { order, mask, buckets } = this.data;
    const queryIndex = Int32Array.from({ length }, (_, place) => order[round * length + place]);
    const keyIndex = new Int32Array(listed * slots);
    /** The token of each slot, −1 where it is hidden from everybody; and its bucket, −1 in other rounds. */
    const tokens = new Int32Array(keyIndex.length).fill(-1);
    const bucketOf = buckets && new Int32Array(keyIndex.length).fill(-1);
    const cycle = rounds * chunks;
    for (let chunk = 0; chunk < listed; chunk++) {
      const at = round * chunks + chunk - lead;
      const source = wrap ? ((at % cycle) + cycle) % cycle : at;
      const ofRound = Math.floor(source / chunks);
      const first = (source % chunks) * chunkLength;
      const count = Math.min(slots, length - first);
      for (let s = 0; s < count; s++) {
        const token = order[ofRound * length + first + s];
        const slot = chunk * slots + s;
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
      ...this.maskedSpans(round, queryIndex, tokens, bucketOf),
    };
  }

  /** The round's tiles, with the masks that the data decides. */
  private maskedSpans(
    round: number,
    queries: Int32Array,
    tokens: Int32Array,
    bucketOf: Int32Array | undefined,
  ): TileSpans {
    const { length, causal, withinBuckets, duplicates } = this.layout.problem;
    const { mask, buckets } = this.data;
    const { rowStart, spanMask: planned, masks: fixed } = this.spans;
    // A mask of tokens may hide a pair of any tile.
    const isFixed = (span: number): boolean => mask === undefined && planned[span] !== SPAN_MASK.byData;
    const byData = planned.reduce((count, _, span) => count + (isFixed(span) ? 0 : 1), 0);
    if (byData === 0) return this.spans;

    const sees: SeesSlot = (place, slot) => {
      const query = queries[place];
      const key = tokens[slot];
      if (key < 0 || key === query || (causal && key > query) || mask?.[query] === 0) return false;
      if (withinBuckets && bucketOf?.[slot] !== buckets?.[round * length + query]) return false;
      return duplicates !== 'once' || !this.meetings?.metBefore(query, key, round);
    };
    const masks = new Uint32Array(fixed.length + byData * MASK_WORDS);
    masks.set(fixed);
    const spanMask = planned.slice();
    let free = fixed.length / MASK_WORDS;
    for (let rowBlock = 0; rowBlock < rowStart.length - 1; rowBlock++) {
      forEachSpan(this.spans, rowBlock, (column, _tiles, _mask, span) => {
        if (isFixed(span)) return;
        masks.set(this.layout.maskOf(rowBlock, column, sees), free * MASK_WORDS);
        spanMask[span] = free++;
      });
    }
    return { ...this.spans, spanMask, masks };
  }
}
