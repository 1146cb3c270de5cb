/** Layer normalisation in float64. */
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { emptyReference } from '../reference-tensor.ts';
import type { LayerNormAttributes } from './definition.ts';

/** out = (x − mean) / √(variance + eps) · weight + bias, with the biased variance of each row. */
export function layerNormReference(inputs: NamedReferences, { eps }: LayerNormAttributes): [ReferenceTensor] {
  const { x, weight, bias } = inputs;
  const features = x.shape[x.shape.length - 1];
  const out = emptyReference(x.shape);
  for (let start = 0; start < x.data.length; start += features) {
    const row = x.data.subarray(start, start + features);
    const mean = row.reduce((sum, value) => sum + value, 0) / features;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / features;
    row.forEach((value, i) => {
      const normal = (value - mean) / Math.sqrt(variance + eps);
      out.data[start + i] = normal * (weight?.data[i] ?? 1) + (bias?.data[i] ?? 0);
    });
  }
  return [out];
}
