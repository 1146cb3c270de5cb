/**
 * The inner loop that takes almost all of the time: a small matrix product in dot form.
 *
 *     out[i][j] += Σ_d a[i][d] · b[j][d]        a [rows × depth], b [columns × depth], out [rows × columns]
 *
 * The loop reads both operands along their rows. So scores (q·kᵀ), values (p·v, with v stored transposed),
 * `linear` and `matmul` can all use it. It computes two rows by four columns at a time: each loaded number is
 * used two or four times, and eight sums still fit the registers. All numbers are float64: a JavaScript
 * engine computes in float64 anyway, and would otherwise convert at every load.
 */

/** Number of columns that are computed at a time; `b` and `out` must have room for a multiple of it. */
export const COLUMN_STEP = 4;

/** Rounds a number of columns up to a multiple of `COLUMN_STEP`, which is the room to allocate. */
export function padColumns(columns: number): number {
  return Math.ceil(columns / COLUMN_STEP) * COLUMN_STEP;
}

/** A row-major matrix inside a larger array: row i starts at `offset + i · stride`. */
export interface Matrix {
  readonly data: Float64Array;
  readonly offset: number;
  readonly stride: number;
}

/**
 * Adds a·bᵀ to `out`. It also writes columns up to the next multiple of four, from any numbers that `b` holds
 * there: `b` and `out` need that room, and the additional columns mean nothing.
 */
export function addDotTile(
  a: Matrix,
  b: Matrix,
  out: Matrix,
  rows: number,
  columns: number,
  depth: number,
): void {
  const { data: x, stride: xStride } = a;
  const { data: y, stride: yStride } = b;
  const { data: z, stride: zStride } = out;
  const pairs = rows & ~1;
  for (let j = 0; j < columns; j += COLUMN_STEP) {
    const y0 = b.offset + j * yStride;
    const y1 = y0 + yStride;
    const y2 = y1 + yStride;
    const y3 = y2 + yStride;
    for (let i = 0; i < pairs; i += 2) {
      const x0 = a.offset + i * xStride;
      const x1 = x0 + xStride;
      let s00 = 0, s01 = 0, s02 = 0, s03 = 0; // prettier-ignore
      let s10 = 0, s11 = 0, s12 = 0, s13 = 0; // prettier-ignore
      for (let d = 0; d < depth; d++) {
        const p = x[x0 + d];
        const q = x[x1 + d];
        const b0 = y[y0 + d];
        const b1 = y[y1 + d];
        const b2 = y[y2 + d];
        const b3 = y[y3 + d];
        s00 += p * b0;
        s01 += p * b1;
        s02 += p * b2;
        s03 += p * b3;
        s10 += q * b0;
        s11 += q * b1;
        s12 += q * b2;
        s13 += q * b3;
      }
      const z0 = out.offset + i * zStride + j;
      const z1 = z0 + zStride;
      z[z0] += s00;
      z[z0 + 1] += s01;
      z[z0 + 2] += s02;
      z[z0 + 3] += s03;
      z[z1] += s10;
      z[z1 + 1] += s11;
      z[z1 + 2] += s12;
      z[z1 + 3] += s13;
    }
    // An odd last row.
    if (pairs < rows) {
      const x0 = a.offset + pairs * xStride;
      let s0 = 0, s1 = 0, s2 = 0, s3 = 0; // prettier-ignore
      for (let d = 0; d < depth; d++) {
        const p = x[x0 + d];
        s0 += p * y[y0 + d];
        s1 += p * y[y1 + d];
        s2 += p * y[y2 + d];
        s3 += p * y[y3 + d];
      }
      const z0 = out.offset + pairs * zStride + j;
      z[z0] += s0;
      z[z0 + 1] += s1;
      z[z0 + 2] += s2;
      z[z0 + 3] += s3;
    }
  }
}
