import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyTree } from './expression-tree.testing.ts';
import { slidingWindow } from './sliding-window.ts';
import type { Pattern, PatternOverRows } from './pattern.ts';
import { and, not, or } from './combinators.ts';
import { perHead } from './per-head.ts';
import { where } from './where.ts';
import { overOrders } from '../plan/by-runs.ts';
import { orderOf } from '../plan/order.ts';

const LENGTH = 150;

/** A random order of some of the rows 0 … 149. */
const anyOrder = fc
  .tuple(
    fc.shuffledSubarray(
      Array.from({ length: LENGTH }, (_, row) => row),
      { minLength: 1 },
    ),
    fc.integer({ min: -40, max: 40 }),
  )
  .map(([rows, offset]) => orderOf(Int32Array.from(rows), LENGTH, offset));

/** A pattern of a formula, also as a part of others. */
const anyPattern = fc
  .tuple(anyTree, fc.constantFrom('alone', 'and', 'or', 'not', 'perHead'))
  .map(([tree, how]): Pattern => {
    const [formula, window] = [where(tree), slidingWindow({ before: 20, after: 3 })];
    if (how === 'and') return and(formula, window);
    if (how === 'or') return or(window, formula);
    if (how === 'not') return not(formula);
    return how === 'perHead' ? perHead([window, formula]) : formula;
  });

describe('a pattern over rows in any order', () => {
  it('says of every range and tile what its cells say', () => {
    fc.assert(
      fc.property(anyPattern, anyOrder, anyOrder, (pattern, queries, keys) => {
        const over = overOrders({ pattern, batchRow: 0, head: 1 }, queries, keys);
        const position = ({ index, offset }: typeof keys, place: number): number =>
          (index?.[place] ?? place) + offset;
        for (let q = 0; q < queries.count; q++) {
          for (let k = 0; k < keys.count; k++) {
            const truth = pattern.allows(0, 1, position(queries, q), position(keys, k));
            expect(over.allows(q, k)).toBe(truth);
          }
        }
        for (const size of [8, 32, 64, 128, 192]) expectSound(over, size, queries.count, keys.count);
        expectEqualMasks(over, queries.count, keys.count);
      }),
      { numRuns: 60 },
    );
  });
});

/** Checks that `classify` agrees with the cells of all ranges of this size. */
function expectSound(over: PatternOverRows, size: number, queries: number, keys: number): void {
  for (let q = 0; q < queries; q += size) {
    for (let k = 0; k < keys; k += size) {
      const range = [q, Math.min(q + size, queries), k, Math.min(k + size, keys)] as const;
      const answer = over.classify(...range);
      const cells = maskOf(over, ...range);
      if (answer === 'all') expect(cells).not.toContain('·');
      if (answer === 'none') expect(cells).not.toContain('■');
    }
  }
}

/** Checks that tiles of one signature have one mask. */
function expectEqualMasks(over: PatternOverRows, queries: number, keys: number): void {
  const masks = new Map<string, string>();
  for (let q = 0; q < queries; q += 64) {
    for (let k = 0; k < keys; k += 64) {
      const range = [q, Math.min(q + 64, queries), k, Math.min(k + 64, keys)] as const;
      const signature = over.classify(...range) === 'some' ? over.signature(...range) : undefined;
      if (signature === undefined) continue;
      const mask = maskOf(over, ...range);
      expect(mask).toBe(masks.get(signature) ?? mask);
      masks.set(signature, mask);
    }
  }
}

function maskOf(over: PatternOverRows, q0: number, q1: number, k0: number, k1: number): string {
  let mask = '';
  for (let q = q0; q < q1; q++) for (let k = k0; k < k1; k++) mask += over.allows(q, k) ? '■' : '·';
  return mask;
}
