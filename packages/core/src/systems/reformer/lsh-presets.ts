/**
 * The differences between the implementations of Reformer, as values of options. Nothing else in the project
 * knows their names: a preset is a starting point, and every option can be set by itself.
 */
import type { LshAttentionAttributes } from '../../ops/lsh-attention/spec.ts';

/**
 * Conventions of an implementation: the paper, trax (by the paper's authors), Hugging Face's `transformers`,
 * or lucidrains' `reformer_pytorch`.
 */
export type LshPreset = 'paper' | 'trax' | 'hf' | 'lucidrains';

/** Which heads and batch rows share rotations: all; all batch rows of a head; none. */
export type RotationSharing = 'all' | 'batch' | 'none';

/** The options that a preset decides. */
export interface LshConventions extends Required<
  Pick<LshAttentionAttributes, 'keyNorm' | 'wrap' | 'withinBuckets' | 'duplicates'>
> {
  /** The factor on q·k, from the head dim. */
  readonly scaleOf: (headDim: number) => number;
  /** Whether tokens that the mask hides have a last bucket of their own, or are hashed like any other. */
  readonly maskedBucket: boolean;
  /** Which heads and batch rows share rotations. */
  readonly shareRotations: RotationSharing;
  /** The factors of the number of buckets, if the caller does not say it. */
  readonly bucketsOf: (length: number, chunkLength: number, maxPositions: number) => readonly number[];
}

/**
 * The options of each preset. Kitaev et al. 2020, https://arxiv.org/abs/2001.04451, and the code of the three
 * implementations.
 *
 * @example
 * const { keyNorm, wrap } = LSH_PRESETS.trax; // 'rms', true
 */
export const LSH_PRESETS: Readonly<Record<LshPreset, LshConventions>> = {
  paper: {
    keyNorm: 'l2',
    scaleOf: () => 1,
    wrap: false,
    withinBuckets: true,
    duplicates: 'once',
    maskedBucket: true,
    shareRotations: 'batch',
    bucketsOf: (length, chunk) => [2 * Math.max(1, Math.round(length / chunk))],
  },
  trax: {
    keyNorm: 'rms',
    scaleOf: () => 1,
    wrap: true,
    withinBuckets: false,
    duplicates: 'each',
    maskedBucket: true,
    shareRotations: 'none',
    bucketsOf: (length, chunk) => {
      const buckets = 2 * Math.max(1, Math.floor(length / chunk));
      return buckets > 128 ? twoFactors(Math.ceil(Math.log2(buckets))) : [buckets];
    },
  },
  hf: {
    keyNorm: 'rms',
    scaleOf: () => 1,
    wrap: true,
    withinBuckets: false,
    duplicates: 'each',
    maskedBucket: true,
    shareRotations: 'batch',
    bucketsOf: (length, chunk, maxPositions) => {
      const exponent = Math.floor(Math.log2(2 * Math.max(1, Math.floor(length / chunk))));
      const limit = 2 * Math.max(Math.floor(Math.sqrt(Math.floor(maxPositions / chunk))), chunk);
      return 2 ** exponent > limit ? twoFactors(exponent) : [2 ** exponent];
    },
  },
  lucidrains: {
    keyNorm: 'l2',
    scaleOf: (headDim) => headDim ** -0.5,
    wrap: true,
    withinBuckets: false,
    duplicates: 'each',
    maskedBucket: false,
    shareRotations: 'all',
    bucketsOf: (length, chunk) => [2 * Math.max(1, Math.floor(length / chunk / 2))],
  },
};

/** Two powers of two whose product is 2^exponent, the smaller first. */
function twoFactors(exponent: number): readonly number[] {
  const first = Math.floor(exponent / 2);
  return [2 ** first, 2 ** (exponent - first)];
}
