/** The `softmax` op over one axis. */
import { anything } from '../../check/kinds.ts';
import { sizeOf } from '../../tensor.ts';
import type { OpDefinition } from '../op.ts';
import { normalizeAxis, sharedFloat } from '../validate.ts';

/** Attributes of `softmax`. */
export interface SoftmaxAttributes {
  /** The axis whose values sum to 1; negative counts from the end. */
  readonly axis: number;
}

/**
 * Input `x`, f32 or f16; the output is like it. A slice of −∞ only gives 0, as a row of attention without any
 * visible key does. Errors: `INVALID_DTYPE`, `INVALID_ARGUMENT`.
 */
export const softmaxDefinition: OpDefinition<SoftmaxAttributes> = {
  required: ['x'],
  attributes: { axis: anything },
  flops: ({ x }) => 6 * sizeOf(x.shape),
  normalize: ({ x }, { axis }) => ({ axis: normalizeAxis('softmax', axis, x.shape) }),
  infer(inputs, { axis }) {
    normalizeAxis('softmax', axis, inputs.x.shape);
    return [{ dtype: sharedFloat('softmax', inputs, ['x']), shape: inputs.x.shape }];
  },
};
