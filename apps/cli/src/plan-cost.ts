/** The cost of a call, from its plan. */
import { full, type Graph, type Tensor } from '@attn/core';
import { attention } from '@attn/core';
import {
  attentionProblem,
  createPause,
  inputSpecs,
  lshProblem,
  PlanCache,
  type AttentionAttributes,
  type AttentionInputs,
  type AttentionLayout,
} from '@attn/core/backend';

/** The cost of a call, beside its run time. */
export interface CallCost {
  /** Milliseconds of planning, once for each pattern and sizes. */
  readonly planMs: number;
  /** Query–key pairs that kernels compute, as a share of n², the pairs of dense attention. */
  readonly share: number;
}

/** The cost of a call of attention. */
export interface PlanCost extends CallCost {
  /** Query–key pairs that kernels compute, over all heads and batch rows. */
  readonly computedPairs: number;
}

/** Plans a call, whose inputs must be valid. Errors: `ABORTED`. */
export async function planCost(
  inputs: AttentionInputs<Tensor>,
  attributes: AttentionAttributes,
  signal: AbortSignal,
): Promise<PlanCost> {
  const start = performance.now();
  const tensors = attention(inputs).inputs;
  const pause = createPause(signal, 'cli/plan');
  const { problem, plan } = await new PlanCache().planPolitely(tensors, attributes, tensors, pause);
  const planMs = performance.now() - start;
  const { batch, heads, queryLength, keyLength } = problem;
  const { computedPairs } = plan.stats;
  return {
    planMs,
    computedPairs,
    share: computedPairs / Math.max(1, batch * heads * queryLength * keyLength),
  };
}

/**
 * The cost of a system: the pairs of its attention nodes, as a share
 * of the pairs of dense attention over q, k and v.
 */
export function graphCost(
  graph: Graph,
  inputs: Pick<AttentionInputs<Tensor>, 'q' | 'k' | 'v'>,
  layout: AttentionLayout | undefined,
): CallCost {
  const start = performance.now();
  const plans = new PlanCache();
  let computedPairs = 0;
  for (const node of graph.nodes) {
    const specs = inputSpecs(graph, node);
    if (node.op === 'attention') {
      computedPairs += plans.expected(specs, node.attributes).plan.stats.computedPairs;
    } else if (node.op === 'lshAttention') {
      const { batch, heads, pairs } = lshProblem(specs, node.attributes);
      computedPairs += batch * heads * pairs;
    }
  }
  const planMs = performance.now() - start;
  const problem = attentionProblem({ ...inputs }, { pattern: full(), layout });
  const { batch, heads, queryLength, keyLength } = problem;
  return { planMs, share: computedPairs / Math.max(1, batch * heads * queryLength * keyLength) };
}
