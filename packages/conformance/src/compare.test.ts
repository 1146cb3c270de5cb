/** The text of a mismatch, and values that count as equal. */
import { f32, i32 } from '@attn/core';
import { describe, expect, test } from 'vitest';
import { compareOutput, excess, type Expected } from './compare.ts';

function expected(shape: number[], data: number[], tolerance = 1e-6): Expected {
  return {
    dtype: 'f32',
    shape,
    data: Float64Array.from(data),
    tolerance: new Float64Array(data.length).fill(tolerance),
  };
}

describe('compareOutput', () => {
  test('accepts what is within the tolerance', () => {
    expect(compareOutput('out', expected([2], [1, 2]), f32([2], [1 + 5e-7, 2]))).toBeUndefined();
  });

  test('says where, how much, and shows the neighbourhood', () => {
    const data = Array.from({ length: 24 }, (_, i) => i / 8);
    const got = data.with(14, 9.5).with(3, 0.376);
    const mismatch = compareOutput('out', expected([2, 3, 4], data, 1e-3), f32([2, 3, 4], got));
    expect(mismatch).toMatchObject({
      kind: 'values',
      count: 1,
      total: 24,
      worst: { index: [1, 0, 2], expected: 1.75, actual: 9.5 },
    });
    expect(mismatch?.text).toMatchInlineSnapshot(`
      "out f32 [2, 3, 4]: 1 of 24 values are off
      worst at [1, 0, 2]: expected 1.75, got 9.5
      error 7.75e+0, tolerance 1.00e-3 (7.75e+3 × too much)
                              [0]        [1]        [2]        [3]
      [1, 0]  expected  1.500000   1.625000   1.750000   1.875000 
                actual  1.500000   1.625000   9.500000!  1.875000 
      [1, 1]  expected         2   2.125000   2.250000   2.375000 
                actual         2   2.125000   2.250000   2.375000 
      [1, 2]  expected  2.500000   2.625000   2.750000   2.875000 
                actual  2.500000   2.625000   2.750000   2.875000 "
    `);
  });

  test('shows vectors and scalars too', () => {
    expect(compareOutput('lse', expected([3], [1, 2, 3]), f32([3], [1, 2, 4]))?.text).toContain('[2]');
    expect(compareOutput('out', expected([], [1]), f32([], [2]))?.worst).toMatchObject({
      index: [],
      expected: 1,
      actual: 2,
    });
  });

  test('a wrong NaN or infinity is worse than any number', () => {
    const mismatch = compareOutput('out', expected([3], [1, 2, 3]), f32([3], [100, NaN, 3]));
    expect(mismatch).toMatchObject({ count: 2, worst: { index: [1] } });
  });

  test('says what kind of tensor was expected', () => {
    expect(compareOutput('out', expected([2], [1, 2]), undefined)).toMatchObject({
      kind: 'missing',
      text: 'out: expected f32 [2], got no such output',
    });
    expect(compareOutput('out', expected([2], [1, 2]), i32([2], [1, 2]))).toMatchObject({
      kind: 'dtype',
      text: 'out: expected f32 [2], got i32 [2]',
    });
    expect(compareOutput('out', expected([2], [1, 2]), f32([1, 2], [1, 2]))).toMatchObject({
      kind: 'shape',
      text: 'out: expected f32 [2], got f32 [1, 2]',
    });
    const short = { dtype: 'f32', shape: [2], data: new Float32Array(1) } as const;
    expect(compareOutput('out', expected([2], [1, 2]), short)?.text).toContain('with 1 elements');
  });

  test('decodes half precision', () => {
    const half = { dtype: 'f16', shape: [2], data: Uint16Array.of(0x3c00, 0x7e00) } as const;
    expect(compareOutput('out', { ...expected([2], [1, NaN]), dtype: 'f16' }, half)).toBeUndefined();
    expect(compareOutput('out', { ...expected([2], [2, NaN]), dtype: 'f16' }, half)?.count).toBe(1);
  });
});

test('NaN and ±∞ are compared exactly, numbers by their tolerance', () => {
  expect(excess(NaN, NaN, 0)).toBe(0);
  expect(excess(Infinity, Infinity, 0)).toBe(0);
  expect(excess(0, -0, 0)).toBe(0);
  expect(excess(NaN, 1, Infinity)).toBe(Infinity);
  expect(excess(1, NaN, Infinity)).toBe(Infinity);
  expect(excess(Infinity, 1e38, Infinity)).toBe(Infinity);
  expect(excess(-Infinity, Infinity, Infinity)).toBe(Infinity);
  expect(excess(1, 1.5, 0.5)).toBe(1);
  expect(excess(1, 1.5, 0.1)).toBe(5);
  expect(excess(0, 1e-30, 0)).toBeGreaterThan(1);
  expect(excess(1, 1.5, NaN), 'a tolerance that is no number allows nothing').toBe(Infinity);
});
