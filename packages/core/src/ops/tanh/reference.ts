/** tanh(x) in float64. */
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { mapReference } from '../reference-tensor.ts';

/** out = tanh(x). */
export function tanhReference({ x }: NamedReferences): [ReferenceTensor] {
  return [mapReference(x, Math.tanh)];
}
