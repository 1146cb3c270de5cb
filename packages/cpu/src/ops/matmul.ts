/** a·b over the last two axes; the axes before them broadcast. */
import { forEachRow, broadcastStrides, matmulSizes, type KernelCall } from '@attn/core/backend';
import { readFloats, writeFloats } from '../floats.ts';
import { BLOCK, Multiplier, type Operand } from './product.ts';

/** Kernel of `matmul`: one product [m × k]·[k × n] per batch element. */
export async function matmul({ inputs, outputs, attributes, context }: KernelCall<'matmul'>): Promise<void> {
  const { transposeA = false, transposeB = false } = attributes;
  const { batch, m, n, k } = matmulSizes(inputs.a.shape, inputs.b.shape, attributes);
  const a = readFloats(inputs.a);
  const b = readFloats(inputs.b);
  const out = writeFloats(outputs[0]);
  const multiplier = new Multiplier();

  // Which matrices of a and b each product takes: only the batch axes are walked, each of their elements a "row" of one.
  const pairs: { readonly atA: number; readonly atB: number }[] = [];
  const strides = [inputs.a, inputs.b].map(({ shape }) => [
    ...broadcastStrides(shape.slice(0, -2), batch),
    0,
  ]);
  await forEachRow({ shape: [...batch, 1], strides }, context.pause, (_to, _length, [atA, atB]) =>
    pairs.push({ atA, atB }),
  );

  for (const [index, { atA, atB }] of pairs.entries()) {
    const left = operand(a, atA, m, k, transposeA);
    const right = operand(b, atB, n, k, !transposeB);
    await multiplier.multiply(
      left,
      right,
      [m, n, k],
      context.pause,
      ({ row, column, rows, columns, sums }) => {
        for (let i = 0; i < rows; i++) {
          const to = (index * m + row + i) * n + column;
          for (let j = 0; j < columns; j++) out.data[to + j] = sums[i * BLOCK + j];
        }
      },
    );
  }
  out.done();
}

/** Matrix number `index`, stored as [rows × depth], or as [depth × rows] when its depth comes first. */
function operand(
  data: Float32Array,
  index: number,
  rows: number,
  depth: number,
  depthFirst: boolean,
): Operand {
  const [rowStride, depthStride] = depthFirst ? [1, rows] : [depth, 1];
  return { data, offset: index * rows * depth, rowStride, depthStride };
}
