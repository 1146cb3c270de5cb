/** Terms of logits: scale, soft cap, and the three kinds of bias, alone, together, and at their extremes. */
import { causal, full, globalTokens, or, slidingWindow } from '@attn/core';
import type { ConformanceCase } from '../../case.ts';
import { attentionCases, cross } from './attention-case.ts';

const near = slidingWindow({ before: 4, after: 4 });
const marked = or(near, globalTokens([0, 40]));
/** Every way in which a bias broadcasts to [batch, heads, queries, keys]. */
const FORMS = [
  'bhqk',
  '1hqk',
  'b1qk',
  '11qk',
  'bh1k',
  'bhq1',
  'b11k',
  '1h1k',
  '111k',
  '11q1',
  'bh11',
  '1111',
  'hqk',
  'qk',
  'k',
  'q1',
  '1',
];

export const biasCases: readonly ConformanceCase[] = [
  ...attentionCases(
    'A dense bias in every form that broadcasts.',
    cross({ pattern: full(), n: 12, batch: 2, heads: 3 }, { bias: FORMS }),
  ),
  ...attentionCases(
    'Broadcast biases over several tiles and in a permuted order.',
    cross(
      { n: 70, batch: 2 },
      {
        pattern: [marked, slidingWindow({ before: 3, after: 3, dilation: 2 })],
        bias: ['bhqk', '1hqk', 'b11k', 'qk', 'k', 'q1'],
      },
    ),
  ),
  ...attentionCases('Queries and keys of different lengths with a bias.', [
    { pattern: full(), n: 70, nq: 9, bias: 'hqk' },
    { pattern: causal(), n: 70, nq: 9, bias: 'q1' },
    { pattern: near, n: 9, nq: 70, bias: 'bhqk' },
  ]),
  ...attentionCases(
    'A bias of −∞ hides pairs; where it hides all of a row, the row is empty.',
    cross(
      { n: 20, heads: 2 },
      { pattern: [full(), near], bias: ['hqk', 'k', 'q1'], biasHoles: [20, 80, 100] },
    ),
  ),
  ...attentionCases('Large biases decide alone.', [
    { pattern: full(), n: 20, bias: 'hqk', biasData: 'halves*2000' },
    { pattern: near, n: 70, bias: 'qk', biasData: 'halves*10000' },
  ]),
  ...attentionCases(
    'ALiBi: a slope per head, or per batch row and head, times the distance of positions.',
    cross({ n: 66, batch: 2 }, { pattern: [full(), causal(), marked], alibi: ['h', 'bh'] }),
  ),
  ...attentionCases('ALiBi with queries elsewhere: distances are of positions, not of rows.', [
    { pattern: full(), n: 30, nq: 7, alibi: 'h' },
    { pattern: full(), n: 30, nq: 7, offset: 0, alibi: 'h' },
    { pattern: full(), n: 30, nq: 7, offset: -9, alibi: 'h' },
    { pattern: full(), n: 30, nq: 7, offset: 40, alibi: 'bh' },
    { pattern: marked, n: 70, alibi: 'h', heads: 5 },
  ]),
  ...attentionCases(
    'A table of relative positions, clamped at its ends.',
    cross({ n: 66 }, { pattern: [full(), marked], relative: [0, 1, 5, 64, 300] }),
  ),
  ...attentionCases('Relative positions with queries elsewhere.', [
    { pattern: full(), n: 30, nq: 7, relative: 3 },
    { pattern: causal(), n: 30, nq: 7, offset: 5, relative: 8 },
    { pattern: slidingWindow({ before: 3, after: 3, dilation: 4 }), n: 66, relative: 9 },
  ]),
  ...attentionCases('All biases at once, under a soft cap.', [
    { pattern: full(), n: 33, bias: 'hqk', alibi: 'h', relative: 6 },
    { pattern: marked, n: 70, batch: 2, bias: 'b1qk', alibi: 'bh', relative: 6, softcap: 3 },
    {
      pattern: causal(),
      n: 66,
      bias: 'qk',
      alibi: 'h',
      relative: 6,
      softcap: 20,
      scale: 1,
      keyMask: 'holes:30',
    },
  ]),
  ...attentionCases(
    'The soft cap bounds q·k before any bias.',
    cross({ n: 40, heads: 1, data: 'bell*3' }, { pattern: [full(), near], softcap: [0.5, 5, 50] }),
  ),
  ...attentionCases('A soft cap on huge scores saturates.', [
    { pattern: full(), n: 20, softcap: 30, data: 'bell*100' },
    { pattern: near, n: 70, softcap: 1, data: 'bell*100' },
  ]),
  ...attentionCases(
    'Any factor on q·k, also 0 and negative.',
    cross({ n: 30, heads: 1 }, { pattern: [full(), near], scale: [0, -1, 1, 0.001, 3] }),
  ),
  ...attentionCases(
    'Logits up to ±10⁴ and beyond, exact in float32: a softmax that does not subtract the maximum overflows.',
    cross({ n: 66, heads: 1, data: 'halves*16' }, { pattern: [full(), causal(), marked], d: [8, 32, 64] }),
  ),
  ...attentionCases('Logits that are all large and equal, all tiny, all zero.', [
    { pattern: full(), n: 30, data: 'ones*100' },
    { pattern: near, n: 70, data: 'ones*100' },
    { pattern: full(), n: 30, data: 'bell*1e-6' },
    { pattern: full(), n: 30, data: 'zeros' },
    { pattern: marked, n: 70, data: 'zeros', keyMask: 'holes:50' },
  ]),
  ...attentionCases('Values that are huge, tiny, constant.', [
    { pattern: near, n: 70, values: 'uniform*1e30' },
    { pattern: near, n: 70, values: 'uniform*1e-30' },
    { pattern: full(), n: 70, values: 'ones' },
    { pattern: full(), n: 70, values: 'zeros' },
  ]),
];
