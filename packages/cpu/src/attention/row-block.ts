/**
 * Computes one row block of one head: up to 64 queries against the tiles that the plan lists for
 * them. For each tile
 *
 *     scores [64 × 64] = q [64 × D] · k [64 × D]ᵀ
 *     biases, mask and the online softmax turn scores into weights, in place
 *     values [64 × Dv] += weights [64 × 64] · v [64 × Dv]
 *
 * Only rows and columns that are present are computed. All scratch memory is allocated once for a call, and
 * does not depend on the lengths.
 */
import { forEachTile, MASK_WORDS, TILE, type BlockTiles } from '@attn/core/backend';
import { addDotTile } from '../dot-tile.ts';
import { addScoresDirect, addValuesDirect, FEW_ROWS, listVisible, type VisibleColumns } from './direct.ts';
import { blockRows, gatherRows, type HeadRows } from './gather.ts';
import type { LogitTerm } from './logits.ts';
import { maskTile } from './mask.ts';
import { resetState, softmaxState, softmaxTile, type SoftmaxState } from './softmax.ts';
import type { KeyValueSource, TileCache } from './tile-cache.ts';

/** Scratch memory for row blocks, which use it one after another. */
export interface Scratch {
  /** [64 × D]: the row block's queries, times the scale. */
  readonly queries: Float64Array;
  /** [64 × 64]: scores, then weights. */
  readonly scores: Float64Array;
  /** The columns of each row that are not hidden, if that is needed. */
  readonly visible: VisibleColumns;
  readonly queryRows: Int32Array;
  readonly keyRows: Int32Array;
  readonly state: SoftmaxState;
}

/** Allocates the scratch memory of a call. */
export function rowBlockScratch(headDim: number, valueDim: number): Scratch {
  return {
    queries: new Float64Array(TILE * headDim),
    scores: new Float64Array(TILE * TILE),
    visible: { columns: new Uint8Array(TILE * TILE), counts: new Uint8Array(TILE) },
    queryRows: new Int32Array(TILE),
    keyRows: new Int32Array(TILE),
    state: softmaxState(valueDim),
  };
}

/** One head of one batch row, ready to compute. */
export interface HeadWork {
  readonly batchRow: number;
  readonly head: number;
  readonly block: BlockTiles;
  readonly queries: HeadRows;
  readonly source: KeyValueSource;
  /** Converted keys and values, also of other heads. */
  readonly tiles: TileCache;
  readonly terms: readonly LogitTerm[];
  readonly scale: number;
}

/** A tile of a row block. */
export interface Tile {
  /** Index of its 64 keys. */
  readonly column: number;
  /** Index of its mask in the plan; undefined where every pair is visible. */
  readonly mask: number | undefined;
}

/** Lists the tiles of a row block. A list, because a kernel may have to wait between two of them. */
export function tilesOf(block: BlockTiles, rowBlock: number): Tile[] {
  const tiles: Tile[] = [];
  forEachTile(block, rowBlock, (column, mask) => tiles.push({ column, mask }));
  return tiles;
}

/** Gathers the queries of row block number `index` and resets the state; returns the number of rows. */
export function beginRowBlock(work: HeadWork, index: number, scratch: Scratch): number {
  const { block, queries, scale } = work;
  const rows = blockRows(block.queryIndex, block.queryCount, index, scratch.queryRows);
  gatherRows(queries, scratch.queryRows, rows, { out: scratch.queries, offset: 0 }, scale);
  resetState(scratch.state);
  return rows;
}

/** Adds a tile to the state. */
export function addTile(work: HeadWork, { column, mask }: Tile, rows: number, scratch: Scratch): void {
  const { block, source, tiles, terms } = work;
  const { queries, scores, visible, state, queryRows, keyRows } = scratch;
  const columns = blockRows(block.keyIndex, block.keyCount, column, keyRows);
  const slot = rows <= FEW_ROWS ? undefined : tiles.slotOf(source, column);

  scores.fill(0, 0, rows * TILE);
  const scoresTile = { data: scores, offset: 0, stride: TILE };
  if (slot === undefined) {
    addScoresDirect({ queries, keys: source.keys, keyRows, scores, rows, columns });
  } else {
    const depth = source.keys.dim;
    const queryTile = { data: queries, offset: 0, stride: depth };
    const keyTile = { data: tiles.keys, offset: slot * tiles.keySize, stride: depth };
    addDotTile(queryTile, keyTile, scoresTile, rows, columns, depth);
  }

  const place = { batchRow: work.batchRow, head: work.head, queryRows, keyRows, rows, columns };
  for (const term of terms) term(scores, place);
  if (mask !== undefined) maskTile(scores, rows, columns, block.masks, mask * MASK_WORDS);

  if (slot === undefined || !tiles.hasFiniteValues(slot)) {
    listVisible(scores, rows, columns, visible);
    softmaxTile(scores, rows, columns, state);
    const { values: sums, width } = state;
    addValuesDirect({ weights: scores, visible, values: source.values, keyRows, sums, width, rows });
  } else {
    softmaxTile(scores, rows, columns, state);
    const valueTile = { data: tiles.values, offset: slot * tiles.valueSize, stride: TILE };
    const sums = { data: state.values, offset: 0, stride: state.width };
    addDotTile(scoresTile, valueTile, sums, rows, state.width, columns);
  }
}

/**
 * Writes out [rows × Dv], which is the state's values divided by the sum of the weights, and lse
 * if asked for.
 */
export function endRowBlock(rows: number, out: HeadRows, lse: HeadRows | undefined, scratch: Scratch): void {
  const { queryRows, state } = scratch;
  for (let i = 0; i < rows; i++) {
    const sum = state.sum[i];
    if (sum === 0) continue; // nothing visible: out stays 0, lse −∞
    const to = out.origin + queryRows[i] * out.stride;
    for (let d = 0; d < out.dim; d++) out.data[to + d] = state.values[i * state.width + d] / sum;
    if (lse) lse.data[lse.origin + queryRows[i] * lse.stride] = state.max[i] + Math.log(sum);
  }
}
