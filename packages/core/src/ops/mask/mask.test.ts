import { expect, test } from 'vitest';
import { ops } from '../index.ts';
import { references } from '../references.ts';
import { counting, expectError, reference, spec } from '../ops.testing.ts';

const { mask } = ops;

test('has the shape of x', () => {
  const x = spec([2, 3], 'f16');
  expect(mask.infer({ x, mask: spec([2, 1], 'bool') }, {})).toEqual([x]);
  expect(mask.infer({ x, mask: spec([], 'u8') }, {})).toEqual([x]);
});

test('what is masked is 0, whatever it was', () => {
  const rows = reference([2, 1], [0, 1]);
  expect(references.mask({ x: counting([2, 2]), mask: rows }, {})).toEqual([reference([2, 2], [0, 0, 2, 3])]);
  const x = reference([2, 2], [NaN, Infinity, -Infinity, NaN]);
  expect([...references.mask({ x, mask: rows }, {})[0].data]).toEqual([0, 0, -Infinity, NaN]);
});

test('says what does not fit', () => {
  expectError(
    () => mask.infer({ x: spec([2, 3]), mask: spec([2], 'bool') }, {}),
    'INVALID_SHAPE',
    'mask: mask must broadcast to [2, 3], got [2]',
  );
  expectError(
    () => mask.infer({ x: spec([2, 1]), mask: spec([2, 3], 'bool') }, {}),
    'INVALID_SHAPE',
    'mask: mask must broadcast to [2, 1], got [2, 3]',
  );
  expectError(
    () => mask.infer({ x: spec([2, 3]), mask: spec([2, 3]) }, {}),
    'INVALID_DTYPE',
    'mask: mask must be bool or u8, got f32',
  );
});
