/** A dense layer in float64. */
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { UNARY_MEANING } from '../pointwise/table.ts';
import { emptyReference } from '../reference-tensor.ts';
import type { LinearAttributes } from './definition.ts';

/** out[row, o] = activation(Σᵢ x[row, i] · weight[o, i] + bias[o]). */
export function linearReference(
  inputs: NamedReferences,
  { activation }: LinearAttributes,
): [ReferenceTensor] {
  const { x, weight, bias } = inputs;
  const [outFeatures, inFeatures] = weight.shape;
  const out = emptyReference([...x.shape.slice(0, -1), outFeatures]);
  for (let index = 0; index < out.data.length; index++) {
    const row = Math.floor(index / outFeatures);
    const o = index % outFeatures;
    let sum = bias?.data[o] ?? 0;
    for (let i = 0; i < inFeatures; i++)
      sum += x.data[row * inFeatures + i] * weight.data[o * inFeatures + i];
    out.data[index] = activation === undefined ? sum : UNARY_MEANING[activation].f(sum);
  }
  return [out];
}
