import { expect, test } from 'vitest';
import { ops } from '../index.ts';
import { references } from '../references.ts';
import { counting, expectError, reference, spec } from '../ops.testing.ts';

const { reduce } = ops;

test('the axis goes away', () => {
  const x = spec([2, 3, 4], 'f16');
  expect(reduce.infer({ x }, { axis: 1, kind: 'sum' })).toEqual([spec([2, 4], 'f16')]);
  expect(reduce.infer({ x }, { axis: -1, kind: 'max' })).toEqual([spec([2, 3], 'f16')]);
  expect(reduce.infer({ x: spec([5]) }, { axis: 0, kind: 'mean' })).toEqual([spec([])]);
  expect(reduce.infer({ x: spec([0, 3]) }, { axis: 1, kind: 'mean' })).toEqual([spec([0])]);
  expect(reduce.normalize?.({ x }, { axis: -2, kind: 'mean' })).toEqual({ axis: 1, kind: 'mean' });
});

test('sums, means and maxima, along any axis', () => {
  const x = counting([2, 3]);
  expect(references.reduce({ x }, { axis: 1, kind: 'sum' })).toEqual([reference([2], [3, 12])]);
  expect(references.reduce({ x }, { axis: 1, kind: 'mean' })).toEqual([reference([2], [1, 4])]);
  expect(references.reduce({ x }, { axis: 0, kind: 'max' })).toEqual([reference([3], [3, 4, 5])]);
  const cube = counting([2, 2, 2]);
  expect(references.reduce({ x: cube }, { axis: -2, kind: 'sum' })).toEqual([
    reference([2, 2], [2, 4, 10, 12]),
  ]);
});

test('NaN and infinities', () => {
  const x = reference([3, 2], [NaN, 1, -Infinity, -Infinity, Infinity, -Infinity]);
  expect([...references.reduce({ x }, { axis: 1, kind: 'max' })[0].data]).toEqual([NaN, -Infinity, Infinity]);
  expect([...references.reduce({ x }, { axis: 1, kind: 'sum' })[0].data]).toEqual([NaN, -Infinity, NaN]);
});

test('says what is wrong', () => {
  expectError(
    () => reduce.infer({ x: spec([2, 0]) }, { axis: -1, kind: 'sum' }),
    'INVALID_SHAPE',
    'reduce: axis -1 must not be empty, got shape [2, 0]',
  );
  expectError(
    () => reduce.infer({ x: spec([2]) }, { axis: 1, kind: 'sum' }),
    'INVALID_ARGUMENT',
    'reduce: axis must be an integer in [-1, 1) for shape [2], got 1',
  );
  expectError(
    () => reduce.infer({ x: spec([2]) }, { axis: 0, kind: 'min' as 'max' }),
    'INVALID_ARGUMENT',
    'reduce: kind must be sum, mean, max, got "min"',
  );
  expectError(
    () => reduce.infer({ x: spec([2], 'i32') }, { axis: 0, kind: 'sum' }),
    'INVALID_DTYPE',
    'reduce: x must be f32 or f16, got i32',
  );
});
