/** Where the attention kernel has its plans from: a store beside it, or the page that its worker belongs to. */
import type { AttentionAttributes, NodeOf, Pause, PlanCache, PlannedCall, Tensor } from '@attn/core';

/** Plans attention calls. */
export interface PlanSource {
  plan(
    node: NodeOf<'attention'>,
    inputs: Readonly<Record<string, Tensor>>,
    attributes: AttentionAttributes,
    pause: Pause,
  ): Promise<PlannedCall>;
}

/** Plans made here. */
export function localPlans(plans: PlanCache): PlanSource {
  return { plan: (_node, inputs, attributes, pause) => plans.planPolitely(inputs, attributes, pause) };
}
