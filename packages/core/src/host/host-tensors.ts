/** The tensors of a graph that are in host memory before a run. */
import type { Tensor } from '../tensor.ts';
import type { Graph, ValueId } from '../graph/graph.ts';

/**
 * A function that returns the tensor of a value: a constant of the graph, or one of `inputs`, which are by
 * name. Undefined for a value that is not in host memory.
 */
export function hostTensors(
  { constants, inputs: ids }: Graph,
  inputs: Readonly<Record<string, Tensor>>,
): (id: ValueId) => Tensor | undefined {
  const byId = new Map<ValueId, Tensor | undefined>([...ids].map(([name, id]) => [id, inputs[name]]));
  return (id) => constants.get(id) ?? byId.get(id);
}
