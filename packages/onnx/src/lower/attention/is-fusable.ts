/** Decides which attention becomes one operator of ONNX Runtime (`fused.ts`). */
import type { AttentionPlan } from '@attn/core';
import type { AttentionProblem, NodeOf } from '@attn/core/backend';

/**
 * Whether MultiHeadAttention computes this node: every pair is allowed, without biases, soft cap, score or
 * lse.
 */
export function isFusable(
  node: NodeOf<'attention'>,
  problem: AttentionProblem,
  plan: AttentionPlan,
): boolean {
  const { batch, heads, queryLength, keyLength, softcap, score, returnLse } = problem;
  if (softcap !== undefined || score !== undefined || returnLse) return false;
  if (['bias', 'alibiSlopes', 'relativeBias'].some((name) => node.inputs[name] !== undefined)) return false;
  return (
    plan.stats.allowedPairs === batch * heads * queryLength * keyLength &&
    plan.groups.every(({ projection }) => projection === 'local')
  );
}
