/** Cases of `add`, `mul`, `relu`, `tanh` and `gelu`: broadcasting, and functions at their extremes. */
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

function binary<K extends 'add' | 'mul'>(op: K): ConformanceCase[] {
  return [
    ...opCases<'add' | 'mul'>(
      op,
      'Shapes broadcast like NumPy: aligned at the last axis, extents of 1 stretch.',
      PAIRS.map(([a, b]) => ({ shapes: { a, b }, attributes: {} })),
    ),
    ...opCases<'add' | 'mul'>(op, 'Constants, half precision and non-finite values.', [
      { shapes: { a: [3, 4], b: [4] }, attributes: {}, constants: ['b'] },
      { shapes: { a: [3, 4], b: [4] }, attributes: {}, constants: ['a'] },
      { shapes: { a: [5, 9], b: [9] }, attributes: {}, dtype: 'f16' },
      { shapes: { a: [3, 4], b: [4] }, attributes: {}, plant: ['a@5=NaN', 'a@0=Infinity', 'b@0=-Infinity'] },
      { shapes: { a: [3, 4], b: [4] }, attributes: {}, data: 'bell*1e30' },
    ]),
  ];
}

export const addCases: readonly ConformanceCase[] = binary('add');
export const mulCases: readonly ConformanceCase[] = binary('mul');

const EXTREMES = ['x@0=NaN', 'x@1=Infinity', 'x@2=-Infinity', 'x@3=0', 'x@4=-0', 'x@5=100', 'x@6=-100'];
const GAINS: readonly DataRecipe[] = ['bell', 'bell*10', 'uniform*0.001', 'uniform*1000'];

/** A function of one number, on shapes of any rank and on values from tiny to infinite. */
function unary<A>(
  attributes: A,
): { shapes: { x: number[] }; attributes: A; data?: DataRecipe; plant?: string[]; dtype?: 'f16' }[] {
  return [
    ...[[], [1], [9], [2, 3, 5], [65, 3], [0, 4]].map((x) => ({ shapes: { x }, attributes })),
    ...GAINS.map((data) => ({ shapes: { x: [4, 33] }, attributes, data })),
    { shapes: { x: [2, 16] }, attributes, plant: EXTREMES },
    { shapes: { x: [2, 16] }, attributes, dtype: 'f16' },
  ];
}

export const activationCases: readonly ConformanceCase[] = [
  ...opCases('relu', 'max(x, 0); NaN stays NaN.', unary({})),
  ...opCases('tanh', 'tanh, saturated at ±1 far out.', unary({})),
  ...opCases(
    'gelu',
    'The exact form, by the error function.',
    unary<OpCaseSpec<'gelu'>['attributes']>({ approximate: 'none' }),
  ),
  ...opCases(
    'gelu',
    'The tanh approximation.',
    unary<OpCaseSpec<'gelu'>['attributes']>({ approximate: 'tanh' }),
  ),
];
