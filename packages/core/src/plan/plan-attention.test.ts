import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { causal } from '../patterns/causal.ts';
import { and, or } from '../patterns/combinators.ts';
import { full } from '../patterns/full.ts';
import { globalTokens } from '../patterns/global-tokens.ts';
import { mulberry32 } from '../util/mulberry32.ts';
import type { BatchRows, Pattern } from '../patterns/pattern.ts';
import { mod } from '../patterns/runs.ts';
import { segments } from '../patterns/segments.ts';
import { slidingWindow } from '../patterns/sliding-window.ts';
import type { AttentionPlan } from './block-plan.ts';
import { expandPlan } from './expand.testing.ts';
import { planAttention, type PlanData } from './plan-attention.ts';
import { planBytes } from './plan-blocks.ts';

const sizes = (n: number, batch = 1, heads = 1) => ({
  batch,
  heads,
  queryLength: n,
  keyLength: n,
  queryOffset: 0,
});
const window = (w: number, dilation?: number | number[]): Pattern =>
  slidingWindow({ before: w, after: w, dilation });

/** Checks that pairs are computed once if the pattern and the masks allow them, and never otherwise. */
function expectExact(pattern: Pattern, at: ReturnType<typeof sizes>, data: PlanData = {}): AttentionPlan {
  const plan = planAttention(at, pattern, data);
  const boundPattern = pattern.bind(data);
  let allowed = 0;
  for (let b = 0; b < at.batch; b++) {
    for (let h = 0; h < at.heads; h++) {
      const counts = expandPlan(plan, b * at.heads + h, at.queryLength, at.keyLength);
      for (let q = 0; q < at.queryLength; q++) {
        for (let k = 0; k < at.keyLength; k++) {
          const visible =
            boundPattern.allows(b, h, q + at.queryOffset, k) &&
            (data.keyMask?.data[b * at.keyLength + k] ?? 1) !== 0 &&
            (data.queryMask?.data[b * at.queryLength + q] ?? 1) !== 0;
          allowed += Number(visible);
          if (counts[q * at.keyLength + k] !== Number(visible)) {
            expect.fail(
              `pair (${q}, ${k}) of head ${h}, batch row ${b} stands ${counts[q * at.keyLength + k]} times`,
            );
          }
        }
      }
    }
  }
  expect(plan.stats.allowedPairs).toBe(allowed);
  expect(plan.stats.computedPairs).toBeGreaterThanOrEqual(allowed);
  return plan;
}

const mask = (batch: number, length: number, data: number[]): BatchRows => ({ batch, length, data });

