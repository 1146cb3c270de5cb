/** Ops that bring slices to a common measure: `layerNorm` over the last axis, `softmax` over any. */
import { sizeOf, type Kernel, type KernelCall } from '@attn/core/backend';
import type { Engine } from '../engine/engine.ts';
import {
  LAYER_NORM,
  LAYER_NORM_BYTES,
  normalizeModule,
  SOFTMAX,
  SOFTMAX_BYTES,
} from '../kernels/normalize.ts';
import { Records } from '../kernels/records.ts';
import { inFrame, type Frame } from './frame.ts';

/** Elements of a task: a fraction of a millisecond. */
const TASK_ELEMENTS = 1 << 14;

/** Operations that an element is about worth. */
const FLOPS = 12;

/** Kernel of `layerNorm`. */
export function layerNormKernel(engine: Engine): Kernel<'layerNorm'> {
  return (call) => inFrame(engine, call, (frame) => layerNorm(frame, call));
}

async function layerNorm(
  frame: Frame,
  { inputs, outputs, attributes }: KernelCall<'layerNorm'>,
): Promise<void> {
  const { x, weight, bias } = inputs;
  const count = x.shape[x.shape.length - 1];
  const size = sizeOf(x.shape);
  const rows = size / Math.max(1, count);
  const [from, to] = [frame.input(x), frame.output(outputs[0])];
  const shared = {
    count,
    eps: attributes.eps,
    weight: weight && frame.input(weight),
    bias: bias && frame.input(bias),
  };
  const perTask = Math.max(1, Math.floor(TASK_ELEMENTS / Math.max(1, count)));
  const tasks = Math.ceil(rows / perTask);
  const records = new Records(LAYER_NORM, LAYER_NORM_BYTES, tasks, { floats: ['eps'] });
  for (let task = 0; task < tasks; task++) {
    const row = task * perTask;
    const offset = 4 * row * count;
    records.set(task, { ...shared, x: from + offset, out: to + offset, rows: Math.min(perTask, rows - row) });
  }
  await frame.run({
    module: frame.engine.load('normalize', normalizeModule),
    kernel: 'layerNorm',
    records,
    flops: FLOPS * size,
  });
}

/** Kernel of `softmax`: x seen as [outer, extent, inner], over the middle axis. A slice of −∞ only gives 0. */
export function softmaxKernel(engine: Engine): Kernel<'softmax'> {
  return (call) => inFrame(engine, call, (frame) => softmax(frame, call));
}

async function softmax(
  frame: Frame,
  { inputs: { x }, outputs, attributes }: KernelCall<'softmax'>,
): Promise<void> {
  const size = sizeOf(x.shape);
  const count = x.shape[attributes.axis];
  const inner = sizeOf(x.shape.slice(attributes.axis + 1));
  const [from, to] = [frame.input(x), frame.output(outputs[0])];
  // Rows lie one after another; columns lie side by side, one block of them for each step of the outer axes.
  const isRows = inner === 1;
  const blocks = size === 0 || isRows ? Math.min(1, size) : size / (count * inner);
  const slices = size === 0 ? 0 : size / count / blocks;
  const distance = isRows ? 4 * count : 4;
  const perTask = Math.max(4, Math.floor(TASK_ELEMENTS / Math.max(1, count)));
  const perBlock = Math.ceil(slices / perTask);
  const records = new Records(SOFTMAX, SOFTMAX_BYTES, blocks * perBlock);
  for (let block = 0, index = 0; block < blocks; block++) {
    for (let slice = 0; slice < slices; slice += perTask) {
      const offset = 4 * block * slices * count + slice * distance;
      records.set(index++, {
        x: from + offset,
        out: to + offset,
        slices: Math.min(perTask, slices - slice),
        count,
        stride: 4 * inner,
      });
    }
  }
  await frame.run({
    module: frame.engine.load('normalize', normalizeModule),
    kernel: 'softmax',
    records,
    flops: FLOPS * size,
  });
}
