/** Faults in pointwise ops: what fast arithmetic, and kernels that were not thought through, give. */
import { halfToNumber } from '@attn/core/backend';
import type { Tensor } from '@attn/core';
import { giving, onNodes, type Fault } from './fault.testing.ts';

/** Overwrites the outputs whose operand passes a test; operand and output have the same shape, in f32. */
const where = (
  operand: 'x' | 'b',
  test: (value: number) => boolean,
  value: (operand: number) => number,
): Fault['make'] =>
  giving(({ out }, inputs) => {
    const { data, shape } = inputs[operand];
    if (out.dtype === 'f16' || shape.join() !== out.shape.join()) return;
    data.forEach((number, i) => test(number) && (out.data[i] = value(number)));
  });

/** The numbers of a tensor of floats. */
const numbers = ({ dtype, data }: Tensor): number[] =>
  Array.from(data, (value) => (dtype === 'f16' ? halfToNumber(value) : value));

export const pointwiseFaults: readonly Fault[] = [
  {
    name: 'the tanh approximation for the exact gelu',
    among: 'attn:gelu:*approximate=none*',
    make: onNodes((node) => (node.op === 'gelu' ? { ...node, attributes: { approximate: 'tanh' } } : node)),
  },
  {
    name: 'a sigmoid of e^x / (1 + e^x), which is NaN where e^x overflows',
    among: 'attn:sigmoid:*',
    make: where(
      'x',
      (x) => x > 88.8,
      () => NaN,
    ),
  },
  {
    name: 'silu as a product, which is NaN at −∞',
    among: 'attn:silu:*',
    make: where(
      'x',
      (x) => x === -Infinity,
      () => NaN,
    ),
  },
  {
    name: 'silu with the factor of the fast gelu, σ(1.702 x)',
    among: 'attn:silu:*',
    make: where('x', Number.isFinite, (x) => x / (1 + Math.exp(-1.702 * x))),
  },
  {
    name: 'an exponential whose argument is bounded for fear of an overflow',
    among: 'attn:exp:*',
    make: where(
      'x',
      (x) => x > 80,
      () => Math.exp(80),
    ),
  },
  {
    name: 'an exponential of half the digits',
    among: 'attn:exp:*',
    make: where('x', Number.isFinite, (x) => Math.exp(x) * (1 + 1e-3)),
  },
  {
    name: 'an inverse root of |x|',
    among: 'attn:rsqrt:*',
    make: where('x', Number.isFinite, (x) => 1 / Math.sqrt(Math.abs(x))),
  },
  {
    name: 'an inverse root of one step of Newton',
    among: 'attn:rsqrt:*',
    make: where(
      'x',
      (x) => x > 0 && x < Infinity,
      (x) => (1 / Math.sqrt(x)) * (1 - 1.7e-3),
    ),
  },
  {
    name: 'a division by way of a reciprocal that vanishes',
    among: 'attn:div:a=8;b=8*',
    make: where(
      'b',
      (b) => Math.abs(b) > 2 ** 126 && b !== Infinity,
      () => 0,
    ),
  },
  {
    name: 'divisions by 0 that give the greatest number',
    among: 'attn:div:*',
    make: giving(({ out }) => {
      const most = out.dtype === 'f16' ? 0x7bff : 3.4e38;
      numbers(out).forEach((value, i) => value === Infinity && (out.data[i] = most));
    }),
  },
  ...(['sub', 'div'] as const).map((op) => ({
    name: `${op} with its operands in the other order`,
    among: `attn:${op}:*`,
    make: onNodes((node) =>
      node.op === op ? { ...node, inputs: { a: node.inputs.b, b: node.inputs.a } } : node,
    ),
  })),
  ...(['max', 'min'] as const).map((op) => ({
    name: `${op} that loses a NaN of its second operand`,
    among: `attn:${op}:*b@*NaN*`,
    make: giving(({ out }, { a, b }) => {
      const width = out.shape.at(-1) ?? 1;
      const bits = new Set(numbers(b).flatMap((value, i) => (Number.isNaN(value) ? [i] : [])));
      if (b.shape.length !== 1) return;
      out.data.forEach((_, i) => bits.has(i % width) && (out.data[i] = a.data[Math.floor(i / width)]));
    }),
  })),
];
