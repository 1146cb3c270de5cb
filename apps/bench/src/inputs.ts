/** Random q, k, v of a given size: uniform in [−1, 1), from a fixed seed. */
import { mulberry32, type Tensor } from '@attn/core';

/** An attention call's tensors and sizes. */
export interface Problem {
  readonly heads: number;
  readonly n: number;
  readonly headDim: number;
  readonly q: Tensor<'f32'>;
  readonly k: Tensor<'f32'>;
  readonly v: Tensor<'f32'>;
}

/** q, k, v of shape [1, heads, n, headDim]. */
export function problem(heads: number, n: number, headDim: number): Problem {
  const shape = [1, heads, n, headDim];
  const make = (seed: number): Tensor<'f32'> => ({
    dtype: 'f32',
    shape,
    data: uniform(heads * n * headDim, seed),
  });
  return { heads, n, headDim, q: make(1), k: make(2), v: make(3) };
}

function uniform(length: number, seed: number): Float32Array {
  const next = mulberry32(seed);
  return Float32Array.from({ length }, () => next() / 2 ** 31 - 1);
}
