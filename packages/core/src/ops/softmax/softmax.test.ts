import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ops } from '../index.ts';
import { references } from '../references.ts';
import { expectError, reference, spec } from '../ops.testing.ts';

const { softmax } = ops;

test('along any axis', () => {
  const x = reference([2, 2], [0, Math.log(3), 0, Math.log(9)]);
  const rows = references.softmax({ x }, { axis: -1 })[0];
  [0.25, 0.75, 0.1, 0.9].forEach((value, i) => expect(rows.data[i]).toBeCloseTo(value, 14));
  const columns = references.softmax({ x }, { axis: 0 })[0];
  [0.5, 0.25, 0.5, 0.75].forEach((value, i) => expect(columns.data[i]).toBeCloseTo(value, 14));
});

test('huge logits, −∞ and NaN', () => {
  const x = reference([4, 2], [1e300, 1e300, -Infinity, 0, -Infinity, -Infinity, NaN, 1]);
  expect([...references.softmax({ x }, { axis: 1 })[0].data]).toEqual([0.5, 0.5, 0, 1, 0, 0, NaN, NaN]);
});

test('every slice sums to 1', () => {
  const shapes = fc.tuple(
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 4 }),
  );
  fc.assert(
    fc.property(
      shapes,
      fc.integer({ min: 0, max: 2 }),
      fc.infiniteStream(fc.double({ min: -50, max: 50, noNaN: true })),
      (shape, axis, values) => {
        const size = shape[0] * shape[1] * shape[2];
        const [out] = references.softmax({ x: reference(shape, values.take(size)) }, { axis });
        const total = out.data.reduce((sum, value) => sum + value, 0);
        expect(total).toBeCloseTo(size / shape[axis], 10);
      },
    ),
  );
});

test('axes are checked and made positive', () => {
  expect(softmax.infer({ x: spec([2, 0, 3]) }, { axis: 1 })).toEqual([spec([2, 0, 3])]);
  expect(softmax.normalize?.({ x: spec([2, 3]) }, { axis: -1 })).toEqual({ axis: 1 });
  expectError(
    () => softmax.infer({ x: spec([2, 3]) }, { axis: 2 }),
    'INVALID_ARGUMENT',
    'softmax: axis must be an integer in [-2, 2) for shape [2, 3], got 2',
  );
  expectError(
    () => softmax.infer({ x: spec([]) }, { axis: 0 }),
    'INVALID_ARGUMENT',
    'softmax: axis must be an integer in [0, 0) for shape [], got 0',
  );
});
