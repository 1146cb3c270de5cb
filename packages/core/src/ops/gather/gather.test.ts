import { expect, test } from 'vitest';
import { ops } from '../index.ts';
import { references } from '../references.ts';
import { counting, expectError, reference, spec } from '../ops.testing.ts';

const { gather } = ops;
const indices = reference([3], [1, 0, 1]);

test('picks slices along any axis', () => {
  expect(gather.infer({ x: spec([2, 5, 3], 'i32'), indices: spec([4], 'i32') }, { axis: 1 })).toEqual([
    spec([2, 4, 3], 'i32'),
  ]);
  expect(references.gather({ x: counting([2, 2]), indices }, { axis: 0 })).toEqual([
    reference([3, 2], [2, 3, 0, 1, 2, 3]),
  ]);
  expect(references.gather({ x: counting([2, 2]), indices }, { axis: -1 })).toEqual([
    reference([2, 3], [1, 0, 1, 3, 2, 3]),
  ]);
});

test('says what does not fit', () => {
  expectError(
    () => gather.infer({ x: spec([2]), indices: spec([1, 1], 'i32') }, { axis: 0 }),
    'INVALID_SHAPE',
    'gather: indices must have one axis, got [1, 1]',
  );
  expectError(
    () => gather.infer({ x: spec([2]), indices: spec([1], 'bool') }, { axis: 0 }),
    'INVALID_DTYPE',
    'gather: indices must be i32 or u32, got bool',
  );
  expectError(
    () => references.gather({ x: counting([1, 2]), indices }, { axis: 0 }),
    'INVALID_ARGUMENT',
    'gather: indices must be in [0, 1), got 1 at position 0',
  );
});
