/** The `reduce` op: an axis becomes a single number. */
import { sizeOf, type Kernel, type KernelCall } from '@attn/core/backend';
import type { Engine } from '../engine/engine.ts';
import { Records } from '../kernels/records.ts';
import { REDUCE, REDUCE_BYTES, reduceModule } from '../kernels/reduce.ts';
import { inFrame, type Frame } from './frame.ts';

/** Number of elements of a task: they take a fraction of a millisecond. */
const TASK_ELEMENTS = 1 << 15;

/** The least number of columns of a task: a line of the cache. */
const MIN_COLUMNS = 16;

/** Makes the kernel of `reduce`: x is seen as [outer, extent, inner], and the middle axis is reduced. */
export function reduceKernel(engine: Engine): Kernel<'reduce'> {
  return (call) => inFrame(engine, call, (frame) => reduce(frame, call));
}

async function reduce(
  frame: Frame,
  { inputs: { x }, outputs, attributes: { axis, kind } }: KernelCall<'reduce'>,
): Promise<void> {
  const count = x.shape[axis];
  const inner = sizeOf(x.shape.slice(axis + 1));
  const size = sizeOf(x.shape);
  const [from, to] = [frame.input(x), frame.output(outputs[0])];
  // Rows lie one after another; columns lie side by side, in a block for each step of the outer axes.
  const isRows = inner === 1;
  const blocks = size === 0 || isRows ? Math.min(1, size) : size / (count * inner);
  const slices = size === 0 ? 0 : size / count / blocks;
  const fitting = Math.floor(TASK_ELEMENTS / count);
  const perTask = isRows ? Math.max(1, fitting) : Math.max(MIN_COLUMNS, fitting - (fitting % MIN_COLUMNS));
  const perBlock = Math.ceil(slices / perTask);
  const records = new Records(REDUCE, REDUCE_BYTES, blocks * perBlock, { floats: ['divisor'] });
  const shared = { count, stride: 4 * inner, divisor: kind === 'mean' ? count : 1 };
  for (let block = 0, index = 0; block < blocks; block++) {
    for (let slice = 0; slice < slices; slice += perTask) {
      records.set(index++, {
        ...shared,
        x: from + 4 * block * slices * count + slice * (isRows ? 4 * count : 4),
        out: to + 4 * (block * slices + slice),
        slices: Math.min(perTask, slices - slice),
      });
    }
  }
  await frame.run({
    module: frame.engine.load('reduce', reduceModule),
    kernel: kind === 'max' ? 'max' : 'sum',
    records,
    flops: size,
  });
}
