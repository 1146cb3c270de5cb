/** a·b over the last two axes; the axes before them broadcast. */
import { broadcastStrides, matmulSizes, type KernelCall } from '@attn/core';
import { readFloats, writeFloats } from '../floats.ts';
import { forEachRow } from './rows.ts';
import { Multiplier } from './product.ts';

/** Kernel of `matmul`: one product [m × k]·[k × n] per batch element. */
export async function matmul({ inputs, outputs, attributes, context }: KernelCall<'matmul'>): Promise<void> {
  const { transposeA = false, transposeB = false } = attributes;
  const { batch, m, n, k } = matmulSizes(inputs.a.shape, inputs.b.shape, attributes);
  const a = readFloats(inputs.a);
  const b = readFloats(inputs.b);
  const out = writeFloats(outputs[0]);
  const multiplier = new Multiplier();

  // Strides count matrices: the batch axes alone are broadcast.
  const strides = [inputs.a, inputs.b].map(({ shape }) => broadcastStrides(shape.slice(0, -2), batch));
  const matrices: { a: number; b: number }[] = [];
  forEachRow([...batch, 1], strides.map((of) => [...of, 0]), (_, [atA, atB]) => matrices.push({ a: atA, b: atB })); // prettier-ignore

  for (const [index, at] of matrices.entries()) {
    const left = {
      data: a,
      offset: at.a * m * k,
      rowStride: transposeA ? 1 : k,
      depthStride: transposeA ? m : 1,
    };
    const right = {
      data: b,
      offset: at.b * k * n,
      rowStride: transposeB ? k : 1,
      depthStride: transposeB ? 1 : n,
    };
    await multiplier.multiply(
      left,
      right,
      [m, n, k],
      context.pause,
      ({ row, column, rows, columns, sums }) => {
        for (let i = 0; i < rows; i++) {
          const to = (index * m + row + i) * n + column;
          for (let j = 0; j < columns; j++) out.data[to + j] = sums[i * 64 + j];
        }
      },
    );
  }
  out.done();
}
