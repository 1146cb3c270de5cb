/** The `argsort` op: the order that sorts integers. */
import type { NoAttributes, OpDefinition } from '../op.ts';
import { checkDtype, checkMinRank } from '../validate.ts';

/**
 * Input `x` (i32 or u32, rank ≥ 1); output: i32 of the same shape. Along the last axis, out[…, s] is the
 * place in x of the s-th smallest element; equal elements keep their order. Errors: `INVALID_SHAPE`,
 * `INVALID_DTYPE`.
 */
export const argsortDefinition: OpDefinition<NoAttributes> = {
  required: ['x'],
  attributes: {},
  flops: () => 0,
  infer(inputs) {
    checkDtype('argsort', inputs, 'x', ['i32', 'u32']);
    checkMinRank('argsort', inputs, 'x', 1);
    return [{ dtype: 'i32', shape: inputs.x.shape }];
  },
};
