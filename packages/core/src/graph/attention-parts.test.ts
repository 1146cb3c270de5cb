import { describe, expect, it, vi } from 'vitest';
import { ColumnTable } from '../patterns/column-table.ts';
import { or } from '../patterns/combinators.ts';
import { slidingWindow } from '../patterns/sliding-window.ts';
import { where } from '../patterns/where.ts';
import { planAttention } from '../plan/plan-attention.ts';
import { partsOf } from '../plan/parts.ts';
import { GraphBuilder } from './builder.ts';

const rows = where(({ q, k }) => q.div(64).eq(k.div(64)));
const columns = where(({ q, k }) => q.mod(64).eq(k.mod(64)));
const axial = where(({ q, k }) =>
  q
    .div(64)
    .eq(k.div(64))
    .or(q.mod(64).eq(k.mod(64))),
);
const sizes = { batch: 1, heads: 2, queryLength: 4096, keyLength: 4096, queryOffset: 0 };

describe('attention in parts', () => {
  it.each([axial, or(rows, columns)])('computes about what is allowed of axial attention (%#)', (pattern) => {
    const parts = partsOf(sizes, pattern);
    expect(parts.length).toBe(2);
    const planned = parts.map((part) => planAttention(sizes, part).stats);
    const allowed = planAttention(sizes, pattern).stats.allowedPairs;
    expect(planned.reduce((sum, stats) => sum + stats.allowedPairs, 0)).toBe(allowed);
    expect(planned.reduce((sum, stats) => sum + stats.computedPairs, 0)).toBeLessThan(1.1 * allowed);
  });

  it('costs a question for each tile to decide, and none again for an equal call', () => {
    const asked = vi.spyOn(ColumnTable.prototype, 'range');
    const build = (): void => {
      const builder = new GraphBuilder();
      const x = builder.input('x', { dtype: 'f32', shape: [1, 1, 8192, 8] });
      const pattern = where(({ q, k }) =>
        q
          .div(64)
          .eq(k.div(64))
          .or(q.mod(64).eq(k.mod(64))),
      );
      builder.attention({ q: x, k: x, v: x }, { pattern });
    };
    build();
    // A question reads each of two tables once or twice.
    const reads = asked.mock.calls.length;
    expect(reads).toBeGreaterThan(0);
    expect(reads).toBeLessThan(4 * (8192 / 64) ** 2);
    build();
    expect(asked.mock.calls.length).toBe(reads);
    asked.mockRestore();
  });

  it('is decided where the graph is built', () => {
    const builder = new GraphBuilder();
    const [q, k, v] = ['q', 'k', 'v'].map((name) =>
      builder.input(name, { dtype: 'f32', shape: [1, 2, 4096, 8] }),
    );
    const { out } = builder.attention({ q, k, v }, { pattern: axial });
    expect(out.shape).toEqual([1, 2, 4096, 8]);
    const ops = builder.build({ out }).nodes.map(({ op }) => op);
    expect(ops.filter((op) => op === 'attention').length).toBe(2);
  });

  it('stays whole where parts save nothing', () => {
    const window = or(slidingWindow({ before: 9, after: 0 }), slidingWindow({ before: 0, after: 9 }));
    expect(partsOf(sizes, window)).toEqual([window]);
    const dilated = or(...[2, 3].map((dilation) => slidingWindow({ before: 1, after: 1, dilation })));
    expect(partsOf(sizes, dilated)).toEqual([dilated]);
  });
});
