import { expect, test } from 'vitest';
import { copyRowMajor } from './row-major.ts';

test.each<[string, shape: readonly number[], strides: readonly number[]]>([
  ['a transposition of whole squares and a rest', [70, 45], [1, 70]],
  ['transpositions one after another', [3, 40, 33], [1320, 1, 40]],
  ['heads behind tokens, in long rows', [2, 5, 100], [100, 200, 1]],
  ['heads behind tokens, in short rows', [2, 3, 5, 8], [240, 8, 24, 1]],
  ['axes that are one in memory', [2, 3, 4, 50], [1200, 400, 100, 2]],
  ['one row for all', [64, 7], [0, 1]],
  ['a single element', [1, 1], [5, 9]],
  ['none', [4, 0], [1, 1]],
])('%s', (_, shape, strides) => {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const from = Int32Array.from({ length: 4000 }, (__, i) => 7 * i + 1);
  const expected = Array.from({ length: size }, (__, flat) => {
    let [rest, at] = [flat, 0];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += (rest % shape[axis]) * strides[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    return from[at];
  });
  const to = new Int32Array(size);
  copyRowMajor(from, { shape, strides }, to);
  expect([...to]).toEqual(expected);
});
