/** Random q, k, v: uniform in [−1, 1), from a fixed seed. */
import { type Tensor } from '@attn/core';
import { mulberry32 } from '@attn/core/backend';

/** An attention call's tensors and sizes. */
export interface Problem {
  readonly heads: number;
  readonly n: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly q: Tensor<'f32'>;
  readonly k: Tensor<'f32'>;
  readonly v: Tensor<'f32'>;
}

/** q of shape [1, heads, n, headDim], k and v of [1, kvHeads, n, headDim]. */
export function problem(heads: number, n: number, headDim: number, kvHeads: number = heads): Problem {
  const make = (count: number, seed: number): Tensor<'f32'> => {
    return { dtype: 'f32', shape: [1, count, n, headDim], data: uniform(count * n * headDim, seed) };
  };
  return { heads, kvHeads, n, headDim, q: make(heads, 1), k: make(kvHeads, 2), v: make(kvHeads, 3) };
}

/** Uniform numbers in [−1, 1) that follow from a seed. */
export function uniform(length: number, seed: number): Float32Array {
  const next = mulberry32(seed);
  return Float32Array.from({ length }, () => next() / 2 ** 31 - 1);
}
