/** Linformer in float64, straight from the definition, for tests to compare the composition with. */
import { expect } from 'vitest';
import { toReference } from '../../ops/reference-tensor.ts';
import { mulberry32 } from '../../util/mulberry32.ts';
import { f32, sizeOf, type Tensor } from '../../tensor.ts';

/** [batch, heads, rows, width], by index. */
export type Heads = number[][][][];
/** [rows, columns]. */
export type Matrix = number[][];

/** What the definition takes; all of it per query head. */
export interface DirectLinformer {
  readonly q: Heads;
  readonly k: Heads;
  readonly v: Heads;
  /** By batch row and position; absent: all count. */
  readonly keyMask?: readonly (readonly number[])[];
  /** Shortens the rows [n, d] of a query head to [k, d]. */
  readonly projectKeys: (rows: Matrix, head: number) => Matrix;
  readonly projectValues: (rows: Matrix, head: number) => Matrix;
  readonly scale?: number;
}

/** out[b][h] = softmax(scale · q (E k)ᵀ) (F v), with masked rows of k and v replaced by 0. */
export function directLinformer(call: DirectLinformer): { out: Heads; lse: number[][][] } {
  const { q, k, v, keyMask, projectKeys, projectValues } = call;
  const out: Heads = [];
  const lse: number[][][] = [];
  q.forEach((heads, b) => {
    out.push([]);
    lse.push([]);
    heads.forEach((queries, h) => {
      const keyHead = Math.floor((h * k[b].length) / heads.length);
      const zeroed = (rows: Matrix): Matrix =>
        rows.map((row, i) => row.map((value) => (keyMask?.[b][i] === 0 ? 0 : value)));
      const keys = projectKeys(zeroed(k[b][keyHead]), h);
      const values = projectValues(zeroed(v[b][keyHead]), h);
      const scale = call.scale ?? 1 / Math.sqrt(queries[0].length);
      const rows = queries.map((query) => attend(query, keys, values, scale));
      out[b].push(rows.map((row) => row.out));
      lse[b].push(rows.map((row) => row.lse));
    });
  });
  return { out, lse };
}

function attend(
  query: number[],
  keys: Matrix,
  values: Matrix,
  scale: number,
): { out: number[]; lse: number } {
  const logits = keys.map((key) => scale * dot(query, key));
  const most = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - most));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const out = values[0].map(
    (_, c) =>
      dot(
        weights,
        values.map((row) => row[c]),
      ) / sum,
  );
  return { out, lse: most + Math.log(sum) };
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

/** E x + bias, with the first columns of E. */
export function multiplied(E: Matrix, x: Matrix, bias?: readonly number[]): Matrix {
  return E.map((row, r) =>
    x[0].map(
      (_, c) =>
        dot(
          x.map((each) => each[c]),
          row,
        ) + (bias?.[r] ?? 0),
    ),
  );
}

/** Windows of ⌈n/k⌉ rows, each made one. */
export function pooled(x: Matrix, k: number, pool: (column: readonly number[]) => number): Matrix {
  const window = Math.max(1, Math.ceil(x.length / k));
  const out: Matrix = [];
  for (let start = 0; start < x.length; start += window) {
    const rows = x.slice(start, start + window);
    out.push(x[0].map((_, c) => pool(rows.map((row) => row[c]))));
  }
  return out;
}

/** out[t][o] = bias[o] + Σ kernel[o][i][j] · x[t·w + j][i], with 0 behind the end of x. */
export function convolved(x: Matrix, kernel: number[][][], bias?: readonly number[]): Matrix {
  const window = kernel[0][0].length;
  return Array.from({ length: Math.ceil(x.length / window) }, (_, t) =>
    kernel.map((inputs, o) =>
      inputs.reduce(
        (sum, taps, i) =>
          sum + taps.reduce((total, tap, j) => total + tap * (x[t * window + j]?.[i] ?? 0), 0),
        bias?.[o] ?? 0,
      ),
    ),
  );
}

/** Seeded numbers of a shape. */
export function random(shape: readonly number[], seed: number): Tensor {
  const next = mulberry32(seed);
  return f32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => (next() / 2 ** 32) * 2 - 1),
  );
}

/** A tensor as nested lists. */
export function nested<T>(tensor: Tensor): T {
  const { shape, data } = toReference(tensor);
  const build = (axis: number, at: number): unknown => {
    if (axis === shape.length) return data[at];
    return Array.from({ length: shape[axis] }, (_, i) => build(axis + 1, at * shape[axis] + i));
  };
  return build(0, 0) as T;
}

/** Equal to 1e-6. */
export function expectClose(
  { data }: { readonly data: ArrayLike<number> },
  expected: readonly number[],
): void {
  expect(data.length).toBe(expected.length);
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - data[i])), 0);
  expect(worst).toBeLessThan(1e-6);
}
