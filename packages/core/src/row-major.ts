/** Copies strided views into row-major arrays, at the speed of a copy. */

/** Arrays that store tensors. */
type Storage = Float32Array | Uint16Array | Int32Array | Uint32Array | Uint8Array;

/** An axis of a view: its extent, and the step in the array from one element to the next. */
interface Axis {
  readonly extent: number;
  readonly stride: number;
}

/** Rows of this many elements or more are copied by `set`, shorter ones element by element. */
const LONG_ROW = 96;

/** Sides of the squares in which a transposed view is copied: the lines that it reads stay in the cache. */
const SQUARE = 32;

/** Copies the elements of a view of `from` to `to`, row-major. */
export function copyRowMajor(
  from: Storage,
  { shape, strides }: { readonly shape: readonly number[]; readonly strides: readonly number[] },
  to: Storage,
): void {
  if (to.length === 0) return;
  const axes = joined(shape.map((extent, axis) => ({ extent, stride: strides[axis] })));
  const [rows, columns] = [axes.at(-2) ?? NO_AXIS, axes.at(-1) ?? NO_AXIS];
  const outer = axes.slice(0, -2);
  const size = rows.extent * columns.extent;
  const index = outer.map(() => 0);
  let source = 0;
  for (let target = 0; target < to.length; target += size) {
    copyPlane(from, source, rows, columns, to, target);
    for (let axis = outer.length - 1; axis >= 0; axis--) {
      const { extent, stride } = outer[axis];
      source += stride;
      if (++index[axis] < extent) break;
      source -= stride * extent;
      index[axis] = 0;
    }
  }
}

const NO_AXIS: Axis = { extent: 1, stride: 0 };

/** The axes of a view as few as possible: neighbours that are walked in one go are one. */
function joined(axes: readonly Axis[]): readonly Axis[] {
  const result: Axis[] = [];
  for (const axis of axes) {
    if (axis.extent === 1) continue;
    const before = result.at(-1);
    if (before !== undefined && before.stride === axis.extent * axis.stride)
      result[result.length - 1] = { extent: before.extent * axis.extent, stride: axis.stride };
    else result.push(axis);
  }
  return result;
}

/** Copies two axes, in the sequence that reads or writes neighbours. */
function copyPlane(
  from: Storage,
  source: number,
  rows: Axis,
  columns: Axis,
  to: Storage,
  target: number,
): void {
  const { extent: width, stride } = columns;
  if (stride === 1 && width >= LONG_ROW) {
    for (let row = 0; row < rows.extent; row++) {
      const start = source + row * rows.stride;
      to.set(from.subarray(start, start + width), target + row * width);
    }
    return;
  }
  const side = stride > rows.stride ? SQUARE : Infinity;
  for (let top = 0; top < rows.extent; top += side) {
    const bottom = Math.min(top + side, rows.extent);
    for (let left = 0; left < width; left += side) {
      const right = Math.min(left + side, width);
      for (let row = top; row < bottom; row++) {
        let at = source + row * rows.stride + left * stride;
        const end = target + row * width + right;
        for (let i = target + row * width + left; i < end; i++, at += stride) to[i] = from[at];
      }
    }
  }
}
