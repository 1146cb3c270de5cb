/** Biases of logits that hide keys, where a mask would be data of a plan. */
import { f32, type Value } from '@attn/core';
import type { ModelBuilder } from './model-builder.ts';

/** Far below every logit, and finite: a row of nothing but padding has a result, which nobody reads. */
export const HIDDEN = -1e30;

/** The bias [B, N] of padding, for tokens that are 1 in the mask [B, N]. */
export function paddingBias(builder: ModelBuilder, keyMask: Value): Value {
  const [batch, length] = keyMask.shape;
  const number = (value: number): Value => builder.constant(f32([1], [value]));
  const ones = builder.constant(f32([batch, length], new Float32Array(batch * length).fill(1)));
  const hidden = builder.sub(number(1), builder.mask(ones, keyMask));
  return builder.mul(hidden, number(HIDDEN));
}
