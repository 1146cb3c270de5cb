/** a·b over the last two axes; the axes before them broadcast. */
import { broadcastStrides, contiguousStrides, matmulSizes, sizeOf, type Kernel } from '@attn/core/backend';
import type { Engine } from '../engine/engine.ts';
import { packedBytes } from '../kernels/gemm.ts';
import { inFrame, type Frame } from './frame.ts';
import { multiplyAll, packAll, type ProductCall, type RightOperand } from './product.ts';

/** Bytes of packed right operands that are worked on together. */
const BATCH_BYTES = 16 * 2 ** 20;

/** Kernel of `matmul`: one product [m × k]·[k × n] per batch element. */
export function matmulKernel(engine: Engine): Kernel<'matmul'> {
  return (call) =>
    inFrame(engine, call, async (frame) => {
      const { a, b } = call.inputs;
      const { transposeA = false, transposeB = false } = call.attributes;
      const { batch, m, n, k } = matmulSizes(a.shape, b.shape, call.attributes);
      const [aBase, bBase, c] = [frame.input(a), frame.input(b), frame.output(call.outputs[0])];
      const [aOffsets, bOffsets] = [a, b].map(({ shape }) => matrixOffsets(shape, batch));
      const [aRowStride, aDepthStride] = transposeA ? [4, 4 * m] : [4 * k, 4];
      const [columnStride, depthStride] = transposeB ? [4 * k, 4] : [4, 4 * n];
      const right = (index: number): Omit<RightOperand, 'to'> => {
        return { from: bBase + 4 * bOffsets[index], columns: n, depth: k, columnStride, depthStride };
      };
      const left = (index: number): Omit<ProductCall, 'b'> => ({
        a: aBase + 4 * aOffsets[index],
        aRowStride,
        aDepthStride,
        c: c + 4 * index * m * n,
        rows: m,
        columns: n,
        depth: k,
        bias: 0,
      });
      await multiplyBatch(frame, aOffsets.length, packedBytes(n, k), right, left);
    });
}

/** Packs as many right operands as fit, each once, and multiplies. */
async function multiplyBatch(
  frame: Frame,
  count: number,
  bytes: number,
  right: (index: number) => Omit<RightOperand, 'to'>,
  left: (index: number) => Omit<ProductCall, 'b'>,
): Promise<void> {
  const together = Math.max(1, Math.floor(BATCH_BYTES / Math.max(1, bytes)));
  for (let first = 0; first < count; first += together) {
    const packed = new Map<number, RightOperand>();
    const products: ProductCall[] = [];
    for (let index = first; index < Math.min(count, first + together); index++) {
      const operand = right(index);
      const known = packed.get(operand.from) ?? { ...operand, to: frame.allocate(bytes) };
      packed.set(operand.from, known);
      products.push({ ...left(index), b: known.to });
    }
    await packAll(frame, [...packed.values()]);
    await multiplyAll(frame, products);
    for (const { to } of packed.values()) frame.free(to);
  }
}

/** For each element of the batch axes, in order, where its matrix starts in an operand that is broadcast over them. */
function matrixOffsets(shape: readonly number[], batch: readonly number[]): number[] {
  const matrix = sizeOf(shape.slice(-2));
  const strides = broadcastStrides(shape.slice(0, -2), batch).map((stride) => stride * matrix);
  const counts = contiguousStrides(batch);
  return Array.from({ length: sizeOf(batch) }, (_, index) =>
    strides.reduce((sum, stride, axis) => sum + stride * (Math.floor(index / counts[axis]) % batch[axis]), 0),
  );
}
