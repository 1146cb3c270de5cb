/** The `expertLinear` op: rows are sorted by their experts, and those of each expert are one product. */
import { byExpert, inChunks, type ExpertRows, type Kernel } from '@attn/core/backend';
import type { Engine } from '../engine/engine.ts';
import { packedBytes } from '../kernels/gemm.ts';
import { inFrame, type Frame } from './frame.ts';
import type { PackedWeights } from './packed-weights.ts';
import { multiplyAll, packAll, type ProductCall } from './product.ts';

/**
 * Makes the kernel of `expertLinear`: x [rows × in], experts [rows × k], weight [E × in × out], bias [E ×
 * out]. Constant weights are packed once.
 */
export function expertLinearKernel(engine: Engine, weights: PackedWeights): Kernel<'expertLinear'> {
  return (call) =>
    inFrame(engine, call, async (frame) => {
      const { x, experts, weight, bias } = call.inputs;
      const [count, depth, columns] = weight.shape;
      if (experts.data.length * columns === 0) return;
      const rows = byExpert(frame.view(experts).data, count);
      const bytes = packedBytes(columns, depth);
      const packed = await weights.of({ ids: [call.node.inputs.weight] }, frame, async (allocate) => {
        const to = allocate(count * bytes);
        const from = frame.input(weight);
        const operand = { columns, depth, columnStride: 4, depthStride: 4 * columns };
        const all = Array.from({ length: count }, (_, expert) => {
          return { ...operand, from: from + 4 * expert * depth * columns, to: to + expert * bytes };
        });
        await packAll(frame, all);
        return to;
      });
      const k = experts.shape[experts.shape.length - 1];
      const source = frame.input(x);
      const biasAt = bias === undefined ? 0 : frame.input(bias);
      const out = frame.output(call.outputs[0]);
      const a = frame.allocate(4 * rows.order.length * depth);
      const results = frame.allocate(4 * rows.order.length * columns);
      await moveRows(frame, rows, { from: source, to: a, width: depth }, (i) => [
        Math.floor(rows.order[i] / k),
        i,
      ]);
      const products = Array.from({ length: count }, (_, expert): ProductCall => {
        const first = rows.starts[expert];
        return {
          a: a + 4 * first * depth,
          aRowStride: 4 * depth,
          aDepthStride: 4,
          b: packed + expert * bytes,
          c: results + 4 * first * columns,
          rows: rows.starts[expert + 1] - first,
          columns,
          depth,
          bias: biasAt === 0 ? 0 : biasAt + 4 * expert * columns,
        };
      });
      await multiplyAll(
        frame,
        products.filter(({ rows: chosen }) => chosen > 0),
      );
      await moveRows(frame, rows, { from: results, to: out, width: columns }, (i) => [i, rows.order[i]]);
    });
}

/** Copies rows of `width` numbers: for each sorted choice, from and to which row `places` says. */
async function moveRows(
  frame: Frame,
  { order }: ExpertRows,
  { from, to, width }: { readonly from: number; readonly to: number; readonly width: number },
  places: (choice: number) => readonly [from: number, to: number],
): Promise<void> {
  await inChunks(order.length, width, frame.pause, (first, end) => {
    for (let choice = first; choice < end; choice++) {
      const [source, target] = places(choice);
      const row = frame.heap.f32(from + 4 * source * width, width);
      frame.heap.f32(to + 4 * target * width, width).set(row);
    }
  });
}
