/** a · b in float64. */
import { broadcastShape, broadcastStrides, forEachOffset } from '../broadcast.ts';
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { emptyReference } from '../reference-tensor.ts';

/** out = a · b. */
export function mulReference({ a, b }: NamedReferences): [ReferenceTensor] {
  const out = emptyReference(broadcastShape('mul', a.shape, b.shape));
  const strides = [broadcastStrides(a.shape, out.shape), broadcastStrides(b.shape, out.shape)];
  forEachOffset(out.shape, strides, (index, [i, j]) => {
    out.data[index] = a.data[i] * b.data[j];
  });
  return [out];
}
