/** Cases of `writeRows` without a state: rows along any axis, at either end, none and all of them. */
import type { ConformanceCase } from '../case.ts';
import { opCases } from './op-case.ts';

export const writeRowsCases: readonly ConformanceCase[] = [
  ...opCases(
    'writeRows',
    'Rows along any axis, counted from either end.',
    [0, 1, 2, -1, -2, -3].map((axis) => ({
      shapes: { x: [5, 5, 5], rows: [5, 5, 5].with(axis < 0 ? axis + 3 : axis, 2), at: [1] },
      attributes: { axis },
      integers: { at: 4 },
    })),
  ),
  ...opCases('writeRows', 'One row, no row, all rows; other ranks and dtypes; NaN that is overwritten.', [
    {
      shapes: { x: [2, 3, 9, 4], rows: [2, 3, 1, 4], at: [1] },
      attributes: { axis: 2 },
      integers: { at: 9 },
    },
    { shapes: { x: [4, 3], rows: [0, 3], at: [1] }, attributes: { axis: 0 }, integers: { at: 5 } },
    { shapes: { x: [4, 3], rows: [4, 3], at: [1] }, attributes: { axis: 0 }, integers: { at: 1 } },
    { shapes: { x: [0, 3], rows: [0, 1], at: [1] }, attributes: { axis: 1 }, integers: { at: 3 } },
    { shapes: { x: [70], rows: [67], at: [1] }, attributes: { axis: 0 }, integers: { at: 4 } },
    {
      shapes: { x: [6, 5], rows: [2, 5], at: [1] },
      attributes: { axis: 0 },
      integers: { x: 50, rows: 50, at: 5 },
    },
    {
      shapes: { x: [6, 5], rows: [6, 2], at: [1] },
      attributes: { axis: 1 },
      integers: { at: 4 },
      dtype: 'f16',
    },
    {
      shapes: { x: [2, 3], rows: [1, 3], at: [1] },
      attributes: { axis: 0 },
      integers: { at: 1 },
      plant: ['x@1=NaN', 'x@5=Infinity'],
    },
    {
      shapes: { x: [6, 5], rows: [3, 5], at: [1] },
      attributes: { axis: 0 },
      integers: { at: 4 },
      constants: ['x', 'at'],
    },
  ]),
];
