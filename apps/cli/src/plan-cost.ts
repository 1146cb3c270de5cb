/** What a call costs, from its plan. */
import {
  attentionInputs,
  createPause,
  PlanCache,
  type AttentionAttributes,
  type AttentionInputs,
  type Tensor,
} from '@attn/core';

/** Planning and pairs of one call. */
export interface PlanCost {
  /** Milliseconds that planning takes, once per pattern and sizes. */
  readonly planMs: number;
  /** Query–key pairs that kernels compute, over all heads and batch rows. */
  readonly computedPairs: number;
  /** `computedPairs` as a share of n², that is of what dense attention computes. */
  readonly share: number;
}

/** Plans a call whose inputs are valid. Errors: `ABORTED`. */
export async function planCost(
  inputs: AttentionInputs<Tensor>,
  attributes: AttentionAttributes,
  signal: AbortSignal,
): Promise<PlanCost> {
  const start = performance.now();
  const { problem, plan } = await new PlanCache().planPolitely(
    attentionInputs(inputs),
    attributes,
    createPause(signal, 'cli/plan'),
  );
  const planMs = performance.now() - start;
  const { batch, heads, queryLength, keyLength } = problem;
  const { computedPairs } = plan.stats;
  return {
    planMs,
    computedPairs,
    share: computedPairs / Math.max(1, batch * heads * queryLength * keyLength),
  };
}
