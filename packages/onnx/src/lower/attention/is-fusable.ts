/** Decides which attention becomes one operator (`fused.ts`), or two products (`direct.ts`). */
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
  const { softcap, returnLse } = problem;
  if (softcap !== undefined || returnLse || node.inputs.bias !== undefined) return false;
  return allowsAll(node, problem, plan);
}

/** Most queries whose logits are all held at a time. */
const MOST_DIRECT = 16;

/**
 * Whether two products compute this node: few queries, every pair is allowed, and neither a score nor a bias
 * but a dense one. Where data decides on the plan, `plan` is that of data which hides nothing.
 */
export function isDirect(node: NodeOf<'attention'>, problem: AttentionProblem, plan: AttentionPlan): boolean {
  return (
    problem.queryLength <= MOST_DIRECT && node.inputs.qGlobal === undefined && allowsAll(node, problem, plan)
  );
}

function allowsAll(node: NodeOf<'attention'>, problem: AttentionProblem, plan: AttentionPlan): boolean {
  const { batch, heads, queryLength, keyLength, score } = problem;
  return (
    score === undefined &&
    node.inputs.alibiSlopes === undefined &&
    node.inputs.relativeBias === undefined &&
    plan.stats.allowedPairs === batch * heads * queryLength * keyLength &&
    plan.groups.every(({ projection }) => projection === 'local')
  );
}
