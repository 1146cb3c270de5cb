import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sortByRank } from './sort-by-rank.ts';

test.each([
  ['integers close together', fc.integer({ min: -9, max: 20 })],
  ['any numbers', fc.oneof(fc.constantFrom(Infinity, 0.5, -1e12), fc.integer({ min: -9, max: 9 }))],
])('rows of equal rank keep their sequence: %s', (_, rank) => {
  fc.assert(
    fc.property(fc.array(rank, { maxLength: 40 }), (ranks) => {
      const rows = Int32Array.from(ranks, (__, i) => ranks.length - 1 - i);
      const expected = [...rows].sort((a, b) => (ranks[a] < ranks[b] ? -1 : ranks[a] > ranks[b] ? 1 : b - a));
      expect([...sortByRank(rows, (row) => ranks[row])]).toEqual(expected);
    }),
  );
});
