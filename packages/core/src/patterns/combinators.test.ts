/** and, or, not and perHead. */
import { describe, expect, it } from 'vitest';
import { planAttention } from '../plan/plan-attention.ts';
import { causal } from './causal.ts';
import { and, childrenOf, not, or } from './combinators.ts';
import { drawPattern } from './draw.ts';
import { failure } from './errors.testing.ts';
import { EXAMPLE_SIZES } from './examples.testing.ts';
import { full } from './full.ts';
import { globalTokens } from './global-tokens.ts';
import { definePattern } from './define-pattern.ts';
import type { Pattern } from './pattern.ts';
import { perHead } from './per-head.ts';
import { segments } from './segments.ts';
import { slidingWindow } from './sliding-window.ts';

const run = (start: number, count = 8): { start: number; step: number; count: number } => ({
  start,
  step: 1,
  count,
});
const window = slidingWindow({ before: 20, after: 20 });
const dilated = slidingWindow({ before: 2, after: 2, dilation: 4 });
const untouchable: Pattern = definePattern({
  type: 'untouchable',
  allows: () => true,
  classify: () => {
    throw new Error('asked without need');
  },
});

describe('classify', () => {
  it('stops at the first answer that decides', () => {
    expect(and(causal(), untouchable).classify(0, 0, run(0), run(100))).toBe('none');
    expect(or(causal(), untouchable).classify(0, 0, run(100), run(0))).toBe('all');
  });

  it('turns around for not', () => {
    expect(not(causal()).classify(0, 0, run(0), run(100))).toBe('all');
    expect(not(causal()).classify(0, 0, run(100), run(0))).toBe('none');
    expect(not(causal()).classify(0, 0, run(0), run(0))).toBe('some');
  });
});

describe('signature', () => {
  it('leaves out patterns that are constant here', () => {
    const pattern = and(causal(), segments({ ids: Array.from({ length: 99 }, (_, i) => (i < 50 ? 0 : 1)) }));
    // Within a document only causality matters; across a border the documents have no signature.
    expect(pattern.signature(0, 0, run(0), run(0))).toBe(pattern.signature(0, 0, run(60), run(60)));
    expect(pattern.signature(0, 0, run(0), run(0))).not.toBe(pattern.signature(0, 0, run(8), run(0)));
    expect(pattern.signature(0, 0, run(46), run(46))).toBeUndefined();
  });

  it('tells apart which of the patterns is constant', () => {
    const pattern = or(and(causal(), window), not(causal()));
    expect(pattern.signature(0, 0, run(0), run(0))).not.toBe(pattern.signature(0, 0, run(30), run(8)));
  });

  it('is none or all when one pattern decides', () => {
    expect(and(causal(), segments({ ids: [1] })).signature(0, 0, run(0), run(50))).toBe('none');
  });
});

describe('the planner', () => {
  it('still hears of global tokens that causality restricts', () => {
    const pattern = and(or(window, globalTokens([7, 3])), globalTokens([5, 3]), causal());
    expect([...pattern.globals(0, 0)]).toEqual([3, 5, 7]);
    expect([...not(pattern).globals(0, 0)]).toEqual([]);
  });

  it('gets each order once', () => {
    expect(or(dilated, and(dilated, causal()), window).hints(0, 0)).toEqual([{ modulus: 4 }]);
    expect(not(dilated).hints(0, 0)).toEqual([{ modulus: 4 }]);
  });

  it('plans batch rows and heads apart only where a part differs', () => {
    const heads = slidingWindow({ before: 1, after: 1, dilation: [1, 2, 1] });
    const pattern = and(causal(), heads);
    expect(pattern.variant(0, 0)).toBe(pattern.variant(0, 2));
    expect(pattern.variant(0, 0)).not.toBe(pattern.variant(0, 1));
    expect(and(causal(), window).variant(1, 1)).toBe('');
  });
});

describe('errors', () => {
  it('pass on what a part refuses', () => {
    expect(
      failure(() => and(causal(), not(globalTokens([99]))).validate(EXAMPLE_SIZES)),
    ).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected globalTokens' indices to be below 48, got 99"`,
    );
  });

  it('name what is not a pattern', () => {
    expect(failure(() => and())).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected and to be given at least one pattern, got []"`,
    );
    // @ts-expect-error the JSON form is not a pattern
    expect(failure(() => or(causal(), { type: 'causal' }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected or to be given patterns only (write patternFromJson(json) for JSON), got {"type":"causal"}"`,
    );
    // @ts-expect-error nothing
    expect(failure(() => not())).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected not to be given patterns only, got undefined"`,
    );
  });

  it('say what to write instead of a formula, a constructor, a list or JSON', () => {
    // @ts-expect-error a formula is not a pattern
    expect(failure(() => and(causal(), ({ q, k }) => q.ge(k)))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected and to be given patterns only (write where(({ q, k }) => …) for a formula, causal() with its brackets), got a function"`,
    );
    // @ts-expect-error the constructor is not what it makes
    expect(failure(() => not(causal))).toContain('causal() with its brackets');
    // @ts-expect-error a list is not its patterns
    expect(failure(() => or([causal(), window]))).toContain('(write ...list for a list of them)');
    // @ts-expect-error one by one
    expect(failure(() => perHead(causal(), window))).toContain('perHead to be given a list, perHead([a, b])');
    // @ts-expect-error JavaScript's `!` of a pattern
    expect(failure(() => and(causal(), !window))).toContain('patterns only, got false');
    // @ts-expect-error a formula is not a pattern
    expect(failure(() => perHead([causal(), ({ q, k }) => q.ge(k)]))).toContain(
      'write where(({ q, k }) => …)',
    );
    const formula = (() => true) as never;
    const sizes = { ...EXAMPLE_SIZES, batch: 1, heads: 1 };
    expect(failure(() => drawPattern(formula, { n: 4 }))).toContain(
      'drawPattern: pattern must be a pattern such as causal() (write where((',
    );
    expect(failure(() => planAttention(sizes, formula))).toContain(
      'plan: pattern must be a pattern such as causal() (write where((',
    );
  });
});

describe('perHead', () => {
  const pattern = perHead([causal(), window, causal()]);

  it('plans heads of equal patterns together', () => {
    expect(pattern.variant(0, 0)).toBe(pattern.variant(0, 2));
    expect(pattern.variant(0, 0)).not.toBe(pattern.variant(0, 1));
  });

  it('has each head attend by its own pattern', () => {
    expect([0, 1, 2].map((h) => pattern.allows(0, h, 0, 5))).toEqual([false, true, false]);
    expect([...perHead([causal(), globalTokens([4])]).globals(0, 1)]).toEqual([4]);
    expect(perHead([dilated, window]).hints(0, 0)).toEqual([{ modulus: 4 }]);
  });

  it('needs as many patterns as heads', () => {
    expect(failure(() => pattern.validate(EXAMPLE_SIZES))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected perHead to have one pattern per head (2), got 3"`,
    );
    expect(failure(() => pattern.allows(0, 3, 0, 0))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected a head that perHead has (of 3), got 3"`,
    );
    expect(failure(() => perHead([]))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected perHead to be given at least one pattern, got []"`,
    );
  });

  it('binds every head', () => {
    const boundPattern = perHead([globalTokens(), full()]).bind({
      globalMask: { batch: 1, length: 2, data: [0, 1] },
    });
    expect(boundPattern.inputs).toEqual([]);
    expect(childrenOf(boundPattern)[0].allows(0, 0, 0, 1)).toBe(true);
  });
});
