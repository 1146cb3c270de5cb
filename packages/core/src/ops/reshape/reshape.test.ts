import { expect, test } from 'vitest';
import { ops } from '../index.ts';
import { references } from '../references.ts';
import { counting, expectError, spec } from '../ops.testing.ts';

const { reshape } = ops;

test('one extent may follow from the others', () => {
  const x = spec([2, 3, 4], 'i32');
  expect(reshape.infer({ x }, { shape: [4, -1] })).toEqual([spec([4, 6], 'i32')]);
  expect(reshape.infer({ x }, { shape: [24] })).toEqual([spec([24], 'i32')]);
  expect(reshape.infer({ x: spec([0, 3]) }, { shape: [-1, 3] })).toEqual([spec([0, 3])]);
  expect(reshape.infer({ x: spec([1]) }, { shape: [] })).toEqual([spec([])]);
  expect(reshape.normalize?.({ x }, { shape: [4, -1] })).toEqual({ shape: [4, 6] });
});

test('is a view of the same elements', () => {
  const x = counting([2, 3]);
  const [out] = references.reshape({ x }, { shape: [-1] });
  expect(out).toEqual(counting([6]));
  expect(out.data).toBe(x.data);
  expect(reshape.isView).toBe(true);
});

test('says what does not fit', () => {
  const x = spec([2, 3]);
  const sizes = (shape: string) => `reshape: [2, 3] with 6 elements cannot become ${shape}`;
  expectError(() => reshape.infer({ x }, { shape: [4] }), 'INVALID_SHAPE', sizes('[4]'));
  expectError(() => reshape.infer({ x }, { shape: [4, -1] }), 'INVALID_SHAPE', sizes('[4, -1]'));
  expectError(() => reshape.infer({ x }, { shape: [0, -1] }), 'INVALID_SHAPE', sizes('[0, -1]'));
  expectError(
    () => reshape.infer({ x }, { shape: [-1, -1] }),
    'INVALID_ARGUMENT',
    'reshape: shape must have extents ≥ 0 and at most one −1, got [-1, -1]',
  );
  expectError(
    () => reshape.infer({ x }, { shape: [1.5, 4] }),
    'INVALID_ARGUMENT',
    'reshape: shape must be a list of integers, got [1.5, 4]',
  );
});
