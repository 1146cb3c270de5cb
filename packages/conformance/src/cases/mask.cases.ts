/** Cases of `mask`: shapes of masks, and masked elements, which must have no effect. */
import type { ConformanceCase } from '../case.ts';
import { opCases } from './op-case.ts';

/** Inputs that hold flags; some elements are 0. */
const FLAGS = ['mask'];

export const maskCases: readonly ConformanceCase[] = [
  ...opCases(
    'mask',
    'Every extent around the width of vectors; the mask for each element, for each row, for each column.',
    [2, 3, 4, 5, 31, 64, 65].flatMap((n) =>
      [[5, n], [5, 1], [n]].map((mask) => ({ shapes: { x: [5, n], mask }, attributes: {}, flags: FLAGS })),
    ),
  ),
  ...opCases('mask', 'Key masks of heads, a mask for all, and tensors without elements.', [
    { shapes: { x: [2, 3, 7, 4], mask: [2, 1, 7, 1] }, attributes: {}, flags: FLAGS },
    { shapes: { x: [2, 7, 3, 4], mask: [2, 7, 1, 1] }, attributes: {}, flags: FLAGS },
    { shapes: { x: [2, 3, 4, 5], mask: [3, 1, 5] }, attributes: {}, flags: FLAGS },
    { shapes: { x: [5, 1], mask: [5, 1] }, attributes: {}, flags: FLAGS },
    { shapes: { x: [3, 4], mask: [] }, attributes: {}, flags: FLAGS },
    { shapes: { x: [], mask: [] }, attributes: {}, flags: FLAGS },
    { shapes: { x: [0, 4], mask: [4] }, attributes: {}, flags: FLAGS },
  ]),
  ...opCases('mask', 'NaN and infinities are 0 where they are masked, and stay where they are not.', [
    {
      shapes: { x: [8, 5], mask: [8, 1] },
      attributes: {},
      flags: FLAGS,
      plant: ['x@0=NaN', 'x@6=Infinity', 'x@12=-Infinity', 'x@19=NaN', 'x@24=NaN', 'x@39=NaN'],
    },
    {
      shapes: { x: [3, 11], mask: [11] },
      attributes: {},
      flags: FLAGS,
      plant: ['x@0=NaN', 'x@12=NaN', 'x@32=NaN'],
    },
  ]),
  ...opCases('mask', 'Anything but 0 shows; half precision storage.', [
    { shapes: { x: [3, 48], mask: [3, 48] }, attributes: {}, bytes: { mask: 3 } },
    { shapes: { x: [3, 48], mask: [48] }, attributes: {}, flags: FLAGS, dtype: 'f16' },
    {
      shapes: { x: [3, 48], mask: [3, 1] },
      attributes: {},
      flags: FLAGS,
      dtype: 'f16',
      plant: ['x@5=NaN'],
    },
  ]),
];
