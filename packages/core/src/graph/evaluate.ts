/** Computes a whole graph in float64, op by op, by the references. */
import type { Tensors } from '../contract/backend.ts';
import type { OpName } from '../ops/op-name.ts';
import { references } from '../ops/references.ts';
import type { ReferenceTensor } from '../ops/op.ts';
import { toReference } from '../ops/reference-tensor.ts';
import { checkGraph } from './check-graph.ts';
import { namedInputs, type Graph, type NodeOf } from './graph.ts';
import { withoutState } from './without-state.ts';
import { checkRunInputs } from '../host/run-inputs.ts';

/**
 * Computes the outputs of a graph in float64, by name. Nothing is rounded on the way. States count as inputs,
 * and their new contents as outputs; `withoutState` has the names. Errors: those of `checkRunInputs`,
 * `INVALID_GRAPH`.
 */
export function evaluateReference(work: Graph, inputs: Tensors): Record<string, ReferenceTensor> {
  checkGraph(work, 'core/evaluateReference');
  const graph = work.states.size === 0 ? work : withoutState(work).graph;
  const values: ReferenceTensor[] = [];
  const fed = checkRunInputs(graph, inputs);
  for (const [name, id] of graph.inputs) values[id] = toReference(fed[name]);
  for (const [id, constant] of graph.constants) values[id] = toReference(constant);
  for (const node of graph.nodes) {
    evaluateNode(node, values).forEach((output, index) => {
      values[node.outputs[index]] = output;
    });
  }
  return Object.fromEntries([...graph.outputs].map(([name, id]) => [name, values[id]]));
}

function evaluateNode<K extends OpName>(
  node: NodeOf<K>,
  values: readonly ReferenceTensor[],
): readonly ReferenceTensor[] {
  return references[node.op](namedInputs(node, values), node.attributes);
}
