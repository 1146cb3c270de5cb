/** `transpose`, element by element. */
import { contiguousStrides } from '../../tensor.ts';
import { forEachOffset } from '../broadcast.ts';
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { emptyReference } from '../reference-tensor.ts';
import type { TransposeAttributes } from './definition.ts';

/** out[i₀, i₁, …] = x with index iₐ on its axis permutation[a]. */
export function transposeReference(
  { x }: NamedReferences,
  { permutation }: TransposeAttributes,
): [ReferenceTensor] {
  const strides = contiguousStrides(x.shape);
  const out = emptyReference(permutation.map((axis) => x.shape[axis]));
  forEachOffset(out.shape, [permutation.map((axis) => strides[axis])], (index, [from]) => {
    out.data[index] = x.data[from];
  });
  return [out];
}
