/**
 * MPNet's relative positions: what is added to a logit depends on the distance and the side of the key, in
 * buckets that grow with the distance. Far keys of one side share a bucket, so a table of distances up to
 * where the last bucket begins says all. Song et al. 2020, https://arxiv.org/abs/2004.09297
 */
import { i32, type Value } from '@attn/core';
import type { ModelBuilder } from '../graph/model-builder.ts';
import type { Weight } from '../checkpoint/layout.ts';

/** Buckets of one side. */
const SIDE = 16;
/** Distances below it have buckets of their own. */
const EXACT = 8;
/** Where the logarithmic buckets would end. */
const FARTHEST = 128;

/** The first distance of the last bucket: all farther keys are in that bucket, too. */
export const REACH = 91;

/** The bucket of a key at this place relative to its query: negative to its left, positive to its right. */
export function bucketOf(offset: number): number {
  const distance = Math.abs(offset);
  const side = offset > 0 ? SIDE : 0;
  if (distance < EXACT) return side + distance;
  const share = Math.log(distance / EXACT) / Math.log(FARTHEST / EXACT);
  return side + Math.min(SIDE - 1, EXACT + Math.floor(share * (SIDE - EXACT)));
}

/** The biases by offset that attention takes, [heads, 2 · REACH + 1], of the table [buckets, heads]. */
export function biasByOffset(builder: ModelBuilder, table: Weight): Value {
  const count = 2 * REACH + 1;
  const buckets = Int32Array.from({ length: count }, (_, i) => bucketOf(i - REACH));
  const rows = builder.gather(builder.weight(table), builder.constant(i32([count], buckets)));
  return builder.transpose(rows, [1, 0]);
}
