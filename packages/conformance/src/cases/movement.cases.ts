/** Cases of the ops that only move elements: outputs are bit for bit elements of the inputs. */
import type { ConformanceCase } from '../case.ts';
import { opCases } from './op-case.ts';

export const movementCases: readonly ConformanceCase[] = [
  ...opCases('embedding', 'Ids of any shape; rows that repeat, the first and the last row.', [
    { shapes: { ids: [5], table: [9, 4] }, attributes: {}, integers: { ids: 9 } },
    { shapes: { ids: [2, 7], table: [11, 3] }, attributes: {}, integers: { ids: 11 }, constants: ['table'] },
    { shapes: { ids: [2, 3, 4], table: [2, 8] }, attributes: {}, integers: { ids: 2 } },
    { shapes: { ids: [], table: [4, 5] }, attributes: {}, integers: { ids: 4 } },
    { shapes: { ids: [0], table: [4, 5] }, attributes: {}, integers: { ids: 4 } },
    { shapes: { ids: [6], table: [1, 65] }, attributes: {}, integers: { ids: 1 } },
    { shapes: { ids: [6], table: [7, 5] }, attributes: {}, integers: { ids: 7 }, dtype: 'f16' },
    { shapes: { ids: [6], table: [7, 5] }, attributes: {}, integers: { ids: 7 }, plant: ['table@8=NaN'] },
  ]),
  ...opCases(
    'gather',
    'Slices along any axis, counted from either end, in any order.',
    [0, 1, 2, -1, -2, -3].map((axis) => ({
      shapes: { x: [4, 4, 4], indices: [6] },
      attributes: { axis },
      integers: { indices: 4 },
    })),
  ),
  ...opCases('gather', 'Constant indices, integer operands, nothing to pick.', [
    {
      shapes: { x: [5, 3], indices: [3] },
      attributes: { axis: 0 },
      integers: { indices: 5 },
      constants: ['indices'],
    },
    { shapes: { x: [5, 3], indices: [4] }, attributes: { axis: 1 }, integers: { indices: 3, x: 100 } },
    { shapes: { x: [5, 3], indices: [0] }, attributes: { axis: 0 }, integers: { indices: 5 } },
    { shapes: { x: [7], indices: [9] }, attributes: { axis: 0 }, integers: { indices: 7 } },
  ]),
  ...opCases('reshape', 'The same elements in another shape; one extent may follow from the rest.', [
    { shapes: { x: [2, 3, 4] }, attributes: { shape: [6, 4] } },
    { shapes: { x: [2, 3, 4] }, attributes: { shape: [-1] } },
    { shapes: { x: [2, 3, 4] }, attributes: { shape: [4, -1, 2] } },
    { shapes: { x: [1] }, attributes: { shape: [] } },
    { shapes: { x: [] }, attributes: { shape: [1, 1, 1] } },
    { shapes: { x: [0, 5] }, attributes: { shape: [5, 0] } },
    { shapes: { x: [6, 2] }, attributes: { shape: [3, 4] }, integers: { x: 50 } },
  ]),
  ...opCases(
    'transpose',
    'Every permutation of three axes.',
    [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ].map((permutation) => ({
      shapes: { x: [2, 3, 5] },
      attributes: { permutation },
    })),
  ),
  ...opCases('transpose', 'Other ranks, sizes beyond a tile, integers.', [
    { shapes: { x: [7] }, attributes: { permutation: [0] } },
    { shapes: { x: [] }, attributes: { permutation: [] } },
    { shapes: { x: [65, 70] }, attributes: { permutation: [1, 0] } },
    { shapes: { x: [2, 5, 3, 4] }, attributes: { permutation: [0, 2, 1, 3] } },
    { shapes: { x: [2, 3, 2, 2, 3] }, attributes: { permutation: [4, 1, 3, 0, 2] } },
    { shapes: { x: [0, 3] }, attributes: { permutation: [1, 0] } },
    { shapes: { x: [4, 3] }, attributes: { permutation: [1, 0] }, integers: { x: 50 } },
    { shapes: { x: [4, 3] }, attributes: { permutation: [1, 0] }, dtype: 'f16' },
  ]),
  ...opCases('slice', 'Boxes at the start, in the middle, at the end, whole and empty.', [
    { shapes: { x: [4, 5] }, attributes: { starts: [0, 0], ends: [2, 3] } },
    { shapes: { x: [4, 5] }, attributes: { starts: [1, 2], ends: [3, 5] } },
    { shapes: { x: [4, 5] }, attributes: { starts: [3, 4], ends: [4, 5] } },
    { shapes: { x: [4, 5] }, attributes: { starts: [0, 0], ends: [4, 5] } },
    { shapes: { x: [4, 5] }, attributes: { starts: [2, 2], ends: [2, 5] } },
    { shapes: { x: [9] }, attributes: { starts: [3], ends: [8] } },
    { shapes: { x: [2, 3, 4, 5] }, attributes: { starts: [1, 0, 1, 2], ends: [2, 3, 3, 5] } },
    { shapes: { x: [4, 5] }, attributes: { starts: [1, 1], ends: [3, 4] }, integers: { x: 50 } },
    { shapes: { x: [4, 5] }, attributes: { starts: [1, 1], ends: [3, 4] }, dtype: 'f16' },
  ]),
  ...opCases('concat', 'Along any axis, counted from either end; one, several, empty operands.', [
    { shapes: { x0: [2, 3], x1: [4, 3] }, attributes: { axis: 0 } },
    { shapes: { x0: [2, 3], x1: [2, 1] }, attributes: { axis: 1 } },
    { shapes: { x0: [2, 3], x1: [2, 1], x2: [2, 4] }, attributes: { axis: -1 } },
    { shapes: { x0: [2, 3, 2], x1: [2, 5, 2] }, attributes: { axis: -2 } },
    { shapes: { x0: [3] }, attributes: { axis: 0 } },
    { shapes: { x0: [2, 3], x1: [0, 3], x2: [1, 3] }, attributes: { axis: 0 } },
    { shapes: { x0: [2, 3], x1: [2, 2] }, attributes: { axis: 1 }, integers: { x0: 9, x1: 9 } },
    { shapes: { x0: [2, 3], x1: [2, 2] }, attributes: { axis: 1 }, constants: ['x1'], dtype: 'f16' },
  ]),
];
