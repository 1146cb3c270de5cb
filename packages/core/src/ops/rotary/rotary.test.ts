import { expect, test } from 'vitest';
import { ops } from '../index.ts';
import { references } from '../references.ts';
import { expectError, reference, spec } from '../ops.testing.ts';

const { rotary } = ops;
const [halves, neighbours] = [{ interleaved: false }, { interleaved: true }];
/** A quarter turn, and none. */
const turns = { cos: reference([2], [0, 1]), sin: reference([2], [1, 0]) };

test('which numbers are a pair', () => {
  const x = reference([1, 5], [1, 2, 3, 4, 5]);
  expect(references.rotary({ x, ...turns }, halves)[0].data).toEqual(Float64Array.of(-3, 2, 1, 4, 5));
  expect(references.rotary({ x, ...turns }, neighbours)[0].data).toEqual(Float64Array.of(-2, 1, 3, 4, 5));
});

test('a row of the tables for each token, for all heads or all batches', () => {
  const x = reference([2, 2, 2], [1, 0, 1, 0, 1, 0, 1, 0]);
  const table = { cos: reference([2, 1], [1, 0]), sin: reference([2, 1], [0, 1]) };
  const last = references.rotary({ x, ...table }, halves)[0].data;
  expect(last).toEqual(Float64Array.of(1, 0, 0, 1, 1, 0, 0, 1));
  const first = { cos: reference([2, 1, 1], [1, 0]), sin: reference([2, 1, 1], [0, 1]) };
  expect(references.rotary({ x, ...first }, halves)[0].data).toEqual(Float64Array.of(1, 0, 1, 0, 0, 1, 0, 1));
});

test('says what does not fit', () => {
  expect(rotary.infer({ x: spec([2, 8]), cos: spec([2, 3]), sin: spec([2, 3]) }, halves)).toEqual([
    spec([2, 8]),
  ]);
  expectError(
    () => rotary.infer({ x: spec([2, 8]), cos: spec([2, 5]), sin: spec([2, 5]) }, halves),
    'INVALID_SHAPE',
    "rotary: cos must have at most 4 numbers a row, half of x's, got 5",
  );
  expectError(
    () => rotary.infer({ x: spec([2, 8]), cos: spec([3, 4]), sin: spec([3, 4]) }, halves),
    'INVALID_SHAPE',
    'rotary: the axes of cos but the last must broadcast to those of x, [2, 8], got [3, 4]',
  );
  expectError(
    () => rotary.infer({ x: spec([2, 8]), cos: spec([2, 4]), sin: spec([4]) }, halves),
    'INVALID_SHAPE',
    'rotary: sin must have the shape of cos, [2, 4], got [4]',
  );
});
