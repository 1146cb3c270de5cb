/** What is masked keeps its shape. */
import { show } from '../../errors.ts';
import type { TensorSpec } from '../../tensor.ts';
import { broadcastsTo } from '../broadcast.ts';
import type { NamedSpecs } from '../op.ts';
import { checkDtype, fail, sharedFloat } from '../validate.ts';

/** See `maskSpec`. */
export function inferMask(inputs: NamedSpecs): [TensorSpec] {
  const { x, mask } = inputs;
  const dtype = sharedFloat('mask', inputs, ['x']);
  checkDtype('mask', inputs, 'mask', ['bool', 'u8']);
  if (!broadcastsTo(mask.shape, x.shape)) {
    fail('INVALID_SHAPE', 'mask', `mask must broadcast to ${show(x.shape)}, got ${show(mask.shape)}`);
  }
  return [{ dtype, shape: x.shape }];
}
