/**
 * Global tokens as Longformer has them: they see everything and are seen by all, each counted once. The
 * edge cases are those that have broken implementations: none at all, a different number in each batch row,
 * global tokens inside a window or masked, at the sequence's end, more than the window holds, all of them.
 */
import { and, causal, full, globalTokens, or, slidingWindow } from '@attn/core';
import type { ConformanceCase } from '../../case.ts';
import { attentionCases, cross } from './attention-case.ts';

const near = slidingWindow({ before: 3, after: 3 });
const past = slidingWindow({ before: 5, after: 0 });
const dilated = slidingWindow({ before: 3, after: 3, dilation: 2 });
/** The window, and the tokens that `globalMask` marks at run time. */
const marked = or(near, globalTokens());

/** Masks of global tokens, one recipe per batch row. */
const MASKS = [
  'none',
  'all',
  'only:0',
  'only:-1',
  'only:0,-1',
  'only:0|only:3,7,50|none',
  'every:5',
  'holes:20',
  'only:63,64,65',
];

export const globalCases: readonly ConformanceCase[] = [
  ...attentionCases(
    'Positions known in advance: at the start, at the end, in the middle, adjacent, more than the window holds.',
    [
      [0],
      [69],
      [0, 69],
      [35],
      [34, 35, 36],
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
      [63, 64],
      [0, 10, 20, 30, 40, 50, 60],
    ].flatMap((indices) => [
      { pattern: or(near, globalTokens(indices)), n: 70 },
      { pattern: and(or(past, globalTokens(indices)), causal()), n: 70, heads: 1 },
    ]),
  ),
  ...attentionCases(
    'Global tokens with a dilated window: their columns are not dilated, and count once where the window has them.',
    [[0], [34, 35], [1, 2, 3, 66]].flatMap((indices) => [
      { pattern: or(dilated, globalTokens(indices)), n: 70 },
      { pattern: and(or(dilated, globalTokens(indices)), causal()), n: 70 },
      { pattern: or(slidingWindow({ before: 2, after: 2, dilation: [1, 3] }), globalTokens(indices)), n: 70 },
    ]),
  ),
  ...attentionCases(
    'Global tokens marked at run time; batch rows that differ in number.',
    cross(
      { pattern: marked, n: 70, batch: 3, heads: 2, d: 4 },
      { globalMask: MASKS, separate: [false, true] },
    ),
  ),
  ...attentionCases(
    'Marked at run time, with the causal window and with dilation.',
    cross(
      { n: 66, batch: 2, heads: 2, d: 4 },
      {
        pattern: [and(or(past, globalTokens()), causal()), or(dilated, globalTokens())],
        globalMask: ['none', 'only:0|only:9,40', 'all'],
        separate: [false, true],
      },
    ),
  ),
  ...attentionCases(
    'Masked tokens, global or not, are seen by nobody; padding beats everything.',
    cross(
      { pattern: marked, n: 70, batch: 2 },
      {
        globalMask: ['only:0,5|only:69', 'every:4'],
        keyMask: ['tail:12', 'holes:40', 'not:0,69', 'none'],
        separate: [false, true],
      },
    ),
  ),
  ...attentionCases('Padded queries give 0, global or not.', [
    {
      pattern: marked,
      n: 70,
      batch: 2,
      globalMask: 'only:0|only:3,66',
      keyMask: 'tail:10|head:7',
      queryMask: 'tail:10|head:7',
      separate: true,
    },
    { pattern: marked, n: 70, batch: 2, globalMask: 'only:0|only:3,66', queryMask: 'only:0', separate: true },
    { pattern: marked, n: 70, globalMask: 'all', queryMask: 'holes:50', keyMask: 'holes:50', separate: true },
    { pattern: marked, n: 70, globalMask: 'all', queryMask: 'none', separate: true },
  ]),
  ...attentionCases('Marking works with any pattern, also one that does not read the marks itself.', [
    { pattern: near, n: 70, batch: 2, globalMask: 'only:0|only:9,40' },
    { pattern: full(), n: 66, batch: 2, globalMask: 'only:0|only:9,40', separate: true },
    { pattern: past, n: 66, globalMask: 'only:30', separate: true },
  ]),
  ...attentionCases('Positions known in advance, with projections of their own.', [
    { pattern: or(near, globalTokens([0, 40])), n: 70, separate: true },
    { pattern: or(near, globalTokens([0, 40])), n: 70, separate: true, heads: 4, kvHeads: 2, layout: 'bnhd' },
    { pattern: or(near, globalTokens([0])), n: 130, separate: true, d: 16, dv: 12, alibi: 'h' },
    { pattern: or(near, globalTokens([64])), n: 130, separate: true, bias: 'hqk', softcap: 5 },
  ]),
  ...attentionCases('Global keys that see nothing special themselves.', [
    { pattern: or(near, globalTokens({ indices: [0, 33], symmetric: false })), n: 70 },
    {
      pattern: or(near, globalTokens({ symmetric: false })),
      n: 70,
      batch: 2,
      globalMask: 'only:5|only:60,61',
    },
  ]),
  ...attentionCases('A mask of global tokens per batch row, known in advance.', [
    {
      pattern: or(
        near,
        globalTokens({
          mask: [
            [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
          ],
        }),
      ),
      n: 12,
      batch: 2,
    },
  ]),
  ...attentionCases(
    'A query block somewhere in the sequence: global rows are found by position, not by row.',
    [
      { pattern: marked, n: 130, nq: 20, globalMask: 'only:0,115', separate: true },
      { pattern: marked, n: 130, nq: 20, offset: 50, globalMask: 'only:0,55', separate: true },
      { pattern: marked, n: 130, nq: 20, offset: -4, globalMask: 'only:0,9', separate: true },
    ],
  ),
  ...attentionCases('The sizes of a real layer in small: window, class token, padding, several tiles.', [
    {
      pattern: or(slidingWindow({ before: 32, after: 32 }), globalTokens()),
      n: 300,
      heads: 1,
      d: 16,
      globalMask: 'only:0,1,2',
      keyMask: 'tail:37',
      queryMask: 'tail:37',
      separate: true,
    },
    {
      pattern: or(slidingWindow({ before: 50, after: 50 }), globalTokens()),
      n: 1000,
      heads: 1,
      globalMask: 'only:0,500',
    },
  ]),
];
