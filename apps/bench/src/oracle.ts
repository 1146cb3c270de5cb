/** A figure is only worth printing if the result is right: sampled rows against the float64 reference. */
import { greatestRowError, sampleRows } from '@attn/conformance/rows';
import type { Tensor } from '@attn/core';
import type { AttentionAttributes } from '@attn/core/backend';
import type { Problem } from './inputs.ts';

/** Largest absolute error that f32 rounding explains for inputs in [−1, 1) and these sizes. */
const TOLERANCE = 1e-5;

/**
 * Throws when any of about 24 rows of `out` [1, heads, n, dim] is off; returns the
 * greatest error otherwise. First, last and evenly spaced rows, over all heads.
 */
export function checkRows(
  { heads, n, q, k, v }: Problem,
  attributes: AttentionAttributes,
  out: Tensor,
  tolerance: number = TOLERANCE,
): number {
  const worst = greatestRowError({ q, k, v }, attributes, out, sampleRows(24, heads, n));
  if (!(worst <= tolerance)) {
    throw new Error(
      `the result is wrong by ${worst} (at most ${tolerance} is rounding): no figure is printed`,
    );
  }
  return worst;
}
