/**
 * NaN and infinities: they must reach every row that sees them, and nothing
 * else. A kernel that multiplies a hidden value by a weight of 0 turns a NaN in
 * the padding into a NaN everywhere; one that clamps loses a NaN it should show.
 */
import { and, causal, full, globalTokens, keyPadding, or, segments, slidingWindow } from '@attn/core';
import type { ConformanceCase } from '../../case.ts';
import { attentionCases, cross } from './attention-case.ts';

const near = slidingWindow({ before: 4, after: 4 });
const marked = or(near, globalTokens([0, 40]));

export const nonfiniteCases: readonly ConformanceCase[] = [
  ...attentionCases(
    'One NaN in q spoils its row; in k, the rows that see the key; in v, one column of these rows.',
    cross(
      { n: 70 },
      {
        pattern: [full(), causal(), near, marked],
        plant: [['q@0,1,20,3=NaN'], ['k@0,1,20,3=NaN'], ['v@0,1,20,3=NaN']],
      },
    ),
  ),
  ...attentionCases(
    'A whole key or value row of NaN, of a global token and at the edges of tiles.',
    cross(
      { n: 130, heads: 1 },
      {
        pattern: [marked, causal()],
        plant: [['k@0,0,40=NaN'], ['v@0,0,40=NaN'], ['v@0,0,63=NaN'], ['k@0,0,64=NaN'], ['v@0,0,129=NaN']],
      },
    ),
  ),
  ...attentionCases(
    'Hidden keys and values may hold anything: padding is often never initialised.',
    cross(
      { n: 70 },
      {
        pattern: [full(), causal(), near, marked],
        keyMask: ['not:20,69', 'only:0,1,2,3'],
        plant: [
          ['k@0,0,20=NaN', 'v@0,0,20=NaN', 'k@0,1,69=Infinity', 'v@0,1,69=NaN'],
          ['v@0,0,69=Infinity', 'v@0,1,20=-Infinity'],
        ],
      },
    ),
  ),
  ...attentionCases('Queries that are padded give 0 whatever they hold.', [
    { pattern: full(), n: 70, queryMask: 'tail:5', plant: ['q@0,0,66=NaN', 'q@0,1,69=Infinity'] },
    { pattern: marked, n: 70, queryMask: 'not:0', plant: ['q@0,0,0=NaN'] },
    {
      pattern: marked,
      n: 70,
      globalMask: 'only:0',
      queryMask: 'not:0',
      keyMask: 'not:0',
      separate: true,
      plant: ['qGlobal@0,0,0=NaN', 'k@0,0,0=NaN', 'vGlobal@0,1,0=NaN'],
    },
  ]),
  ...attentionCases(
    'Beyond the lengths, in other documents, behind −∞, outside of the window: not seen, not spoilt.',
    [
      {
        pattern: and(full(), keyPadding({ lengths: [50] })),
        n: 70,
        plant: ['k@0,0,50=NaN', 'v@0,0,51=NaN', 'v@0,1,69=Infinity'],
      },
      { pattern: keyPadding(), n: 70, lengths: [35], plant: ['v@0,0,20=NaN', 'v@0,1,60=NaN'] },
      { pattern: segments(), n: 70, segments: 'runs:35', plant: ['v@0,0,20=NaN', 'k@0,1,60=NaN'] },
      { pattern: full(), n: 30, bias: 'k', biasHoles: 50, plant: ['v@0,0=NaN'], lse: true },
      {
        pattern: slidingWindow({ before: 3, after: 3, dilation: 2 }),
        n: 70,
        plant: ['v@0,0,30=NaN', 'k@0,1,31=NaN'],
      },
    ],
  ),
  ...attentionCases(
    'Separate projections: a NaN in them reaches global rows only, one in the others local rows only.',
    [
      ...[
        'qGlobal@0,0,40=NaN',
        'kGlobal@0,0,20=NaN',
        'vGlobal@0,1,20,2=NaN',
        'q@0,0,40=NaN',
        'k@0,0,20=NaN',
        'v@0,1,40,1=NaN',
      ].map((text) => ({
        pattern: marked,
        n: 70,
        separate: true,
        plant: [text],
      })),
      {
        pattern: near,
        n: 70,
        globalMask: 'none',
        separate: true,
        plant: ['qGlobal@0=NaN', 'kGlobal@0=NaN', 'vGlobal@0=NaN'],
      },
    ],
  ),
  ...attentionCases('Infinite values are averages of infinities; of both signs, NaN.', [
    { pattern: near, n: 70, plant: ['v@0,0,20,1=Infinity'] },
    { pattern: near, n: 70, plant: ['v@0,0,20,1=Infinity', 'v@0,0,22,1=-Infinity'] },
    { pattern: full(), n: 20, plant: ['v@0,1,3,0=-Infinity'] },
  ]),
  ...attentionCases('A key of infinite length: a logit of −∞ hides it, one of +∞ gives NaN.', [
    { pattern: near, n: 70, plant: ['k@0,0,20,1=Infinity'] },
    { pattern: full(), n: 20, plant: ['k@0,0,7,2=-Infinity'] },
    { pattern: near, n: 70, plant: ['q@0,1,20,1=Infinity'] },
  ]),
  ...attentionCases('Non-finite biases.', [
    { pattern: near, n: 20, bias: 'hqk', plant: ['bias@0,5,6=NaN', 'bias@1,9,19=NaN'] },
    { pattern: full(), n: 20, bias: 'k', plant: ['bias@3=Infinity'] },
    { pattern: near, n: 20, relative: 3, plant: ['relativeBias@0,1=NaN'] },
    { pattern: near, n: 20, relative: 3, plant: ['relativeBias@1,2=-Infinity'] },
    { pattern: full(), n: 20, alibi: 'h', plant: ['alibiSlopes@1=NaN'] },
  ]),
  ...attentionCases('A score that is NaN stays NaN under a bias of −∞, which hides numbers only.', [
    { pattern: full(), n: 20, bias: 'k', plant: ['k@0,0,5,2=NaN', 'bias@5=-Infinity'] },
    { pattern: near, n: 70, bias: 'hqk', plant: ['q@0,1,20,3=NaN', 'bias@1,20=-Infinity'] },
    { pattern: causal(), n: 70, relative: 3, plant: ['k@0,0,20,1=NaN', 'relativeBias@0,0=-Infinity'] },
  ]),
  ...attentionCases('NaN in one batch row or head leaves the others alone.', [
    { pattern: full(), n: 9, batch: 3, plant: ['k@1=NaN', 'v@1=NaN'] },
    { pattern: full(), n: 9, heads: 4, kvHeads: 2, plant: ['k@0,1=NaN'] },
    { pattern: marked, n: 70, layout: 'bnhd', plant: ['v@0,20,1,0=NaN'] },
    { pattern: full(), n: 40, d: 16, dtype: 'f16', plant: ['k@0,0,7=NaN'], keyMask: 'not:9' },
  ]),
];
