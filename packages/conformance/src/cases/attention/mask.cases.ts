/**
 * Padding, holes, lengths and documents: keys that are hidden in the
 * pattern or at run time, and rows that see nothing.
 */
import { and, causal, full, globalTokens, keyPadding, or, segments, slidingWindow } from '@attn/core';
import type { ConformanceCase } from '../../case.ts';
import { attentionCases, cross } from './attention-case.ts';

const near = slidingWindow({ before: 4, after: 4 });
const PATTERNS = [full(), causal(), near, or(near, globalTokens([0, 33]))];

export const maskCases: readonly ConformanceCase[] = [
  ...attentionCases(
    'Hidden keys at either end, scattered, all of them; rows that then see nothing give 0 and −∞.',
    cross(
      { n: 70, heads: 1 },
      { pattern: PATTERNS, keyMask: ['tail:10', 'head:10', 'holes:30', 'none', 'only:5', 'every:3', 'all'] },
    ),
  ),
  ...attentionCases(
    'Batch rows with masks of their own, one of them fully masked.',
    cross(
      { n: 70, batch: 3 },
      { pattern: PATTERNS, keyMask: ['tail:10|none|holes:50', 'head:64|tail:64|all'] },
    ),
  ),
  ...attentionCases(
    'Empty query rows, with and without hidden keys.',
    cross(
      { n: 70, batch: 2 },
      {
        pattern: [full(), near],
        queryMask: ['tail:10', 'none', 'holes:50|head:66', 'only:64'],
        keyMask: [undefined, 'tail:10'],
      },
    ),
  ),
  ...attentionCases(
    'Masks of pairs, for all heads and rows or for each; rows that see nothing, whole tiles that are hidden.',
    [
      { pattern: full(), n: 70, heads: 1, mask: 'qk' },
      { pattern: full(), n: 70, batch: 2, mask: 'bhqk' },
      { pattern: full(), n: 200, batch: 2, mask: 'b1qk', maskData: 'head:130|tail:130|none|only:5,66,190' },
      { pattern: causal(), n: 70, nq: 9, batch: 2, mask: '1hqk' },
      { pattern: causal(), n: 130, batch: 2, mask: 'b11k', maskData: 'tail:70|head:3' },
      { pattern: or(near, globalTokens([0, 33])), n: 200, mask: 'hq1', maskData: 'all|none|all' },
      { pattern: near, n: 70, batch: 2, mask: '11qk', keyMask: 'tail:10|head:3', bias: 'bhqk' },
      { pattern: full(), n: 70, mask: 'qk', maskData: 'none', dtype: 'f16', kvHeads: 1 },
    ],
  ),
  ...attentionCases('Whole tiles hidden: the plan may skip them.', [
    { pattern: full(), n: 200, heads: 1, keyMask: 'head:130' },
    { pattern: full(), n: 200, heads: 1, keyMask: 'tail:130' },
    { pattern: near, n: 200, heads: 1, keyMask: 'not:64,65,66,67,68,69,70,71,72,73,74,75,76' },
    { pattern: causal(), n: 200, heads: 1, keyMask: 'head:130' },
  ]),
  ...attentionCases(
    'Lengths known in advance: none, one, all, another for each batch row.',
    [
      [0, 1, 70],
      [70, 70, 70],
      [64, 65, 63],
    ].flatMap((lengths) => [
      { pattern: and(full(), keyPadding({ lengths })), n: 70, batch: 3, heads: 1 },
      { pattern: and(near, keyPadding({ lengths })), n: 70, batch: 3, heads: 1 },
      { pattern: and(causal(), keyPadding({ lengths })), n: 70, batch: 3, heads: 1 },
    ]),
  ),
  ...attentionCases(
    'Lengths given at run time; the same executable, other lengths.',
    cross(
      { n: 70, batch: 3, heads: 1 },
      {
        pattern: [keyPadding(), and(near, keyPadding()), and(causal(), keyPadding())],
        lengths: [
          [0, 1, 70],
          [70, 64, 3],
        ],
      },
    ),
  ),
  ...attentionCases('Lengths at run time together with a key mask.', [
    { pattern: and(full(), keyPadding()), n: 70, batch: 2, lengths: [50, 20], keyMask: 'holes:30' },
    { pattern: and(near, keyPadding()), n: 70, lengths: [0] },
  ]),
  ...attentionCases('A mask of valid keys as part of the pattern.', [
    { pattern: and(full(), keyPadding({ mask: [1, 1, 0, 1, 0, 0, 1, 1, 0] })), n: 9 },
    {
      pattern: and(
        near,
        keyPadding({
          mask: [
            [1, 1, 0, 1, 1],
            [0, 0, 0, 0, 0],
          ],
        }),
      ),
      n: 5,
      batch: 2,
    },
  ]),
  ...attentionCases(
    'Packed documents, contiguous and interleaved, marked at run time.',
    cross(
      { n: 130, batch: 2, heads: 1 },
      {
        pattern: [segments(), and(segments(), causal()), and(segments(), near)],
        segments: ['runs:30,64,100|runs:1,129', 'modulo:2|modulo:3', 'same', 'own'],
      },
    ),
  ),
  ...attentionCases('Documents with hidden keys, and with global tokens.', [
    { pattern: segments(), n: 70, segments: 'runs:30', keyMask: 'head:30' },
    {
      pattern: and(segments(), causal()),
      n: 70,
      segments: 'modulo:4',
      keyMask: 'holes:40',
      queryMask: 'tail:3',
    },
    {
      pattern: or(and(segments(), near), globalTokens()),
      n: 70,
      batch: 2,
      segments: 'runs:30|modulo:2',
      globalMask: 'only:0|only:69',
    },
    {
      pattern: and(or(segments(), globalTokens()), causal()),
      n: 70,
      segments: 'runs:11,22',
      globalMask: 'only:5',
      separate: true,
    },
  ]),
  ...attentionCases('Documents known in advance.', [
    { pattern: segments({ ids: [1, 1, 2, 2, 2, 1, 3, 3, 9] }), n: 9 },
    {
      pattern: and(segments({ ids: Array.from({ length: 129 }, (_, i) => Math.floor(i / 43)) }), causal()),
      n: 129,
      heads: 1,
    },
    { pattern: segments({ ids: Array.from({ length: 129 }, (_, i) => i % 5) }), n: 129, heads: 1 },
    {
      pattern: segments({
        ids: [
          [0, 0, 1, 1],
          [0, 1, 0, 1],
        ],
      }),
      n: 4,
      batch: 2,
    },
  ]),
  ...attentionCases('A document whose queries stand elsewhere than its keys begin.', [
    { pattern: segments(), n: 70, nq: 20, segments: 'runs:30,60' },
    { pattern: and(segments(), causal()), n: 70, nq: 20, offset: 25, segments: 'runs:30,60' },
  ]),
];
