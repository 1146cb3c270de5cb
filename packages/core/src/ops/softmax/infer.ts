/** Softmax has the shape of x. */
import type { TensorSpec } from '../../tensor.ts';
import type { NamedSpecs } from '../op.ts';
import { normalizeAxis, sharedFloat } from '../validate.ts';
import type { SoftmaxAttributes } from './spec.ts';

/** See `softmaxSpec`. */
export function inferSoftmax(inputs: NamedSpecs, { axis }: SoftmaxAttributes): [TensorSpec] {
  normalizeAxis('softmax', axis, inputs.x.shape);
  return [{ dtype: sharedFloat('softmax', inputs, ['x']), shape: inputs.x.shape }];
}
