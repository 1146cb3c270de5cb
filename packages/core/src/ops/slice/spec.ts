/** The `slice` op: a box out of a tensor. */
import { anything } from '../../check/kinds.ts';
import type { OpSpec } from '../op.ts';

/** Attributes of `slice`: half-open ranges, one start and one end per axis, 0 ≤ start ≤ end ≤ extent. */
export interface SliceAttributes {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Input `x` of any dtype; output extents are end − start. Errors: `INVALID_ARGUMENT`. */
export const sliceSpec: OpSpec<SliceAttributes> = {
  required: ['x'],
  attributes: { starts: anything, ends: anything },
  flops: () => 0,
};
