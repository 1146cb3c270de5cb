/** Where the attention kernel gets its plans: from a store beside it, or from the page of its worker. */
import type { NamedSpecs, NodeOf, Pause, PlanCache, PlannedCall, PlanTensors } from '@attn/core/backend';

/** Plans attention calls. */
export interface PlanSource {
  plan(node: NodeOf<'attention'>, specs: NamedSpecs, data: PlanTensors, pause: Pause): Promise<PlannedCall>;
}

/** Plans on the thread that calls, from a store of plans. */
export function localPlans(plans: PlanCache): PlanSource {
  return { plan: (node, specs, data, pause) => plans.planPolitely(specs, node.attributes, data, pause) };
}
