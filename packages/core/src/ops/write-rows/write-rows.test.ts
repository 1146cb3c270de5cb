import { expect, test } from 'vitest';
import { ops } from '../index.ts';
import { references } from '../references.ts';
import { counting, expectError, reference, spec } from '../ops.testing.ts';

const { writeRows } = ops;
const at = spec([1], 'i32');

test('replaces rows along any axis', () => {
  expect(writeRows.infer({ x: spec([2, 5, 3], 'u8'), rows: spec([2, 2, 3], 'u8'), at }, { axis: 1 })).toEqual(
    [spec([2, 5, 3], 'u8')],
  );
  const x = counting([2, 3]);
  expect(
    references.writeRows({ x, rows: reference([1, 3], [7, 8, 9]), at: reference([1], [1]) }, { axis: 0 }),
  ).toEqual([reference([2, 3], [0, 1, 2, 7, 8, 9])]);
  expect(
    references.writeRows({ x, rows: reference([2, 1], [7, 8]), at: reference([1], [2]) }, { axis: -1 }),
  ).toEqual([reference([2, 3], [0, 1, 7, 3, 4, 8])]);
});

test('says what does not fit', () => {
  const x = spec([2, 4]);
  expectError(
    () => writeRows.infer({ x, rows: spec([2, 5]), at }, { axis: 1 }),
    'INVALID_SHAPE',
    'writeRows: rows must be like x = [2, 4], or shorter along axis 1, got [2, 5]',
  );
  expectError(
    () => writeRows.infer({ x, rows: spec([1, 2]), at }, { axis: 1 }),
    'INVALID_SHAPE',
    'writeRows: rows must be like x = [2, 4], or shorter along axis 1, got [1, 2]',
  );
  expectError(
    () => writeRows.infer({ x, rows: spec([2, 1], 'f16'), at }, { axis: 1 }),
    'INVALID_DTYPE',
    'writeRows: rows must be f32, got f16',
  );
  expectError(
    () => writeRows.infer({ x, rows: spec([2, 1]), at: spec([2], 'i32') }, { axis: 1 }),
    'INVALID_SHAPE',
    'writeRows: at must be [1] = [1], got [2]',
  );
  expectError(
    () =>
      references.writeRows(
        { x: counting([2, 4]), rows: counting([2, 3]), at: reference([1], [2]) },
        { axis: 1 },
      ),
    'INVALID_ARGUMENT',
    'writeRows: at must be in [0, 2), got 2 at position 0',
  );
});
