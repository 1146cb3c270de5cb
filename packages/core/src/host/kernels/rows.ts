/**
 * Walks strided operands: a loop over all axes but the last, which the caller writes as a plain loop. Unlike
 * `forEachOffset`, it can pause between any two elements.
 */
import type { Pause } from '../../async/pause.ts';
import { sizeOf } from '../../tensor.ts';
import { rowsInChunks } from './chunks.ts';

/** A shape to walk in row-major order, and for each operand its strides, one per axis. */
export interface Walk {
  readonly shape: readonly number[];
  readonly strides: readonly (readonly number[])[];
}

/**
 * Calls `visit(to, length, offsets)` for each row (last axis) of the shape, or for parts of a long row. `to`
 * is the start of the part in a contiguous array of that shape, `offsets[i]` its start in operand i.
 * `offsets` is one array for all calls. A scalar is a row of one element.
 */
export async function forEachRow(
  { shape, strides }: Walk,
  pause: Pause,
  visit: (to: number, length: number, offsets: readonly number[]) => void,
): Promise<void> {
  const lastAxis = shape.length - 1;
  const length = lastAxis < 0 ? 1 : shape[lastAxis];
  const rows = sizeOf(shape.slice(0, -1));
  const counter = shape.map(() => 0);
  const starts = strides.map(() => 0);
  const offsets = strides.map(() => 0);
  await rowsInChunks(rows, length, pause, (row, from, to) => {
    if (from === 0 && row > 0) {
      for (let axis = lastAxis - 1; axis >= 0; axis--) {
        counter[axis] += 1;
        const wraps = counter[axis] === shape[axis];
        const steps = wraps ? 1 - shape[axis] : 1;
        for (let i = 0; i < starts.length; i++) starts[i] += steps * strides[i][axis];
        if (!wraps) break;
        counter[axis] = 0;
      }
    }
    for (let i = 0; i < starts.length; i++)
      offsets[i] = from === 0 ? starts[i] : starts[i] + from * strides[i][lastAxis];
    visit(row * length + from, to - from, offsets);
  });
}
