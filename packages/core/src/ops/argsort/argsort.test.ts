import { expect, test } from 'vitest';
import { ops } from '../index.ts';
import { expectError, reference, spec } from '../ops.testing.ts';
import { references } from '../references.ts';

const { argsort } = ops;

test('places in the order of their elements, equal ones as they stand', () => {
  expect(argsort.infer({ x: spec([2, 3], 'u32') }, {})).toEqual([spec([2, 3], 'i32')]);
  const x = reference([2, 4], [3, 1, 2, 1, 0, 0, 0, -1]);
  expect([...references.argsort({ x }, {})[0].data]).toEqual([1, 3, 2, 0, 3, 0, 1, 2]);
  expect([...references.argsort({ x: reference([2, 0], []) }, {})[0].data]).toEqual([]);
});

test('says what does not fit', () => {
  expectError(
    () => argsort.infer({ x: spec([2]) }, {}),
    'INVALID_DTYPE',
    'argsort: x must be i32 or u32, got f32',
  );
  expectError(
    () => argsort.infer({ x: spec([], 'i32') }, {}),
    'INVALID_SHAPE',
    'argsort: x must have rank ≥ 1, got []',
  );
});
