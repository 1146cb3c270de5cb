import { expect, test } from 'vitest';
import { bool, f32, i32, tensor } from '../tensor.ts';
import { reference } from './ops.testing.ts';
import { fromReference, toReference } from './reference-tensor.ts';

test('widening', () => {
  expect(toReference(tensor('f16', [2], Uint16Array.of(0x3c00, 0xfc00)))).toEqual(
    reference([2], [1, -Infinity]),
  );
  expect(toReference(bool([2], [true, false]))).toEqual(reference([2], [1, 0]));
  expect(toReference(tensor('u32', [1], Uint32Array.of(2 ** 32 - 1)))).toEqual(reference([1], [2 ** 32 - 1]));
  const view = { ...f32([4], [1, 2, 3, 4]), shape: [2], strides: [2] };
  expect(toReference(view)).toEqual(reference([2], [1, 3]));
});

test('rounding', () => {
  const values = reference([3], [0.1, -2, 0]);
  expect(fromReference(values, 'f32')).toEqual(f32([3], [0.1, -2, 0]));
  expect(fromReference(values, 'f16')).toEqual(tensor('f16', [3], Uint16Array.of(0x2e66, 0xc000, 0)));
  expect(fromReference(values, 'bool')).toEqual(bool([3], [1, 1, 0]));
  expect(fromReference(values, 'i32')).toEqual(i32([3], [0, -2, 0]));
});