describe('planAttention', () => {
  it('covers each allowed pair exactly once, whatever the sizes, masks and global tokens', () => {
    const arbitrary = fc.record({
      queryLength: fc.integer({ min: 0, max: 200 }),
      keyLength: fc.integer({ min: 1, max: 200 }),
      offset: fc.integer({ min: -70, max: 150 }),
      before: fc.integer({ min: 0, max: 90 }),
      after: fc.integer({ min: 0, max: 90 }),
      dilation: fc.integer({ min: 1, max: 5 }),
      globals: fc.uniqueArray(fc.nat({ max: 199 }), { maxLength: 70 }),
      causality: fc.boolean(),
      separateGlobals: fc.boolean(),
      masked: fc.uniqueArray(fc.nat({ max: 199 }), { maxLength: 40 }),
    });
    fc.assert(
      fc.property(arbitrary, (p) => {
        const globals = p.globals.filter((g) => g < p.keyLength);
        let pattern = slidingWindow({ before: p.before, after: p.after, dilation: p.dilation });
        if (globals.length > 0) pattern = or(pattern, globalTokens(globals));
        if (p.causality) pattern = and(pattern, causal());
        const keyMask = mask(1, p.keyLength, new Array<number>(p.keyLength).fill(1));
        for (const k of p.masked) if (k < p.keyLength) (keyMask.data as number[])[k] = 0;
        const at = { ...sizes(p.keyLength), queryLength: p.queryLength, queryOffset: p.offset };
        expectExact(pattern, at, { keyMask, separateGlobals: p.separateGlobals });
      }),
      { numRuns: 60 },
    );
  });

  it('shares one plan among heads and batch rows of equal pattern and mask', () => {
    const keyMask = mask(3, 70, [...new Array<number>(140).fill(1), ...new Array<number>(70).fill(0)]);
    const plan = expectExact(full(), sizes(70, 3, 2), { keyMask });
    expect(plan.groups.map(({ members }) => [...members])).toEqual([
      [0, 1, 2, 3],
      [4, 5],
    ]);
    expect(plan.groups[1].block.stats.tiles).toBe(0);
  });

  it('plans heads of different dilation apart', () => {
    const plan = expectExact(window(3, [1, 2, 1]), sizes(150, 1, 3));
    expect(plan.groups.map(({ members }) => [...members])).toEqual([[0, 2], [1]]);
  });

  it('makes a dilated window as dense as an undilated one', () => {
    const plain = planAttention(sizes(8192), window(256)).stats;
    const dilated = planAttention(sizes(8192), window(256, 4)).stats;
    expect(dilated.order).toContain('residue mod 4');
    expect(dilated.tiles).toBeLessThanOrEqual(plain.tiles * 1.05);
  });

  it('turns scattered global tokens into few columns, and their rows into as many rows as there are', () => {
    const n = 8192;
    const positions = Array.from({ length: 100 }, (_, i) => (i * 797 + 13) % n);
    const plan = planAttention(sizes(n), or(window(256), globalTokens(positions)));
    const [local, global] = plan.groups.map(({ block }) => block.stats);
    const plain = planAttention(sizes(n), window(256)).stats;
    expect(local.tiles / local.rowBlocks).toBeLessThanOrEqual(plain.tiles / plain.rowBlocks + 2.1);
    expect(global.computedPairs).toBe(100 * n);
  });

  it('keeps global rows apart when they use projections of their own', () => {
    const pattern = or(window(2), globalTokens([5]));
    const plan = expectExact(pattern, sizes(20), { separateGlobals: true });
    expect(plan.groups.map(({ projection }) => projection)).toEqual(['local', 'global']);
    expect([...(plan.groups[1].block.queryIndex ?? [])]).toEqual([5]);
  });

  it('puts interleaved documents together', () => {
    const ids = Array.from({ length: 1024 }, (_, i) => i % 8);
    const plan = planAttention(sizes(1024), segments({ ids }));
    expect(plan.stats.tiles).toBe(8 * 2 * 2);
    expect(plan.stats.maskedTiles).toBe(0);
  });

  it('classifies randomly scattered documents by their labels, not by pairs of tokens', () => {
    const draw = mulberry32(1);
    const pattern = segments({ ids: Array.from({ length: 4096 }, () => mod(draw(), 16)) });
    let calls = 0;
    const counted: Pattern = {
      ...pattern,
      bind: () => counted,
      withoutGlobals: () => counted,
      classify: (...at) => (calls++, pattern.classify(...at)),
    };
    const { stats } = planAttention(sizes(4096), counted);
    expect(stats.computedPairs / stats.allowedPairs).toBeLessThan(1.5);
    // Without the order it is about 2,000 per token.
    expect(calls).toBeLessThan(200 * 4096);
  });

  it('leaves padded keys and queries out', () => {
    const valid = [...new Array<number>(64).fill(1), ...new Array<number>(192).fill(0)];
    const rows = mask(1, 256, valid);
    const plan = expectExact(full(), sizes(256), { keyMask: rows, queryMask: rows });
    expect(plan.stats.tiles).toBe(1);
  });

  it('binds run-time data, and says which is missing', () => {
    const globalMask = mask(2, 6, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    const pattern = or(window(1), globalTokens());
    expectExact(pattern, sizes(6, 2), { globalMask });
    expect(() => planAttention(sizes(6), pattern)).toThrow(/needs the input globalMask/);
  });

  it('refuses a mask of another shape', () => {
    expect(() => planAttention(sizes(6), full(), { keyMask: mask(1, 5, [1, 1, 1, 1, 1]) })).toThrow(
      '[attn/core] plan: keyMask must have shape [1, 6], got [1, 5]',
    );
  });

  it('keeps plans small: a window has two masks, and dense attention a span per row block', () => {
    const [{ block }] = planAttention(sizes(65_536), window(256)).groups;
    expect(block.stats.masks).toBe(2);
    const [dense] = planAttention(sizes(65_536), full()).groups;
    expect(dense.block.stats.tiles).toBe(1024 * 1024);
    expect(planBytes(dense.block)).toBeLessThan(32_000);
  });
});
