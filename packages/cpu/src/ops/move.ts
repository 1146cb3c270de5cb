/** Ops that only move elements, of any dtype: bits in, bits out. Indices were checked by the executor. */
import { concatOperands, contiguousStrides, sizeOf, type KernelCall, type Tensor } from '@attn/core';
import { forEachRow } from './rows.ts';

/** Kernel of `embedding`: out[i] = table[ids[i]]. */
export function embedding({ inputs, outputs }: KernelCall<'embedding'>): void {
  pickSlices(inputs.table, 1, inputs.table.shape[1], inputs.ids, outputs[0]);
}

/** Kernel of `gather`: out[o, i, r] = x[o, indices[i], r], with x seen as [outer, axis, inner]. */
export function gather({ inputs, outputs, attributes: { axis } }: KernelCall<'gather'>): void {
  const { shape } = inputs.x;
  pickSlices(
    inputs.x,
    sizeOf(shape.slice(0, axis)),
    sizeOf(shape.slice(axis + 1)),
    inputs.indices,
    outputs[0],
  );
}

function pickSlices(x: Tensor, outer: number, inner: number, indices: Tensor, out: Tensor): void {
  const count = indices.data.length;
  const extent = x.data.length / Math.max(1, outer * inner);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < count; i++) {
      const from = (o * extent + indices.data[i]) * inner;
      out.data.set(x.data.subarray(from, from + inner), (o * count + i) * inner);
    }
  }
}

/** Kernel of `transpose`. */
export function transpose({ inputs, outputs, attributes }: KernelCall<'transpose'>): void {
  const strides = contiguousStrides(inputs.x.shape);
  copyStrided(
    inputs.x,
    0,
    attributes.permutation.map((axis) => strides[axis]),
    outputs[0],
  );
}

/** Kernel of `slice`. */
export function slice({ inputs, outputs, attributes }: KernelCall<'slice'>): void {
  const strides = contiguousStrides(inputs.x.shape);
  const origin = attributes.starts.reduce((sum, start, axis) => sum + start * strides[axis], 0);
  copyStrided(inputs.x, origin, strides, outputs[0]);
}

/** out = the elements of x at `origin` plus the strides, one stride per axis of out. */
function copyStrided(x: Tensor, origin: number, strides: readonly number[], out: Tensor): void {
  if (out.shape.length === 0) {
    out.data[0] = x.data[origin];
    return;
  }
  const lastAxis = out.shape.length - 1;
  const length = out.shape[lastAxis];
  const step = strides[lastAxis];
  forEachRow(out.shape, [strides], (to, [offset]) => {
    const from = origin + offset;
    if (step === 1) out.data.set(x.data.subarray(from, from + length), to);
    else for (let i = 0; i < length; i++) out.data[to + i] = x.data[from + i * step];
  });
}

/** Kernel of `concat`. */
export function concat({ inputs, outputs, attributes: { axis } }: KernelCall<'concat'>): void {
  const [out] = outputs;
  const outer = sizeOf(out.shape.slice(0, axis));
  let to = 0;
  for (let o = 0; o < outer; o++) {
    for (const { data } of concatOperands(inputs)) {
      const length = data.length / outer;
      out.data.set(data.subarray(o * length, (o + 1) * length), to);
      to += length;
    }
  }
}
