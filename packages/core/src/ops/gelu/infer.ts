/** gelu(x) has the shape of x. */
import type { TensorSpec } from '../../tensor.ts';
import type { NamedSpecs } from '../op.ts';
import { sharedFloat } from '../validate.ts';

/** See `geluSpec`. */
export function inferGelu(inputs: NamedSpecs): [TensorSpec] {
  return [{ dtype: sharedFloat('gelu', inputs, ['x']), shape: inputs.x.shape }];
}
