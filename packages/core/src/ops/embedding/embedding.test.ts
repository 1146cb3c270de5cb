import { expect, test } from 'vitest';
import { ops } from '../index.ts';
import { references } from '../references.ts';
import { counting, expectError, reference, spec } from '../ops.testing.ts';

const { embedding } = ops;

test('one row for each id', () => {
  expect(embedding.infer({ ids: spec([2, 5], 'u32'), table: spec([10, 3], 'f16') }, {})).toEqual([
    spec([2, 5, 3], 'f16'),
  ]);
  const [out] = references.embedding({ ids: reference([3], [2, 0, 2]), table: counting([3, 2]) }, {});
  expect(out).toEqual(reference([3, 2], [4, 5, 0, 1, 4, 5]));
});

test('no ids, no rows', () => {
  expect(references.embedding({ ids: reference([0], []), table: counting([0, 2]) }, {})).toEqual([
    reference([0, 2], []),
  ]);
});

test('says what does not fit', () => {
  expectError(
    () => embedding.infer({ ids: spec([2]), table: spec([3, 2]) }, {}),
    'INVALID_DTYPE',
    'embedding: ids must be i32 or u32, got f32',
  );
  expectError(
    () => embedding.infer({ ids: spec([2], 'i32'), table: spec([3]) }, {}),
    'INVALID_SHAPE',
    'embedding: table must be [rows, dim], got [3]',
  );
  for (const id of [3, -1]) {
    expectError(
      () => references.embedding({ ids: reference([2], [0, id]), table: counting([3, 2]) }, {}),
      'INVALID_ARGUMENT',
      `embedding: ids must be in [0, 3), got ${id} at position 1`,
    );
  }
});
