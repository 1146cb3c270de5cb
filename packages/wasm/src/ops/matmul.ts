/** The `matmul` op: a·b over the last two axes; the axes before them broadcast. */
import { broadcastStrides, contiguousStrides, matmulSizes, sizeOf, type Kernel } from '@attn/core/backend';
import type { Engine } from '../engine/engine.ts';
import { packedBytes } from '../kernels/gemm.ts';
import { inFrame, type Frame } from './frame.ts';
import { multiplyAll, packAll, type ProductCall, type RightOperand } from './product.ts';

/** The most bytes of packed right operands at a time. */
const BATCH_BYTES = 16 * 2 ** 20;

/** Makes the kernel of `matmul`: a product [m × k]·[k × n] for each batch element. */
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
      const rightOf = (index: number): Omit<RightOperand, 'to'> => {
        return { from: bBase + 4 * bOffsets[index], columns: n, depth: k, columnStride, depthStride };
      };
      const productOf = (index: number): Omit<ProductCall, 'b'> => ({
        a: aBase + 4 * aOffsets[index],
        aRowStride,
        aDepthStride,
        c: c + 4 * index * m * n,
        rows: m,
        columns: n,
        depth: k,
        bias: 0,
      });
      const products = { count: aOffsets.length, rightBytes: packedBytes(n, k), rightOf, productOf };
      await multiplyInBatches(frame, products);
    });
}

/** The products of a call, by index. */
interface Products {
  readonly count: number;
  /** Bytes of a packed right operand. */
  readonly rightBytes: number;
  rightOf(index: number): Omit<RightOperand, 'to'>;
  productOf(index: number): Omit<ProductCall, 'b'>;
}

/** Packs as many right operands as fit, each once, multiplies, and goes on with the next. */
async function multiplyInBatches(
  frame: Frame,
  { count, rightBytes: bytes, rightOf, productOf }: Products,
): Promise<void> {
  const together = Math.max(1, Math.floor(BATCH_BYTES / Math.max(1, bytes)));
  for (let first = 0; first < count; first += together) {
    const packed = new Map<number, RightOperand>();
    const products: ProductCall[] = [];
    for (let index = first; index < Math.min(count, first + together); index++) {
      const operand = rightOf(index);
      const right = packed.get(operand.from) ?? { ...operand, to: frame.allocate(bytes) };
      packed.set(operand.from, right);
      products.push({ ...productOf(index), b: right.to });
    }
    await packAll(frame, [...packed.values()]);
    await multiplyAll(frame, products);
    for (const { to } of packed.values()) frame.free(to);
  }
}

/** The index of each product's matrix in an operand that is broadcast over the batch axes. */
function matrixOffsets(shape: readonly number[], batch: readonly number[]): number[] {
  const matrix = sizeOf(shape.slice(-2));
  const strides = broadcastStrides(shape.slice(0, -2), batch).map((stride) => stride * matrix);
  const counts = contiguousStrides(batch);
  return Array.from({ length: sizeOf(batch) }, (_, index) =>
    strides.reduce((sum, stride, axis) => sum + stride * (Math.floor(index / counts[axis]) % batch[axis]), 0),
  );
}
