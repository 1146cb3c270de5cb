/** Compares rows of a result with the float64 definition of attention. */
import type { Pattern, Tensor, Tensors } from '@attn/core';
import { attentionReferenceRows } from '@attn/core/reference';

/** The greatest difference of so many rows, spread over all heads and positions. NaN if any is NaN. */
export function errorAgainstReference(inputs: Tensors, pattern: Pattern, out: Tensor, count: number): number {
  const [, heads, n, dim] = out.shape;
  const rows = Array.from({ length: count }, (_, i) => ({
    batch: 0,
    head: i % heads,
    row: Math.floor((i * (n - 1)) / Math.max(1, count - 1)),
  }));
  const queryOffset = 0;
  const reference = attentionReferenceRows(
    Object.fromEntries(
      Object.entries(inputs).map(([name, { shape, data }]) => [name, { shape, data: data as Float32Array }]),
    ),
    { pattern, queryOffset },
    rows,
  ).out.data;
  let error = 0;
  rows.forEach(({ head, row }, index) => {
    for (let d = 0; d < dim; d++) {
      const difference = Math.abs(out.data[(head * n + row) * dim + d] - reference[index * dim + d]);
      if (!(difference <= error)) error = difference; // NaN, too
    }
  });
  return error;
}
