// What is left of texts and pairs that are too long.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutTokens, sharesOf } from './cut-tokens.ts';

const some = <T>(count: number, value: T): T[] => new Array<T>(count).fill(value);

/** Columns in which every token can be told from all others. */
function pairOf(first: number, second: number) {
  const sequences = [null, ...some(first, 0 as const), null, ...some(second, 1 as const), null];
  const ids = sequences.map((_, i) => i);
  return {
    ids,
    sequences,
    typeIds: sequences.map((each) => each ?? 0),
    special: sequences.map((each) => Number(each === null)),
  };
}

test.each([
  [5, 3, 8, [5, 3]],
  [5, 3, 7, [4, 3]],
  [3, 5, 7, [3, 4]],
  [9, 2, 6, [4, 2]],
  [9, 8, 7, [4, 3]],
  [8, 9, 7, [3, 4]],
  [8, 8, 7, [3, 4]],
  [8, 8, 8, [4, 4]],
  [0, 9, 4, [0, 4]],
  [9, 9, 0, [0, 0]],
])('of %i and %i tokens in a room for %i: %j', (first, second, room, expected) => {
  expect(sharesOf(first, second, room)).toEqual(expected);
});

test('a pair fills the room, special tokens stay, and all columns lose the same', () => {
  const property = fc.property(
    fc.nat(20),
    fc.nat(20),
    fc.integer({ min: 3, max: 30 }),
    (first, second, maxLength) => {
      const tokens = pairOf(first, second);
      const cut = cutTokens(tokens, { maxLength, side: 'right' });
      expect(cut.ids).toHaveLength(Math.min(tokens.ids.length, maxLength));
      expect(cut.special?.filter((flag) => flag === 1)).toHaveLength(3);
      expect(cut.typeIds).toEqual(cut.ids.map((id) => tokens.typeIds[id]));
      expect(cut.sequences).toEqual(cut.ids.map((id) => tokens.sequences[id]));
      expect(cut.ids).toEqual(cut.ids.toSorted((a, b) => a - b));
    },
  );
  fc.assert(property);
});

test('a text loses tokens at either end; ids have no special tokens', () => {
  const sequences = [null, 0, 0, 0, 0, null] as const;
  const ids = [101, 1, 2, 3, 4, 102];
  expect(cutTokens({ ids, sequences }, { maxLength: 4, side: 'right' }).ids).toEqual([101, 1, 2, 102]);
  expect(cutTokens({ ids, sequences }, { maxLength: 4, side: 'left' }).ids).toEqual([101, 3, 4, 102]);
  expect(cutTokens({ ids }, { maxLength: 4, side: 'right' })).toEqual({ ids: [101, 1, 2, 3] });
  const offsets = [null, [0, 1], [1, 2], [2, 3], [3, 4], null] as const;
  const cut = cutTokens({ ids, sequences, offsets }, { maxLength: 3, side: 'right' });
  expect(cut.offsets).toEqual([null, [0, 1], null]);
});
