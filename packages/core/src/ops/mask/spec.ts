/**
 * The `mask` op: 0 wherever the mask is 0, whatever stands there. A product with 0 and 1 would keep NaN and infinities, which
 * padding may well hold; this makes sure that what is masked has no effect on what is summed over it.
 */
import { sizeOf } from '../../tensor.ts';
import type { NoAttributes } from '../attributes.ts';
import type { OpSpec } from '../op.ts';

/**
 * Inputs `x`, f32 or f16, and `mask`, bool or u8, of a shape that broadcasts to that of x; the output is like x.
 * Errors: `INVALID_SHAPE`, `INVALID_DTYPE`.
 */
export const maskSpec: OpSpec<NoAttributes> = {
  required: ['x', 'mask'],
  attributes: {},
  flops: ({ x }) => sizeOf(x.shape),
};
