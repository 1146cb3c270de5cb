/** Where the attention kernel has its plans from: a store beside it, or the page that its worker belongs to. */
import type { NamedSpecs, NodeOf, Pause, PlanCache, PlannedCall, PlanTensors } from '@attn/core/backend';

/** Plans attention calls. */
export interface PlanSource {
  plan(node: NodeOf<'attention'>, specs: NamedSpecs, data: PlanTensors, pause: Pause): Promise<PlannedCall>;
}

/** Plans made here. */
export function localPlans(plans: PlanCache): PlanSource {
  return { plan: (node, specs, data, pause) => plans.planPolitely(specs, node.attributes, data, pause) };
}
