/** Sliding windows and the two dense patterns, at every length and width where tiles begin and end. */
import { and, causal, full, slidingWindow } from '@attn/core';
import type { ConformanceCase } from '../../case.ts';
import { attentionCases, cross } from './attention-case.ts';

/** Lengths around the tile of 64, and the smallest ones. */
const LENGTHS = [1, 2, 5, 63, 64, 65, 127, 128, 129, 200, 257];

const both = (reach: number, dilation = 1): ReturnType<typeof slidingWindow> =>
  slidingWindow({ before: reach, after: reach, dilation });

export const windowCases: readonly ConformanceCase[] = [
  ...attentionCases(
    'Dense, causal and windowed attention at every length around the tile.',
    cross(
      { heads: 1 },
      { pattern: [full(), causal(), both(3), slidingWindow({ before: 20, after: 0 })], n: LENGTHS },
    ),
  ),
  ...attentionCases(
    'Every window width from 0 (only itself) to beyond the sequence, where n < 2w, n = 2w and n > 2w all occur.',
    cross(
      { heads: 1 },
      { pattern: [0, 1, 2, 31, 32, 33, 63, 64, 65, 100, 1000].map((reach) => both(reach)), n: [40, 64, 130] },
    ),
  ),
  ...attentionCases(
    'Windows that look further to one side.',
    cross(
      { heads: 1 },
      {
        pattern: [
          [0, 3],
          [3, 0],
          [5, 2],
          [100, 0],
          [0, 100],
          [1, 64],
          [64, 1],
          [63, 0],
        ].map(([before, after]) => slidingWindow({ before, after })),
        n: [70, 130],
      },
    ),
  ),
  ...attentionCases(
    'Dilated windows: residues that divide the tile, that do not, and that exceed it.',
    cross(
      { heads: 1 },
      {
        pattern: [2, 3, 4, 7, 64, 65, 200].flatMap((dilation) => [both(1, dilation), both(5, dilation)]),
        n: [50, 150],
      },
    ),
  ),
  ...attentionCases('A dilation with a window of 0 is still only itself.', [
    { pattern: both(0, 3), n: 70 },
    { pattern: slidingWindow({ before: 4, after: 0, dilation: 3 }), n: 70 },
    { pattern: slidingWindow({ before: 0, after: 4, dilation: 2 }), n: 129 },
  ]),
  ...attentionCases('Dilation per head: each head has a plan of its own, or shares one.', [
    { pattern: slidingWindow({ before: 3, after: 3, dilation: [1, 2] }), n: 70 },
    { pattern: slidingWindow({ before: 3, after: 3, dilation: [1, 1, 2, 4] }), n: 45, heads: 4 },
    { pattern: slidingWindow({ before: 2, after: 0, dilation: [3, 1, 64] }), n: 140, heads: 3, batch: 2 },
    { pattern: slidingWindow({ before: 2, after: 2, dilation: [1, 2, 1, 2] }), n: 66, heads: 4, kvHeads: 2 },
    { pattern: slidingWindow({ before: 8, after: 8, dilation: [5, 3] }), n: 131, keyMask: 'holes:25' },
  ]),
  ...attentionCases(
    'A window cut by causality equals the one-sided window.',
    cross({ pattern: and(both(6), causal()), heads: 1 }, { n: [5, 64, 130] }),
  ),
  ...attentionCases('Lengths near a thousand: many tiles, few of them visible.', [
    { pattern: both(16), n: 1000, heads: 1, d: 16 },
    { pattern: slidingWindow({ before: 64, after: 0, dilation: 2 }), n: 1023, heads: 1 },
    { pattern: causal(), n: 600, heads: 1 },
    { pattern: full(), n: 450, heads: 1, d: 4 },
  ]),
];
