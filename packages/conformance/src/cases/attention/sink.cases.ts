/** Learned sinks: one more logit in the softmax of each row, alone and beside everything else. */
import { causal, full, globalTokens, not, or, perHead, segments, slidingWindow } from '@attn/core';
import type { ConformanceCase } from '../../case.ts';
import { attentionCases, cross } from './attention-case.ts';

const near = slidingWindow({ before: 4, after: 4 });
const marked = or(near, globalTokens([0, 30]));
const nothing = not(full());
const LSE = [undefined, false] as const; // the two forms of the composition

export const sinkCases: readonly ConformanceCase[] = [
  ...attentionCases(
    'Sinks of their own for each head, with and without lse, in both layouts.',
    cross(
      { n: 70, heads: 3, dv: 5, sinks: 'bell' },
      { pattern: [full(), causal(), near, marked], layout: ['bhnd', 'bnhd'], lse: LSE },
    ),
  ),
  ...attentionCases(
    'Sinks belong to query heads, whichever keys they read, and are the same in all batch rows.',
    cross(
      { n: 33, batch: 2, heads: 4, sinks: 'bell' },
      { pattern: [near, perHead([near, full(), causal(), marked])], kvHeads: [1, 2], lse: LSE },
    ),
  ),
  ...attentionCases(
    'Queries and keys of different lengths, a single one of each, and none.',
    cross({ pattern: causal(), n: 70, nq: 9, sinks: 'bell' }, { layout: ['bhnd', 'bnhd'], lse: LSE }),
  ),
  ...attentionCases('One query, one key, one head, a head dim of one; no keys at all.', [
    { pattern: full(), n: 1, heads: 1, d: 1, sinks: 'bell' },
    { pattern: full(), n: 1, heads: 1, d: 1, sinks: 'bell', lse: false },
    { pattern: full(), n: 0, nq: 3, sinks: 'bell' },
    { pattern: full(), n: 0, nq: 3, sinks: 'bell', lse: false },
  ]),
  ...attentionCases(
    'Rows without keys give 0, and their sink as lse.',
    cross(
      { n: 20, batch: 2, sinks: 'bell' },
      { pattern: [full(), near, nothing], keyMask: ['none|all', 'tail:15'], queryMask: ['tail:3'], lse: LSE },
    ),
  ),
  ...attentionCases(
    'Sinks far below all logits change nothing; far above they take everything.',
    cross(
      { n: 40, heads: 2 },
      { pattern: [full(), near], sinks: ['signs*100', 'ones*-100', 'ones*100'], lse: LSE },
    ),
  ),
  ...attentionCases(
    'A sink of −∞ is none, also in rows without keys.',
    cross(
      { pattern: near, n: 20, heads: 3, keyMask: 'head:12', sinks: 'bell', plant: ['sinks@1=-Infinity'] },
      { lse: LSE },
    ),
  ),
  ...attentionCases(
    'A NaN in a row stays in that row, that of a sink in its head.',
    cross({ pattern: near, n: 20, sinks: 'bell' }, { plant: [['q@0,1,5,2=NaN'], ['sinks@1=NaN']], lse: LSE }),
  ),
  ...attentionCases(
    'Sinks are neither scaled nor capped, and beside biases.',
    cross(
      {
        pattern: marked,
        n: 66,
        sinks: 'bell*3',
        scale: 0.1,
        softcap: 2,
        bias: 'hqk',
        alibi: 'h',
        relative: 4,
      },
      { lse: LSE },
    ),
  ),
  ...attentionCases(
    'Global tokens with projections of their own, and documents.',
    cross(
      { n: 66, sinks: 'bell' },
      { pattern: [marked, segments()], separate: [undefined, true], segments: ['runs:10,40'] },
    ),
  ),
  ...attentionCases(
    'Huge logits, where lse has no digits left for the sink.',
    cross({ pattern: full(), n: 30, heads: 1, data: 'halves*16', sinks: 'bell' }, { lse: LSE }),
  ),
  ...attentionCases(
    'Half precision storage; sinks are halves or wider.',
    cross(
      { n: 40, heads: 2, batch: 2, dtype: 'f16' as const, sinks: 'bell', keyMask: 'tail:6|none' },
      {
        pattern: [near, causal()],
        layout: ['bhnd', 'bnhd'],
        wideSinks: [undefined, true],
        lse: LSE,
      },
    ),
  ),
  ...attentionCases('Half precision storage and sinks that decide alone.', [
    { pattern: full(), n: 40, dtype: 'f16', sinks: 'signs*100' },
    { pattern: near, n: 40, dtype: 'f16', sinks: 'signs*100', lse: false },
  ]),
];
