/** A dense layer with a quantised weight, in float64. Integers are exact. */
import { quantizeRow } from '../../quantize/activations.ts';
import { blocksOf, CodeReader } from '../../quantize/codes.ts';
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { UNARY_MEANING } from '../pointwise/table.ts';
import { emptyReference } from '../reference-tensor.ts';
import type { QuantizedLinearAttributes } from './definition.ts';

/**
 * out[row, o] = activation(Σ_b scales[o, b] · Σ_{i in b} x[row, i] · (code[o, i] − zero[o, b]) + bias[o]).
 * With integers as inputs, x is its integers times the scale of the row.
 */
export function quantizedLinearReference(
  inputs: NamedReferences,
  { bits, block, float, inputs: form = 'float', activation }: QuantizedLinearAttributes,
): [ReferenceTensor] {
  const { x, codes, scales, zeroPoints, bias } = inputs;
  const inFeatures = x.shape[x.shape.length - 1];
  const outFeatures = codes.shape[0];
  const arrays = { codes: codes.data, scales: scales?.data, zeroPoints: zeroPoints?.data };
  const reader = new CodeReader(arrays, inFeatures, { bits, block, float });
  const out = emptyReference([...x.shape.slice(0, -1), outFeatures]);
  const rows = out.data.length / Math.max(1, outFeatures);
  const weight = new Float64Array(inFeatures);
  const numbers = Array.from({ length: rows }, (_, row) => {
    const data = x.data.slice(row * inFeatures, (row + 1) * inFeatures);
    if (form === 'float') return { data, scale: 1 };
    const integers = new Float64Array(inFeatures);
    return { data: integers, scale: quantizeRow(data, form, integers) };
  });
  for (let o = 0; o < outFeatures; o++) {
    reader.integers(o, weight);
    for (const [row, { data, scale }] of numbers.entries()) {
      let total = 0;
      for (let b = 0; b < blocksOf(inFeatures, block); b++) {
        let sum = 0;
        const end = Math.min((b + 1) * block, inFeatures);
        for (let i = b * block; i < end; i++) sum += data[i] * weight[i];
        total += reader.scale(o, b) * sum;
      }
      const value = scale * total + (bias?.data[o] ?? 0);
      out.data[row * outFeatures + o] = activation === undefined ? value : UNARY_MEANING[activation].f(value);
    }
  }
  return [out];
}
