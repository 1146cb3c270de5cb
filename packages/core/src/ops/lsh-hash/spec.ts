/**
 * The `lshHash` op: the bucket of every token in every round of locality-sensitive hashing, by the angle of
 * its vector. A random rotation R maps x to `[xR; −xR]`, and the largest of these numbers names the bucket,
 * so that vectors of like direction share one. Reformer, Kitaev et al. 2020, §2,
 * https://arxiv.org/abs/2001.04451; Andoni et al. 2015, https://arxiv.org/abs/1509.02897
 */
import { anything } from '../../check/kinds.ts';
import { aLayout, inBhnd, type AttentionLayout, type Shaped } from '../attention/spec.ts';
import type { OpSpec } from '../op.ts';

/** Attributes of `lshHash`. */
export interface LshHashAttributes {
  /**
   * The number of buckets as a product of factors f, each even: bucket = h₀ + f₀ · h₁ + f₀ · f₁ · h₂ …, where
   * hᵢ in [0, fᵢ) is the hash by the i-th part of the rotations, fᵢ / 2 columns wide. Many buckets as a
   * product take narrow rotations.
   */
  readonly buckets: readonly number[];
  /** The axes of x. Default `bhnd`. */
  readonly layout?: AttentionLayout;
}

/**
 * The inputs of `lshHash`, with shapes in the layout `bhnd` (B batch, H heads, N tokens, D head dim, R
 * rounds, W = Σ f / 2).
 *
 * Output: `buckets` [B, H, R, N], i32, in [0, Π f), and Π f for tokens that the mask hides. Scores are
 * computed in at least f32. Of equal scores the first wins; NaN never does, so a zero vector and one of NaN
 * are in bucket 0. Errors: `MISSING_INPUT`, `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_ARGUMENT`.
 */
export interface LshHashInputs<T> {
  /** [B, H, N, D], f32 or f16. */
  readonly x: T;
  /**
   * [D, R, W], [H, D, R, W] or [B, H, D, R, W]: one for all heads, one per head, or one per head and batch
   * row. f32, or the dtype of x.
   */
  readonly rotations: T;
  /** [B, N], bool or u8: tokens with 0 go to a last bucket of their own. */
  readonly keyMask?: T;
}

/** The interface of the `lshHash` op. */
export const lshHashSpec: OpSpec<LshHashAttributes> = {
  required: ['x', 'rotations'],
  optional: ['keyMask'],
  attributes: { buckets: anything, layout: aLayout },
  flops: (inputs, attributes) => {
    const { batch, heads, length, headDim, rounds, width } = lshHashProblem(inputs, attributes);
    return 2 * batch * heads * length * headDim * rounds * width;
  },
};

/** The sizes of a call of `lshHash`. */
export interface LshHashProblem {
  readonly batch: number;
  readonly heads: number;
  readonly length: number;
  readonly headDim: number;
  readonly rounds: number;
  /** The columns of the rotations of one round: Σ f / 2. */
  readonly width: number;
  readonly factors: readonly number[];
  /** Π f: the bucket of hidden tokens. */
  readonly bucketCount: number;
  readonly layout: AttentionLayout;
  /**
   * Steps in `rotations` from one batch row, and from one head, to the next; 0 where they share rotations.
   */
  readonly rotationStrides: { readonly batch: number; readonly head: number };
}

/** Derives the sizes of a call of `lshHash`. Its inputs must have passed `infer`. */
export function lshHashProblem(
  { x, rotations }: Readonly<Record<string, Shaped>>,
  { buckets: factors, layout = 'bhnd' }: LshHashAttributes,
): LshHashProblem {
  const [batch, heads, length, headDim] = inBhnd(x, layout);
  const [rounds, width] = rotations.shape.slice(-2);
  const size = headDim * rounds * width;
  const rank = rotations.shape.length;
  return {
    batch,
    heads,
    length,
    headDim,
    rounds,
    width,
    factors,
    layout,
    bucketCount: factors.reduce((product, factor) => product * factor, 1),
    rotationStrides: {
      batch: rank === 5 ? heads * size : 0,
      head: rank >= 4 ? size : 0,
    },
  };
}
