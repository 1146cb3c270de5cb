/** Normalisation by the root mean square in float64. */
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { emptyReference } from '../reference-tensor.ts';
import type { RmsNormAttributes } from './definition.ts';

/** out = x / √(mean of x² + eps) · (weight + weightOffset), for each row. */
export function rmsNormReference(
  inputs: NamedReferences,
  { eps, weightOffset }: RmsNormAttributes,
): [ReferenceTensor] {
  const { x, weight } = inputs;
  const features = x.shape[x.shape.length - 1];
  const out = emptyReference(x.shape);
  for (let start = 0; start < x.data.length; start += features) {
    const row = x.data.subarray(start, start + features);
    const meanSquare = row.reduce((sum, value) => sum + value ** 2, 0) / features;
    row.forEach((value, i) => {
      const scale = weight === undefined ? 1 : weight.data[i] + weightOffset;
      out.data[start + i] = (value / Math.sqrt(meanSquare + eps)) * scale;
    });
  }
  return [out];
}
