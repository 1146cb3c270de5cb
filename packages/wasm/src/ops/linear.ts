/** The `linear` op: x·Wᵀ + b, with its activation while the sums are in the cache. */
import { sizeOf, type Kernel } from '@attn/core/backend';
import type { Engine } from '../engine/engine.ts';
import { packedBytes } from '../kernels/gemm.ts';
import { inFrame } from './frame.ts';
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
      const b = await weights.of({ ids: [call.node.inputs.weight] }, frame, async (allocate) => {
        const to = allocate(packedBytes(columns, depth));
        const from = frame.input(weight);
        await packAll(frame, [{ from, columns, depth, columnStride: 4 * depth, depthStride: 4, to }]);
        return to;
      });
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
