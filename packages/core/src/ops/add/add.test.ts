import { expect, test } from 'vitest';
import { ops } from '../index.ts';
import { references } from '../references.ts';
import { counting, expectError, reference, spec } from '../ops.testing.ts';

const { add, mul } = ops;

test('shapes broadcast like NumPy', () => {
  expect(add.infer({ a: spec([2, 1, 4]), b: spec([3, 1]) }, {})).toEqual([spec([2, 3, 4])]);
  expect(add.infer({ a: spec([], 'f16'), b: spec([0, 2], 'f16') }, {})).toEqual([spec([0, 2], 'f16')]);
});

test('sums and products', () => {
  const a = counting([2, 3]);
  const b = reference([2, 1], [10, 100]);
  expect(references.add({ a, b }, {})).toEqual([reference([2, 3], [10, 11, 12, 103, 104, 105])]);
  expect(references.mul({ a, b }, {})).toEqual([reference([2, 3], [0, 10, 20, 300, 400, 500])]);
});

test('says what does not fit', () => {
  expectError(
    () => add.infer({ a: spec([2, 3]), b: spec([2]) }, {}),
    'INVALID_SHAPE',
    'add: shapes [2, 3] and [2] do not broadcast',
  );
  expectError(
    () => mul.infer({ a: spec([2]), b: spec([2], 'f16') }, {}),
    'INVALID_DTYPE',
    'mul: b must be f32 like a, got f16',
  );
  expectError(() => add.infer({ a: spec([2]) }, {}), 'MISSING_INPUT', 'add: input b is required');
  expectError(
    () => add.infer({ a: spec([2]), b: spec([2]), c: spec([2]) }, {}),
    'INVALID_ARGUMENT',
    'add: there is no input "c"; known are a, b',
  );
});
