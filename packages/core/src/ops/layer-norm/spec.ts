/** The `layerNorm` op over the last axis. Ba, Kiros & Hinton 2016, https://arxiv.org/abs/1607.06450 */
import { anything } from '../../check/kinds.ts';
import { sizeOf } from '../../tensor.ts';
import type { OpSpec } from '../op.ts';

/** Attributes of `layerNorm`. */
export interface LayerNormAttributes {
  /** Added to the variance; ≥ 0. */
  readonly eps: number;
}

/**
 * Inputs `x [..., n]`, `weight? [n]` (default 1), `bias? [n]` (default 0), all f32 or all f16; the output is like x.
 * Errors: `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_ARGUMENT`.
 */
export const layerNormSpec: OpSpec<LayerNormAttributes> = {
  required: ['x'],
  optional: ['weight', 'bias'],
  attributes: { eps: anything },
  flops: ({ x }) => 8 * sizeOf(x.shape),
};
