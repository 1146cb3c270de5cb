/** Masking in float64. */
import { broadcastStrides, forEachOffset } from '../broadcast.ts';
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { emptyReference } from '../reference-tensor.ts';

/** out = x where mask ≠ 0, else 0. */
export function maskReference({ x, mask }: NamedReferences): [ReferenceTensor] {
  const out = emptyReference(x.shape);
  forEachOffset(x.shape, [broadcastStrides(mask.shape, x.shape)], (index, [at]) => {
    if (mask.data[at] !== 0) out.data[index] = x.data[index];
  });
  return [out];
}
