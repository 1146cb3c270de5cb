/** A figure is only worth printing if the result is right: sampled rows against the float64 reference. */
import { attentionReferenceRows, type AttentionAttributes, type RowAddress, type Tensor } from '@attn/core';
import type { Problem } from './inputs.ts';

/** Largest absolute error that f32 rounding explains for inputs in [−1, 1) and these sizes. */
const TOLERANCE = 1e-5;

/**
 * Throws when any of about 24 rows of `out` [1, heads, n, dim] is off; returns the greatest error otherwise. First,
 * last and evenly spaced rows, over all heads.
 */
export function checkRows(
  { heads, n, q, k, v }: Problem,
  attributes: AttentionAttributes,
  out: Tensor,
): number {
  const rows: RowAddress[] = Array.from({ length: 24 }, (_, i) => ({
    batch: 0,
    head: i % heads,
    row: Math.floor((i * (n - 1)) / 23),
  }));
  const expected = attentionReferenceRows({ q, k, v }, attributes, rows).out;
  const dim = out.shape[3];
  let worst = 0;
  rows.forEach(({ head, row }, i) => {
    for (let d = 0; d < dim; d++) {
      const error = Math.abs(out.data[(head * n + row) * dim + d] - expected.data[i * dim + d]);
      worst = error <= worst ? worst : error;
    }
  });
  if (!(worst <= TOLERANCE)) {
    throw new Error(
      `the result is wrong by ${worst} (at most ${TOLERANCE} is rounding): no figure is printed`,
    );
  }
  return worst;
}
