/** The `slice` op: a box out of a tensor. */
import { anything } from '../../check/kinds.ts';
import { show } from '../../errors.ts';
import type { OpDefinition } from '../op.ts';
import { checkIntegerList, fail, reshaped } from '../validate.ts';

/** Attributes of `slice`: half-open ranges, one start and one end per axis, 0 ≤ start ≤ end ≤ extent. */
export interface SliceAttributes {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Input `x` of any dtype; output extents are end − start. Errors: `INVALID_ARGUMENT`. */
export const sliceDefinition: OpDefinition<SliceAttributes> = {
  required: ['x'],
  attributes: { starts: anything, ends: anything },
  flops: () => 0,
  infer({ x }, { starts, ends }) {
    checkIntegerList('slice', 'starts', starts, x.shape.length);
    checkIntegerList('slice', 'ends', ends, x.shape.length);
    x.shape.forEach((extent, axis) => {
      if (!(0 <= starts[axis] && starts[axis] <= ends[axis] && ends[axis] <= extent)) {
        const range = `[${starts[axis]}, ${ends[axis]})`;
        const place = `axis ${axis} of shape ${show(x.shape)}`;
        fail('INVALID_ARGUMENT', 'slice', `range ${range} does not lie in ${place}`);
      }
    });
    const extents = ends.map((end, axis) => end - starts[axis]);
    return [reshaped(x, extents)];
  },
};
