/** The `matmul` op: a·b over the last two axes; the axes before them broadcast. */
import { forEachRow, broadcastStrides, matmulSizes, type KernelCall } from '@attn/core/backend';
import { readFloats, writeFloats } from '../floats.ts';
import { BLOCK, Multiplier, type Operand } from './product.ts';

/** The kernel of `matmul`: a product [m × k]·[k × n] for each batch element. */
export async function matmul({ inputs, outputs, attributes, context }: KernelCall<'matmul'>): Promise<void> {
  const { transposeA = false, transposeB = false } = attributes;
  const { batch, m, n, k } = matmulSizes(inputs.a.shape, inputs.b.shape, attributes);
  const a = readFloats(inputs.a);
  const b = readFloats(inputs.b);
  const out = writeFloats(outputs[0]);
  const multiplier = new Multiplier();

  // The matrices of a and b of each product: `forEachRow` walks the batch axes, where each
  // element is a row of one.
  const pairs: { readonly atA: number; readonly atB: number }[] = [];
  const strides = [inputs.a, inputs.b].map(({ shape }) => [
    ...broadcastStrides(shape.slice(0, -2), batch),
    0,
  ]);
  await forEachRow({ shape: [...batch, 1], strides }, context.pause, (_to, _length, [atA, atB]) =>
    pairs.push({ atA, atB }),
  );

  for (const [index, { atA, atB }] of pairs.entries()) {
    await multiplier.multiply(
      operand(a, { index: atA, rows: m, depth: k, isDepthFirst: transposeA }),
      operand(b, { index: atB, rows: n, depth: k, isDepthFirst: !transposeB }),
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

/** A matrix among others in an array: [rows × depth], or [depth × rows] if the depth comes first. */
interface MatrixPlace {
  readonly index: number;
  readonly rows: number;
  readonly depth: number;
  readonly isDepthFirst: boolean;
}

function operand(data: Float32Array, { index, rows, depth, isDepthFirst }: MatrixPlace): Operand {
  const [rowStride, depthStride] = isDepthFirst ? [1, rows] : [depth, 1];
  return { data, offset: index * rows * depth, rowStride, depthStride };
}
