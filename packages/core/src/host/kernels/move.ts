/**
 * Kernels of the ops that only move elements, of any dtype. Copies in JavaScript run at the speed of memory,
 * so every backend in host memory uses these. The executor has checked the indices.
 */
import type { CompleteKernelTable, KernelCall } from '../kernel.ts';
import type { Pause } from '../../async/pause.ts';
import { broadcastStrides } from '../../ops/broadcast.ts';
import { concatOperands } from '../../ops/concat/definition.ts';
import { contiguousStrides, sizeOf, type Tensor } from '../../tensor.ts';
import { inChunks, rowsInChunks } from './chunks.ts';
import { forEachRow } from './rows.ts';

/** Kernel of `embedding`: out[i] = table[ids[i]]. */
function embedding({ inputs, outputs, context }: KernelCall<'embedding'>): Promise<void> {
  const { table, ids } = inputs;
  return pickSlices(table, [1, table.shape[1]], ids, outputs[0], context.pause);
}

/** Kernel of `gather`: out[o, i, r] = x[o, indices[i], r], with x seen as [outer, axis, inner]. */
function gather({ inputs, outputs, attributes: { axis }, context }: KernelCall<'gather'>): Promise<void> {
  const { x, indices } = inputs;
  const around = [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis + 1))] as const;
  return pickSlices(x, around, indices, outputs[0], context.pause);
}

function pickSlices(
  x: Tensor,
  [outer, inner]: readonly [outer: number, inner: number],
  indices: Tensor,
  out: Tensor,
  pause: Pause,
): Promise<void> {
  const count = indices.data.length;
  const extent = x.data.length / Math.max(1, outer * inner);
  return rowsInChunks(outer * count, inner, pause, (row, from, to) => {
    const o = Math.floor(row / count);
    const start = (o * extent + indices.data[row - o * count]) * inner;
    out.data.set(x.data.subarray(start + from, start + to), row * inner + from);
  });
}

/** Kernel of `transpose`. */
function transpose({ inputs, outputs, attributes, context }: KernelCall<'transpose'>): Promise<void> {
  const strides = contiguousStrides(inputs.x.shape);
  const permuted = attributes.permutation.map((axis) => strides[axis]);
  return copyStrided(inputs.x, 0, permuted, outputs[0], context.pause);
}

/** Kernel of `slice`. */
function slice({ inputs, outputs, attributes, context }: KernelCall<'slice'>): Promise<void> {
  const strides = contiguousStrides(inputs.x.shape);
  const origin = attributes.starts.reduce((sum, start, axis) => sum + start * strides[axis], 0);
  return copyStrided(inputs.x, origin, strides, outputs[0], context.pause);
}

/** out = the elements of x at `origin` plus the strides, one stride per axis of out. */
function copyStrided(
  x: Tensor,
  origin: number,
  strides: readonly number[],
  out: Tensor,
  pause: Pause,
): Promise<void> {
  const step = strides.at(-1) ?? 1;
  return forEachRow({ shape: out.shape, strides: [strides] }, pause, (to, length, [offset]) => {
    const from = origin + offset;
    if (step === 1) out.data.set(x.data.subarray(from, from + length), to);
    else for (let i = 0; i < length; i++) out.data[to + i] = x.data[from + i * step];
  });
}

/** Copies x into the corner of `out`, whose extents are as large or larger. */
export function copyBox(x: Tensor, out: Tensor, pause: Pause): Promise<void> {
  const strides = contiguousStrides(out.shape);
  return forEachRow({ shape: x.shape, strides: [strides] }, pause, (from, length, [to]) =>
    out.data.set(x.data.subarray(from, from + length), to),
  );
}

/** Kernel of `concat`. */
async function concat({
  inputs,
  outputs,
  attributes: { axis },
  context,
}: KernelCall<'concat'>): Promise<void> {
  const [out] = outputs;
  const outer = sizeOf(out.shape.slice(0, axis));
  const width = out.data.length / Math.max(1, outer);
  let at = 0;
  for (const { data } of concatOperands(inputs)) {
    const length = data.length / Math.max(1, outer);
    const start = at;
    await rowsInChunks(outer, length, context.pause, (row, from, to) =>
      out.data.set(data.subarray(row * length + from, row * length + to), row * width + start + from),
    );
    at += length;
  }
}

/** Kernel of `mask`: a copy, then 0 where the mask is 0. In every dtype, no bit of 0 is set. */
async function mask({ inputs, outputs, context }: KernelCall<'mask'>): Promise<void> {
  const { x, mask: visible } = inputs;
  const [out] = outputs;
  await inChunks(x.data.length, 1, context.pause, (from, to) =>
    out.data.set(x.data.subarray(from, to), from),
  );
  const strides = broadcastStrides(visible.shape, x.shape);
  const step = strides.at(-1) ?? 0;
  await forEachRow({ shape: x.shape, strides: [strides] }, context.pause, (to, length, [at]) => {
    if (step === 0) {
      if (visible.data[at] === 0) out.data.fill(0, to, to + length);
      return;
    }
    for (let i = 0; i < length; i++) if (visible.data[at + i * step] === 0) out.data[to + i] = 0;
  });
}

/** Kernel of `writeRows`: a copy of x, but of a state, which is written in place; then the rows. */
async function writeRows({
  inputs: { x, rows, at },
  outputs: [out],
  attributes: { axis },
  context,
}: KernelCall<'writeRows'>): Promise<void> {
  const isInPlace = out.data.buffer === x.data.buffer && out.data.byteOffset === x.data.byteOffset;
  if (!isInPlace) {
    await inChunks(x.data.length, 1, context.pause, (from, to) =>
      out.data.set(x.data.subarray(from, to), from),
    );
  }
  const outer = sizeOf(x.shape.slice(0, axis));
  const inner = sizeOf(x.shape.slice(axis + 1));
  const length = rows.shape[axis] * inner;
  const start = at.data[0] * inner;
  await rowsInChunks(outer, length, context.pause, (row, from, to) =>
    out.data.set(
      rows.data.subarray(row * length + from, row * length + to),
      row * x.shape[axis] * inner + start + from,
    ),
  );
}

/** The kernels of the ops that only move elements, for any dtype. */
export const moveKernels: MoveKernels = { embedding, gather, transpose, slice, concat, mask, writeRows };

type MoveKernels = Pick<
  CompleteKernelTable,
  'embedding' | 'gather' | 'transpose' | 'slice' | 'concat' | 'mask' | 'writeRows'
>;
