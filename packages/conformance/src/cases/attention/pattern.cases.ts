/**
 * Every other pattern, and patterns made of patterns: what a planner
 * must get right without knowing their names.
 */
import {
  and,
  blockSparse,
  causal,
  fixed,
  full,
  globalTokens,
  not,
  or,
  perHead,
  randomBlocks,
  sinks,
  slidingWindow,
  strided,
  where,
} from '@attn/core';
import type { ConformanceCase } from '../../case.ts';
import { attentionCases, cross } from './attention-case.ts';

const near = slidingWindow({ before: 3, after: 3 });
const past = slidingWindow({ before: 9, after: 0 });
const LENGTHS = [9, 64, 130];

/** A layout of blocks drawn by a fixed rule; about a third of the blocks are seen. */
function layout(rows: number, columns: number, salt: number): number[][] {
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => ((i * 7 + j * 5 + salt) % 3 === 0 ? 1 : 0)),
  );
}

export const patternCases: readonly ConformanceCase[] = [
  ...attentionCases(
    'Attention sinks with a causal window, as in streaming.',
    [1, 4, 70].flatMap((count) =>
      cross({ pattern: and(or(past, sinks(count)), causal()), heads: 1 }, { n: LENGTHS }),
    ),
  ),
  ...attentionCases('Sinks with a cache of keys, and alone.', [
    { pattern: and(or(past, sinks(4)), causal()), n: 100, nq: 1 },
    { pattern: and(or(past, sinks(4)), causal()), n: 100, nq: 40 },
    { pattern: sinks(3), n: 70 },
    { pattern: sinks(100), n: 70 },
  ]),
  ...attentionCases(
    'Strided sparse attention.',
    cross({ heads: 1 }, { pattern: [1, 4, 8, 65].map((stride) => strided({ stride })), n: LENGTHS }),
  ),
  ...attentionCases(
    'Fixed sparse attention.',
    cross(
      { heads: 1 },
      {
        pattern: [
          [4, 1],
          [8, 3],
          [64, 2],
          [5, 5],
        ].map(([stride, summary]) => fixed({ stride, summary })),
        n: LENGTHS,
      },
    ),
  ),
  ...attentionCases('Strided and fixed with queries elsewhere.', [
    { pattern: strided({ stride: 6 }), n: 70, nq: 11 },
    { pattern: strided({ stride: 6 }), n: 70, nq: 11, offset: -4 },
    { pattern: fixed({ stride: 6, summary: 2 }), n: 70, nq: 11, offset: 33 },
  ]),
  ...attentionCases('Random blocks, a draw per head or one for all.', [
    { pattern: randomBlocks({ length: 64, blockSize: 8, blocksPerRow: 1, seed: 1 }), n: 64 },
    { pattern: randomBlocks({ length: 130, blockSize: 8, blocksPerRow: 3, seed: 2 }), n: 130 },
    {
      pattern: randomBlocks({ length: 130, blockSize: 8, blocksPerRow: 3, seed: 2, heads: 'shared' }),
      n: 130,
    },
    { pattern: randomBlocks({ length: 200, blockSize: 64, blocksPerRow: 1, seed: 3 }), n: 200 },
    {
      pattern: randomBlocks({ length: 70, blockSize: 7, blocksPerRow: 2, seed: 4 }),
      n: 70,
      batch: 2,
      keyMask: 'tail:20',
    },
  ]),
  ...attentionCases('BigBird: window, global and random blocks together.', [
    {
      pattern: or(
        slidingWindow({ before: 15, after: 15 }),
        globalTokens([0, 1, 2, 3, 126, 127]),
        randomBlocks({ length: 128, blockSize: 16, blocksPerRow: 1, seed: 7 }),
      ),
      n: 128,
    },
    {
      pattern: and(
        or(near, globalTokens([0]), randomBlocks({ length: 96, blockSize: 8, blocksPerRow: 2, seed: 8 })),
        causal(),
      ),
      n: 96,
    },
  ]),
  ...attentionCases(
    'An explicit layout of blocks, one for all heads or one per head; rows of blocks that see nothing.',
    [
      { pattern: blockSparse({ blockSize: 16, layout: layout(5, 5, 0) }), n: 80 },
      { pattern: blockSparse({ blockSize: 16, layout: layout(5, 5, 1) }), n: 70 },
      { pattern: blockSparse({ blockSize: 64, layout: layout(3, 3, 0) }), n: 130 },
      { pattern: blockSparse({ blockSize: 7, layout: layout(10, 10, 2) }), n: 70 },
      { pattern: blockSparse({ blockSize: 16, layout: [layout(5, 5, 0), layout(5, 5, 2)] }), n: 80 },
      {
        pattern: blockSparse({
          blockSize: 8,
          layout: [
            [1, 0, 1],
            [0, 0, 0],
            [1, 1, 1],
          ],
        }),
        n: 24,
      },
      { pattern: and(blockSparse({ blockSize: 16, layout: layout(5, 5, 0) }), causal()), n: 80 },
      { pattern: blockSparse({ blockSize: 1, layout: layout(9, 9, 1) }), n: 9 },
    ],
  ),
  ...attentionCases('Formulas of positions, heads and batch rows.', [
    { pattern: where(({ q, k }) => q.sub(k).abs().le(5)), n: 70 },
    { pattern: where(({ q, k }) => k.le(q).and(q.sub(k).mod(3).eq(0))), n: 130, heads: 1 },
    { pattern: where(({ q, k, head }) => q.sub(k).abs().le(head.mul(4).add(1))), n: 70, heads: 3 },
    { pattern: where(({ q, k, batch }) => k.le(q.add(batch.mul(10)))), n: 70, batch: 3, heads: 1 },
    { pattern: where(({ q, k }) => q.div(8).eq(k.div(8)).or(k.mod(8).eq(7))), n: 70 },
    { pattern: where(({ q, k }) => q.add(k).mod(2).eq(0)), n: 66 },
    { pattern: where(({ q, k }) => q.mul(k).le(100)), n: 40 },
    { pattern: where(true), n: 10 },
    { pattern: where(false), n: 10 },
    { pattern: where(({ q, k }) => k.ge(q.min(20)).and(k.lt(q.max(40)))), n: 70, nq: 50, offset: -5 },
  ]),
  ...attentionCases('Complements.', [
    { pattern: not(causal()), n: 66 },
    { pattern: not(near), n: 70 },
    { pattern: and(full(), not(globalTokens([0, 5]))), n: 70 },
    { pattern: and(causal(), not(slidingWindow({ before: 3, after: 0 }))), n: 70 },
    { pattern: not(full()), n: 20 },
    { pattern: not(not(near)), n: 70 },
    { pattern: not(slidingWindow({ before: 3, after: 3, dilation: 2 })), n: 70 },
  ]),
  ...attentionCases('Patterns nested in patterns.', [
    { pattern: and(or(near, globalTokens([0])), or(causal(), sinks(2))), n: 70 },
    { pattern: or(and(near, causal()), and(strided({ stride: 9 }), not(near))), n: 130, heads: 1 },
    {
      pattern: or(and(slidingWindow({ before: 20, after: 20, dilation: 3 }), not(near)), and(near, causal())),
      n: 130,
      heads: 1,
    },
    { pattern: and(and(and(causal(), causal()), full()), or(near, past)), n: 70 },
    {
      pattern: or(
        slidingWindow({ before: 2, after: 2, dilation: 2 }),
        slidingWindow({ before: 2, after: 2, dilation: 3 }),
      ),
      n: 130,
      heads: 1,
    },
    { pattern: or(near), n: 20 },
    { pattern: and(near, not(near)), n: 20 },
  ]),
  ...attentionCases('A pattern per head: dense beside sparse, dilated beside not, global in one head only.', [
    { pattern: perHead([full(), near]), n: 70 },
    { pattern: perHead([causal(), past, strided({ stride: 5 }), causal()]), n: 70, heads: 4 },
    {
      pattern: perHead([or(near, globalTokens([0])), or(near, globalTokens([7, 60])), near]),
      n: 70,
      heads: 3,
    },
    {
      pattern: perHead([or(near, globalTokens([0])), or(near, globalTokens([7, 60])), near]),
      n: 70,
      heads: 3,
      separate: true,
    },
    {
      pattern: and(perHead([slidingWindow({ before: 3, after: 3, dilation: 2 }), full()]), causal()),
      n: 70,
      batch: 2,
      keyMask: 'tail:9|holes:20',
    },
    { pattern: perHead([not(full()), full()]), n: 20 },
  ]),
];
