/**
 * Cases of `linear` and `matmul`: sizes around tiles and vectors, broadcasting, transposition, fused
 * activations.
 */
import { ACTIVATIONS } from '@attn/core/backend';
import type { ConformanceCase } from '../case.ts';
import { opCases, type OpCaseSpec } from './op-case.ts';

const LENGTHS = [1, 3, 4, 8, 31, 64, 65, 130];

export const linearCases: readonly ConformanceCase[] = [
  ...opCases(
    'linear',
    'Every reduction length around the width of vectors and tiles.',
    LENGTHS.map((n) => ({ shapes: { x: [3, n], weight: [5, n], bias: [5] }, attributes: {} })),
  ),
  ...opCases(
    'linear',
    'Every number of output features around the width of vectors and tiles.',
    LENGTHS.map((n) => ({ shapes: { x: [5, 12], weight: [n, 12], bias: [n] }, attributes: {} })),
  ),
  ...opCases(
    'linear',
    'Every number of rows around the height of tiles.',
    LENGTHS.map((n) => ({ shapes: { x: [n, 16], weight: [6, 16] }, attributes: {} })),
  ),
  ...opCases('linear', 'Any number of leading axes, weights known or fed.', [
    { shapes: { x: [7], weight: [4, 7], bias: [4] }, attributes: {} },
    { shapes: { x: [2, 3, 8], weight: [8, 8], bias: [8] }, attributes: {}, constants: ['weight', 'bias'] },
    { shapes: { x: [2, 3, 2, 6], weight: [9, 6] }, attributes: {}, constants: ['weight'] },
    { shapes: { x: [0, 4], weight: [3, 4], bias: [3] }, attributes: {} },
  ]),
  ...opCases(
    'linear',
    'Fused activations, on ordinary and on large sums.',
    ACTIVATIONS.flatMap((activation): OpCaseSpec<'linear'>[] => [
      { shapes: { x: [4, 9], weight: [7, 9], bias: [7] }, attributes: { activation } },
      { shapes: { x: [2, 5, 20], weight: [33, 20] }, attributes: { activation }, constants: ['weight'] },
      { shapes: { x: [3, 16], weight: [4, 16], bias: [4] }, attributes: { activation }, data: 'bell*20' },
    ]),
  ),
  ...opCases('linear', 'A NaN stays in its row or column; infinities follow IEEE arithmetic.', [
    { shapes: { x: [4, 6], weight: [5, 6], bias: [5] }, attributes: {}, plant: ['x@7=NaN'] },
    { shapes: { x: [4, 6], weight: [5, 6], bias: [5] }, attributes: {}, plant: ['weight@13=NaN'] },
    {
      shapes: { x: [4, 6], weight: [5, 6], bias: [5] },
      attributes: {},
      plant: ['bias@2=NaN', 'x@0=Infinity'],
    },
    ...(['relu', 'silu', 'sigmoid'] as const).map((activation) => ({
      shapes: { x: [4, 6], weight: [5, 6] },
      attributes: { activation },
      plant: ['x@7=NaN', 'x@0=-Infinity'],
    })),
  ]),
  ...opCases('linear', 'Half precision storage, sums in single precision at least.', [
    { shapes: { x: [5, 65], weight: [6, 65], bias: [6] }, attributes: {}, dtype: 'f16' },
    {
      shapes: { x: [5, 16], weight: [8, 16] },
      attributes: { activation: 'gelu' },
      dtype: 'f16',
      constants: ['weight'],
    },
  ]),
];

const TRANSPOSITIONS = [
  {},
  { transposeA: true },
  { transposeB: true },
  { transposeA: true, transposeB: true },
];

/** Shapes of `[m, k] · [k, n]` stored as the attributes say. */
function operands(
  m: number,
  k: number,
  n: number,
  { transposeA = false, transposeB = false },
): { a: number[]; b: number[] } {
  return { a: transposeA ? [k, m] : [m, k], b: transposeB ? [n, k] : [k, n] };
}

export const matmulCases: readonly ConformanceCase[] = [
  ...opCases(
    'matmul',
    'Either operand transposed, sizes that are no multiple of anything.',
    [
      [1, 1, 1],
      [5, 7, 3],
      [64, 8, 64],
      [65, 33, 17],
      [2, 130, 4],
    ].flatMap(([m, k, n]) =>
      TRANSPOSITIONS.map((attributes) => ({ shapes: operands(m, k, n, attributes), attributes })),
    ),
  ),
  ...opCases('matmul', 'Batch axes broadcast like NumPy, on either side and in the middle.', [
    { shapes: { a: [3, 4, 5], b: [3, 5, 6] }, attributes: {} },
    { shapes: { a: [4, 5], b: [3, 5, 6] }, attributes: {} },
    { shapes: { a: [3, 4, 5], b: [5, 6] }, attributes: {} },
    { shapes: { a: [2, 1, 4, 5], b: [3, 5, 6] }, attributes: {} },
    { shapes: { a: [2, 3, 4, 5], b: [2, 1, 5, 6] }, attributes: {} },
    { shapes: { a: [1, 3, 5, 4], b: [2, 1, 6, 5] }, attributes: { transposeA: true, transposeB: true } },
    { shapes: { a: [4, 7], b: [2, 2, 7, 3] }, attributes: {}, constants: ['a'] },
  ]),
  ...opCases('matmul', 'Empty extents: an empty sum is 0.', [
    { shapes: { a: [3, 0], b: [0, 4] }, attributes: {} },
    { shapes: { a: [0, 3], b: [3, 4] }, attributes: {} },
    { shapes: { a: [4, 0], b: [2, 3, 0, 5] }, attributes: {} },
    { shapes: { a: [2, 0, 4], b: [2, 0, 5] }, attributes: { transposeA: true } },
  ]),
  ...opCases('matmul', 'Large, exact and non-finite values.', [
    { shapes: { a: [6, 40], b: [40, 6] }, attributes: {}, data: 'halves*1000' },
    { shapes: { a: [4, 5], b: [5, 6] }, attributes: {}, plant: ['a@6=NaN'] },
    { shapes: { a: [4, 5], b: [5, 6] }, attributes: {}, plant: ['b@0=Infinity'] },
    { shapes: { a: [9, 33], b: [33, 9] }, attributes: {}, dtype: 'f16' },
  ]),
];
