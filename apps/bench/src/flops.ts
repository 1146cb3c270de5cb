/** The amount of work: pairs of a pattern, and operations per pair. */
import { full, patternFromJson, planAttention } from '@attn/core';
import type { ProblemSpec } from './contest/protocol.ts';

/** Query–key pairs that a problem's pattern allows, over all heads. */
export function allowedPairs({ n, heads = 8, pattern }: ProblemSpec): number {
  const sizes = { batch: 1, heads, queryLength: n, keyLength: n, queryOffset: 0 };
  return planAttention(sizes, pattern === undefined ? full() : patternFromJson(pattern)).stats.allowedPairs;
}

/** Operations of the allowed pairs: two products of headDim for each pair; a multiply–add counts as two. */
export function usefulFlops(problem: ProblemSpec): number {
  return 4 * (problem.headDim ?? 64) * allowedPairs(problem);
}
