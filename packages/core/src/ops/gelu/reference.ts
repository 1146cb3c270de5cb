/** gelu(x) in float64. */
import { gelu, geluTanh } from '../activation.ts';
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { mapReference } from '../reference-tensor.ts';
import type { GeluAttributes } from './spec.ts';

/** out = x · Φ(x), or its tanh approximation. */
export function geluReference({ x }: NamedReferences, { approximate }: GeluAttributes): [ReferenceTensor] {
  return [mapReference(x, approximate === 'tanh' ? geluTanh : gelu)];
}
