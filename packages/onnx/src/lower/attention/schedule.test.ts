// A schedule shows each query exactly the keys that its pattern allows, however its row blocks are batched.
import { causal, globalTokens, or, planAttention, slidingWindow, strided, type Pattern } from '@attn/core';
import { attentionProblem, TILE } from '@attn/core/backend';
import { describe, expect, test } from 'vitest';
import { schedulePlan, type ScheduleOptions } from './schedule.ts';

const [batch, heads] = [2, 2];

/** The keys that each query row sees by the schedule, with results collected as it says. */
function visibleKeys(n: number, pattern: Pattern, options: ScheduleOptions): Set<number>[] {
  const spec = { dtype: 'f32', shape: [batch, heads, n, 4] } as const;
  const problem = attentionProblem({ q: spec, k: spec, v: spec }, { pattern });
  const sizes = { batch, heads, queryLength: n, keyLength: n, queryOffset: 0 };
  const { pools, bins, table, results } = schedulePlan(problem, planAttention(sizes, pattern), options);
  const all: Set<number>[] = [];
  for (const { projection, rows, open, openTiles, masked, maskedTiles, masks } of bins) {
    const keyRows = pools[projection]?.rows;
    for (let i = 0; i < rows.length; i++) {
      const item = Math.floor(i / TILE);
      const keys = new Set<number>();
      const add = (tile: number, allows: (column: number) => boolean): void => {
        for (let column = 0; column < TILE; column++) {
          if (allows(column)) keys.add(keyRows?.[tile * TILE + column] ?? tile * TILE + column);
        }
      };
      for (let t = 0; t < openTiles; t++) add(open[item * openTiles + t], () => true);
      for (let t = 0; t < maskedTiles; t++) {
        const mask = masks[item * maskedTiles + t];
        add(
          masked[item * maskedTiles + t],
          (column) => table[(mask * TILE + (i % TILE)) * TILE + column] === 1,
        );
      }
      all.push(keys);
    }
  }
  const nothing = new Set<number>();
  return Array.from({ length: batch * heads * n }, (_, row) => all[results?.[row] ?? row] ?? nothing);
}

describe.each([
  ['causal', causal()],
  ['window', slidingWindow({ before: 30, after: 10 })],
  ['dilated window', slidingWindow({ before: 5, after: 5, dilation: 7 })],
  ['global tokens', or(slidingWindow({ before: 8, after: 8 }), globalTokens([3, 77, 150]))],
  ['strided', strided({ stride: 16 })],
])('%s', (_name, pattern) => {
  test.each([
    { blocks: 1, tiles: 1, bins: 64 },
    { blocks: 4, tiles: 512, bins: 2 },
    { blocks: 4, tiles: Infinity, bins: 1, isFixed: true },
  ])('%o', (options) => {
    const n = 200;
    const rows = visibleKeys(n, pattern, options);
    for (let row = 0; row < rows.length; row++) {
      const member = Math.floor(row / n);
      const expected = Array.from({ length: n }, (_, key) => key)
        .filter((key) => pattern.allows(Math.floor(member / heads), member % heads, row % n, key))
        .map((key) => member * n + key);
      expect([...rows[row]].sort((a, b) => a - b)).toEqual(expected);
    }
  });
});
