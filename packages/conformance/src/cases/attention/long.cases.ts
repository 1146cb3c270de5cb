/**
 * Lengths of real documents, of which the definition can only check a
 * sample of rows; they come last, being the slowest.
 */
import { causal, globalTokens, or, slidingWindow } from '@attn/core';
import type { ConformanceCase } from '../../case.ts';
import { attentionCases } from './attention-case.ts';

export const longCases: readonly ConformanceCase[] = [
  ...attentionCases(
    'A window and global tokens over hundreds of tiles; the first and the last row are global.',
    [
      {
        pattern: or(slidingWindow({ before: 64, after: 64 }), globalTokens([0, 5000, 16383])),
        n: 16384,
        heads: 1,
        d: 4,
        rows: 24,
      },
    ],
  ),
  ...attentionCases('Dilated windows over a long sequence, another dilation in each head.', [
    { pattern: slidingWindow({ before: 24, after: 24, dilation: [3, 64] }), n: 8192, d: 4, rows: 24 },
  ]),
  ...attentionCases('A softmax over thousands of keys.', [
    { pattern: causal(), n: 4096, heads: 1, d: 4, rows: 24, keyMask: 'holes:10' },
  ]),
];
