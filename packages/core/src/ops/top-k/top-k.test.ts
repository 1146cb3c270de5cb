import { expect, test } from 'vitest';
import { expectError, reference, spec } from '../ops.testing.ts';
import { ops } from '../index.ts';
import { references } from '../references.ts';

const { topK } = ops;

test('numbers like x, and their places', () => {
  expect(topK.infer({ x: spec([2, 3, 5], 'f16') }, { k: 2 })).toEqual([
    spec([2, 3, 2], 'f16'),
    spec([2, 3, 2], 'i32'),
  ]);
});

test('the greatest first, the first of equal ones, and NaN as −∞', () => {
  const x = reference([3, 4], [3, 5, 5, 1, NaN, 2, -Infinity, NaN, 0, -0, 7, -1]);
  expect(references.topK({ x }, { k: 3 })).toEqual([
    reference([3, 3], [5, 5, 3, 2, NaN, -Infinity, 7, 0, -0]),
    reference([3, 3], [1, 2, 0, 1, 0, 2, 2, 0, 1]),
  ]);
});

test('says what does not fit', () => {
  const x = spec([2, 3]);
  expectError(
    () => topK.infer({ x }, { k: 4 }),
    'INVALID_ARGUMENT',
    'topK: k must be at most the 3 numbers of a row, got 4',
  );
  expectError(
    () => topK.infer({ x }, { k: 0 }),
    'INVALID_ARGUMENT',
    'topK: k must be a positive integer, got 0',
  );
  expectError(
    () => topK.infer({ x: spec([], 'f32') }, { k: 1 }),
    'INVALID_SHAPE',
    'topK: x must have rank ≥ 1, got []',
  );
  expectError(
    () => topK.infer({ x: spec([3], 'i32') }, { k: 1 }),
    'INVALID_DTYPE',
    'topK: x must be f32 or f16, got i32',
  );
});
