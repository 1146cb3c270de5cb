/**
 * Sizes, layouts and placements: head dims, grouped heads, queries and keys of different lengths, offsets.
 */
import { causal, full, globalTokens, or, perHead, slidingWindow } from '@attn/core';
import type { ConformanceCase } from '../../case.ts';
import { attentionCases, cross } from './attention-case.ts';

const near = slidingWindow({ before: 4, after: 4 });
const marked = or(near, globalTokens([0]));
const HEAD_DIMS = [1, 2, 3, 4, 5, 7, 8, 15, 16, 31, 32, 33, 63, 64, 65, 80, 96, 128, 256, 512];

export const shapeCases: readonly ConformanceCase[] = [
  ...attentionCases(
    'Every head dim around the width of vectors.',
    cross({ pattern: near, n: 70, heads: 1 }, { d: HEAD_DIMS }),
  ),
  ...attentionCases(
    'Head dims with whole tiles.',
    cross({ pattern: full(), n: 65, heads: 1 }, { d: [1, 8, 32, 63, 64, 80, 128, 256, 512] }),
  ),
  ...attentionCases(
    'A value dim that differs from the head dim.',
    [
      [8, 16],
      [16, 8],
      [64, 1],
      [1, 64],
      [80, 128],
      [32, 48],
      [63, 65],
      [256, 4],
    ].map(([d, dv]) => ({ pattern: marked, n: 66, heads: 1, d, dv })),
  ),
  ...attentionCases(
    'Grouped-query and multi-query attention: query head h reads key/value head ⌊h · kvHeads / heads⌋.',
    [
      [4, 2],
      [4, 1],
      [6, 3],
      [8, 2],
      [3, 1],
      [6, 2],
    ].flatMap(([heads, kvHeads]) => [
      { pattern: full(), n: 20, heads, kvHeads },
      { pattern: marked, n: 66, heads, kvHeads, batch: 2, d: 4 },
    ]),
  ),
  ...attentionCases(
    'Grouped heads with a pattern, a bias and projections of their own for each query head.',
    [
      { pattern: perHead([full(), near, causal(), near]), n: 66, heads: 4, kvHeads: 2 },
      { pattern: marked, n: 66, heads: 4, kvHeads: 2, bias: 'hqk', alibi: 'h', relative: 4 },
      { pattern: marked, n: 66, heads: 6, kvHeads: 2, separate: true, batch: 2, d: 4 },
    ],
  ),
  ...attentionCases(
    'Layout [batch, seq, heads, dim].',
    [
      { pattern: full(), n: 9 },
      { pattern: near, n: 70, batch: 2, heads: 3 },
      { pattern: marked, n: 70, heads: 4, kvHeads: 2, d: 5, dv: 7 },
      { pattern: causal(), n: 66, nq: 5, heads: 3 },
      { pattern: near, n: 70, keyMask: 'tail:9', queryMask: 'tail:9', bias: 'bhqk', alibi: 'h' as const },
      { pattern: marked, n: 66, separate: true, batch: 2 },
      { pattern: full(), n: 1, heads: 1, d: 1 },
    ].map((spec) => ({ ...spec, layout: 'bnhd' as const })),
  ),
  ...attentionCases('Batch rows and heads are independent of each other.', [
    { pattern: full(), n: 5, batch: 4, heads: 5 },
    { pattern: near, n: 66, batch: 3, heads: 1, d: 4 },
    { pattern: marked, n: 33, batch: 2, heads: 7, d: 4 },
    { pattern: causal(), n: 10, batch: 17, heads: 1 },
  ]),
  ...attentionCases(
    'Fewer or more queries than keys; by default the last query stands at the last key.',
    [
      [1, 1],
      [1, 70],
      [5, 70],
      [64, 70],
      [70, 5],
      [100, 64],
      [65, 130],
      [130, 65],
      [2, 200],
    ].flatMap(([nq, n]) => [
      { pattern: causal(), n, nq, heads: 1 },
      { pattern: near, n, nq, heads: 1 },
      { pattern: full(), n, nq, heads: 1 },
    ]),
  ),
  ...attentionCases(
    'Query positions given: before the keys, at their start, in the middle, at the end, beyond.',
    cross(
      { n: 70, nq: 12, heads: 1 },
      { pattern: [causal(), near, marked], offset: [-20, -3, 0, 29, 58, 65, 90] },
    ),
  ),
  ...attentionCases(
    'As many queries as keys, but elsewhere.',
    cross({ n: 66, heads: 1 }, { pattern: [causal(), near], offset: [-1, 1, 64] }),
  ),
  ...attentionCases('Dilation counts from the query, wherever it stands.', [
    { pattern: slidingWindow({ before: 4, after: 0, dilation: 3 }), n: 70, nq: 20 },
    { pattern: slidingWindow({ before: 4, after: 4, dilation: 2 }), n: 70, nq: 20, offset: -5 },
    { pattern: slidingWindow({ before: 4, after: 4, dilation: 5 }), n: 70, nq: 20, offset: 31 },
    { pattern: slidingWindow({ before: 4, after: 4, dilation: [2, 7] }), n: 130, nq: 66, offset: 13 },
  ]),
  ...attentionCases('No keys at all give 0 and −∞; no queries give nothing.', [
    { pattern: full(), n: 0, nq: 3 },
    { pattern: causal(), n: 5, nq: 0 },
    { pattern: near, n: 0, nq: 0 },
  ]),
  ...attentionCases('Without the log-sum-exp.', [
    { pattern: full(), n: 9, lse: false },
    { pattern: marked, n: 130, lse: false, keyMask: 'holes:30' },
    { pattern: near, n: 70, lse: false, layout: 'bnhd', queryMask: 'tail:5' },
  ]),
  ...attentionCases('Half precision storage, sums and softmax in single precision at least.', [
    { pattern: full(), n: 40, d: 16, dtype: 'f16' },
    { pattern: marked, n: 70, d: 64, dtype: 'f16', keyMask: 'tail:9' },
    { pattern: causal(), n: 66, d: 8, dtype: 'f16', bias: 'hqk', alibi: 'h' },
    { pattern: near, n: 70, dtype: 'f16', layout: 'bnhd', heads: 4, kvHeads: 2 },
  ]),
];
