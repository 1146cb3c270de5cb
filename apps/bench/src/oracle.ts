/**
 * Checks sampled rows against the float64 reference, because a figure
 * is only worth printing if the result is right.
 */
import { greatestRowError, sampleRows } from '@attn/conformance/rows';
import type { Tensor } from '@attn/core';
import type { AttentionAttributes } from '@attn/core/backend';
import type { Problem } from './inputs.ts';

/** Largest absolute error that f32 rounding explains for inputs in [−1, 1) and these sizes. */
const TOLERANCE = 1e-5;

/**
 * Compares about 24 rows of `out` [1, heads, n, dim] (the first, the last, and evenly spaced ones, over
 * all heads) with the reference. Returns the greatest error, or throws when it is more than rounding.
 */
export function checkRows(
  { heads, n, q, k, v }: Problem,
  attributes: AttentionAttributes,
  out: Tensor,
  tolerance: number = TOLERANCE,
  extra: Readonly<Record<string, Tensor>> = {},
): number {
  const worst = greatestRowError({ q, k, v, ...extra }, attributes, out, sampleRows(24, heads, n));
  if (!(worst <= tolerance)) {
    throw new Error(
      `the result is wrong by ${worst} (at most ${tolerance} is rounding): no figure is printed`,
    );
  }
  return worst;
}
