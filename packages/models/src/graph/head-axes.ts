/** The two orders of the axes of heads: [B, N, H, D], as projections give them, and [B, H, N, D]. */
import type { Value } from '@attn/core';
import type { ModelBuilder } from './model-builder.ts';

/** Heads [B, N, H, D] as [B, H, N, D]. */
export function headsFirst(builder: ModelBuilder, x: Value): Value {
  const [batch, length, heads, depth] = x.shape;
  // Of one token, both orders are the same in memory.
  if (length === 1) return builder.reshape(x, [batch, heads, 1, depth]);
  return builder.transpose(x, [0, 2, 1, 3]);
}

/** Heads [B, H, N, D] as [B, N, H, D]. */
export function headsLast(builder: ModelBuilder, x: Value): Value {
  const [batch, heads, length, depth] = x.shape;
  if (length === 1) return builder.reshape(x, [batch, 1, heads, depth]);
  return builder.transpose(x, [0, 2, 1, 3]);
}
