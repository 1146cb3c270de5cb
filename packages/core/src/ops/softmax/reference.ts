/** Softmax in float64. */
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { aroundAxis, emptyReference } from '../reference-tensor.ts';
import { normalizeAxis } from '../validate.ts';
import type { SoftmaxAttributes } from './definition.ts';

/** out = exp(x − max) / Σ exp(x − max) along the axis; 0 where max is −∞. */
export function softmaxReference({ x }: NamedReferences, attributes: SoftmaxAttributes): [ReferenceTensor] {
  const { outer, extent, inner } = aroundAxis(x.shape, normalizeAxis('softmax', attributes.axis, x.shape));
  const out = emptyReference(x.shape);
  for (let o = 0; o < outer; o++) {
    for (let r = 0; r < inner; r++) {
      const at = (i: number) => (o * extent + i) * inner + r;
      let max = -Infinity;
      for (let i = 0; i < extent; i++) max = Math.max(max, x.data[at(i)]);
      if (max === -Infinity) continue;
      let sum = 0;
      for (let i = 0; i < extent; i++) sum += Math.exp(x.data[at(i)] - max);
      for (let i = 0; i < extent; i++) out.data[at(i)] = Math.exp(x.data[at(i)] - max) / sum;
    }
  }
  return [out];
}
