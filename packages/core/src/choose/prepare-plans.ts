/** Plans the attention of a graph before backends estimate it, so that no estimate blocks the event loop. */
import { inputSpecs, type Graph } from '../graph/graph.ts';
import { createPause } from '../async/pause.ts';
import type { PlanCache } from '../plan/plan-cache.ts';

/** Makes the plans that estimates need, with pauses. Errors: `ABORTED`, and those of planning. */
export async function preparePlans(
  graph: Graph,
  plans: PlanCache,
  signal: AbortSignal | undefined,
): Promise<void> {
  const pause = createPause(signal, 'core/plan');
  for (const node of graph.nodes) {
    if (node.op === 'attention')
      await plans.expectedPolitely(inputSpecs(graph, node), node.attributes, pause);
  }
}
