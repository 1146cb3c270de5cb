/** `writeRows`, slice by slice. */
import { checkIndices } from '../indices.ts';
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { aroundAxis } from '../reference-tensor.ts';
import { normalizeAxis } from '../validate.ts';
import type { WriteRowsAttributes } from './definition.ts';

/** out = x, but out[o, at + i, r] = rows[o, i, r], with x seen as [outer, axis, inner]. */
export function writeRowsReference(
  { x, rows, at }: NamedReferences,
  attributes: WriteRowsAttributes,
): [ReferenceTensor] {
  const axis = normalizeAxis('writeRows', attributes.axis, x.shape);
  const { outer, extent, inner } = aroundAxis(x.shape, axis);
  const count = rows.shape[axis];
  checkIndices('writeRows', 'at', at.data, extent - count + 1);
  const out = { shape: x.shape, data: x.data.slice() };
  for (let o = 0; o < outer; o++) {
    const from = o * count * inner;
    out.data.set(rows.data.subarray(from, from + count * inner), (o * extent + at.data[0]) * inner);
  }
  return [out];
}
