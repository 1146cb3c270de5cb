/** The `linear` op: x·Wᵀ + b, and the activation while the sums are still in float64. */
import { UNARY_MEANING, type KernelCall } from '@attn/core/backend';
import { readFloats, writeFloats } from '../floats.ts';
import { BLOCK, Multiplier } from './product.ts';

/** The kernel of `linear`: x [rows × in], weight [out × in], bias [out]. */
export async function linear({ inputs, outputs, attributes, context }: KernelCall<'linear'>): Promise<void> {
  const [outFeatures, inFeatures] = inputs.weight.shape;
  const bias = inputs.bias && readFloats(inputs.bias);
  const activation = attributes.activation && UNARY_MEANING[attributes.activation].f;
  const out = writeFloats(outputs[0]);
  const count = out.data.length / Math.max(1, outFeatures);
  const x = { data: readFloats(inputs.x), offset: 0, rowStride: inFeatures, depthStride: 1 };
  const weight = { data: readFloats(inputs.weight), offset: 0, rowStride: inFeatures, depthStride: 1 };
  const sizes = [count, outFeatures, inFeatures] as const;

  await new Multiplier().multiply(x, weight, sizes, context.pause, ({ row, column, rows, columns, sums }) => {
    for (let i = 0; i < rows; i++) {
      const to = (row + i) * outFeatures + column;
      for (let j = 0; j < columns; j++) {
        const sum = sums[i * BLOCK + j] + (bias ? bias[column + j] : 0);
        out.data[to + j] = activation ? activation(sum) : sum;
      }
    }
  });
  out.done();
}
