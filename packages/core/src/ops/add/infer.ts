/** Shape of a + b. */
import type { TensorSpec } from '../../tensor.ts';
import { broadcastShape } from '../broadcast.ts';
import type { NamedSpecs } from '../op.ts';
import { sharedFloat } from '../validate.ts';

/** See `addSpec`. */
export function inferAdd(inputs: NamedSpecs): [TensorSpec] {
  const dtype = sharedFloat('add', inputs, ['a', 'b']);
  return [{ dtype, shape: broadcastShape('add', inputs.a.shape, inputs.b.shape) }];
}
