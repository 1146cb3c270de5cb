/** A linear layer with experts in float64. */
import { checkIndices } from '../indices.ts';
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { emptyReference } from '../reference-tensor.ts';

/** out[row, j, o] = Σᵢ x[row, i] · weight[e, i, o] + bias[e, o], with e = experts[row, j]. */
export function expertLinearReference(inputs: NamedReferences): [ReferenceTensor] {
  const { x, experts, weight, bias } = inputs;
  const [count, inFeatures, outFeatures] = weight.shape;
  checkIndices('expertLinear', 'experts', experts.data, count);
  const k = experts.shape[experts.shape.length - 1];
  const out = emptyReference([...experts.shape, outFeatures]);
  experts.data.forEach((expert, choice) => {
    const row = Math.floor(choice / k);
    for (let o = 0; o < outFeatures; o++) {
      let sum = bias?.data[expert * outFeatures + o] ?? 0;
      for (let i = 0; i < inFeatures; i++)
        sum += x.data[row * inFeatures + i] * weight.data[(expert * inFeatures + i) * outFeatures + o];
      out.data[choice * outFeatures + o] = sum;
    }
  });
  return [out];
}
