/** Ops that compute each element by itself: activations, and sums and products of broadcast operands. */
import {
  broadcastStrides,
  contiguousStrides,
  sizeOf,
  type Kernel,
  type KernelCall,
} from '@attn/core/backend';
import type { Engine } from '../engine/engine.ts';
import { COMBINE, COMBINE_BYTES, MAP, MAP_BYTES, pointwiseModule } from '../kernels/pointwise.ts';
import { Records } from '../kernels/records.ts';
import { inFrame, type Frame } from './frame.ts';

/** Elements of a task: a fraction of a millisecond. */
const TASK_ELEMENTS = 1 << 14;

/** Operations that an element of an activation is about worth. */
const ACTIVATION_FLOPS = 16;

/** Kernel of `gelu`, `relu` or `tanh`. */
export function activationKernel<K extends 'gelu' | 'relu' | 'tanh'>(engine: Engine): Kernel<K> {
  return (call) => inFrame(engine, call, (frame) => activate(frame, call));
}

async function activate<K extends 'gelu' | 'relu' | 'tanh'>(
  frame: Frame,
  call: KernelCall<K>,
): Promise<void> {
  const size = sizeOf(call.outputs[0].shape);
  const [x, out] = [frame.input(call.inputs.x), frame.output(call.outputs[0])];
  const records = new Records(MAP, MAP_BYTES, Math.ceil(size / TASK_ELEMENTS));
  for (let from = 0, index = 0; from < size; from += TASK_ELEMENTS) {
    const count = Math.min(TASK_ELEMENTS, size - from);
    records.set(index++, { x: x + 4 * from, out: out + 4 * from, count });
  }
  const isTanhForm = 'approximate' in call.attributes && call.attributes.approximate === 'tanh';
  await frame.run({
    module: frame.engine.load('pointwise', pointwiseModule),
    kernel: isTanhForm ? 'gelu_tanh' : call.node.op,
    records,
    flops: ACTIVATION_FLOPS * size,
  });
}

/** Kernel of `add` or `mul`. */
export function combineKernel<K extends 'add' | 'mul'>(engine: Engine): Kernel<K> {
  return (call) => inFrame(engine, call, (frame) => combine(frame, call));
}

/** The last axis is a row; the axis before it gives rows at a constant distance, and the others are walked here. */
async function combine<K extends 'add' | 'mul'>(frame: Frame, call: KernelCall<K>): Promise<void> {
  const [result] = call.outputs;
  const size = sizeOf(result.shape);
  const shape = [1, 1, ...result.shape];
  const [rows, count] = shape.slice(-2);
  const outer = shape.slice(0, -2);
  const [a, b] = [call.inputs.a, call.inputs.b].map((tensor) => {
    const strides = broadcastStrides(tensor.shape, shape).map((stride) => 4 * stride);
    const [row, step] = strides.slice(-2);
    return { address: frame.input(tensor), row, step: step === 0 ? 0 : 4, strides: strides.slice(0, -2) };
  });
  const out = frame.output(result);
  const counts = contiguousStrides(outer);
  const offset = (strides: readonly number[], index: number): number =>
    strides.reduce((sum, stride, axis) => sum + stride * (Math.floor(index / counts[axis]) % outer[axis]), 0);

  const rowsPerTask = Math.max(1, Math.floor(TASK_ELEMENTS / Math.max(1, count)));
  const blocks = size === 0 ? 0 : sizeOf(outer);
  const records = new Records(COMBINE, COMBINE_BYTES, blocks * Math.ceil(rows / rowsPerTask));
  for (let block = 0, index = 0; block < blocks; block++) {
    const [atA, atB] = [a.address + offset(a.strides, block), b.address + offset(b.strides, block)];
    for (let row = 0; row < rows; row += rowsPerTask) {
      records.set(index++, {
        a: atA + row * a.row,
        aStep: a.step,
        aRow: a.row,
        b: atB + row * b.row,
        bStep: b.step,
        bRow: b.row,
        out: out + 4 * (block * rows + row) * count,
        count,
        rows: Math.min(rowsPerTask, rows - row),
      });
    }
  }
  await frame.run({
    module: frame.engine.load('pointwise', pointwiseModule),
    kernel: call.node.op,
    records,
    flops: 2 * size,
  });
}
