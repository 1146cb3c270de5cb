/** tanh(x) has the shape of x. */
import type { TensorSpec } from '../../tensor.ts';
import type { NamedSpecs } from '../op.ts';
import { sharedFloat } from '../validate.ts';

/** See `tanhSpec`. */
export function inferTanh(inputs: NamedSpecs): [TensorSpec] {
  return [{ dtype: sharedFloat('tanh', inputs, ['x']), shape: inputs.x.shape }];
}
