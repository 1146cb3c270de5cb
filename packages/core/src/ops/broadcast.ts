/** NumPy's broadcasting: shapes are aligned at their last axis, and an extent of 1 stretches. */
import { show } from '../errors.ts';
import { contiguousStrides } from '../tensor.ts';
import type { OpName } from './op-name.ts';
import { fail } from './validate.ts';

/** The common shape of two broadcast shapes. Errors: `INVALID_SHAPE`. */
export function broadcastShape(op: OpName, a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  const shape = new Array<number>(rank);
  for (let axis = 0; axis < rank; axis++) {
    const x = a[axis - (rank - a.length)] ?? 1;
    const y = b[axis - (rank - b.length)] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      fail('INVALID_SHAPE', op, `shapes ${show(a)} and ${show(b)} do not broadcast`);
    }
    shape[axis] = x === 1 ? y : x;
  }
  return shape;
}

/** True when `shape` stretches to exactly `target`. */
export function broadcastsTo(shape: readonly number[], target: readonly number[]): boolean {
  const missing = target.length - shape.length;
  return missing >= 0 && shape.every((extent, axis) => extent === 1 || extent === target[axis + missing]);
}

/**
 * Strides, in elements, with which a contiguous tensor of `shape` is read as one of `target`: 0 on stretched
 * axes. Returns one stride per axis of `target`.
 */
export function broadcastStrides(shape: readonly number[], target: readonly number[]): number[] {
  const missing = target.length - shape.length;
  const strides = contiguousStrides(shape);
  return target.map((_, axis) =>
    axis < missing || shape[axis - missing] === 1 ? 0 : strides[axis - missing],
  );
}

/** Where a tensor with these strides has element `index` of `shape`, counted in row-major order. */
export function offsetAt(index: number, shape: readonly number[], strides: readonly number[]): number {
  let [rest, offset] = [index, 0];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    offset += (rest % shape[axis]) * strides[axis];
    rest = Math.floor(rest / shape[axis]);
  }
  return offset;
}

/**
 * Calls `visit(outIndex, offsets)` for every element of `shape` in row-major order; `offsets[i]` is where
 * operand i, with its `strides[i]`, has that element. Every call gets the same array.
 */
export function forEachOffset(
  shape: readonly number[],
  strides: readonly (readonly number[])[],
  visit: (index: number, offsets: readonly number[]) => void,
): void {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const counter = new Array<number>(shape.length).fill(0);
  const offsets = new Array<number>(strides.length).fill(0);
  for (let index = 0; index < size; index++) {
    visit(index, offsets);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const wraps = ++counter[axis] === shape[axis];
      const steps = wraps ? 1 - shape[axis] : 1;
      for (let operand = 0; operand < strides.length; operand++)
        offsets[operand] += steps * strides[operand][axis];
      if (!wraps) break;
      counter[axis] = 0;
    }
  }
}
