/** Sums, means and maxima in float64. */
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { aroundAxis, emptyReference } from '../reference-tensor.ts';
import { normalizeAxis } from '../validate.ts';
import type { ReduceAttributes } from './definition.ts';

/**
 * out[o, r] = Σᵢ x[o, i, r], or that sum divided by the extent, or the greatest x[o, i, r]; x has the shape
 * [outer, extent, inner].
 */
export function reduceReference({ x }: NamedReferences, attributes: ReduceAttributes): [ReferenceTensor] {
  const axis = normalizeAxis('reduce', attributes.axis, x.shape);
  const { outer, extent, inner } = aroundAxis(x.shape, axis);
  const out = emptyReference(x.shape.toSpliced(axis, 1));
  for (let o = 0; o < outer; o++) {
    for (let r = 0; r < inner; r++) {
      const slice = Array.from({ length: extent }, (_, i) => x.data[(o * extent + i) * inner + r]);
      out.data[o * inner + r] = reduceSlice(slice, attributes.kind);
    }
  }
  return [out];
}

/** One number for a slice. `Math.max` is NaN where a number is. */
function reduceSlice(slice: readonly number[], kind: ReduceAttributes['kind']): number {
  switch (kind) {
    case 'sum':
      return slice.reduce((sum, value) => sum + value, 0);
    case 'mean':
      return slice.reduce((sum, value) => sum + value, 0) / slice.length;
    case 'max':
      return slice.reduce((most, value) => Math.max(most, value), -Infinity);
    default:
      return kind satisfies never;
  }
}
