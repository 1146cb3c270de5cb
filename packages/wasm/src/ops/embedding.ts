/**
 * The `embedding` op. Where the table is also the weight of a product, as the words of a decoder are, its
 * rows are read from the packed weight, so that the table is in memory once.
 */
import { inChunks, moveKernels, type Kernel } from '@attn/core/backend';
import type { Engine } from '../engine/engine.ts';
import { PANEL } from '../kernels/register-tile.ts';
import { inFrame } from './frame.ts';
import { packedWeight } from './linear.ts';
import type { PackedWeights } from './packed-weights.ts';

/** Makes the kernel of `embedding`: table [rows × width], ids [...] of any shape. */
export function embeddingKernel(engine: Engine, weights: PackedWeights): Kernel<'embedding'> {
  return (call) => {
    if (!weights.hasPackedTable(call.node)) return moveKernels.embedding(call);
    return inFrame(engine, call, async (frame) => {
      const { table, ids } = call.inputs;
      const [, width] = table.shape;
      const from = await packedWeight(frame, weights, call.node.inputs.table, table);
      const to = frame.output(call.outputs[0]);
      const { data: rows } = frame.view(ids);
      await inChunks(rows.length, width, frame.pause, (first, end) => {
        for (let i = first; i < end; i++) {
          const panel = Math.floor(rows[i] / PANEL);
          const packed = frame.heap.f32(from + 4 * PANEL * width * panel, PANEL * width);
          const out = frame.heap.f32(to + 4 * width * i, width);
          for (let at = 0; at < width; at++) out[at] = packed[PANEL * at + (rows[i] % PANEL)];
        }
      });
    });
  };
}
