/** Computes a whole graph in float64, op by op, by the references. */
import type { Tensors } from '../contract/backend.ts';
import type { OpName } from '../ops/op-name.ts';
import { references } from '../ops/references.ts';
import type { ReferenceTensor } from '../ops/op.ts';
import { toReference } from '../ops/reference-tensor.ts';
import { checkGraph } from './check-graph.ts';
import { namedInputs, type Graph, type NodeOf } from './graph.ts';
import { checkRunInputs } from '../host/run-inputs.ts';

/**
 * Computes the outputs of a graph in float64, by name. Nothing is rounded on the way. States count as inputs
 * here; `withoutState` also makes outputs of what is written to them. Errors: those of `checkRunInputs`,
 * `INVALID_GRAPH`.
 */
export function evaluateReference(graph: Graph, inputs: Tensors): Record<string, ReferenceTensor> {
  checkGraph(graph, 'core/evaluateReference');
  const values: ReferenceTensor[] = [];
  const signature = new Map([...graph.inputs, ...graph.states]);
  const fed = checkRunInputs({ ...graph, inputs: signature }, inputs);
  for (const [name, id] of signature) values[id] = toReference(fed[name]);
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
