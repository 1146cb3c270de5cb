/** Ops that compute each element by itself: functions of one operand, and of two that broadcast. */
import {
  BINARY_OPS,
  broadcastStrides,
  offsetAt,
  recordOf,
  sizeOf,
  UNARY_OPS,
  unaryFunction,
  type BinaryOp,
  type Kernel,
  type KernelCall,
  type UnaryOp,
} from '@attn/core/backend';
import type { Engine } from '../engine/engine.ts';
import { COMBINE, COMBINE_BYTES, MAP, MAP_BYTES, pointwiseModule } from '../kernels/pointwise.ts';
import { Records } from '../kernels/records.ts';
import { inFrame, type Frame } from './frame.ts';

/** Elements of a task: a fraction of a millisecond. */
const TASK_ELEMENTS = 1 << 14;

/** About as many operations as an element of a function of one number costs. */
const UNARY_FLOPS = 16;

/** The kernels of ops of one operand. */
export function unaryKernels(engine: Engine): Record<UnaryOp, Kernel<UnaryOp>> {
  return recordOf(UNARY_OPS, () => (call) => inFrame(engine, call, (frame) => map(frame, call)));
}

async function map(frame: Frame, call: KernelCall<UnaryOp>): Promise<void> {
  const size = sizeOf(call.outputs[0].shape);
  const [x, out] = [frame.input(call.inputs.x), frame.output(call.outputs[0])];
  const records = new Records(MAP, MAP_BYTES, Math.ceil(size / TASK_ELEMENTS));
  for (let from = 0, index = 0; from < size; from += TASK_ELEMENTS) {
    const count = Math.min(TASK_ELEMENTS, size - from);
    records.set(index++, { x: x + 4 * from, out: out + 4 * from, count });
  }
  await frame.run({
    module: frame.engine.load('pointwise', pointwiseModule),
    kernel: unaryFunction(call.node),
    records,
    flops: UNARY_FLOPS * size,
  });
}

/** The kernels of ops of two operands. */
export function binaryKernels(engine: Engine): Record<BinaryOp, Kernel<BinaryOp>> {
  return recordOf(BINARY_OPS, () => (call) => inFrame(engine, call, (frame) => combine(frame, call)));
}

/**
 * The last axis is a row; the axis before it gives rows at a constant distance; this function walks
 * over the others.
 */
async function combine(frame: Frame, call: KernelCall<BinaryOp>): Promise<void> {
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

  const rowsPerTask = Math.max(1, Math.floor(TASK_ELEMENTS / Math.max(1, count)));
  const blocks = size === 0 ? 0 : sizeOf(outer);
  const records = new Records(COMBINE, COMBINE_BYTES, blocks * Math.ceil(rows / rowsPerTask));
  for (let block = 0, index = 0; block < blocks; block++) {
    const [atA, atB] = [a, b].map(({ address, strides }) => address + offsetAt(block, outer, strides));
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
