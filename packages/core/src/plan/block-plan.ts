/**
 * The one form that every pattern is lowered to and that every backend runs: "gather + block band".
 *
 * Queries and keys are put into a virtual order (`queryIndex`, `keyIndex`) in which the pattern is a list of
 * dense 64×64 tiles. Each row block of 64 virtual queries has a list of spans; a span is one or more
 * neighbouring tiles that share a mask (or are full). Spans rather than single tiles keep a plan O(n) in
 * memory even where the tiles are n²: dense attention is one span per row block. Each key stands at most once
 * in the order, so nothing counts twice.
 */

/** Rows and columns of a tile. */
export const TILE = 64;

/** 32-bit words of a tile's mask: 64 rows of two words; bit j of the row's 64 is column j, low word first. */
export const MASK_WORDS: number = (TILE * TILE) / 32;

/** The tiles of one set of queries. All arrays are little-endian typed arrays, ready for upload. */
export interface BlockTiles {
  /** Number of virtual queries; the last row block may have fewer than 64. */
  readonly queryCount: number;
  /**
   * Number of virtual keys; the last column may have fewer than 64, and then its tiles always carry a mask.
   */
  readonly keyCount: number;
  /**
   * Virtual query → query row, or undefined for the identity. Rows that are not listed give out 0, lse −∞.
   */
  readonly queryIndex: Int32Array | undefined;
  /** Virtual key → key row, or undefined for the identity. */
  readonly keyIndex: Int32Array | undefined;
  /** [row blocks + 1]: spans of row block r are rowStart[r] … rowStart[r+1]. */
  readonly rowStart: Uint32Array;
  /** First tile column of each span; ascending within a row block, spans do not overlap. */
  readonly spanColumn: Uint32Array;
  /** Number of tiles of each span, ≥ 1. */
  readonly spanTiles: Uint32Array;
  /** Index into `masks`, or `SPAN_MASK.full` where every pair is allowed; `forEachTile` reads it. */
  readonly spanMask: Int32Array;
  /** [number of masks × MASK_WORDS]; no two masks are equal. Bits of absent rows and columns are 0. */
  readonly masks: Uint32Array;
}

/** The lowered form of one pattern for one set of queries. */
export interface BlockPlan extends BlockTiles {
  readonly stats: PlanStats;
}

/** What a plan costs. */
export interface PlanStats {
  readonly rowBlocks: number;
  readonly columns: number;
  /** Tiles over all row blocks. */
  readonly tiles: number;
  /** Tiles that need a mask. */
  readonly maskedTiles: number;
  readonly masks: number;
  /** Query–key pairs that kernels compute, allowed or not: Σ over tiles of rows × columns present. */
  readonly computedPairs: number;
  /** Query–key pairs that the pattern allows. */
  readonly allowedPairs: number;
  /** The order that was chosen, for `explain`. */
  readonly order: string;
}

/** A plan and the (batch row, head)s that it serves. */
export interface PlanGroup {
  readonly block: BlockPlan;
  /** `batchRow · heads + head`, ascending. */
  readonly members: Int32Array;
  /** Whether the rows of this group use q, k, v or qGlobal, kGlobal, vGlobal. */
  readonly projection: 'local' | 'global';
  /** The orders that were compared; empty where there was one only. */
  readonly tried: readonly TriedOrder[];
}

/** An order that the planner compared with others. */
export interface TriedOrder {
  readonly order: string;
  /**
   * Pairs that kernels would compute, or as many as were counted until it was dearer than another; an
   * estimate where it is the only one.
   */
  readonly pairs: number;
  readonly isDearer: boolean;
}

/** Everything an attention kernel runs. The groups cover disjoint (batch row, head, query row)s. */
export interface AttentionPlan {
  readonly groups: readonly PlanGroup[];
  /** Sums over groups and members. */
  readonly stats: PlanStats;
}
