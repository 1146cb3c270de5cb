/** Patterns that look up positions in tables, which are options or run-time inputs. */
import { describe, expect, it } from 'vitest';
import { EXAMPLE_SIZES } from './examples.testing.ts';
import { failure } from './errors.testing.ts';
import { and, or } from './combinators.ts';
import { globalTokens } from './global-tokens.ts';
import { keyPadding } from './key-padding.ts';
import { segments } from './segments.ts';
import { slidingWindow } from './sliding-window.ts';

const sizes = { ...EXAMPLE_SIZES, keyLength: 4, queryLength: 4 };
const globalMask = { batch: 2, length: 4, data: Uint8Array.of(1, 0, 0, 1, 0, 1, 0, 0) };
const segmentIds = { batch: 2, length: 4, data: Int32Array.of(0, 0, 1, 1, 5, 5, 5, 5) };
const keyLengths = { batch: 2, length: 1, data: Int32Array.of(4, 2) };

describe('globalTokens', () => {
  it('sorts its positions and drops repetitions', () => {
    expect(globalTokens([5, 0, 5]).toJSON()).toEqual({ type: 'globalTokens', indices: [0, 5] });
    expect(globalTokens([5, 0]).key).toBe(globalTokens({ indices: Int32Array.of(0, 5) }).key);
  });

  it('is its positions to the planner, in each batch row', () => {
    expect([...globalTokens([9, 2]).globals(0, 0)]).toEqual([2, 9]);
    const boundPattern = globalTokens().bind({ globalMask });
    expect([0, 1].map((b) => [...boundPattern.globals(b, 0)])).toEqual([[0, 3], [1]]);
    expect(boundPattern.variant(0, 0)).not.toBe(boundPattern.variant(1, 0));
  });

  it('gives batch rows of equal masks one plan', () => {
    const rows = globalTokens({
      mask: [
        [1, 0],
        [0, 0],
        [1, 0],
        [0, 0],
      ],
    });
    expect([0, 1, 2, 3].map((b) => rows.variant(b, 0))).toEqual(['0', '1', '0', '1']);
    expect(globalTokens({ mask: [1, 0] }).variant(3, 0)).toBe('');
  });

  it('lets global tokens be seen without seeing, when not symmetric', () => {
    const oneWay = globalTokens({ indices: [1], symmetric: false });
    expect([oneWay.allows(0, 0, 3, 1), oneWay.allows(0, 0, 1, 3)]).toEqual([true, false]);
    expect([...oneWay.globals(0, 0)]).toEqual([1]);
  });

  it('takes no global token at all for an answer', () => {
    const none = globalTokens([]);
    expect(none.allows(0, 0, 0, 0)).toBe(false);
    expect(none.classify(0, 0, { start: 0, step: 1, count: 9 }, { start: 0, step: 1, count: 9 })).toBe(
      'none',
    );
    expect([...none.globals(0, 0)]).toEqual([]);
  });

  it('refuses what cannot be meant', () => {
    expect(failure(() => globalTokens([3, -1]))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected every entry of globalTokens' indices to be a non-negative integer of at most 2147483646, got -1"`,
    );
    expect(failure(() => globalTokens({ mask: [[1, 2]] }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected every entry of globalTokens' mask to be 0 or 1, got 2"`,
    );
    expect(failure(() => globalTokens({ mask: [[1, 0], [1]] }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected globalTokens' mask to have rows of equal length (2), got 1"`,
    );
    expect(failure(() => globalTokens({ mask: [1], indices: [1] }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected globalTokens to have either indices or a mask, got {"indices":[1],"mask":"..."}"`,
    );
    // @ts-expect-error a misspelt option
    expect(failure(() => globalTokens({ index: [1] }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] globalTokens: there is no option "index"; known are indices, mask, symmetric"`,
    );
    // @ts-expect-error not a boolean
    expect(failure(() => globalTokens({ indices: [1], symmetric: 'no' }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected globalTokens' symmetric to be true or false, got "no""`,
    );
    expect(failure(() => globalTokens([4]).validate(sizes))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected globalTokens' indices to be below 4, got 4"`,
    );
    expect(failure(() => globalTokens({ mask: [1, 0, 0] }).validate(sizes))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected globalTokens' mask to have one entry per key (4), got 3"`,
    );
    expect(failure(() => globalTokens({ mask: [[1, 0, 0, 0]] }).validate(sizes))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected globalTokens' mask to have one entry per batch row (2), got 1"`,
    );
  });
});

describe('keyPadding', () => {
  it('gives batch rows of equal lengths one plan', () => {
    const rows = keyPadding({ lengths: [7, 3, 7] });
    expect([0, 1, 2].map((b) => rows.variant(b, 0))).toEqual(['0', '1', '0']);
  });

  it('refuses what cannot be meant', () => {
    expect(failure(() => keyPadding({ lengths: [] }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected keyPadding's lengths to be a non-empty list, got []"`,
    );
    expect(failure(() => keyPadding({ lengths: [1.5] }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected every entry of keyPadding's lengths to be a non-negative integer of at most 2147483647, got 1.5"`,
    );
    expect(failure(() => keyPadding({ lengths: [1], mask: [1] }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected keyPadding to have either lengths or a mask, got "both""`,
    );
    expect(failure(() => keyPadding({ lengths: [1] }).validate(sizes))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected keyPadding's lengths to have one entry per batch row (2), got 1"`,
    );
    expect(failure(() => keyPadding({ lengths: [1, 5] }).validate(sizes))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected keyPadding's lengths to be at most 4, got 5"`,
    );
  });
});

describe('segments', () => {
  it('knows documents that do not interleave without an order, and asks for one when they do', () => {
    expect(segments({ ids: [4, 4, 1, 1] }).hints(0, 0)).toEqual([]);
    expect(segments({ ids: [4, 1, 4, 1] }).hints(0, 0)).toEqual([{ labels: Int32Array.of(0, 1, 0, 1) }]);
  });

  it('plans batch rows with the same documents together, whatever their ids', () => {
    const rows = segments({
      ids: [
        [1, 1, 2],
        [8, 8, 3],
        [1, 2, 2],
      ],
    });
    expect([0, 1, 2].map((b) => rows.variant(b, 0))).toEqual(['0', '0', '2']);
  });

  it('separates interleaved documents that lie apart, without looking at each position', () => {
    const ids = Array.from({ length: 4096 }, (_, i) => 2 * Math.floor(i / 1024) + (i % 2));
    const quarter = (i: number): { start: number; step: number; count: number } => ({
      start: i * 1024,
      step: 1,
      count: 1024,
    });
    expect(segments({ ids }).classify(0, 0, quarter(0), quarter(3))).toBe('none');
    expect(segments({ ids }).classify(0, 0, quarter(2), quarter(2))).toBe('some');
    const odd = { start: 1025, step: 2, count: 64 };
    expect(segments({ ids }).classify(0, 0, odd, { ...odd, start: 1027 })).toBe('all');
  });

  it('refuses what cannot be meant', () => {
    expect(failure(() => segments({ ids: [] }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected segments' ids to be a non-empty list, got []"`,
    );
    expect(failure(() => segments({ ids: [0.5] }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected every entry of segments' ids to be an integer, got 0.5"`,
    );
    expect(failure(() => segments({ ids: [[1], [2], [3]] }).validate(sizes))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected segments' ids to have one entry per batch row (2), got 3"`,
    );
  });
});

describe('run-time inputs', () => {
  const unbound = and(or(slidingWindow({ before: 1, after: 1 }), globalTokens()), segments(), keyPadding());

  it('are named, and bound through combinations', () => {
    expect([...unbound.inputs].sort()).toEqual(['globalMask', 'keyLengths', 'segmentIds']);
    const boundPattern = unbound.bind({ globalMask, segmentIds, keyLengths });
    expect(boundPattern.inputs).toEqual([]);
    boundPattern.validate(sizes);
    expect(boundPattern.allows(0, 0, 0, 1)).toBe(true);
    expect(boundPattern.allows(0, 0, 0, 3)).toBe(false);
    expect(boundPattern.allows(1, 0, 1, 3)).toBe(false);
  });

  it('may be bound one after another', () => {
    const half = unbound.bind({ globalMask });
    expect([...half.inputs].sort()).toEqual(['keyLengths', 'segmentIds']);
    expect(half.bind({ segmentIds, keyLengths }).key).toBe(
      unbound.bind({ globalMask, segmentIds, keyLengths }).key,
    );
  });

  it('are part of the key once they are bound', () => {
    const other = { ...globalMask, data: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0) };
    expect(globalTokens().bind({ globalMask }).key).not.toBe(globalTokens().bind({ globalMask: other }).key);
    expect(globalTokens().bind({ globalMask }).key).toBe(
      globalTokens({
        mask: [
          [1, 0, 0, 1],
          [0, 1, 0, 0],
        ],
      }).key,
    );
  });

  it('keep the other options', () => {
    expect(globalTokens({ symmetric: false }).bind({ globalMask }).options.symmetric).toBe(false);
  });

  it('may be empty, as in a call without keys or batch rows', () => {
    const noKeys = unbound.bind({
      globalMask: { batch: 2, length: 0, data: [] },
      segmentIds: { batch: 2, length: 0, data: [] },
      keyLengths: { batch: 2, length: 1, data: [0, 0] },
    });
    noKeys.validate({ ...sizes, keyLength: 0, queryOffset: -4 });
    expect(noKeys.allows(1, 0, -1, -1)).toBe(false);
    expect([...noKeys.globals(1, 0)]).toEqual([]);
    expect(noKeys.variant(0, 0)).toBe(noKeys.variant(1, 0));
    expect(noKeys.hints(0, 0)).toEqual([]);
    const run = { start: -4, step: 1, count: 4 };
    expect(noKeys.classify(0, 0, run, run)).toBe('none');

    const empty = (length: number) => ({ batch: 0, length, data: [] });
    const noRows = unbound.bind({ globalMask: empty(4), segmentIds: empty(4), keyLengths: empty(1) });
    noRows.validate({ ...sizes, batch: 0 });
    expect(() => noRows.validate(sizes)).toThrow("globalTokens' mask to have one entry per batch row (2)");
    expect(noRows.key).not.toBe(noKeys.key);
  });

  it('are missed by name', () => {
    expect(failure(() => globalTokens().allows(0, 0, 0, 0))).toMatchInlineSnapshot(
      `"MISSING_INPUT [attn/core] pattern: expected the run-time input globalMask of globalTokens to be bound, got none"`,
    );
    expect(
      failure(() =>
        segments().classify(0, 0, { start: 0, step: 1, count: 1 }, { start: 0, step: 1, count: 1 }),
      ),
    ).toMatchInlineSnapshot(
      `"MISSING_INPUT [attn/core] pattern: expected the run-time input segmentIds of segments to be bound, got none"`,
    );
    expect(
      failure(() => keyPadding().bind({ keyLengths: { batch: 2, length: 1, data: [4] } })),
    ).toMatchInlineSnapshot(
      `"INVALID_SHAPE [attn/core] pattern: expected keyLengths to have 2 × 1 entries, got 1"`,
    );
  });
});
