/** The `mul` op: a · b, element by element, broadcast like NumPy. */
import { sizeOf } from '../../tensor.ts';
import type { NoAttributes } from '../attributes.ts';
import { broadcastShape } from '../broadcast.ts';
import type { OpSpec } from '../op.ts';

/**
 * Inputs `a` and `b`, both f32 or both f16, of shapes that broadcast; the output has their common shape.
 * Errors: `INVALID_DTYPE`, `INVALID_SHAPE`.
 */
export const mulSpec: OpSpec<NoAttributes> = {
  required: ['a', 'b'],
  attributes: {},
  flops: ({ a, b }) => sizeOf(broadcastShape('mul', a.shape, b.shape)),
};
