/** What a caller of `Attn.createState` wants to keep: the states of a graph, or tensors by their specs. */
import { AttnError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { TensorSpec } from '../tensor.ts';

/** Whether it is a graph: specs may have any names, but no list among them. */
export function isGraph(work: Graph | Readonly<Record<string, TensorSpec>>): work is Graph {
  try {
    return typeof work === 'object' && work !== null && Array.isArray(work.nodes);
  } catch {
    return false; // An object that nobody may look into.
  }
}

/** The specs of a graph's states, by name. Errors: `INVALID_GRAPH` for a graph without states. */
export function specsOf({ states, values }: Graph): Record<string, TensorSpec> {
  if (states.size === 0) {
    const message = 'the graph must have states (GraphBuilder.state), got none';
    throw new AttnError('INVALID_GRAPH', 'core/createState', message);
  }
  return Object.fromEntries([...states].map(([name, id]) => [name, values[id]]));
}
