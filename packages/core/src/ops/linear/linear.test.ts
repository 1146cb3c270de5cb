import { expect, test } from 'vitest';
import { ops } from '../index.ts';
import { references } from '../references.ts';
import { expectError, reference, spec } from '../ops.testing.ts';

const { linear } = ops;
const inputs = { x: spec([4, 5, 3]), weight: spec([2, 3]), bias: spec([2]) };

test('replaces the last axis', () => {
  expect(linear.infer(inputs, {})).toEqual([spec([4, 5, 2])]);
  expect(linear.infer({ x: spec([3], 'f16'), weight: spec([2, 3], 'f16') }, {})).toEqual([spec([2], 'f16')]);
  expect(linear.flops(inputs, {})).toBe(2 * 4 * 5 * 3 * 2);
});

test('x·Wᵀ + b', () => {
  const x = reference([2, 2], [1, 2, 3, 4]);
  const weight = reference([3, 2], [1, 0, 0, 1, -1, -1]);
  const bias = reference([3], [10, 20, 1]);
  expect(references.linear({ x, weight }, {})).toEqual([reference([2, 3], [1, 2, -3, 3, 4, -7])]);
  expect(references.linear({ x, weight, bias }, {})).toEqual([reference([2, 3], [11, 22, -2, 13, 24, -6])]);
});

test.each([
  ['relu', [0, 2]],
  ['tanh', [Math.tanh(-2), Math.tanh(2)]],
  ['gelu', [-0.04550026389635842, 1.9544997361036416]],
  ['gelu_tanh', [-0.045402305912, 1.954597694087]],
  ['silu', [-0.2384058440442351, 1.7615941559557649]],
  ['sigmoid', [0.11920292202211755, 0.8807970779778823]],
] as const)('the activation %s comes last', (activation, expected) => {
  const x = reference([1, 1], [1]);
  const [out] = references.linear(
    { x, weight: reference([2, 1], [-1, 3]), bias: reference([2], [-1, -1]) },
    { activation },
  );
  expected.forEach((value, i) => expect(out.data[i]).toBeCloseTo(value, 11));
});

test('nothing to sum up leaves the bias', () => {
  const empty = { x: reference([2, 0], []), weight: reference([1, 0], []), bias: reference([1], [7]) };
  expect(references.linear(empty, {})).toEqual([reference([2, 1], [7, 7])]);
});

test('says what does not fit', () => {
  expectError(
    () => linear.infer({ ...inputs, weight: spec([3, 2]) }, {}),
    'INVALID_SHAPE',
    'linear: weight must be [out, in = 3], got [3, 2]',
  );
  expectError(
    () => linear.infer({ ...inputs, bias: spec([3]) }, {}),
    'INVALID_SHAPE',
    'linear: bias must be [out] = [2], got [3]',
  );
  expectError(
    () => linear.infer({ ...inputs, x: spec([]) }, {}),
    'INVALID_SHAPE',
    'linear: x must have rank ≥ 1, got []',
  );
  expect(() => linear.infer(inputs, { activation: 'swish' as never })).toThrow(
    /^\[attn\/core\] linear: activation must be "gelu", "gelu_tanh", .* or "\w+", got "swish"$/,
  );
  expectError(
    () => linear.infer({ ...inputs, x: spec([4, 3], 'i32') }, {}),
    'INVALID_DTYPE',
    'linear: x must be f32 or f16, got i32',
  );
});
