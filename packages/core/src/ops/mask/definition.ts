/**
 * The `mask` op: 0 wherever the mask is 0, whatever x is there. A product with 0 and 1 would keep NaN and
 * infinities, which padding may well hold; this op makes sure that masked elements have no effect on later
 * sums.
 */
import { show } from '../../errors.ts';
import { sizeOf } from '../../tensor.ts';
import { broadcastsTo } from '../broadcast.ts';
import type { NoAttributes, OpDefinition } from '../op.ts';
import { checkDtype, fail, sharedFloat } from '../validate.ts';

/**
 * Inputs `x`, f32 or f16, and `mask`, bool or u8, of a shape that broadcasts to that of x; the output is like
 * x. Errors: `INVALID_SHAPE`, `INVALID_DTYPE`.
 */
export const maskDefinition: OpDefinition<NoAttributes> = {
  required: ['x', 'mask'],
  attributes: {},
  flops: ({ x }) => sizeOf(x.shape),
  infer(inputs) {
    const { x, mask } = inputs;
    const dtype = sharedFloat('mask', inputs, ['x']);
    checkDtype('mask', inputs, 'mask', ['bool', 'u8']);
    if (!broadcastsTo(mask.shape, x.shape)) {
      fail('INVALID_SHAPE', 'mask', `mask must broadcast to ${show(x.shape)}, got ${show(mask.shape)}`);
    }
    return [{ dtype, shape: x.shape }];
  },
};
