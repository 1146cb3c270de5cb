import { expect, test } from 'vitest';
import { ops } from '../index.ts';
import { references } from '../references.ts';
import { counting, expectError, reference, spec } from '../ops.testing.ts';

const { concat } = ops;

test('along any axis', () => {
  expect(concat.infer({ x0: spec([2, 3], 'i32'), x1: spec([2, 0], 'i32') }, { axis: -1 })).toEqual([
    spec([2, 3], 'i32'),
  ]);
  const inputs = { x0: counting([2, 1]), x1: counting([2, 2]) };
  expect(references.concat(inputs, { axis: 1 })).toEqual([reference([2, 3], [0, 0, 1, 1, 2, 3])]);
  expect(references.concat({ x0: counting([2]), x1: counting([1]) }, { axis: 0 })).toEqual([
    reference([3], [0, 1, 0]),
  ]);
});

test('more than ten operands keep their order', () => {
  const inputs = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`x${i}`, reference([1], [i])]));
  expect(references.concat(inputs, { axis: 0 })).toEqual([counting([12])]);
});

test('says what does not fit', () => {
  const x0 = spec([2, 3]);
  expectError(
    () => concat.infer({}, { axis: 0 }),
    'MISSING_INPUT',
    'concat: inputs must be named x0, x1, …, got []',
  );
  expectError(
    () => concat.infer({ x0, x2: x0 }, { axis: 0 }),
    'MISSING_INPUT',
    'concat: inputs must be named x0, x1, …, got ["x0", "x2"]',
  );
  expectError(
    () => concat.infer({ x0, x1: spec([2, 4]) }, { axis: 0 }),
    'INVALID_SHAPE',
    'concat: x1 must be like x0 [2, 3] but for axis 0, got [2, 4]',
  );
  expectError(
    () => concat.infer({ x0, x1: spec([3]) }, { axis: 1 }),
    'INVALID_SHAPE',
    'concat: x1 must be like x0 [2, 3] but for axis 1, got [3]',
  );
  expectError(
    () => concat.infer({ x0, x1: spec([2, 3], 'i32') }, { axis: 0 }),
    'INVALID_DTYPE',
    'concat: x1 must be f32 like x0, got i32',
  );
});
