/** `concat`, slice by slice. */
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { aroundAxis, emptyReference } from '../reference-tensor.ts';
import { normalizeAxis } from '../validate.ts';
import { concatOperands, type ConcatAttributes } from './definition.ts';

/** out[o, …, r] = x0[o, …, r] then x1[o, …, r] and so on, with operands seen as [outer, axis, inner]. */
export function concatReference(inputs: NamedReferences, attributes: ConcatAttributes): [ReferenceTensor] {
  const operands = concatOperands(inputs);
  const [{ shape }] = operands;
  const axis = normalizeAxis('concat', attributes.axis, shape);
  const out = emptyReference(
    shape.with(
      axis,
      operands.reduce((sum, x) => sum + x.shape[axis], 0),
    ),
  );
  const { outer } = aroundAxis(shape, axis);
  let to = 0;
  for (let o = 0; o < outer; o++) {
    for (const x of operands) {
      const { extent, inner } = aroundAxis(x.shape, axis);
      const length = extent * inner;
      out.data.set(x.data.subarray(o * length, (o + 1) * length), to);
      to += length;
    }
  }
  return [out];
}
