/** Cases of `rotary`: both layouts, rows that are turned in part, and every way in which tables broadcast. */
import type { ConformanceCase } from '../case.ts';
import { opCases } from './op-case.ts';

const LAYOUTS = [false, true].map((interleaved) => ({ interleaved }));

/** Shapes of x and of both tables. */
const shapes = (x: readonly number[], table: readonly number[]) => ({
  shapes: { x, cos: table, sin: table },
});

export const rotaryCases: readonly ConformanceCase[] = LAYOUTS.flatMap((attributes) => [
  ...opCases(
    'rotary',
    'Every number of pairs around the width of vectors.',
    [1, 2, 3, 4, 5, 8, 17, 32, 64].map((pairs) => ({ ...shapes([3, 2 * pairs], [3, pairs]), attributes })),
  ),
  ...opCases('rotary', 'Numbers in no pair are copied.', [
    { ...shapes([3, 7], [3, 3]), attributes },
    { ...shapes([3, 64], [3, 8]), attributes },
    { ...shapes([2, 5], [2, 0]), attributes },
  ]),
  ...opCases('rotary', 'Tables of tokens, for all heads and batches, or for each batch.', [
    { ...shapes([2, 3, 5, 16], [5, 8]), attributes, constants: ['cos', 'sin'] },
    { ...shapes([2, 5, 3, 16], [5, 1, 8]), attributes },
    { ...shapes([2, 3, 5, 16], [2, 1, 5, 8]), attributes },
    { ...shapes([2, 3, 5, 16], [8]), attributes },
    { ...shapes([2, 3, 4, 5, 6], [2, 1, 4, 1, 3]), attributes },
    { ...shapes([6], [3]), attributes },
    { ...shapes([0, 6], [3]), attributes },
  ]),
  ...opCases('rotary', 'A NaN spoils its pair only.', [
    { ...shapes([2, 8], [2, 4]), attributes, plant: ['x@1=NaN', 'x@12=Infinity'] },
    { ...shapes([2, 8], [4]), attributes, plant: ['cos@1=NaN'] },
  ]),
  ...opCases('rotary', 'Half precision storage.', [
    { ...shapes([2, 3, 5, 16], [5, 8]), attributes, dtype: 'f16' },
    { ...shapes([3, 11], [3, 4]), attributes, dtype: 'f16' },
  ]),
]);
