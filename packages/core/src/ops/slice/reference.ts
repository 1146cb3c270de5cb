/** `slice`, element by element. */
import { contiguousStrides } from '../../tensor.ts';
import { forEachOffset } from '../broadcast.ts';
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { emptyReference } from '../reference-tensor.ts';
import type { SliceAttributes } from './definition.ts';

/** out[i₀, i₁, …] = x[starts₀ + i₀, starts₁ + i₁, …]. */
export function sliceReference({ x }: NamedReferences, { starts, ends }: SliceAttributes): [ReferenceTensor] {
  const strides = contiguousStrides(x.shape);
  const origin = starts.reduce((sum, start, axis) => sum + start * strides[axis], 0);
  const out = emptyReference(ends.map((end, axis) => end - starts[axis]));
  forEachOffset(out.shape, [strides], (index, [offset]) => {
    out.data[index] = x.data[origin + offset];
  });
  return [out];
}
