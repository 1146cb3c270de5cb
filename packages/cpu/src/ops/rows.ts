/** Walking strided operands: a loop over all axes but the last, which is left to the caller as a plain loop. */

/**
 * Calls `visit(to, offsets)` for each row (last axis) of `shape` in row-major order: `to` is where the row starts
 * in a contiguous array of that shape, `offsets[i]` where it starts in the operand with `strides[i]`. The same
 * array is passed each time.
 */
export function forEachRow(
  shape: readonly number[],
  strides: readonly (readonly number[])[],
  visit: (to: number, offsets: readonly number[]) => void,
): void {
  const lastAxis = shape.length - 1;
  const length = shape[lastAxis];
  const size = shape.reduce((product, extent) => product * extent, 1);
  const counter = shape.map(() => 0);
  const offsets = strides.map(() => 0);
  for (let to = 0; to < size; to += length) {
    visit(to, offsets);
    for (let axis = lastAxis - 1; axis >= 0; axis--) {
      counter[axis] += 1;
      const wraps = counter[axis] === shape[axis];
      const steps = wraps ? 1 - shape[axis] : 1;
      for (let i = 0; i < offsets.length; i++) offsets[i] += steps * strides[i][axis];
      if (!wraps) break;
      counter[axis] = 0;
    }
  }
}
