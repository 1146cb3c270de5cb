/** Heads are taken in batches, so that they need no more than a few megabytes at a time. */
import type { AttentionProblem } from '@attn/core';

/** Bytes of q, k, v and out that a batch of heads may have together. */
const BATCH_BYTES = 8 * 2 ** 20;

/** How many of a group's heads make a batch: as many as fit, or one that is longer. */
export function headsPerBatch(
  { queryLength, keyLength, headDim, valueDim }: AttentionProblem,
  members: number,
): number {
  const headBytes = 4 * (queryLength + keyLength) * (headDim + valueDim);
  return Math.max(1, Math.min(members, Math.floor(BATCH_BYTES / Math.max(1, headBytes))));
}
