/** The `argsort` op: the order that sorts integers. */
import type { NoAttributes } from '../attributes.ts';
import type { OpSpec } from '../op.ts';

/**
 * Input `x` (i32 or u32, rank ≥ 1); output: i32 of the same shape. Along the last axis, out[…, s] is the place in x of the s-th smallest
 * element; equal elements keep their order. Errors: `INVALID_SHAPE`, `INVALID_DTYPE`.
 */
export const argsortSpec: OpSpec<NoAttributes> = {
  required: ['x'],
  attributes: {},
  flops: () => 0,
};
