// Parts of weights in memory and in files.
import { f32, type Tensor } from '@attn/core';
import { isLazy, lazyTensor } from '@attn/core/backend';
import { expect, test } from 'vitest';
import { cutRows } from './weight-rows.ts';

const numbers = Float32Array.from({ length: 12 }, (_, i) => i);

test('parts of a weight in memory share it', () => {
  const parts = cutRows({ name: 'w', tensor: f32([6, 2], numbers) }, 3);
  expect(parts.map(({ name }) => name)).toEqual(['w[0:2]', 'w[2:4]', 'w[4:6]']);
  expect(parts.map(({ tensor: { shape, data } }) => [shape, [...data]])).toEqual([
    [
      [2, 2],
      [0, 1, 2, 3],
    ],
    [
      [2, 2],
      [4, 5, 6, 7],
    ],
    [
      [2, 2],
      [8, 9, 10, 11],
    ],
  ]);
  for (const { tensor } of parts) expect(tensor.data.buffer).toBe(numbers.buffer);
});

test('parts of a bias', () => {
  const [a, b] = cutRows({ name: 'b', tensor: f32([4], [1, 2, 3, 4]) }, 2);
  expect([a.tensor.shape, [...a.tensor.data], [...b.tensor.data]]).toEqual([[2], [1, 2], [3, 4]]);
});

test('parts of a weight in a file are read late, alone in memory, and mapped where they are', () => {
  let reads = 0;
  const read = (): Float32Array => {
    reads++;
    return numbers.slice();
  };
  const file = { folder: '/', name: 'x', byteOffset: 100, byteLength: 48, verify: () => {} };
  const tensor = lazyTensor({ dtype: 'f32', shape: [6, 2] }, read, file);
  const parts = cutRows({ name: 'w', tensor }, 3).map(({ tensor: part }): Tensor<'f32'> => part);
  expect(reads).toBe(0);
  const spans = parts.map((part) => isLazy(part) && [part.file?.byteOffset, part.file?.byteLength]);
  expect(spans).toEqual([
    [100, 16],
    [116, 16],
    [132, 16],
  ]);
  expect([...parts[1].data]).toEqual([4, 5, 6, 7]);
  expect(parts[1].data.buffer.byteLength).toBe(16);
  const withoutFile = lazyTensor({ dtype: 'f32', shape: [6, 2] }, read);
  const [, , last] = cutRows({ name: 'w', tensor: withoutFile }, 3);
  expect(last.tensor).not.toHaveProperty('file');
  expect([...last.tensor.data]).toEqual([8, 9, 10, 11]);
});
