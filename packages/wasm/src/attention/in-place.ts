/**
 * Which calls read keys and values where they are: those of few queries, such as the steps of a decoder. They
 * wait for memory, and packing would move every number three times.
 */
import type { AttentionPlan } from '@attn/core';
import { rowStrides, type AttentionProblem } from '@attn/core/backend';
import { fitsInPlace } from '../kernels/attention/in-place.ts';

/** The most queries that share keys: beyond these, packed tiles pay. */
const FEW = 8;

/** Whether a call of these sizes and this plan may read keys and values in place, if they are in the heap. */
export function mayReadInPlace(problem: AttentionProblem, { groups }: AttentionPlan): boolean {
  const { layout, kvHeads, heads, keyLength, headDim, valueDim } = problem;
  const isContiguous = [headDim, valueDim].every(
    (dim) => rowStrides(layout, kvHeads, keyLength, dim).row === dim,
  );
  if (!isContiguous || !fitsInPlace({ headDim, valueDim })) return false;
  return groups.every(
    ({ block, projection }) =>
      projection !== 'global' && block.keyIndex === undefined && (block.queryCount * heads) / kvHeads <= FEW,
  );
}
