import { expect, test } from 'vitest';
import { ops } from '../index.ts';
import { references } from '../references.ts';
import { expectError, reference, spec } from '../ops.testing.ts';

const { rmsNorm } = ops;
const plain = { eps: 0, weightOffset: 0 };

test('rows get a mean square of 1, wherever their mean is', () => {
  const [out] = references.rmsNorm({ x: reference([2, 2], [3, 4, 300, 400]) }, plain);
  const root = Math.sqrt(12.5);
  [3 / root, 4 / root, 3 / root, 4 / root].forEach((value, i) => expect(out.data[i]).toBeCloseTo(value, 12));
});

test('eps, weights, and weights that are stored less 1', () => {
  const x = reference([1, 2], [-1, 1]);
  const weight = reference([2], [2, 4]);
  expect(references.rmsNorm({ x, weight }, { eps: 3, weightOffset: 0 })[0].data).toEqual(
    Float64Array.of(-1, 2),
  );
  expect(references.rmsNorm({ x, weight }, { eps: 3, weightOffset: 1 })[0].data).toEqual(
    Float64Array.of(-1.5, 2.5),
  );
});

test('nothing in, nothing out', () => {
  expect(references.rmsNorm({ x: reference([3, 0], []) }, plain)).toEqual([reference([3, 0], [])]);
});

test('says what does not fit', () => {
  expect(rmsNorm.infer({ x: spec([2, 3], 'f16') }, plain)).toEqual([spec([2, 3], 'f16')]);
  expectError(
    () => rmsNorm.infer({ x: spec([2, 3]), weight: spec([2]) }, plain),
    'INVALID_SHAPE',
    'rmsNorm: weight must be [features] = [3], got [2]',
  );
  expectError(
    () => rmsNorm.infer({ x: spec([2, 3]) }, { eps: NaN, weightOffset: 0 }),
    'INVALID_ARGUMENT',
    'rmsNorm: eps must be a finite number ≥ 0, got NaN',
  );
  expectError(
    () => rmsNorm.infer({ x: spec([2, 3]) }, { eps: 0, weightOffset: 1 }),
    'INVALID_ARGUMENT',
    'rmsNorm: weightOffset needs a weight, got 1 alone',
  );
});
