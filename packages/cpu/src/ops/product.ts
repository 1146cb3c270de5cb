/**
 * Matrix products of any size on the tile kernel, for `linear` and `matmul`:
 *
 *     out [m × n] = a [m × k] · b [n × k]ᵀ
 *
 * in blocks of 64 × 64 outputs, whose depth is cut into pieces of 256. Each block of the operands is copied
 * into float64 scratch memory, so that their strides (transposed or not) and their dtype do not matter to the
 * kernel. The copies take 5 % of the time.
 */
import type { Pause } from '@attn/core/backend';
import { addDotTile } from '../dot-tile.ts';

/** Number of rows and of columns of a block of outputs. */
export const BLOCK = 64;

/** Depth of a piece. */
const DEPTH = 256;

/**
 * Numbers from row to row in scratch memory: more than DEPTH, so that rows do not share two sets
 * of the cache.
 */
const STRIDE: number = DEPTH + 8;

/** An operand, whose element (row, depth) is `data[offset + row · rowStride + depth · depthStride]`. */
export interface Operand {
  readonly data: Float32Array;
  readonly offset: number;
  readonly rowStride: number;
  readonly depthStride: number;
}

/** A finished block of out: `sums[i · BLOCK + j]` belongs to row `row + i` and column `column + j`. */
export interface ProductBlock {
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
  readonly sums: Float64Array;
}

/** A multiplier that keeps its scratch (0.3 MB) from one product to the next. */
export class Multiplier {
  private readonly a = new Float64Array(BLOCK * STRIDE);
  private readonly b = new Float64Array(BLOCK * STRIDE);
  private readonly sums = new Float64Array(BLOCK * BLOCK);

  /** Computes a·bᵀ and hands each block to `write` when it is complete. */
  async multiply(
    a: Operand,
    b: Operand,
    [m, n, k]: readonly [m: number, n: number, k: number],
    pause: Pause,
    write: (block: ProductBlock) => void,
  ): Promise<void> {
    const sums = this.sums;
    const aTile = { data: this.a, offset: 0, stride: STRIDE };
    const bTile = { data: this.b, offset: 0, stride: STRIDE };
    const out = { data: sums, offset: 0, stride: BLOCK };
    for (let row = 0; row < m; row += BLOCK) {
      const rows = Math.min(BLOCK, m - row);
      for (let column = 0; column < n; column += BLOCK) {
        const columns = Math.min(BLOCK, n - column);
        sums.fill(0);
        for (let from = 0; from < k; from += DEPTH) {
          const depth = Math.min(DEPTH, k - from);
          pack(a, { row, rows, from, depth }, this.a);
          pack(b, { row: column, rows: columns, from, depth }, this.b);
          addDotTile(aTile, bTile, out, rows, columns, depth);
        }
        write({ row, column, rows, columns, sums });
        const pausing = pause();
        if (pausing) await pausing;
      }
    }
  }
}

/** A piece of an operand: `rows` rows from `row` on, and `depth` numbers of each from `from` on. */
interface Piece {
  readonly row: number;
  readonly rows: number;
  readonly from: number;
  readonly depth: number;
}

/** Computes out[i][d] = operand[row + i][from + d], and reads along the axis that is contiguous. */
function pack(
  { data, offset, rowStride, depthStride }: Operand,
  { row, rows, from, depth }: Piece,
  out: Float64Array,
): void {
  const start = offset + row * rowStride + from * depthStride;
  if (depthStride === 1) {
    for (let i = 0; i < rows; i++) {
      for (let d = 0; d < depth; d++) out[i * STRIDE + d] = data[start + i * rowStride + d];
    }
  } else {
    for (let d = 0; d < depth; d++) {
      for (let i = 0; i < rows; i++) out[i * STRIDE + d] = data[start + d * depthStride + i * rowStride];
    }
  }
}
