/** max(x, 0) in float64. */
import { relu } from '../activation.ts';
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { mapReference } from '../reference-tensor.ts';

/** out = max(x, 0). */
export function reluReference({ x }: NamedReferences): [ReferenceTensor] {
  return [mapReference(x, relu)];
}
