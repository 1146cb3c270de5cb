import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planAttention } from '../plan/plan-attention.ts';
import { coverageByCells } from './examples.testing.ts';
import { pairMask } from './pair-mask.ts';
import type { PairMask, Pattern } from './pattern.ts';
import { anyRun } from './properties.testing.ts';

const bound = (mask: PairMask): Pattern => pairMask().bind({ mask });

describe('a mask of pairs', () => {
  it('is classified as its cells say, whatever it is broadcast over', () => {
    const anyMask = fc
      .tuple(fc.constantFrom(1, 40), fc.constantFrom(1, 33), fc.constantFrom(1, 2), fc.integer(), fc.nat(3))
      .map(([queries, keys, heads, queryOffset, kind]): PairMask => {
        const data = Uint8Array.from({ length: heads * queries * keys }, (_, i) =>
          kind === 0 ? 1 : kind === 1 ? 0 : (i * 7919) % 11 < 3 * kind || i % keys < 16 ? 1 : 0,
        );
        return { shape: [heads, queries, keys], data, queryOffset: queryOffset % 20 };
      });
    fc.assert(
      fc.property(anyMask, anyRun(), anyRun(), (mask, q, k) => {
        const pattern = bound(mask);
        const answer = pattern.classify(0, 1, q, k);
        if (answer !== 'some') expect(answer).toBe(coverageByCells(pattern, 0, 1, q, k));
        const isContiguous = q.step === 1 && k.step === 1;
        if (isContiguous) expect(answer).toBe(coverageByCells(pattern, 0, 1, q, k));
      }),
      { numRuns: 400 },
    );
  });

  it('leaves out the tiles that it hides, and shares plans of equal heads', () => {
    const [batch, heads, n] = [2, 3, 320];
    const data = new Uint8Array(batch * n * n);
    for (let b = 0; b < batch; b++)
      for (let q = 0; q < n; q++) data.fill(1, (b * n + q) * n, (b * n + q) * n + q + 1); // causal
    const sizes = { batch, heads, queryLength: n, keyLength: n, queryOffset: 0 };
    const mask = { shape: [batch, 1, n, n], data, queryOffset: 0 };
    const { groups, stats } = planAttention(sizes, pairMask(), { mask });
    expect(groups.map(({ members }) => members.length)).toEqual([6]);
    expect(stats.tiles).toBe(6 * 15);
    expect(groups[0].block.stats.masks).toBe(1);
  });

  it('refuses sizes that it does not broadcast to', () => {
    const mask = { shape: [1, 2, 4, 4], data: new Uint8Array(32), queryOffset: 0 };
    const sizes = { batch: 1, heads: 3, queryLength: 4, keyLength: 4, queryOffset: 0 };
    expect(() => planAttention(sizes, pairMask(), { mask })).toThrow(
      'expected mask to broadcast to [1, 3, 4, 4], got [1, 2, 4, 4]',
    );
  });
});
