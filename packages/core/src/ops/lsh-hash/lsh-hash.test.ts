import { expect, test } from 'vitest';
import type { TensorSpec } from '../../tensor.ts';
import { ops } from '../index.ts';
import { expectError, reference, spec } from '../ops.testing.ts';
import { references } from '../references.ts';
import type { LshHashAttributes } from './spec.ts';

const { lshHash } = ops;

function infer(more: Record<string, TensorSpec> = {}, attributes: Partial<LshHashAttributes> = {}) {
  const inputs = { x: spec([2, 3, 10, 4]), rotations: spec([4, 5, 2]), ...more };
  return lshHash.infer(inputs, { buckets: [4], ...attributes });
}

test('one bucket for each token, head and round', () => {
  const buckets = [spec([2, 3, 5, 10], 'i32')];
  expect(infer()).toEqual(buckets);
  expect(infer({ rotations: spec([3, 4, 5, 2]) })).toEqual(buckets);
  expect(infer({ rotations: spec([2, 3, 4, 5, 2]) })).toEqual(buckets);
  expect(infer({ x: spec([2, 10, 3, 4], 'f16') }, { layout: 'bnhd' })).toEqual(buckets);
  expect(infer({ rotations: spec([4, 5, 4]) }, { buckets: [2, 6] })).toEqual(buckets);
});

test('the direction of a vector decides', () => {
  const x = reference([1, 1, 6, 2], [1, 0, 0, 1, -1, 0, 0, -1, 0, 0, NaN, NaN]);
  const rotations = reference([2, 1, 2], [1, 0, 0, 1]);
  const [buckets] = references.lshHash({ x, rotations }, { buckets: [4] });
  expect([...buckets.data]).toEqual([0, 1, 2, 3, 0, 0]);
});

test('factors count from the first; hidden tokens are in the last bucket', () => {
  const x = reference([1, 1, 2, 2], [-1, 2, 3, -1]);
  const rotations = reference([2, 1, 2], [1, 0, 0, 1]);
  const keyMask = reference([1, 2], [1, 0]);
  const [buckets] = references.lshHash({ x, rotations, keyMask }, { buckets: [2, 2] });
  expect([...buckets.data]).toEqual([1, 4]);
});

test('says what does not fit', () => {
  const rotations =
    'rotations must be [headDim, rounds, width] = [4, rounds, 2], with [3] or [2, 3] before it or not';
  expectError(
    () => infer({ rotations: spec([4, 5, 3]) }),
    'INVALID_SHAPE',
    `lshHash: ${rotations}, got [4, 5, 3]`,
  );
  expectError(
    () => infer({ rotations: spec([4, 0, 2]) }),
    'INVALID_SHAPE',
    `lshHash: ${rotations}, got [4, 0, 2]`,
  );
  expectError(
    () => infer({}, { buckets: [3] }),
    'INVALID_ARGUMENT',
    'lshHash: buckets must be even factors ≥ 2, got [3]',
  );
  expectError(
    () => infer({}, { buckets: [65536, 65536] }),
    'INVALID_ARGUMENT',
    'lshHash: the product of buckets must be below 2^31, got [65536, 65536]',
  );
  expectError(
    () => infer({ x: spec([2, 3, 4]) }),
    'INVALID_SHAPE',
    'lshHash: x must be [batch, heads, seq, headDim], got [2, 3, 4]',
  );
  expectError(
    () => infer({ keyMask: spec([2, 9], 'bool') }),
    'INVALID_SHAPE',
    'lshHash: keyMask must be [batch, tokens] = [2, 10], got [2, 9]',
  );
});
