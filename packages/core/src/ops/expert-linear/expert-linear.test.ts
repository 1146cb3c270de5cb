import { expect, test } from 'vitest';
import { expectError, reference, spec } from '../ops.testing.ts';
import { ops } from '../index.ts';
import { references } from '../references.ts';

const { expertLinear } = ops;
const inputs = {
  x: spec([4, 5, 3]),
  experts: spec([4, 5, 2], 'i32'),
  weight: spec([7, 3, 6]),
  bias: spec([7, 6]),
};

test('a row for each expert of each row, and the work of these', () => {
  expect(expertLinear.infer(inputs, {})).toEqual([spec([4, 5, 2, 6])]);
  expect(expertLinear.flops(inputs, {})).toBe(2 * 4 * 5 * 2 * 3 * 6);
});

test('x · weight[e] + bias[e]', () => {
  const x = reference([2, 2], [1, 2, 3, 4]);
  const experts = reference([2, 2], [1, 0, 2, 2]);
  const weight = reference([3, 2, 1], [1, 1, 1, -1, 10, 100]);
  expect(references.expertLinear({ x, experts, weight }, {})).toEqual([
    reference([2, 2, 1], [-1, 3, 430, 430]),
  ]);
  const bias = reference([3, 1], [0.5, 7, 1000]);
  expect(references.expertLinear({ x, experts, weight, bias }, {})).toEqual([
    reference([2, 2, 1], [6, 3.5, 1430, 1430]),
  ]);
});

test('says what does not fit', () => {
  const refused = (more: object, message: string): void =>
    expectError(() => expertLinear.infer({ ...inputs, ...more }, {}), 'INVALID_SHAPE', message);
  refused({ experts: spec([4, 2], 'i32') }, 'expertLinear: experts must be [4, 5, k], got [4, 2]');
  refused(
    { weight: spec([7, 6, 3]) },
    'expertLinear: weight must be [experts ≥ 1, in = 3, out], got [7, 6, 3]',
  );
  refused({ weight: spec([7, 3]) }, 'expertLinear: weight must be [experts ≥ 1, in = 3, out], got [7, 3]');
  refused({ bias: spec([6]) }, 'expertLinear: bias must be [experts, out] = [7, 6], got [6]');
  expectError(
    () => expertLinear.infer({ ...inputs, experts: spec([4, 5, 2]) }, {}),
    'INVALID_DTYPE',
    'expertLinear: experts must be i32 or u32, got f32',
  );
  const experts = reference([1, 1], [3]);
  const [x, weight] = [reference([1, 1], [1]), reference([3, 1, 1], [1, 2, 3])];
  expectError(
    () => references.expertLinear({ x, experts, weight }, {}),
    'INVALID_ARGUMENT',
    'expertLinear: experts must be in [0, 3), got 3 at position 0',
  );
});
