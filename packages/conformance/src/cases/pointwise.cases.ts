/**
 * Cases of the pointwise ops: broadcasting, functions at their extremes, half precision. The lists follow
 * from core's table, so that a new op has all of them at once.
 */
import {
  BINARY_OPS,
  UNARY_FUNCTIONS,
  type BinaryOp,
  type OpName,
  type UnaryFunction,
} from '@attn/core/backend';
import type { ConformanceCase } from '../case.ts';
import type { DataRecipe } from '../data.ts';
import { opCases, type OpCaseSpec } from './op-case.ts';

/** Pairs of shapes that broadcast, as `[a, b]`. */
const PAIRS: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[7], [7]],
  [
    [3, 5],
    [3, 5],
  ],
  [[3, 5], [5]],
  [[5], [3, 5]],
  [[3, 5], [1]],
  [[3, 5], []],
  [[], [3, 5]],
  [[], []],
  [
    [3, 1],
    [1, 5],
  ],
  [
    [2, 3, 4],
    [3, 1],
  ],
  [
    [2, 1, 4],
    [3, 4],
  ],
  [
    [2, 3, 4, 5],
    [1, 3, 1, 5],
  ],
  [
    [4, 0],
    [1, 1],
  ],
  [
    [65, 33],
    [65, 1],
  ],
];

/** Plants a list of values at the first places of an input. */
function plants(input: string, values: string): string[] {
  return values.split(' ').map((value, i) => `${input}@${i}=${value}`);
}

/** NaN, infinities, zeros of either sign and numbers: each as a row of a, and as a column of b. */
const SPECIAL = 'NaN Infinity -Infinity 0 -0 2 -3';
const SPECIAL_PAIRS: OpCaseSpec<BinaryOp> = {
  shapes: { a: [8, 1], b: [9] },
  attributes: {},
  plant: [...plants('a', SPECIAL), ...plants('b', SPECIAL)],
};

function binary(op: BinaryOp): ConformanceCase[] {
  return [
    ...opCases<BinaryOp>(
      op,
      'Shapes broadcast like NumPy: aligned at the last axis, extents of 1 stretch.',
      PAIRS.map(([a, b]) => ({ shapes: { a, b }, attributes: {} })),
    ),
    ...opCases<BinaryOp>(op, 'Constants, half precision, non-finite and large values.', [
      { shapes: { a: [3, 4], b: [4] }, attributes: {}, constants: ['b'] },
      { shapes: { a: [3, 4], b: [4] }, attributes: {}, constants: ['a'] },
      { shapes: { a: [5, 9], b: [9] }, attributes: {}, dtype: 'f16' },
      { shapes: { a: [3, 4], b: [4] }, attributes: {}, plant: ['a@5=NaN', 'a@0=Infinity', 'b@0=-Infinity'] },
      { shapes: { a: [3, 4], b: [4] }, attributes: {}, data: 'bell*1e30' },
    ]),
    ...opCases<BinaryOp>(op, 'NaN, ±∞, ±0 and numbers, each with each, in either precision.', [
      SPECIAL_PAIRS,
      { ...SPECIAL_PAIRS, dtype: 'f16' },
    ]),
  ];
}

const divisions: readonly ConformanceCase[] = opCases(
  'div',
  'Operands at both ends of the range: the reciprocal of 3e38 is subnormal, that of 1.5e-38 nearly infinite.',
  [
    {
      shapes: { a: [8], b: [8] },
      attributes: {},
      plant: [
        ...plants('a', '1e38 -3e38 1e-37 1.5e-38 3e38 1e-37 3e38'),
        ...plants('b', '3e38 2e38 1.5e-38 -1.5e-38 1e-3 1e20 3e38'),
      ],
    },
  ],
);

const EXTREMES = plants('x', 'NaN Infinity -Infinity 0 -0 100 -100');

/** Where exponentials overflow and underflow, and both ends of the range. */
const LIMITS = [
  '88 -87 -88 -90 104 -104 1000 -1000 1e10 -1e10',
  '1e30 -1e30 3e38 -3e38 1e-10 -1e-10 1e-20 1.2e-38 -1.2e-38',
].join(' ');

/**
 * In halves: values whose exponential or square is too large for them, and nearly the least normal numbers.
 */
const HALF_LIMITS = '12 -12 300 -300 65504 -65504 6.2e-5 -6.2e-5 NaN Infinity -Infinity';

const GAINS: readonly DataRecipe[] = ['bell', 'bell*10', 'uniform*0.001', 'uniform*1000', 'near1'];

/** A function of one number, on shapes of any rank and on values from tiny to infinite. */
function unary(name: UnaryFunction): readonly ConformanceCase[] {
  const cases = <A>(attributes: A): CaseOf<A>[] => [
    ...[[], [1], [9], [2, 3, 5], [65, 3], [0, 4]].map((x) => ({ shapes: { x }, attributes })),
    ...GAINS.map((data) => ({ shapes: { x: [4, 33] }, attributes, data })),
    { shapes: { x: [2, 16] }, attributes, plant: EXTREMES },
    { shapes: { x: [3, 9] }, attributes, plant: plants('x', LIMITS) },
    { shapes: { x: [2, 16] }, attributes, dtype: 'f16' },
    { shapes: { x: [2, 7] }, attributes, dtype: 'f16', plant: plants('x', HALF_LIMITS) },
  ];
  const description = `${name} on any shape, and at its extremes.`;
  if (name !== 'gelu' && name !== 'gelu_tanh') return opCases(name, description, cases({}));
  const approximate = name === 'gelu' ? 'none' : 'tanh';
  return opCases('gelu', description, cases<OpCaseSpec<'gelu'>['attributes']>({ approximate }));
}

interface CaseOf<A> extends Omit<OpCaseSpec<OpName>, 'attributes'> {
  readonly attributes: A;
}

export const pointwiseCases: readonly ConformanceCase[] = [
  ...BINARY_OPS.flatMap(binary),
  ...divisions,
  ...UNARY_FUNCTIONS.flatMap(unary),
];
