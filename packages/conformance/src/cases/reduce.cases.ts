/**
 * Cases of `reduce`: axes, extents around the widths of vectors, long
 * sums, and numbers that maxima and sums must not lose.
 */
import type { ReduceKind } from '@attn/core/backend';
import type { ConformanceCase } from '../case.ts';
import { opCases, type OpCaseSpec } from './op-case.ts';

const KINDS: readonly ReduceKind[] = ['sum', 'mean', 'max'];
const EXTENTS = [1, 2, 3, 4, 5, 8, 31, 64, 65, 257];

/** One case for each kind. */
function ofEachKind(
  axis: number,
  shape: readonly number[],
  rest: Partial<OpCaseSpec<'reduce'>> = {},
): OpCaseSpec<'reduce'>[] {
  return KINDS.map((kind) => ({ shapes: { x: shape }, attributes: { axis, kind }, ...rest }));
}

export const reduceCases: readonly ConformanceCase[] = [
  ...opCases(
    'reduce',
    'Every extent around the width of vectors, of an axis whose elements lie side by side.',
    EXTENTS.flatMap((n) => ofEachKind(-1, [3, n])),
  ),
  ...opCases(
    'reduce',
    'Every width around that of vectors, beside an axis whose elements lie apart.',
    EXTENTS.flatMap((n) => ofEachKind(0, [3, n])),
  ),
  ...opCases(
    'reduce',
    'Any axis, counted from either end.',
    [0, 1, 2, 3, -1, -2, -3, -4].flatMap((axis) => ofEachKind(axis, [2, 3, 4, 5])),
  ),
  ...opCases('reduce', 'Single elements, and results without any.', [
    ...ofEachKind(0, [7]),
    ...ofEachKind(1, [5, 1]),
    ...ofEachKind(1, [0, 3]),
    ...ofEachKind(0, [3, 0]),
  ]),
  ...opCases('reduce', 'A long axis: sums may be taken in any order, but not in half precision.', [
    ...ofEachKind(0, [20_000], { data: 'near1' }),
    ...ofEachKind(1, [2, 5000, 3], { data: 'near1' }),
    ...ofEachKind(1, [2, 3000, 5], { data: 'ones', dtype: 'f16' }),
  ]),
  ...opCases('reduce', 'All negative: the greatest is not 0.', [
    ...ofEachKind(1, [3, 7], { data: 'near1*-4' }),
    ...ofEachKind(0, [7, 3], { data: 'near1*-4' }),
  ]),
  ...opCases('reduce', 'NaN spoils its own slice, wherever it stands in it, and no other.', [
    ...[0, 5, 9, 12, 17].flatMap((at) => ofEachKind(1, [3, 10], { plant: [`x@${at}=NaN`] })),
    ...[0, 5, 9, 12, 29].flatMap((at) => ofEachKind(0, [6, 5], { plant: [`x@${at}=NaN`] })),
    ...ofEachKind(1, [2, 2], { plant: ['x@0=NaN', 'x@1=-Infinity'] }),
  ]),
  ...opCases(
    'reduce',
    'Infinities add up to themselves, and to NaN when they differ; −∞ alone is the greatest.',
    [
      ...ofEachKind(1, [4, 2], {
        plant: [
          'x@0=Infinity',
          'x@2=-Infinity',
          'x@4=-Infinity',
          'x@5=-Infinity',
          'x@6=Infinity',
          'x@7=-Infinity',
        ],
      }),
      ...ofEachKind(0, [2, 4], {
        plant: [
          'x@0=Infinity',
          'x@1=-Infinity',
          'x@2=-Infinity',
          'x@6=-Infinity',
          'x@3=Infinity',
          'x@7=-Infinity',
        ],
      }),
    ],
  ),
  ...opCases('reduce', 'Half precision storage.', [
    ...ofEachKind(-1, [3, 48], { dtype: 'f16' }),
    ...ofEachKind(0, [48, 3], { dtype: 'f16' }),
    ...ofEachKind(1, [2, 9, 4], { dtype: 'f16', plant: ['x@5=NaN', 'x@44=-Infinity'] }),
  ]),
];
