/** Calls of the contract that several files of it make, and what makes tensors of a call useless. */
import {
  bool,
  GraphBuilder,
  slidingWindow,
  type DType,
  type Graph,
  type Tensor,
  type Tensors,
} from '@attn/core';
import { fill, fillIntegers } from '../data.ts';
import { contractInputs } from './contract.ts';

/** A graph and its inputs. */
export interface Call {
  readonly graph: Graph;
  readonly inputs: Record<string, Tensor>;
}

/** Attention with a key mask, in any float dtype. */
export function maskedCall(dtype: 'f32' | 'f16' = 'f32'): Call {
  const n = 70;
  const builder = new GraphBuilder();
  const spec = { dtype, shape: [1, 2, n, 8] } as const;
  const [q, k, v] = [builder.input('q', spec), builder.input('k', spec), builder.input('v', spec)];
  const keyMask = builder.input('keyMask', { dtype: 'bool', shape: [1, n] });
  const { out } = builder.attention(
    { q, k, v, keyMask },
    { pattern: slidingWindow({ before: 9, after: 9 }) },
  );
  const inputs = contractInputs(n, 3);
  const mask = bool(
    [1, n],
    Array.from({ length: n }, (_, i) => i % 5 !== 2),
  );
  if (dtype === 'f32') return { graph: builder.build({ out }), inputs: { ...inputs, keyMask: mask } };
  const halves = Object.entries(inputs).map(([name, { shape }], i) => {
    // Bits of halves from 0.5 to 2, of either sign.
    const bits = fillIntegers(0x800, 16 * n, i).map((value) => 0x3800 + value + (value % 2) * 0x8000);
    return [name, { dtype, shape, data: Uint16Array.from(bits) }] as const;
  });
  return { graph: builder.build({ out }), inputs: { ...Object.fromEntries(halves), keyMask: mask } };
}

/** Outputs that are inputs and constants, or views and parts of them. */
export function viewsCall(): Call {
  const builder = new GraphBuilder();
  const x: Tensor = { dtype: 'f32', shape: [3, 4], data: fill('bell', 12, 5) };
  const input = builder.input('x', x);
  const weight = builder.constant({ dtype: 'f32', shape: [4], data: fill('bell', 4, 6) });
  const outputs = {
    same: input,
    reshaped: builder.reshape(input, [12]),
    whole: builder.slice(input, [0, 0], [3, 4]),
    still: builder.transpose(input, [0, 1]),
    weight,
    row: builder.reshape(weight, [1, 4]),
    sum: builder.add(input, weight),
  };
  return { graph: builder.build(outputs), inputs: { x } };
}

/** Values with which nobody can compute; as indices they are out of range. */
const GARBAGE: Readonly<Record<DType, number>> = {
  f32: NaN,
  f16: 0x7e00,
  i32: 0x7fffffff,
  u32: 0x7fffffff,
  u8: 255,
  bool: 0,
};

/** Overwrites tensors with such values. */
export function overwrite(tensors: Tensors): void {
  for (const { dtype, data } of Object.values(tensors)) data.fill(GARBAGE[dtype]);
}
