/**
 * Cases of `lshHash` and `argsort`. Hashed numbers are small integers, so that every score
 * is exact in float32 and no rounding can decide between two buckets; ties are frequent.
 */
import type { ConformanceCase } from '../../case.ts';
import { opCases, type OpCaseSpec } from '../op-case.ts';

/** Inputs of hashing: x in halves around 0, rotations in integers. */
function hash(
  x: readonly number[],
  rounds: number,
  buckets: readonly number[],
  more: Partial<OpCaseSpec<'lshHash'>> & { readonly owners?: readonly number[]; readonly mask?: true } = {},
): OpCaseSpec<'lshHash'> {
  const { owners = [], mask, attributes, ...rest } = more;
  const layout = attributes?.layout ?? 'bhnd';
  const length = layout === 'bhnd' ? x[2] : x[1];
  const width = buckets.reduce((sum, factor) => sum + factor / 2, 0);
  return {
    shapes: { x, rotations: [...owners, x[3], rounds, width], ...(mask && { keyMask: [x[0], length] }) },
    attributes: { buckets, ...(layout === 'bnhd' && { layout }) },
    data: 'halves',
    ...(mask && { flags: ['keyMask'] }),
    ...rest,
  };
}

export const lshHashCases: readonly ConformanceCase[] = [
  ...opCases('lshHash', 'Numbers of buckets, rounds and lengths around vectors and tiles.', [
    ...[2, 4, 6, 8, 16, 30, 64, 256].map((buckets) => hash([1, 2, 70, 8], 2, [buckets])),
    ...[1, 3, 4, 5, 8].map((rounds) => hash([1, 2, 33, 8], rounds, [8])),
    ...[1, 2, 7, 64, 65, 200].map((n) => hash([1, 2, n, 8], 2, [8])),
    ...[1, 3, 4, 31, 64, 80, 128].map((d) => hash([1, 1, 40, d], 2, [16])),
  ]),
  ...opCases('lshHash', 'Numbers of buckets that are products, the first factor counting least.', [
    hash([1, 2, 70, 8], 2, [4, 4]),
    hash([1, 2, 70, 8], 3, [2, 4, 2]),
    hash([1, 2, 70, 16], 2, [64, 128]),
    hash([1, 1, 20, 4], 1, [2, 2, 2, 2, 2, 2]),
  ]),
  ...opCases('lshHash', 'Rotations of all heads, of each head, of each head and batch row.', [
    hash([2, 3, 40, 8], 2, [8]),
    hash([2, 3, 40, 8], 2, [8], { owners: [3] }),
    hash([2, 3, 40, 8], 2, [8], { owners: [2, 3] }),
    hash([2, 3, 40, 8], 2, [4, 6], { owners: [3], constants: ['rotations'] }),
    hash([2, 40, 3, 8], 2, [8], { owners: [3], attributes: { buckets: [8], layout: 'bnhd' } }),
  ]),
  ...opCases('lshHash', 'Hidden tokens are in a last bucket of their own.', [
    hash([2, 2, 40, 8], 2, [8], { mask: true }),
    hash([2, 2, 40, 8], 2, [4, 4], { mask: true, owners: [2] }),
  ]),
  ...opCases('lshHash', 'Ties: the first of the largest. Zero vectors and NaN are in bucket 0.', [
    hash([1, 1, 20, 4], 2, [8], { data: 'zeros' }),
    hash([1, 1, 20, 4], 2, [8], { data: 'ones' }),
    hash([1, 1, 20, 4], 2, [8], { plant: ['x@9=NaN', 'rotations@1=NaN'] }),
    hash([1, 1, 20, 4], 2, [8], { plant: ['x@9=Infinity', 'x@21=-Infinity'] }),
  ]),
  ...opCases('lshHash', 'Half precision; nothing to hash.', [
    hash([1, 2, 40, 16], 2, [8], { dtype: 'f16' }),
    hash([1, 2, 0, 8], 2, [8]),
    hash([0, 2, 10, 8], 2, [8]),
  ]),
];

export const argsortCases: readonly ConformanceCase[] = [
  ...opCases(
    'argsort',
    'Lengths around vectors, tiles and workgroups.',
    [1, 2, 3, 31, 64, 65, 128, 200, 257, 1000].map((n): OpCaseSpec<'argsort'> => {
      return { shapes: { x: [2, n] }, attributes: {}, integers: { x: 50 } };
    }),
  ),
  ...opCases('argsort', 'Equal elements keep their order: few values, one value, two.', [
    { shapes: { x: [3, 100] }, attributes: {}, integers: { x: 1 }, data: 'zeros' },
    { shapes: { x: [3, 101] }, attributes: {}, integers: { x: 2 } },
    { shapes: { x: [2, 3, 4, 40] }, attributes: {}, integers: { x: 5 } },
  ]),
  ...opCases('argsort', 'Any integer: large ones, negative ones, those of many digits.', [
    { shapes: { x: [2, 300] }, attributes: {}, integers: { x: 2 ** 31 - 1 } },
    { shapes: { x: [300] }, attributes: {}, integers: { x: 70_000 } },
    {
      shapes: { x: [50] },
      attributes: {},
      integers: { x: 100 },
      plant: ['x@3=-2147483648', 'x@9=2147483647', 'x@20=-1', 'x@21=-1'],
    },
  ]),
  ...opCases('argsort', 'Nothing to sort.', [
    { shapes: { x: [0] }, attributes: {}, integers: { x: 5 } },
    { shapes: { x: [3, 0] }, attributes: {}, integers: { x: 5 } },
    { shapes: { x: [0, 3] }, attributes: {}, integers: { x: 5 } },
  ]),
];
