/** The `linear` op: a dense layer with PyTorch's weight order, and its activation fused. */
import { oneOf } from '../../check/kinds.ts';
import { show } from '../../errors.ts';
import { sizeOf } from '../../tensor.ts';
import type { OpDefinition } from '../op.ts';
import { ACTIVATIONS } from '../pointwise/names.ts';
import type { Activation } from '../pointwise/table.ts';
import { checkMinRank, checkShapeIs, fail, sharedFloat } from '../validate.ts';

/** Attributes of `linear`. */
export interface LinearAttributes {
  /** Applied to x·Wᵀ + b. Default none. */
  readonly activation?: Activation;
}

/**
 * Inputs `x [..., in]`, `weight [out, in]`, `bias? [out]`, all f32 or all f16; output `[..., out]`.
 * Errors: `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_ARGUMENT`.
 */
export const linearDefinition: OpDefinition<LinearAttributes> = {
  required: ['x', 'weight'],
  optional: ['bias'],
  attributes: { activation: oneOf(...ACTIVATIONS) },
  flops: ({ x, weight }) => 2 * sizeOf(x.shape) * weight.shape[0],
  infer(inputs) {
    const { x, weight, bias } = inputs;
    const dtype = sharedFloat('linear', inputs, ['x', 'weight', 'bias']);
    checkMinRank('linear', inputs, 'x', 1);
    const inFeatures = x.shape[x.shape.length - 1];
    if (weight.shape.length !== 2 || weight.shape[1] !== inFeatures) {
      const expected = `[out, in = ${inFeatures}]`;
      fail('INVALID_SHAPE', 'linear', `weight must be ${expected}, got ${show(weight.shape)}`);
    }
    const outFeatures = weight.shape[0];
    if (bias) checkShapeIs('linear', inputs, 'bias', [outFeatures], '[out]');
    return [{ dtype, shape: [...x.shape.slice(0, -1), outFeatures] }];
  },
};
