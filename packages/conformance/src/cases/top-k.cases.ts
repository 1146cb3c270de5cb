/** Cases of `topK`: ties, what is no number, rows shorter and longer than a workgroup. */
import type { ConformanceCase } from '../case.ts';
import { opCases } from './op-case.ts';

export const topKCases: readonly ConformanceCase[] = [
  ...opCases('topK', 'The greatest numbers of a row, the greatest first: one, some, all.', [
    { shapes: { x: [7] }, attributes: { k: 1 } },
    { shapes: { x: [7] }, attributes: { k: 3 } },
    { shapes: { x: [2, 3, 7] }, attributes: { k: 7 } },
    { shapes: { x: [5, 1] }, attributes: { k: 1 } },
    { shapes: { x: [0, 4] }, attributes: { k: 2 } },
    { shapes: { x: [70, 128] }, attributes: { k: 4 } },
  ]),
  ...opCases('topK', 'Rows around the size of a workgroup, and of more numbers than are kept in order.', [
    { shapes: { x: [3, 63] }, attributes: { k: 9 } },
    { shapes: { x: [3, 64] }, attributes: { k: 64 } },
    { shapes: { x: [3, 65] }, attributes: { k: 65 } },
    { shapes: { x: [2, 1000] }, attributes: { k: 100 } },
  ]),
  ...opCases('topK', 'Rows as long as a vocabulary.', [
    { shapes: { x: [2, 5000] }, attributes: { k: 1 } },
    { shapes: { x: [2, 5000] }, attributes: { k: 50 } },
    { shapes: { x: [1, 9001] }, attributes: { k: 8 }, data: 'integers' },
  ]),
  ...opCases('topK', 'Of equal numbers the first comes first.', [
    { shapes: { x: [4, 40] }, attributes: { k: 12 }, data: 'integers' },
    { shapes: { x: [2, 200] }, attributes: { k: 80 }, data: 'integers' },
    { shapes: { x: [2, 70] }, attributes: { k: 5 }, data: 'zeros' },
    { shapes: { x: [3, 20] }, attributes: { k: 9 }, data: 'signs*-0@-0' },
  ]),
  ...opCases('topK', 'Infinities are numbers; NaN counts as −∞, and is returned.', [
    {
      shapes: { x: [2, 6] },
      attributes: { k: 6 },
      plant: ['x@0=NaN', 'x@1=Infinity', 'x@2=-Infinity', 'x@3=NaN', 'x@7=-Infinity', 'x@8=NaN'],
    },
    {
      shapes: { x: [1, 70] },
      attributes: { k: 3 },
      plant: ['x@0=NaN', 'x@69=Infinity', 'x@68=Infinity', 'x@67=NaN'],
    },
    { shapes: { x: [1, 3] }, attributes: { k: 2 }, plant: ['x@0=NaN', 'x@1=NaN', 'x@2=NaN'] },
  ]),
  ...opCases('topK', 'Half precision storage.', [
    { shapes: { x: [5, 33] }, attributes: { k: 4 }, dtype: 'f16' },
    { shapes: { x: [5, 70] }, attributes: { k: 70 }, dtype: 'f16', plant: ['x@3=NaN', 'x@4=-Infinity'] },
  ]),
];
