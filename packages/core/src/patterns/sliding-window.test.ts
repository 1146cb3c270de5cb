import { describe, expect, it } from 'vitest';
import { drawPattern } from './draw.ts';
import { EXAMPLE_SIZES } from './examples.testing.ts';
import { failure } from './errors.testing.ts';
import { slidingWindow } from './sliding-window.ts';

describe('slidingWindow', () => {
  it('draws what its documentation shows', () => {
    expect(drawPattern(slidingWindow({ before: 1, after: 1, dilation: 2 }), { n: 6 }).toTerminal())
      .toMatchInlineSnapshot(`
      "██· ██· · ·
      · ██· ██· ·
      ██· ██· ██·
      · ██· ██· ██
      · · ██· ██·
      · · · ██· ██"
    `);
  });

  it('answers for a million positions at once', () => {
    const window = slidingWindow({ before: 256, after: 256 });
    const all = { start: 0, step: 1, count: 2 ** 20 };
    expect(
      window.classify(
        0,
        0,
        { start: 2 ** 19, step: 1, count: 64 },
        { start: 0, step: 1, count: 2 ** 19 - 256 },
      ),
    ).toBe('none');
    expect(window.classify(0, 0, { start: 300, step: 1, count: 1 }, { start: 44, step: 1, count: 513 })).toBe(
      'all',
    );
    expect(window.classify(0, 0, all, all)).toBe('some');
  });

  it('is a contiguous band over positions of one residue', () => {
    const dilated = slidingWindow({ before: 2, after: 2, dilation: 4 });
    const residue = (start: number, count: number): { start: number; step: number; count: number } => ({
      start,
      step: 4,
      count,
    });
    expect(dilated.classify(0, 0, residue(1, 2), residue(1, 3))).toBe('all');
    expect(dilated.classify(0, 0, residue(1, 50), residue(2, 50))).toBe('none');
    expect(dilated.hints(0, 0)).toEqual([{ modulus: 4 }]);
    expect(slidingWindow({ before: 2, after: 2 }).hints(0, 0)).toEqual([]);
  });

  it('plans heads of equal dilation together', () => {
    const window = slidingWindow({ before: 3, after: 3, dilation: [1, 1, 2, 4] });
    expect([0, 1, 2, 3].map((h) => window.variant(0, h))).toEqual(['1', '1', '2', '4']);
    expect(window.hints(0, 1)).toEqual([]);
    expect(window.hints(0, 3)).toEqual([{ modulus: 4 }]);
  });

  it('leaves a dilation of 1 out of its JSON', () => {
    expect(slidingWindow({ before: 1, after: 0, dilation: 1 }).key).toBe(
      slidingWindow({ before: 1, after: 0 }).key,
    );
    expect(slidingWindow({ before: 1, after: 0 }).toJSON()).toEqual({
      type: 'slidingWindow',
      before: 1,
      after: 0,
    });
  });

  it('accepts a typed array of dilations', () => {
    const dilation = Int32Array.of(1, 2);
    expect(slidingWindow({ before: 1, after: 1, dilation }).toJSON().dilation).toEqual([1, 2]);
  });

  it.each([
    { before: -1, after: 0 },
    { before: 1.5, after: 0 },
    { before: 1, after: Number.NaN },
    { before: Infinity, after: 0 },
    { before: 1, after: 1, dilation: 0 },
    { before: 1, after: 1, dilation: [] },
    { before: 1, after: 1, dilation: [1, -2] },
  ])('refuses %o', (options) => {
    expect(failure(() => slidingWindow(options))).toMatch(
      /^INVALID_PATTERN \[attn\/core\] pattern: expected slidingWindow's|every entry/,
    );
  });

  it('says in one sentence what is wrong', () => {
    // @ts-expect-error both sides are required
    expect(failure(() => slidingWindow({ before: 4 }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected slidingWindow's after to be a non-negative integer, got undefined"`,
    );
    // @ts-expect-error a misspelt option
    expect(failure(() => slidingWindow({ before: 4, after: 4, dilatoin: 2 }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] slidingWindow: there is no option "dilatoin"; did you mean dilation?"`,
    );
    // @ts-expect-error no options
    expect(failure(() => slidingWindow())).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] slidingWindow: options must be an object with before, after, dilation, got undefined"`,
    );
    expect(failure(() => slidingWindow({ before: 1, after: -3 }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected slidingWindow's after to be a non-negative integer, got -3"`,
    );
    const perHead = slidingWindow({ before: 1, after: 1, dilation: [1, 2, 4] });
    expect(failure(() => perHead.validate(EXAMPLE_SIZES))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected slidingWindow's dilation to have one entry per head (2), got [1, 2, 4]"`,
    );
  });
});
