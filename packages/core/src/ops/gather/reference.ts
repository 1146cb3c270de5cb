/** `gather`, slice by slice. */
import { checkIndices } from '../indices.ts';
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { aroundAxis, emptyReference } from '../reference-tensor.ts';
import { normalizeAxis } from '../validate.ts';
import type { GatherAttributes } from './definition.ts';

/** out[o, i, r] = x[o, indices[i], r], with x seen as [outer, axis, inner]. */
export function gatherReference(
  { x, indices }: NamedReferences,
  attributes: GatherAttributes,
): [ReferenceTensor] {
  const axis = normalizeAxis('gather', attributes.axis, x.shape);
  const { outer, extent, inner } = aroundAxis(x.shape, axis);
  checkIndices('gather', 'indices', indices.data, extent);
  const count = indices.data.length;
  const out = emptyReference(x.shape.with(axis, count));
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < count; i++) {
      const from = (o * extent + indices.data[i]) * inner;
      out.data.set(x.data.subarray(from, from + inner), (o * count + i) * inner);
    }
  }
  return [out];
}
