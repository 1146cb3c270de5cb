/** The `linear` op: a dense layer with PyTorch's weight order, and its activation fused. */
import { oneOf } from '../../check/kinds.ts';
import { sizeOf } from '../../tensor.ts';
import { ACTIVATIONS, type Activation } from '../activation.ts';
import type { OpSpec } from '../op.ts';

/** Attributes of `linear`. */
export interface LinearAttributes {
  /** Applied to x·Wᵀ + b. Default none. */
  readonly activation?: Activation;
}

/**
 * Inputs `x [..., in]`, `weight [out, in]`, `bias? [out]`, all f32 or all f16; output `[..., out]`.
 * Errors: `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_ARGUMENT`.
 */
export const linearSpec: OpSpec<LinearAttributes> = {
  required: ['x', 'weight'],
  optional: ['bias'],
  attributes: { activation: oneOf(...ACTIVATIONS) },
  flops: ({ x, weight }) => 2 * sizeOf(x.shape) * weight.shape[0],
};
