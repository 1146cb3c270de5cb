/** What a host knows of a graph's values before a run. */
import type { Tensor } from '../tensor.ts';
import type { Graph, ValueId } from '../graph/graph.ts';

/**
 * Looks up the tensor of a value: a constant of the graph, or one of `inputs`, which go by their names in the
 * graph. Undefined where the host does not have it.
 */
export function hostTensors(
  { constants, inputs: ids }: Graph,
  inputs: Readonly<Record<string, Tensor>>,
): (id: ValueId) => Tensor | undefined {
  const byId = new Map<ValueId, Tensor | undefined>([...ids].map(([name, id]) => [id, inputs[name]]));
  return (id) => constants.get(id) ?? byId.get(id);
}
