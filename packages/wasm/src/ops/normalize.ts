/** Ops that normalise slices: `layerNorm` and `rmsNorm` over the last axis, `softmax` over any axis. */
import { sizeOf, type Kernel, type KernelCall } from '@attn/core/backend';
import type { Engine } from '../engine/engine.ts';
import { normalizeModule, ROW_NORM, ROW_NORM_BYTES, SOFTMAX, SOFTMAX_BYTES } from '../kernels/normalize.ts';
import { Records } from '../kernels/records.ts';
import { inFrame, type Frame } from './frame.ts';

/** Number of elements of a task: they take a fraction of a millisecond. */
const TASK_ELEMENTS = 1 << 14;

/** Number of operations that cost about as much as an element. */
const FLOPS = 12;

/** Makes the kernel of `layerNorm`. */
export function layerNormKernel(engine: Engine): Kernel<'layerNorm'> {
  return (call) => inFrame(engine, call, (frame) => layerNorm(frame, call));
}

async function layerNorm(
  frame: Frame,
  { inputs, outputs, attributes }: KernelCall<'layerNorm'>,
): Promise<void> {
  const { x, weight, bias } = inputs;
  const [from, to] = [frame.input(x), frame.output(outputs[0])];
  const fields = {
    eps: attributes.eps,
    weight: weight && frame.input(weight),
    bias: bias && frame.input(bias),
  };
  await normalizeRows(frame, 'layerNorm', x.shape, { from, to, fields });
}

/** Makes the kernel of `rmsNorm`. */
export function rmsNormKernel(engine: Engine): Kernel<'rmsNorm'> {
  return (call) => inFrame(engine, call, (frame) => rmsNorm(frame, call));
}

async function rmsNorm(frame: Frame, { inputs, outputs, attributes }: KernelCall<'rmsNorm'>): Promise<void> {
  const { x, weight } = inputs;
  const [from, to] = [frame.input(x), frame.output(outputs[0])];
  const fields = {
    eps: attributes.eps,
    weight: weight && frame.input(weight),
    weightOffset: attributes.weightOffset,
  };
  await normalizeRows(frame, 'rmsNorm', x.shape, { from, to, fields });
}

/** The addresses of a normalisation of rows, and what its tasks have in common. */
interface RowNorm {
  readonly from: number;
  readonly to: number;
  readonly fields: { readonly eps: number; readonly weight: number | undefined } & (
    | { readonly bias: number | undefined }
    | { readonly weightOffset: number }
  );
}

/** Runs a normalisation over the last axis: tasks are groups of rows. */
async function normalizeRows(
  frame: Frame,
  kernel: 'layerNorm' | 'rmsNorm',
  shape: readonly number[],
  { from, to, fields }: RowNorm,
): Promise<void> {
  const count = shape[shape.length - 1];
  const size = sizeOf(shape);
  const rows = size / Math.max(1, count);
  const perTask = Math.max(1, Math.floor(TASK_ELEMENTS / Math.max(1, count)));
  const tasks = Math.ceil(rows / perTask);
  const records = new Records(ROW_NORM, ROW_NORM_BYTES, tasks, { floats: ['eps', 'weightOffset'] });
  for (let task = 0; task < tasks; task++) {
    const row = task * perTask;
    const offset = 4 * row * count;
    records.set(task, {
      ...fields,
      count,
      x: from + offset,
      out: to + offset,
      rows: Math.min(perTask, rows - row),
    });
  }
  await frame.run({
    module: frame.engine.load('normalize', normalizeModule),
    kernel,
    records,
    flops: FLOPS * size,
  });
}

/**
 * Makes the kernel of `softmax`: x is seen as [outer, extent, inner], and the middle axis is normalised. A
 * slice of nothing but −∞ gives 0.
 */
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
  // Rows lie one after another; columns lie side by side, in a block for each step of the outer axes.
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
