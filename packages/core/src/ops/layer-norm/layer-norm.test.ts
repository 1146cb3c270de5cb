import { expect, test } from 'vitest';
import { ops } from '../index.ts';
import { references } from '../references.ts';
import { expectError, reference, spec } from '../ops.testing.ts';

const { layerNorm } = ops;

test('rows get mean 0 and variance 1', () => {
  const [out] = references.layerNorm(
    { x: reference([2, 4], [1, 2, 3, 4, 1000, 2000, 3000, 4000]) },
    { eps: 0 },
  );
  const normal = [-1.5, -0.5, 0.5, 1.5].map((value) => value / Math.sqrt(1.25));
  [...normal, ...normal].forEach((value, i) => expect(out.data[i]).toBeCloseTo(value, 12));
});

test('weight, bias and eps', () => {
  const x = reference([1, 2], [-1, 1]);
  const [out] = references.layerNorm(
    { x, weight: reference([2], [2, 4]), bias: reference([2], [10, 20]) },
    { eps: 3 },
  );
  expect(out.data).toEqual(Float64Array.of(9, 22));
});

test('a constant row is 0, not NaN, with eps', () => {
  expect(references.layerNorm({ x: reference([1, 2], [5, 5]) }, { eps: 1e-5 })[0].data).toEqual(
    Float64Array.of(0, 0),
  );
});

test('nothing in, nothing out', () => {
  expect(references.layerNorm({ x: reference([3, 0], []) }, { eps: 1e-5 })).toEqual([reference([3, 0], [])]);
});

test('says what does not fit', () => {
  expect(layerNorm.infer({ x: spec([2, 3]) }, { eps: 0 })).toEqual([spec([2, 3])]);
  expectError(
    () => layerNorm.infer({ x: spec([2, 3]), weight: spec([2]) }, { eps: 1e-5 }),
    'INVALID_SHAPE',
    'layerNorm: weight must be [features] = [3], got [2]',
  );
  expectError(
    () => layerNorm.infer({ x: spec([2, 3]) }, { eps: -1 }),
    'INVALID_ARGUMENT',
    'layerNorm: eps must be a finite number ≥ 0, got -1',
  );
});
