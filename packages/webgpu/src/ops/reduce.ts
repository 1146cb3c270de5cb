/** The `reduce` op: reductions of an axis. */
import { sizeOf, type NodeOf } from '@attn/core/backend';
import { always, specOf, storageOf, type NodeProgram, type ProgramContext } from '../graph/context.ts';
import { REDUCE_PARAMS, REDUCE_THREADS, reduceKernel } from '../kernels/reduce.ts';
import { rowGrid } from '../kernels/rows.ts';
import { packParams } from '../kernels/wgsl.ts';

/** The dispatch of a `reduce` node. */
export function emitReduce(
  context: ProgramContext,
  { inputs, outputs, attributes: { axis, kind } }: NodeOf<'reduce'>,
): NodeProgram {
  const { shape } = specOf(context, inputs.x);
  const inner = sizeOf(shape.slice(axis + 1));
  const slices = sizeOf(shape.slice(0, axis)) * inner;
  const length = shape[axis];
  if (slices === 0) return always();
  // Neighbouring invocations read neighbouring elements: of different slices where there are enough, else of
  // one.
  let split = 1;
  while (2 * split * inner <= REDUCE_THREADS && split < length) split *= 2;
  return always({
    kernel: reduceKernel(kind, storageOf(context, outputs[0])),
    params: packParams(REDUCE_PARAMS, { slices, length, inner, split }),
    bindings: [inputs.x, outputs[0]],
    grid: rowGrid(Math.ceil((slices * split) / REDUCE_THREADS)),
  });
}
