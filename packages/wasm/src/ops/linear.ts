/** The `linear` op: x·Wᵀ + b, with its activation while the sums are in the cache. */
import type { Tensor } from '@attn/core';
import { sizeOf, type Kernel, type ValueId } from '@attn/core/backend';
import type { Engine } from '../engine/engine.ts';
import { packedBytes } from '../kernels/gemm.ts';
import { PANEL } from '../kernels/register-tile.ts';
import { copyFloats, inFrame, type Frame } from './frame.ts';
import type { PackedWeights } from './packed-weights.ts';
import { multiplyAll, packAll } from './product.ts';

/**
 * Makes the kernel of `linear`: x [rows × in], weight [out × in], bias [out]. Constant weights
 * are packed once.
 */
export function linearKernel(engine: Engine, weights: PackedWeights): Kernel<'linear'> {
  return (call) =>
    inFrame(engine, call, async (frame) => {
      const { x, weight, bias } = call.inputs;
      const [columns, depth] = weight.shape;
      const b = await packedWeight(frame, weights, call.node.inputs.weight, weight);
      const product = {
        a: frame.input(x),
        aRowStride: 4 * depth,
        aDepthStride: 4,
        b,
        c: frame.output(call.outputs[0]),
        rows: sizeOf(call.outputs[0].shape) / Math.max(1, columns),
        columns,
        depth,
        bias: bias ? frame.input(bias) : 0,
      };
      await multiplyAll(frame, [product], call.attributes.activation);
    });
}

/** The address of a packed weight [out × in] of a graph. */
export function packedWeight(
  frame: Frame,
  weights: PackedWeights,
  id: ValueId,
  weight: Tensor,
): Promise<number> {
  const [columns, depth] = weight.shape;
  return weights.of({ ids: [id] }, frame, async (allocate) => {
    const to = allocate(packedBytes(columns, depth));
    await packWeight(frame, weight, to);
    return to;
  });
}

/** The most bytes of a weight outside of the heap that are copied into it at a time, to be packed. */
const PIECE_BYTES = 8 * 2 ** 20;

/** Packs a weight [out × in] to an address. */
async function packWeight(frame: Frame, weight: Tensor, to: number): Promise<void> {
  const [columns, depth] = weight.shape;
  const operand = { depth, columnStride: 4 * depth, depthStride: 4 };
  const inPlace = frame.locate(weight);
  if (inPlace !== undefined) return packAll(frame, [{ ...operand, from: inPlace, columns, to }]);
  const { dtype, shape, data } = frame.view(weight); // a lazy weight is read once
  const most = PANEL * Math.max(1, Math.floor(PIECE_BYTES / (4 * PANEL * Math.max(1, depth))));
  const from = frame.allocate(4 * Math.min(most, columns) * depth);
  for (let column = 0; column < columns; column += most) {
    const count = Math.min(most, columns - column);
    copyFloats({ dtype, shape, data }, column * depth, frame.heap.f32(from, count * depth));
    await packAll(frame, [{ ...operand, from, columns: count, to: to + 4 * column * depth }]);
  }
  frame.free(from);
}
