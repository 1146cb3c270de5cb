import { expect, test } from 'vitest';
import { ops } from '../index.ts';
import { references } from '../references.ts';
import { counting, expectError, reference, spec } from '../ops.testing.ts';

const { slice } = ops;

test('a box, which may be empty', () => {
  expect(slice.infer({ x: spec([4, 5]) }, { starts: [1, 0], ends: [3, 5] })).toEqual([spec([2, 5])]);
  const x = counting([3, 4]);
  expect(references.slice({ x }, { starts: [1, 1], ends: [3, 3] })).toEqual([
    reference([2, 2], [5, 6, 9, 10]),
  ]);
  expect(references.slice({ x }, { starts: [1, 2], ends: [1, 4] })).toEqual([reference([0, 2], [])]);
});

test('says what does not fit', () => {
  const x = spec([3, 4]);
  for (const [start, end] of [
    [-1, 2],
    [2, 1],
    [0, 5],
  ]) {
    expectError(
      () => slice.infer({ x }, { starts: [0, start], ends: [3, end] }),
      'INVALID_ARGUMENT',
      `slice: range [${start}, ${end}) does not lie in axis 1 of shape [3, 4]`,
    );
  }
  expectError(
    () => slice.infer({ x }, { starts: [0], ends: [1, 1] }),
    'INVALID_ARGUMENT',
    'slice: starts must be a list of 2 integers, got [0]',
  );
});
