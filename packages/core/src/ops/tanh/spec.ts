/** The `tanh` op: tanh(x) of every element. */
import { sizeOf } from '../../tensor.ts';
import type { NoAttributes } from '../attributes.ts';
import type { OpSpec } from '../op.ts';

/** Input `x` of any shape, f32 or f16; the output is like it. Errors: `INVALID_DTYPE`. */
export const tanhSpec: OpSpec<NoAttributes> = {
  required: ['x'],
  attributes: {},
  flops: ({ x }) => 8 * sizeOf(x.shape),
};
