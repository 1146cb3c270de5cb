/**
 * Copies rows of q, k and v into scratch memory, in the plan's order and as float64. Permuted, strided and
 * grouped heads become contiguous tiles here.
 */
import { type AttentionLayout, rowStrides, TILE } from '@attn/core/backend';

/** The rows of one head of one batch row: row n has `dim` numbers from `data[origin + n·stride]` on. */
export interface HeadRows {
  readonly data: Float32Array;
  readonly origin: number;
  readonly stride: number;
  readonly dim: number;
}

/** The heads of a row-major q, k, v or out. */
export interface Heads {
  readonly data: Float32Array;
  readonly layout: AttentionLayout;
  readonly heads: number;
  readonly length: number;
  readonly dim: number;
}

/** The rows of one head of one batch row. */
export function headRows(
  { data, layout, heads, length, dim }: Heads,
  batchRow: number,
  head: number,
): HeadRows {
  const strides = rowStrides(layout, heads, length, dim);
  return { data, origin: batchRow * strides.batch + head * strides.head, stride: strides.row, dim };
}

/**
 * Lists the rows of block number `block` of 64 in a plan's order (`index`; undefined for the natural order),
 * and returns how many there are.
 */
export function blockRows(
  index: Int32Array | undefined,
  length: number,
  block: number,
  rows: Int32Array,
): number {
  const first = block * TILE;
  const count = Math.min(TILE, length - first);
  for (let i = 0; i < count; i++) rows[i] = index === undefined ? first + i : index[first + i];
  return count;
}

/** A part of an array, from `offset` on. */
export interface Target {
  readonly out: Float64Array;
  readonly offset: number;
}

/** Computes out[i][d] = factor · source[rows[i]][d]; out is [count × dim]. */
export function gatherRows(
  source: HeadRows,
  rows: Int32Array,
  count: number,
  { out, offset }: Target,
  factor = 1,
): void {
  const { data, origin, stride, dim } = source;
  for (let i = 0; i < count; i++) {
    const from = origin + rows[i] * stride;
    const to = offset + i * dim;
    for (let d = 0; d < dim; d++) out[to + d] = data[from + d] * factor;
  }
}

/**
 * Computes out[d][i] = source[rows[i]][d]; out is [dim × 64]. Returns whether every number is finite: 0·∞ and
 * 0·NaN are NaN, so in other tiles hidden pairs must be left out.
 */
export function gatherTransposed(
  source: HeadRows,
  rows: Int32Array,
  count: number,
  { out, offset }: Target,
): boolean {
  const { data, origin, stride, dim } = source;
  let residue = 0; // stays 0 while all are finite: ∞ − ∞ and NaN − NaN are NaN
  for (let i = 0; i < count; i++) {
    const from = origin + rows[i] * stride;
    const to = offset + i;
    for (let d = 0; d < dim; d++) {
      const value = data[from + d];
      out[to + d * TILE] = value;
      residue += value - value;
    }
  }
  return residue === 0;
}
