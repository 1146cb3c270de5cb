/** `rotary` as dispatches. */
import { broadcastStrides, sizeOf, type NodeOf } from '@attn/core/backend';
import { always, specOf, storageOf, type NodeProgram, type ProgramContext } from '../graph/context.ts';
import { rotaryKernel, rotaryParams } from '../kernels/rotary.ts';
import { elementGrid, packParams } from '../kernels/wgsl.ts';

export function emitRotary(
  context: ProgramContext,
  { inputs, outputs, attributes }: NodeOf<'rotary'>,
): NodeProgram {
  const [x, cos] = [inputs.x, inputs.cos].map((id) => specOf(context, id).shape);
  const count = sizeOf(x);
  if (count === 0) return always();
  const rows = x.slice(0, -1);
  const strides = broadcastStrides(cos.slice(0, -1), rows);
  const params: Record<string, number> = { count, width: x[x.length - 1], pairs: cos[cos.length - 1] };
  rows.forEach((extent, axis) => {
    params[`extent${axis}`] = extent;
    params[`stride${axis}`] = strides[axis];
  });
  return always({
    kernel: rotaryKernel({ ...attributes, axes: rows.length, storage: storageOf(context, outputs[0]) }),
    params: packParams(rotaryParams(rows.length), params),
    bindings: [inputs.x, inputs.cos, inputs.sin, outputs[0]],
    grid: elementGrid(count),
  });
}
