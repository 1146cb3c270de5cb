// Vectors of any size get the length 1; a zero vector has no direction and stays zero.
import { f32 } from '@attn/core';
import { expect, test } from 'vitest';
import { normalizeRows } from './normalize.ts';

test('rows of a matrix', () => {
  const { shape, data } = normalizeRows(f32([3, 2], [3, 4, 0, 0, -2, 0]));
  expect(shape).toEqual([3, 2]);
  expect([...data]).toEqual([0.6, 0.8, 0, 0, -1, 0].map(Math.fround));
});

test.each([1e-30, 1e30])('numbers of about %d, whose squares are no float32', (size) => {
  const { data } = normalizeRows(f32([1, 2], [3 * size, 4 * size]));
  expect(data[0]).toBeCloseTo(0.6, 6);
  expect(data[1]).toBeCloseTo(0.8, 6);
});

test('no rows, and rows without columns', () => {
  expect(normalizeRows(f32([0, 4], [])).data).toHaveLength(0);
  expect(normalizeRows(f32([2, 0], [])).data).toHaveLength(0);
});
