/** The `relu` op: max(x, 0) of every element. */
import { sizeOf } from '../../tensor.ts';
import type { NoAttributes } from '../attributes.ts';
import type { OpSpec } from '../op.ts';

/** Input `x` of any shape, f32 or f16; the output is like it. Errors: `INVALID_DTYPE`. */
export const reluSpec: OpSpec<NoAttributes> = {
  required: ['x'],
  attributes: {},
  flops: ({ x }) => 1 * sizeOf(x.shape),
};
