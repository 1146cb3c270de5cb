/** `topK` by JavaScript's own sort. */
import type { NamedReferences, ReferenceTensor } from '../op.ts';
import { emptyReference } from '../reference-tensor.ts';
import type { TopKAttributes } from './definition.ts';

/** The places of a row, sorted by their numbers from the greatest on; equal ones and NaN as they stand. */
export function topKReference({ x }: NamedReferences, { k }: TopKAttributes): ReferenceTensor[] {
  const length = x.shape[x.shape.length - 1];
  const values = emptyReference(x.shape.with(-1, k));
  const places = emptyReference(values.shape);
  const rank = (value: number): number => (Number.isNaN(value) ? -Infinity : value);
  for (let row = 0; row < x.data.length / length; row++) {
    const numbers = x.data.subarray(row * length, (row + 1) * length);
    const order = Array.from(numbers, (_, place) => place).sort((a, b) => {
      const [left, right] = [rank(numbers[a]), rank(numbers[b])];
      return left === right ? a - b : left > right ? -1 : 1;
    });
    for (let i = 0; i < k; i++) {
      places.data[row * k + i] = order[i];
      values.data[row * k + i] = numbers[order[i]];
    }
  }
  return [values, places];
}
