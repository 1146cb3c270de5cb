/** Shape of a box. */
import { show } from '../../errors.ts';
import type { TensorSpec } from '../../tensor.ts';
import type { NamedSpecs } from '../op.ts';
import { checkIntegerList, fail, reshaped } from '../validate.ts';
import type { SliceAttributes } from './spec.ts';

/** See `sliceSpec`. */
export function inferSlice({ x }: NamedSpecs, { starts, ends }: SliceAttributes): [TensorSpec] {
  checkIntegerList('slice', 'starts', starts, x.shape.length);
  checkIntegerList('slice', 'ends', ends, x.shape.length);
  x.shape.forEach((extent, axis) => {
    if (!(0 <= starts[axis] && starts[axis] <= ends[axis] && ends[axis] <= extent)) {
      const range = `[${starts[axis]}, ${ends[axis]})`;
      fail(
        'INVALID_ARGUMENT',
        'slice',
        `range ${range} does not lie in axis ${axis} of shape ${show(x.shape)}`,
      );
    }
  });
  return [
    reshaped(
      x,
      ends.map((end, axis) => end - starts[axis]),
    ),
  ];
}
