/** `rotary`: pairs of numbers are turned by the angles of their token. */
import { broadcastStrides, offsetAt, sizeOf, type Kernel, type KernelCall } from '@attn/core/backend';
import type { Engine } from '../engine/engine.ts';
import { Records } from '../kernels/records.ts';
import { ROTARY, ROTARY_BYTES, rotaryModule } from '../kernels/rotary.ts';
import { inFrame, type Frame } from './frame.ts';

/** Elements of a task: a fraction of a millisecond. */
const TASK_ELEMENTS = 1 << 14;

/** About as many operations as an element costs. */
const FLOPS = 4;

/** Makes the kernel of `rotary`. */
export function rotaryKernel(engine: Engine): Kernel<'rotary'> {
  return (call) => inFrame(engine, call, (frame) => rotary(frame, call));
}

/** The rows of a task lie along the last axis but one; this function walks over the axes before it. */
async function rotary(frame: Frame, { inputs, outputs, attributes }: KernelCall<'rotary'>): Promise<void> {
  const { x, cos, sin } = inputs;
  const size = sizeOf(x.shape);
  const width = x.shape[x.shape.length - 1];
  const pairs = cos.shape[cos.shape.length - 1];
  const axes = [1, ...x.shape.slice(0, -1)];
  const strides = broadcastStrides(cos.shape.slice(0, -1), axes).map((stride) => 4 * pairs * stride);
  const rows = axes[axes.length - 1];
  const outer = axes.slice(0, -1);
  const [from, to] = [frame.input(x), frame.output(outputs[0])];
  const [cosAt, sinAt] = [frame.input(cos), frame.input(sin)];

  const perTask = Math.max(1, Math.floor(TASK_ELEMENTS / Math.max(1, width)));
  const blocks = size === 0 ? 0 : sizeOf(outer);
  const records = new Records(ROTARY, ROTARY_BYTES, blocks * Math.ceil(rows / perTask));
  for (let block = 0, index = 0; block < blocks; block++) {
    const table = offsetAt(block, outer, strides);
    for (let row = 0; row < rows; row += perTask) {
      const offset = 4 * (block * rows + row) * width;
      const tableRow = strides[strides.length - 1];
      records.set(index++, {
        x: from + offset,
        out: to + offset,
        cos: cosAt + table + row * tableRow,
        sin: sinAt + table + row * tableRow,
        tableRow,
        rows: Math.min(perTask, rows - row),
        pairs,
        width,
      });
    }
  }
  await frame.run({
    module: frame.engine.load('rotary', rotaryModule),
    kernel: attributes.interleaved ? 'neighbours' : 'halves',
    records,
    flops: FLOPS * size,
  });
}
