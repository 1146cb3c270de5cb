/**
 * Computes the products of a tile directly from the rows of k and v, without converting them to a tile
 * first. It is used for
 *
 * - few queries (a step of decoding, a global token): converting a tile costs as much as
 *   computing five of its rows;
 * - values that are not finite: 0·∞ and 0·NaN are NaN, so a hidden pair must be left out, not
 *   weighted with 0.
 */
import { TILE } from '@attn/core/backend';
import type { HeadRows } from './gather.ts';

/** The largest number of queries for which it is faster to read keys and values directly. */
export const FEW_ROWS = 4;

/** Queries and keys, and the scores to add to. */
export interface DirectScores {
  /** Queries, [rows × D]. */
  readonly queries: Float64Array;
  readonly keys: HeadRows;
  /** The key rows of the tile's columns. */
  readonly keyRows: Int32Array;
  /** Scores of the tile, [64 × 64]. */
  readonly scores: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

/** Computes scores[i][j] += q[i]·k[keyRows[j]], four keys at a time. */
export function addScoresDirect({ queries, keys, keyRows, scores, rows, columns }: DirectScores): void {
  const { data, origin, stride, dim } = keys;
  for (let j = 0; j < columns; j += 4) {
    // Columns behind the last one repeat the last key; their scores are not used.
    const k0 = origin + keyRows[j] * stride;
    const k1 = origin + keyRows[Math.min(j + 1, columns - 1)] * stride;
    const k2 = origin + keyRows[Math.min(j + 2, columns - 1)] * stride;
    const k3 = origin + keyRows[Math.min(j + 3, columns - 1)] * stride;
    for (let i = 0; i < rows; i++) {
      const q = i * dim;
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let d = 0; d < dim; d++) {
        const x = queries[q + d];
        s0 += x * data[k0 + d];
        s1 += x * data[k1 + d];
        s2 += x * data[k2 + d];
        s3 += x * data[k3 + d];
      }
      const to = i * TILE + j;
      scores[to] += s0;
      scores[to + 1] += s1;
      scores[to + 2] += s2;
      scores[to + 3] += s3;
    }
  }
}

/**
 * The visible columns of each row of a tile, ascending: row i's list starts at 64·i and has
 * `counts[i]` columns.
 */
export interface VisibleColumns {
  readonly columns: Uint8Array;
  readonly counts: Uint8Array;
}

/**
 * Lists the columns of each row that are not hidden. Call it before the softmax turns scores into weights.
 */
export function listVisible(
  scores: Float64Array,
  rows: number,
  columns: number,
  { columns: visible, counts }: VisibleColumns,
): void {
  for (let i = 0; i < rows; i++) {
    let count = 0;
    for (let j = 0; j < columns; j++) {
      if (scores[i * TILE + j] !== -Infinity) visible[i * TILE + count++] = j;
    }
    counts[i] = count;
  }
}

/** Weights and values, and the sums to add to. */
export interface DirectValues {
  /** Weights of the tile, [64 × 64]. */
  readonly weights: Float64Array;
  readonly visible: VisibleColumns;
  readonly values: HeadRows;
  /** The key rows of the tile's columns. */
  readonly keyRows: Int32Array;
  /** Sums of weighted values, [rows × width]. */
  readonly sums: Float64Array;
  readonly width: number;
  readonly rows: number;
}

/** Computes sums[i] += Σ over the visible j of weights[i][j] · v[keyRows[j]], four keys at a time. */
export function addValuesDirect(direct: DirectValues): void {
  const { weights, values, keyRows, sums, width, rows } = direct;
  const { columns: visible, counts } = direct.visible;
  const { data, origin, stride, dim } = values;
  for (let i = 0; i < rows; i++) {
    const at = i * TILE;
    const end = at + counts[i];
    const to = i * width;
    let n = at;
    for (; n + 4 <= end; n += 4) {
      const w0 = weights[at + visible[n]];
      const w1 = weights[at + visible[n + 1]];
      const w2 = weights[at + visible[n + 2]];
      const w3 = weights[at + visible[n + 3]];
      const v0 = origin + keyRows[visible[n]] * stride;
      const v1 = origin + keyRows[visible[n + 1]] * stride;
      const v2 = origin + keyRows[visible[n + 2]] * stride;
      const v3 = origin + keyRows[visible[n + 3]] * stride;
      for (let d = 0; d < dim; d++) {
        sums[to + d] += w0 * data[v0 + d] + w1 * data[v1 + d] + w2 * data[v2 + d] + w3 * data[v3 + d];
      }
    }
    for (; n < end; n++) {
      const weight = weights[at + visible[n]];
      const from = origin + keyRows[visible[n]] * stride;
      for (let d = 0; d < dim; d++) sums[to + d] += weight * data[from + d];
    }
  }
}
