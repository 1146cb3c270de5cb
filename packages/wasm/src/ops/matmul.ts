/** The `matmul` op: a·b over the last two axes; the axes before them broadcast. */
import { broadcastStrides, contiguousStrides, matmulSizes, sizeOf, type Kernel } from '@attn/core/backend';
import type { Engine } from '../engine/engine.ts';
import { packedBytes } from '../kernels/gemm.ts';
import { PANEL } from '../kernels/register-tile.ts';
import { inFrame, type Frame } from './frame.ts';
import { multiplyAll, packAll, type ProductCall, type RightOperand } from './product.ts';

/** The most bytes of packed right operands at a time. A larger operand is packed in ranges of columns. */
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
      const widest = Math.max(1, Math.floor(BATCH_BYTES / packedBytes(PANEL, k))) * PANEL;
      const pieces: Piece[] = [];
      for (const [index, bOffset] of bOffsets.entries()) {
        for (let column = 0; column < n; column += widest) {
          const columns = Math.min(widest, n - column);
          const from = bBase + 4 * bOffset + column * columnStride;
          pieces.push({
            right: { from, columns, depth: k, columnStride, depthStride },
            product: {
              a: aBase + 4 * aOffsets[index],
              aRowStride,
              aDepthStride,
              c: c + 4 * (index * m * n + column),
              cStride: 4 * n,
              rows: m,
              columns,
              depth: k,
              bias: 0,
            },
          });
        }
      }
      await multiplyInBatches(frame, pieces);
    });
}

/** A product, or the part of a product that has a range of its columns. */
interface Piece {
  readonly right: Omit<RightOperand, 'to'>;
  readonly product: Omit<ProductCall, 'b'>;
}

/** Packs as many right operands as fit, each once, multiplies, and goes on with the next. */
async function multiplyInBatches(frame: Frame, pieces: readonly Piece[]): Promise<void> {
  const bytesOf = ({ right: { columns, depth } }: Piece): number => packedBytes(columns, depth);
  const most = Math.max(1, ...pieces.map(bytesOf));
  const together = Math.max(1, Math.floor(BATCH_BYTES / most));
  for (let first = 0; first < pieces.length; first += together) {
    const packed = new Map<number, RightOperand>();
    const products: ProductCall[] = [];
    for (const piece of pieces.slice(first, first + together)) {
      const { from } = piece.right;
      const right = packed.get(from) ?? { ...piece.right, to: frame.allocate(bytesOf(piece)) };
      packed.set(from, right);
      products.push({ ...piece.product, b: right.to });
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
