import { expect, test } from 'vitest';
import { addDotTile, padColumns } from './dot-tile.ts';
import { randomNumbers } from './tensors.testing.ts';

/** Computes a·bᵀ for numbers in [−1, 1), by the tile kernel and by definition. */
function product(rows: number, columns: number, depth: number): { actual: number[]; expected: number[] } {
  const stride = depth + 3;
  const width = padColumns(columns);
  const a = { data: Float64Array.from(randomNumbers(5 + rows * stride, 1)), offset: 5, stride };
  const b = { data: Float64Array.from(randomNumbers(7 + width * stride, 2)), offset: 7, stride };
  const out = { data: new Float64Array(2 + rows * (width + 1)).fill(0.5), offset: 2, stride: width + 1 };
  addDotTile(a, b, out, rows, columns, depth);
  const actual: number[] = [];
  const expected: number[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0.5;
      for (let d = 0; d < depth; d++) sum += a.data[5 + i * stride + d] * b.data[7 + j * stride + d];
      expected.push(sum);
      actual.push(out.data[2 + i * (width + 1) + j]);
    }
  }
  return { actual, expected };
}

test.each([
  [64, 64, 64],
  [1, 64, 64],
  [2, 5, 7],
  [3, 1, 1],
  [7, 63, 33],
  [64, 3, 256],
  [5, 4, 0],
  [0, 8, 8],
  [8, 0, 8],
])('adds a product of %i rows, %i columns, depth %i', (rows, columns, depth) => {
  const { actual, expected } = product(rows, columns, depth);
  actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 12));
});
