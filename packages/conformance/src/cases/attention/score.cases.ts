/** Scores as expressions: what is said of positions, heads and tables, under patterns, masks and layouts. */
import { and, causal, full, globalTokens, or, slidingWindow } from '@attn/core';
import type { ConformanceCase } from '../../case.ts';
import { attentionCases, cross } from './attention-case.ts';
import { SCORES } from './scores.ts';

const near = slidingWindow({ before: 4, after: 4 });
const marked = or(near, globalTokens([0, 40]));
const dilated = slidingWindow({ before: 3, after: 3, dilation: 2 });
const ALL = Object.keys(SCORES);

export const scoreCases: readonly ConformanceCase[] = [
  ...attentionCases(
    'Each score alone.',
    cross({ pattern: full(), n: 20, batch: 2, heads: 3, data: 'halves' }, { score: ALL }),
  ),
  ...attentionCases(
    'Scores over several tiles: indices are positions, whatever the order of the tokens.',
    cross(
      { n: 70 },
      { pattern: [causal(), marked, dilated], score: ['alibi', 't5', 'swin', 'bias2d', 'every', 'causal'] },
    ),
  ),
  ...attentionCases(
    'Queries elsewhere: q is the position in key coordinates.',
    cross(
      { pattern: full(), n: 30, nq: 7 },
      { offset: [undefined, 0, -9, 40], score: ['alibi', 'relative', 'temperature'] },
    ),
  ),
  ...attentionCases('Sines and cosines, of NaN and ∞ too.', [
    { pattern: causal(), n: 70, batch: 2, score: 'trig' },
    { pattern: marked, n: 70, score: 'waves' },
    { pattern: full(), n: 20, score: 'trig', plant: ['q@0,1,5,2=NaN', 'k@0,0,7,1=Infinity'] },
  ]),
  ...attentionCases('Tables for each batch row and head, with fewer heads of keys.', [
    { pattern: full(), n: 40, batch: 2, heads: 4, kvHeads: 2, score: 'bias4d' },
    { pattern: near, n: 70, batch: 3, heads: 4, kvHeads: 1, score: 'keyBias' },
    { pattern: causal(), n: 40, heads: 6, kvHeads: 3, layout: 'bnhd', score: 't5' },
  ]),
  ...attentionCases('A score beside masks, lengths, documents and separate projections.', [
    { pattern: causal(), n: 70, batch: 2, score: 'alibi', keyMask: 'holes:30', queryMask: 'tail:5' },
    { pattern: near, n: 70, batch: 2, score: 'documents', lengths: [70, 33] },
    { pattern: full(), n: 66, batch: 2, score: 'relative', segments: 'runs:30|modulo:2' },
    { pattern: full(), n: 66, score: 'swin', mask: 'qk' },
    { pattern: marked, n: 70, score: 'alibi', separate: true },
    { pattern: near, n: 70, globalMask: 'only:0,40', score: 't5' },
  ]),
  ...attentionCases('A score comes after the soft cap and all biases.', [
    {
      pattern: full(),
      n: 33,
      score: 'positive',
      bias: 'hqk',
      alibi: 'h',
      relative: 6,
      data: 'halves',
      biasData: 'halves',
    },
    { pattern: marked, n: 70, score: 'softcap', bias: 'b1qk', softcap: 3, batch: 2 },
    { pattern: causal(), n: 66, score: 'alibi', sinks: 'bell' },
    { pattern: full(), n: 20, score: 'causal', sinks: 'bell', lse: false },
  ]),
  ...attentionCases(
    'A score of −∞ hides a pair; where it hides all of a row, the row is empty.',
    cross(
      { n: 70 },
      { pattern: [full(), near], score: ['noRow', 'nothing', 'documents', 'causal'], lse: [false] },
    ),
  ),
  ...attentionCases('NaN and ∞ in a table reach the rows that see them, and no others.', [
    { pattern: causal(), n: 70, score: 'keyBias', plant: ['tables.t@0,30=NaN'] },
    { pattern: near, n: 70, score: 'keyBias', plant: ['tables.t@0,30=Infinity'] },
    { pattern: near, n: 70, score: 'keyBias', plant: ['tables.t@0,30=-Infinity', 'v@0,0,30=NaN'] },
    { pattern: full(), n: 70, score: 'causal', plant: ['k@0,0,50=NaN', 'v@0,0,50=Infinity'] },
  ]),
  ...attentionCases(
    'Halves, and tables of halves beside them.',
    cross({ pattern: near, n: 70, dtype: 'f16' as const }, { score: ['alibi', 't5', 'bias2d', 'softcap'] }),
  ),
  ...attentionCases('Head dims that are no multiple of a vector, and one query.', [
    { pattern: causal(), n: 130, nq: 1, d: 5, dv: 3, score: 'relative' },
    { pattern: and(causal(), near), n: 130, d: 33, score: 'every' },
  ]),
];
