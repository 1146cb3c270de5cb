/** The `quantizedLinear` op: codes become integers a row at a time. */
import {
  blocksOf,
  CodeReader,
  inChunks,
  quantizeRow,
  UNARY_MEANING,
  type KernelCall,
} from '@attn/core/backend';
import { readFloats, writeFloats } from '../floats.ts';

/**
 * The kernel of `quantizedLinear`: x [rows × in], a weight [out × in] as codes, bias [out]. Sums are in
 * float64, in which those of integers are exact.
 */
export async function quantizedLinear({
  inputs,
  outputs,
  attributes,
  context,
}: KernelCall<'quantizedLinear'>): Promise<void> {
  const { bits, block, float, inputs: form = 'float' } = attributes;
  const length = inputs.x.shape[inputs.x.shape.length - 1];
  const { codes, scales: codeScales, zeroPoints } = inputs;
  const columns = codes.shape[0];
  const arrays = { codes: codes.data, scales: codeScales?.data, zeroPoints: zeroPoints?.data };
  const reader = new CodeReader(arrays, length, { bits, block, float });
  const activation = attributes.activation && UNARY_MEANING[attributes.activation].f;
  const bias = inputs.bias && readFloats(inputs.bias);
  const x = readFloats(inputs.x);
  const out = writeFloats(outputs[0]);
  const rows = out.data.length / Math.max(1, columns);

  const numbers = context.scratch('f32', rows * length);
  const scales = new Float64Array(rows).fill(1);
  const integers = new Int16Array(length);
  await inChunks(rows, length, context.pause, (from, to) => {
    for (let row = from; row < to; row++) {
      if (form !== 'float') scales[row] = quantizeRow(x, form, integers, row * length);
      for (let i = 0; i < length; i++)
        numbers[row * length + i] = form === 'float' ? x[row * length + i] : integers[i];
    }
  });

  const weight = new Float64Array(length);
  const blocks = blocksOf(length, block);
  await inChunks(columns, Math.max(1, rows * length), context.pause, (from, to) => {
    for (let column = from; column < to; column++) {
      reader.integers(column, weight);
      for (let row = 0; row < rows; row++) {
        const start = row * length;
        let total = 0;
        for (let b = 0; b < blocks; b++) {
          const end = Math.min((b + 1) * block, length);
          let sum = 0;
          for (let i = b * block; i < end; i++) sum += numbers[start + i] * weight[i];
          total += reader.scale(column, b) * sum;
        }
        const value = scales[row] * total + (bias ? bias[column] : 0);
        out.data[row * columns + column] = activation ? activation(value) : value;
      }
    }
  });
  out.done();
}
