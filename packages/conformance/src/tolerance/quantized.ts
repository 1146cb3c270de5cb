/** Error bounds of products with quantised weights. The integers are exact; sums and scales round. */
import { blocksOf, CodeReader, greatestOf, quantizeRow } from '@attn/core/backend';
import { references } from '@attn/core/reference';
import { unaryError } from './pointwise.ts';
import { gamma, UNIT } from './rounding.ts';
import type { ErrorRule } from './rule.ts';

/**
 * How near to a half x · (limit / most) may be for its rounding to be in doubt, relative to its size: a
 * division and a product, neither of which all GPUs round correctly.
 */
const DOUBT = 16 * UNIT;

/**
 * γ of the terms times Σ |x||w|. Where inputs are integers, an input near a half may be rounded to either
 * side: it may be off by one step of its row.
 */
export const quantizedLinearError: ErrorRule<'quantizedLinear'> = (inputs, attributes) => {
  const { x, codes, scales, zeroPoints, bias } = inputs;
  const { bits, block, float, inputs: form = 'float', activation } = attributes;
  const length = x.shape[x.shape.length - 1];
  const columns = codes.shape[0];
  const { activation: _, ...linear } = attributes;
  const [sums] = references.quantizedLinear(inputs, linear);
  const arrays = { codes: codes.data, scales: scales?.data, zeroPoints: zeroPoints?.data };
  const reader = new CodeReader(arrays, length, { bits, block, float });
  const weight = new Float64Array(length);
  const rows = sums.data.length / Math.max(1, columns);
  const magnitudes = Array.from({ length: rows }, (_, row) =>
    magnitudesOf(x.data.slice(row * length, (row + 1) * length), form),
  );
  const factor = gamma((form === 'float' ? length : 0) + blocksOf(length, block) + 6);
  const errors = new Float64Array(sums.data.length);
  for (let column = 0; column < columns; column++) {
    reader.numbers(column, weight);
    for (const [row, { sizes, doubts }] of magnitudes.entries()) {
      let [size, doubt] = [Math.abs(bias?.data[column] ?? 0), 0];
      for (let i = 0; i < length; i++) {
        size += sizes[i] * Math.abs(weight[i]);
        doubt += doubts[i] * Math.abs(weight[i]);
      }
      const at = row * columns + column;
      const error = factor * size + doubt;
      if (activation !== undefined) errors[at] = unaryError(activation, sums.data[at], error);
      else errors[at] = Number.isFinite(sums.data[at]) ? error : 0;
    }
  }
  return [errors];
};

/** The sizes of a row of inputs, and how far each may be off. */
function magnitudesOf(
  x: Float64Array,
  form: 'float' | 'int12' | 'int8',
): { readonly sizes: Float64Array; readonly doubts: Float64Array } {
  const doubts = new Float64Array(x.length);
  if (form === 'float') return { sizes: x.map(Math.abs), doubts };
  const integers = new Float64Array(x.length);
  const scale = quantizeRow(x, form, integers);
  const most = x.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  if (scale > 0) {
    for (let i = 0; i < x.length; i++) {
      const exact = Math.abs(x[i]) * (greatestOf(form) / most);
      const half = Math.floor(exact) + 0.5;
      if (Math.abs(exact - half) <= DOUBT * exact) doubts[i] = scale;
    }
  }
  return { sizes: integers.map((integer) => Math.abs(integer * scale)), doubts };
}

/** scale · integer is rounded once. */
export const quantizedEmbeddingError: ErrorRule<'quantizedEmbedding'> = (_inputs, _attributes, [out]) => [
  new Float64Array(out.data.length),
];
