/** `topK` as dispatches. */
import { sizeOf, type NodeOf } from '@attn/core/backend';
import { always, elementOf, specOf, type NodeProgram, type ProgramContext } from '../graph/context.ts';
import { rowGrid } from '../kernels/rows.ts';
import { TOP_K_PARAMS, topKKernel, topKThreads } from '../kernels/top-k.ts';
import { packParams } from '../kernels/wgsl.ts';

/** The dispatch of a `topK` node. */
export function emitTopK(
  context: ProgramContext,
  { inputs, outputs, attributes: { k } }: NodeOf<'topK'>,
): NodeProgram {
  const { shape } = specOf(context, inputs.x);
  const rows = sizeOf(shape.slice(0, -1));
  if (rows === 0) return always();
  const length = shape[shape.length - 1];
  return always({
    kernel: topKKernel(elementOf(context, inputs.x), topKThreads(length)),
    params: packParams(TOP_K_PARAMS, { rows, length, k }),
    bindings: [inputs.x, outputs[0], outputs[1]],
    grid: rowGrid(rows),
  });
}
