/** max(x, 0) has the shape of x. */
import type { TensorSpec } from '../../tensor.ts';
import type { NamedSpecs } from '../op.ts';
import { sharedFloat } from '../validate.ts';

/** See `reluSpec`. */
export function inferRelu(inputs: NamedSpecs): [TensorSpec] {
  return [{ dtype: sharedFloat('relu', inputs, ['x']), shape: inputs.x.shape }];
}
