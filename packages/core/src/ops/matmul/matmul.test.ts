import { expect, test } from 'vitest';
import { ops } from '../index.ts';
import { references } from '../references.ts';
import { counting, expectError, reference, spec } from '../ops.testing.ts';

const { matmul } = ops;

test('the last two axes multiply, the others broadcast', () => {
  expect(matmul.infer({ a: spec([5, 1, 2, 3]), b: spec([4, 3, 7]) }, {})).toEqual([spec([5, 4, 2, 7])]);
  expect(matmul.infer({ a: spec([3, 2]), b: spec([7, 3]) }, { transposeA: true, transposeB: true })).toEqual([
    spec([2, 7]),
  ]);
  expect(matmul.flops({ a: spec([5, 2, 3]), b: spec([3, 7]) }, {})).toBe(2 * 5 * 2 * 3 * 7);
});

test('a product by hand', () => {
  const a = reference([2, 2], [1, 2, 3, 4]);
  const b = reference([2, 2], [5, 6, 7, 8]);
  expect(references.matmul({ a, b }, {})[0].data).toEqual(Float64Array.of(19, 22, 43, 50));
  expect(references.matmul({ a, b }, { transposeA: true })[0].data).toEqual(Float64Array.of(26, 30, 38, 44));
  expect(references.matmul({ a, b }, { transposeB: true })[0].data).toEqual(Float64Array.of(17, 23, 39, 53));
});

test('batches broadcast', () => {
  const [out] = references.matmul({ a: counting([2, 1, 1, 2]), b: counting([3, 2, 1]) }, {});
  expect(out).toEqual(reference([2, 3, 1, 1], [1, 3, 5, 3, 13, 23]));
});

test('a reduction over nothing is 0', () => {
  expect(references.matmul({ a: reference([1, 0], []), b: reference([0, 2], []) }, {})[0]).toEqual(
    reference([1, 2], [0, 0]),
  );
});

test('says what does not fit', () => {
  expectError(
    () => matmul.infer({ a: spec([2, 3]), b: spec([2, 3]) }, {}),
    'INVALID_SHAPE',
    'matmul: reduction lengths must be equal, got 3 and 2 in [2, 3] and [2, 3]',
  );
  expectError(
    () => matmul.infer({ a: spec([3]), b: spec([3, 2]) }, {}),
    'INVALID_SHAPE',
    'matmul: a must have rank ≥ 2, got [3]',
  );
  expectError(
    () => matmul.infer({ a: spec([2, 2, 3]), b: spec([4, 3, 2]) }, {}),
    'INVALID_SHAPE',
    'matmul: shapes [2] and [4] do not broadcast',
  );
});
