// Windows of long texts, and of pairs whose second text is long.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { repeatedOf, windowsOf } from './windows.ts';

/** Columns in which every token can be told from all others. */
function tokensOf(sequences: readonly (0 | 1 | null)[]) {
  return { ids: sequences.map((_, i) => i), typeIds: sequences.map((_, i) => i % 5), sequences };
}

const some = <T>(count: number, value: T): T[] => new Array<T>(count).fill(value);

describe('windows give every token its states once', () => {
  test.each(['text', 'pair'])('of a %s', (kind) => {
    const property = fc.property(
      fc.nat(300),
      fc.integer({ min: 1, max: 60 }),
      fc.nat(100),
      fc.tuple(fc.nat(1), fc.nat(20), fc.nat(2), fc.nat(1)),
      (count, room, overlapSeed, [start, question, between, end]) => {
        const isPair = kind === 'pair';
        const tokens = tokensOf([
          ...some(start, null),
          ...(isPair ? [...some(question, 0 as const), ...some(between, null)] : []),
          ...some(count + 1, isPair ? (1 as const) : (0 as const)),
          ...some(end, null),
        ]);
        const { before, after } = repeatedOf(tokens);
        expect([before, after]).toEqual([start + (isPair ? question + between : 0), end]);
        const maxLength = before + room + after;
        const windows = windowsOf(0, tokens, maxLength, overlapSeed % room);
        const shares = tokens.ids.map(() => 0);
        for (const { ids, typeIds, parts } of windows) {
          expect(ids.length).toBeLessThanOrEqual(maxLength);
          expect(typeIds).toEqual(ids.map((id) => id % 5));
          expect([ids.slice(0, before), ids.slice(ids.length - after)]).toEqual([
            tokens.ids.slice(0, before),
            tokens.ids.slice(tokens.ids.length - after),
          ]);
          for (const { from, to, at, share } of parts) {
            expect(ids.slice(from, to)).toEqual(tokens.ids.slice(at, at + to - from));
            for (let i = at; i < at + to - from; i++) shares[i] += share;
          }
        }
        for (const share of shares) expect(share).toBeCloseTo(1, 9);
      },
    );
    fc.assert(property, { numRuns: 300 });
  });
});

test('a pair whose second text has no tokens is split like its first', () => {
  expect(repeatedOf(tokensOf([null, 0, 0, null, null]))).toEqual({ before: 1, after: 2 });
  expect(repeatedOf(tokensOf([null, null]))).toEqual({ before: 2, after: 0 });
  expect(repeatedOf({ ids: [5, 6] })).toEqual({ before: 0, after: 0 });
});
