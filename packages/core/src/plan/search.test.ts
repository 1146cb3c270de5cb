import { describe, expect, it, vi } from 'vitest';
import { ColumnTable } from '../patterns/column-table.ts';
import type { IntExpression } from '../patterns/expression.ts';
import { causal } from '../patterns/causal.ts';
import { and } from '../patterns/combinators.ts';
import type { Pattern } from '../patterns/pattern.ts';
import { where } from '../patterns/where.ts';
import { expandPlan } from './expand.testing.ts';
import { planAttention } from './plan-attention.ts';

const sizes = (n: number) => ({ batch: 1, heads: 1, queryLength: n, keyLength: n, queryOffset: 0 });

/** A window of 2·reach + 1 around a coordinate, moved inwards at the edges of the canvas. */
const near = (q: IntExpression, k: IntExpression, reach: number, size: number) =>
  q
    .max(reach)
    .min(size - 1 - reach)
    .sub(k)
    .abs()
    .le(reach);

/** A neighbourhood of 13 × 13 on a canvas of 128 columns, in row order. */
const neighbourhood = where(({ q, k }) =>
  near(q.div(128), k.div(128), 6, 128).and(near(q.mod(128), k.mod(128), 6, 128)),
);

/** Noisy tokens, then the same as clean ones, in blocks of 16. */
const blockDiffusion = (n: number): Pattern =>
  where(({ q, k }) => {
    const isClean = { q: q.ge(n / 2), k: k.ge(n / 2) };
    const block = { q: q.mod(n / 2).div(16), k: k.mod(n / 2).div(16) };
    return block.q
      .eq(block.k)
      .and(isClean.q.not(), isClean.k.not())
      .or(block.q.gt(block.k).and(isClean.q.not(), isClean.k), block.q.ge(block.k).and(isClean.q, isClean.k));
  });

describe('the search for an order', () => {
  const labels = ({ q, k }: Record<'q' | 'k', IntExpression>) => {
    const label = (i: IntExpression): IntExpression => i.mul(7919).mod(1009).div(63);
    return label(q).eq(label(k));
  };
  it.each<[string, number, Pattern, order: string, share: number]>([
    ['a neighbourhood in boxes', 16_384, neighbourhood, 'in boxes of 8 × 8', 0.04],
    ['labels that a formula compares', 4096, where(labels), 'by i.mul(7919).mod(1009).div(63)', 0.09],
    [
      'time before space, behind 100 tokens of text',
      2660,
      where(({ q, k }) => {
        const place = (i: IntExpression): IntExpression => i.sub(100).mod(256);
        return q.lt(100).or(k.lt(100), place(q).sub(place(k)).abs().lt(16));
      }),
      'by i.sub(100).mod(256)',
      0.3,
    ],
    ['block diffusion stays as it is', 4096, blockDiffusion(4096), 'natural', 0.27],
    ['a window stays as it is', 4096, where(({ q, k }) => q.sub(k).abs().le(9)), 'natural', 0.05],
  ])('%s', (_name, n, pattern, order, share) => {
    const { stats } = planAttention(sizes(n), pattern);
    expect(stats.order).toBe(order);
    expect(stats.computedPairs).toBeLessThan(share * n * n);
    expect(stats.allowedPairs).toBeLessThanOrEqual(stats.computedPairs);
  });

  it('keeps the meaning', () => {
    for (const pattern of [neighbourhood, where(labels), and(neighbourhood, causal())]) {
      const n = 640;
      const counts = expandPlan(planAttention(sizes(n), pattern), 0, n, n);
      const differs = counts.findIndex(
        (count, cell) => (count === 1) !== pattern.allows(0, 0, Math.floor(cell / n), cell % n),
      );
      expect(differs).toBe(-1);
      expect(counts.every((count) => count <= 1)).toBe(true);
    }
  });

  it('goes over a plane once where all tiles of the natural order are open', () => {
    const asked = vi.spyOn(ColumnTable.prototype, 'range');
    const tiles = where(({ q, k }) => {
      const [a, b] = [q.div(64), k.div(64)];
      return near(a.div(16), b.div(16), 1, 16).and(near(a.mod(16), b.mod(16), 1, 16));
    });
    const { stats } = planAttention(sizes(16_384), tiles);
    expect(stats.maskedTiles).toBe(0);
    // Two tables are read for each question.
    expect(asked.mock.calls.length).toBeLessThan((2 * 256 ** 2) / 4);
    asked.mockRestore();
  });

  it('shares masks among tiles that look alike, whatever the period', () => {
    expect(planAttention(sizes(65_536), blockDiffusion(65_536)).stats.masks).toBe(3);
  });
});
