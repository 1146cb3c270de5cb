/** The `argsort` op: each row is a task. */
import { sizeOf, type Kernel } from '@attn/core/backend';
import type { Engine } from '../engine/engine.ts';
import { Records } from '../kernels/records.ts';
import { SORT, SORT_BYTES, sortModule, sortScratchBytes } from '../kernels/sort.ts';
import { SORT_FLOPS } from '../predict.ts';
import { inFrame } from './frame.ts';

/** Makes the kernel of `argsort`. */
export function argsortKernel(engine: Engine): Kernel<'argsort'> {
  return (call) =>
    inFrame(engine, call, async (frame) => {
      const { x } = call.inputs;
      const count = x.shape[x.shape.length - 1];
      const size = sizeOf(x.shape);
      if (size === 0) return;
      const [from, to] = [frame.raw(x), frame.rawOutput(call.outputs[0])];
      const records = new Records(SORT, SORT_BYTES, size / count);
      const flip = x.dtype === 'i32' ? 2 ** 31 : 0;
      for (let row = 0; row < records.count; row++) {
        const at = 4 * row * count;
        records.set(row, { x: from + at, out: to + at, count, flip });
      }
      await frame.run({
        module: engine.load('sort', sortModule),
        kernel: 'sort',
        records,
        scratchBytes: sortScratchBytes(count),
        flops: SORT_FLOPS * size,
      });
    });
}
