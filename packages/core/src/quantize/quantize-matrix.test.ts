import { expect, test } from 'vitest';
import { f32, tensor } from '../tensor.ts';
import { quantizeRow, roundEven } from './activations.ts';
import { CodeReader } from './codes.ts';
import { quantizeMatrix } from './quantize-matrix.ts';

function values(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(12.9898 * i) * (1 + (i % 7)));
}

test.each([
  { bits: 8, block: 64, zeroPoints: false, most: 1 / 127 / 2 },
  { bits: 8, block: 16, zeroPoints: true, most: 2 / 255 / 1.9 },
  { bits: 4, block: 32, zeroPoints: false, most: 0.2 },
  { bits: 4, block: 32, zeroPoints: true, most: 0.2 },
  { bits: 4, block: 10, zeroPoints: true, most: 0.2 },
] as const)('numbers stay near: %o', ({ most, ...options }) => {
  const [rows, length] = [3, 70];
  const data = values(rows * length);
  const { codes, scales, zeroPoints } = quantizeMatrix(f32([rows, length], data), options);
  const arrays = { codes: codes.data, scales: scales.data, zeroPoints: zeroPoints?.data };
  const reader = new CodeReader(arrays, length, options);
  const out = new Float32Array(length);
  for (let row = 0; row < rows; row++) {
    reader.numbers(row, out);
    const part = data.subarray(row * length, (row + 1) * length);
    const greatest = part.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    for (const [i, value] of part.entries())
      expect(Math.abs(value - out[i])).toBeLessThan(most * greatest * 1.01);
  }
});

test('what codes can say exactly is exact', () => {
  const data = Float32Array.from({ length: 32 }, (_, i) => ((i % 15) - 7) * 0.25);
  const { codes, scales } = quantizeMatrix(f32([1, 32], data), { bits: 4, block: 32 });
  const out = new Float32Array(32);
  new CodeReader({ codes: codes.data, scales: scales.data }, 32, { bits: 4, block: 32 }).numbers(0, out);
  expect(out).toEqual(data);
  expect(codes.shape).toEqual([1, 1, 16]);
  expect(codes.data[0]).toBe((1 + 7 - 7) | (2 << 4));
});

test('zeros have the scale 0', () => {
  const { codes, scales } = quantizeMatrix(f32([1, 4], [0, 0, 0, 0]), { bits: 8 });
  expect([...scales.data]).toEqual([0]);
  expect([...codes.data]).toEqual([128, 128, 128, 128]);
});

test('rows as integers', () => {
  const out = new Int16Array(4);
  expect(quantizeRow([1, -0.5, 0.25, 0], 'int12', out)).toBe(Math.fround(1 / 2047));
  expect([...out]).toEqual([2047, -1024, 512, 0]);
  expect(quantizeRow([0, 0, 0, 0], 'int8', out)).toBe(0);
  expect(quantizeRow([1, NaN, 0, 0], 'int8', out)).toBeNaN();
  expect([...out]).toEqual([0, 0, 0, 0]);
  expect([0.5, 1.5, 2.5, -0.5, -1.5, 0.49999].map(roundEven)).toEqual([0, 2, 2, 0, -2, 0]);
});

test('says what cannot be', () => {
  expect(() => quantizeMatrix(f32([2], [1, 2]), { bits: 8 })).toThrow(
    'matrix must be [rows, length], got [2]',
  );
  expect(() => quantizeMatrix(f32([1, 2], [1, Infinity]), { bits: 8 })).toThrow(
    'numbers must be finite, got Infinity at [0, 1]',
  );
  expect(() => quantizeMatrix(f32([1, 3], [1, 2, 3]), { bits: 4, block: 3 })).toThrow('block must be even');
  expect(() => quantizeMatrix(tensor('i32', [1, 1], new Int32Array(1)), { bits: 4 })).toThrow(
    'matrix must be f32 or f16, got i32',
  );
  expect(() => quantizeMatrix(f32([1, 1], [1]), { bits: 5 as 4 })).toThrow('bits must be 4 or 8, got 5');
});
