/** Ops that compute each element by itself: sums and products of broadcast operands, and the activations. */
import { type Activation } from '@attn/core';
import {
  inChunks,
  forEachRow,
  activationFunction,
  broadcastStrides,
  type KernelCall,
} from '@attn/core/backend';
import { readFloats, writeFloats } from '../floats.ts';

/** Kernel of `add`. */
export function add(call: KernelCall<'add'>): Promise<void> {
  return broadcast(call, (a, i, aStep, b, j, bStep, out, to, length) => {
    for (const end = to + length; to < end; to++, i += aStep, j += bStep) out[to] = a[i] + b[j];
  });
}

/** Kernel of `mul`. */
export function mul(call: KernelCall<'mul'>): Promise<void> {
  return broadcast(call, (a, i, aStep, b, j, bStep, out, to, length) => {
    for (const end = to + length; to < end; to++, i += aStep, j += bStep) out[to] = a[i] * b[j];
  });
}

/** Kernel of `gelu`. */
export function gelu(call: KernelCall<'gelu'>): Promise<void> {
  return activate(call, call.attributes.approximate === 'tanh' ? 'gelu_tanh' : 'gelu');
}

/** Kernel of `relu`. */
export function relu(call: KernelCall<'relu'>): Promise<void> {
  return activate(call, 'relu');
}

/** Kernel of `tanh`. */
export function tanh(call: KernelCall<'tanh'>): Promise<void> {
  return activate(call, 'tanh');
}

/** Combines one row of two operands: out[to + n] from a[i + n·aStep] and b[j + n·bStep]. */
type RowLoop = (
  a: Float32Array,
  i: number,
  aStep: number,
  b: Float32Array,
  j: number,
  bStep: number,
  out: Float32Array,
  to: number,
  length: number,
) => void;

async function broadcast(
  { inputs, outputs, context }: KernelCall<'add' | 'mul'>,
  combine: RowLoop,
): Promise<void> {
  const { shape } = outputs[0];
  const strides = [inputs.a, inputs.b].map((operand) => broadcastStrides(operand.shape, shape));
  const [aStep, bStep] = strides.map((steps) => steps.at(-1) ?? 0);
  const a = readFloats(inputs.a);
  const b = readFloats(inputs.b);
  const out = writeFloats(outputs[0]);
  await forEachRow({ shape, strides }, context.pause, (to, length, [i, j]) =>
    combine(a, i, aStep, b, j, bStep, out.data, to, length),
  );
  out.done();
}

async function activate(
  { inputs, outputs, context }: KernelCall<'gelu' | 'relu' | 'tanh'>,
  activation: Activation,
): Promise<void> {
  const apply = activationFunction(activation);
  const x = readFloats(inputs.x);
  const out = writeFloats(outputs[0]);
  await inChunks(x.length, 1, context.pause, (from, to) => {
    for (let i = from; i < to; i++) out.data[i] = apply(x[i]);
  });
  out.done();
}
