/**
 * Cases of `lshAttention`: chunks around tiles, neighbours, cycles
 * over rounds, and everything that hides a key.
 */
import type { ConformanceCase } from '../../case.ts';
import { lshCases, type LshCaseSpec } from './lsh-case.ts';

/** Ways in which tokens of neighbouring chunks see each other. Each case is tried with all of them. */
const visibilities: readonly Partial<LshCaseSpec>[] = [
  {},
  { causal: true },
  { wrap: true },
  { wrap: true, causal: true },
  { chunksAfter: 1 },
  { chunksBefore: 0 },
];

export const lshAttentionCases: readonly ConformanceCase[] = [
  ...lshCases(
    'Every way of looking, over one round and several.',
    [1, 2, 3].flatMap((rounds) =>
      visibilities.map((visibility) => ({ n: 48, chunk: 8, rounds, ...visibility })),
    ),
  ),
  ...lshCases(
    'Chunks of a tile and around it, so that tiles hold parts of chunks and chunks parts of tiles.',
    [63, 64, 65, 128].flatMap((chunk) =>
      [{ wrap: true }, { causal: true, wrap: true }, { chunksAfter: 1 }].map((look) => ({
        n: 260,
        chunk,
        rounds: 2,
        heads: 1,
        ...look,
      })),
    ),
  ),
  ...lshCases(
    'Lengths that chunks do not divide: the last chunk of each round is shorter.',
    [
      [9, 8],
      [50, 8],
      [70, 16],
      [129, 64],
      [200, 64],
      [33, 5],
    ].flatMap(([n, chunk]) =>
      [{}, { wrap: true }, { wrap: true, causal: true, chunksAfter: 1 }].map((look) => ({
        n,
        chunk,
        rounds: 2,
        ...look,
      })),
    ),
  ),
  ...lshCases('One chunk, or none at all.', [
    { n: 1, chunk: 4 },
    { n: 1, chunk: 1, rounds: 2, wrap: true },
    { n: 5, chunk: 8 },
    { n: 5, chunk: 8, causal: true },
    { n: 8, chunk: 8, chunksBefore: 0 },
    { n: 8, chunk: 8, wrap: true },
    { n: 6, chunk: 8, rounds: 2, wrap: true, chunksAfter: 1 },
    { n: 0, chunk: 8 },
    { n: 20, chunk: 8, batch: 0 },
  ]),
  ...lshCases('Chunks of one token; far neighbours; more neighbours than chunks.', [
    { n: 12, chunk: 1 },
    { n: 12, chunk: 1, wrap: true, causal: true, rounds: 2 },
    { n: 40, chunk: 8, chunksBefore: 3 },
    { n: 40, chunk: 8, chunksBefore: 2, chunksAfter: 2, wrap: true },
    { n: 32, chunk: 8, chunksBefore: 9, chunksAfter: 9 },
    { n: 32, chunk: 8, chunksBefore: 5, wrap: true },
  ]),
  ...lshCases(
    'Two chunks that are before and after each other: in a cycle each counts twice, without one it counts once.',
    [
      { n: 16, chunk: 8, chunksAfter: 1 },
      { n: 16, chunk: 8, chunksAfter: 1, wrap: true },
      { n: 16, chunk: 8, chunksAfter: 1, wrap: true, causal: true },
      { n: 16, chunk: 8, chunksAfter: 1, wrap: true, rounds: 2 },
    ],
  ),
  ...lshCases(
    'Only tokens of the same bucket and round; a token may be alone in its bucket.',
    [1, 2, 7, 40].flatMap((sorted) =>
      [{}, { wrap: true }, { wrap: true, causal: true }].map((look) => ({
        n: 50,
        chunk: 8,
        rounds: 2,
        withinBuckets: true,
        sorted,
        ...look,
      })),
    ),
  ),
  ...lshCases('Pairs that meet in several rounds count once.', [
    { n: 48, chunk: 8, rounds: 4, duplicates: 'once', sorted: 2 },
    { n: 48, chunk: 16, rounds: 3, duplicates: 'once', sorted: 0, causal: true },
    { n: 50, chunk: 8, rounds: 4, duplicates: 'once', sorted: 3, withinBuckets: true },
    { n: 140, chunk: 64, rounds: 2, duplicates: 'once', chunksAfter: 1 },
    { n: 30, chunk: 8, rounds: 3, duplicates: 'once', mask: 'tail:7' },
  ]),
  ...lshCases("Pairs that count by lucidrains' logarithm.", [
    { n: 48, chunk: 8, rounds: 4, duplicates: 'lucidrains', wrap: true, sorted: 2 },
    { n: 48, chunk: 16, rounds: 2, duplicates: 'lucidrains', wrap: true, causal: true },
    { n: 48, chunk: 8, rounds: 3, duplicates: 'lucidrains', wrap: true, withinBuckets: true },
    { n: 140, chunk: 64, rounds: 2, duplicates: 'lucidrains', wrap: true },
  ]),
  ...lshCases(
    'Masks: padding, holes, a chunk of padding alone, nothing but padding; batch rows that differ.',
    ['tail:9', 'holes:40', 'head:20', 'none', 'only:0', 'only:5,30', 'all|tail:30'].flatMap((mask) =>
      [{}, { wrap: true, causal: true }].map((look) => ({
        n: 40,
        chunk: 8,
        rounds: 2,
        batch: 2,
        mask,
        ...look,
      })),
    ),
  ),
  ...lshCases('Head and value dims around vectors.', [
    ...[1, 7, 32, 63, 64, 80, 128, 256, 512].map((d) => ({ n: 40, chunk: 16, heads: 1, d, causal: true })),
    { n: 40, chunk: 16, d: 8, dv: 1 },
    { n: 40, chunk: 16, d: 4, dv: 70, wrap: true },
  ]),
  ...lshCases('Key norms and scales; vectors of length 0, which no norm makes 1.', [
    { n: 40, chunk: 8, keyNorm: 'l2' },
    { n: 40, chunk: 8, keyNorm: 'l2', scale: 0.25, wrap: true },
    { n: 40, chunk: 8, scale: 4 },
    { n: 40, chunk: 8, scale: -1 },
    { n: 40, chunk: 8, data: 'zeros' },
    { n: 40, chunk: 8, data: 'zeros', keyNorm: 'l2' },
    { n: 40, chunk: 8, data: 'bell*0.001' },
    { n: 40, chunk: 8, data: 'bell*30', causal: true },
  ]),
  ...lshCases('The order of tokens with heads inside; without lse; half precision.', [
    { n: 50, chunk: 8, rounds: 2, batch: 2, heads: 3, layout: 'bnhd', wrap: true, mask: 'tail:5' },
    { n: 50, chunk: 8, rounds: 2, lse: false },
    { n: 50, chunk: 8, rounds: 1, lse: false, causal: true },
    { n: 50, chunk: 8, rounds: 2, dtype: 'f16', wrap: true },
    { n: 50, chunk: 8, rounds: 2, dtype: 'f16', causal: true, layout: 'bnhd', d: 16 },
    { n: 150, chunk: 64, rounds: 3, heads: 4, batch: 2, sorted: 9, causal: true, wrap: true },
  ]),
  ...lshCases(
    'Vectors of any length, whose logits are as large, in one round and over several: lengths are powers of two, which divide exactly.',
    [2 ** 20, 2 ** 27, 2 ** 34, 2 ** 60, 2 ** 70, 2 ** 100, 2 ** 126].flatMap((size) =>
      [
        { rounds: 1 },
        { rounds: 3, causal: true },
        { rounds: 3, scale: -1, wrap: true },
        { rounds: 2, duplicates: 'once' as const, keyNorm: 'l2' as const, mask: 'holes:20' },
      ].map((look) => ({ n: 130, chunk: 20, d: 1, dv: 4, data: `signs*${size}` as const, ...look })),
    ),
  ),
  ...lshCases('Vectors whose squares overflow, in half precision those whose squares would.', [
    { n: 40, chunk: 8, d: 16, data: 'bell*1e+25', rounds: 2 },
    { n: 40, chunk: 8, d: 7, data: 'bell*1e+25', keyNorm: 'l2', causal: true },
    { n: 130, chunk: 20, d: 1, dv: 4, rounds: 3, keyNorm: 'l2', data: 'signs*32768', dtype: 'f16' },
  ]),
  ...lshCases('NaN reaches the tokens that see it and no others; what is hidden has no effect.', [
    { n: 40, chunk: 8, plant: ['q@0,0,17=NaN'] },
    { n: 40, chunk: 8, plant: ['v@0,1,30=NaN'], wrap: true },
    { n: 40, chunk: 8, plant: ['v@0,1,30=NaN'], causal: true, rounds: 2 },
    { n: 40, chunk: 8, plant: ['v@0,1,30=Infinity'], causal: true, rounds: 2, wrap: true },
    { n: 40, chunk: 8, plant: ['q@0,0,39=NaN', 'v@0,0,39=NaN'], mask: 'not:0,39', rounds: 2 },
    { n: 140, chunk: 64, heads: 1, plant: ['v@0,0,3=NaN'], causal: true, sorted: 0 },
    { n: 5, chunk: 8, causal: true, plant: ['v@0,0,0=NaN'] },
  ]),
];
