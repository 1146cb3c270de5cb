/** The `expertLinear` op: one product for each expert, of the rows that chose it. */
import { byExpert, inChunks, type KernelCall } from '@attn/core/backend';
import { readFloats, writeFloats } from '../floats.ts';
import { BLOCK, Multiplier } from './product.ts';

/** The kernel of `expertLinear`: x [rows × in], experts [rows × k], weight [E × in × out], bias [E × out]. */
export async function expertLinear({ inputs, outputs, context }: KernelCall<'expertLinear'>): Promise<void> {
  const [count, inFeatures, outFeatures] = inputs.weight.shape;
  const k = inputs.experts.shape[inputs.experts.shape.length - 1];
  const bias = inputs.bias && readFloats(inputs.bias);
  const x = readFloats(inputs.x);
  const weight = readFloats(inputs.weight);
  const out = writeFloats(outputs[0]);
  const { order, starts } = byExpert(inputs.experts.data, count);
  const sorted = context.scratch('f32', order.length * inFeatures);
  await inChunks(order.length, inFeatures, context.pause, (from, to) => {
    for (let i = from; i < to; i++) {
      const start = Math.floor(order[i] / k) * inFeatures;
      sorted.set(x.subarray(start, start + inFeatures), i * inFeatures);
    }
  });

  const multiplier = new Multiplier();
  for (let expert = 0; expert < count; expert++) {
    const first = starts[expert];
    const sizes = [starts[expert + 1] - first, outFeatures, inFeatures] as const;
    await multiplier.multiply(
      { data: sorted, offset: first * inFeatures, rowStride: inFeatures, depthStride: 1 },
      { data: weight, offset: expert * inFeatures * outFeatures, rowStride: 1, depthStride: outFeatures },
      sizes,
      context.pause,
      ({ row, column, rows, columns, sums }) => {
        for (let i = 0; i < rows; i++) {
          const to = order[first + row + i] * outFeatures + column;
          for (let j = 0; j < columns; j++)
            out.data[to + j] = sums[i * BLOCK + j] + (bias ? bias[expert * outFeatures + column + j] : 0);
        }
      },
    );
  }
  out.done();
}
