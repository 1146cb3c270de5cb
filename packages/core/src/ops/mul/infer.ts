/** Shape of a · b. */
import type { TensorSpec } from '../../tensor.ts';
import { broadcastShape } from '../broadcast.ts';
import type { NamedSpecs } from '../op.ts';
import { sharedFloat } from '../validate.ts';

/** See `mulSpec`. */
export function inferMul(inputs: NamedSpecs): [TensorSpec] {
  const dtype = sharedFloat('mul', inputs, ['a', 'b']);
  return [{ dtype, shape: broadcastShape('mul', inputs.a.shape, inputs.b.shape) }];
}
