/** The one place where the content of a node's inputs is judged before its kernel runs: see `ops/indices.ts`. */
import { checkIndices, checkOrders } from '../ops/indices.ts';
import type { Tensor } from '../tensor.ts';
import { namedInputs, type Graph, type GraphNode } from './graph.ts';

/** Ops whose kernels read where the content of an input says. */
const READ_BY_INDEX: ReadonlySet<GraphNode['op']> = new Set<GraphNode['op']>([
  'embedding',
  'gather',
  'lshAttention',
]);

/** Throws `INVALID_ARGUMENT` when an op that reads by index would read outside of its operand. */
export function checkNodeData(node: GraphNode, inputs: Readonly<Record<string, Tensor>>): void {
  if (node.op === 'embedding') checkIndices('embedding', 'ids', inputs.ids.data, inputs.table.shape[0]);
  if (node.op === 'gather')
    checkIndices('gather', 'indices', inputs.indices.data, inputs.x.shape[node.attributes.axis]);
  if (node.op === 'lshAttention') checkOrders('lshAttention', 'order', inputs.order);
}

/**
 * The same for a whole graph before it runs, on backends whose values are elsewhere: for all indices that are inputs or constants.
 * Those that the graph computes are the backend's business.
 */
export function checkGraphData(graph: Graph, inputs: Readonly<Record<string, Tensor>>): void {
  const known: Tensor[] = graph.values.map((spec) => ({ ...spec, data: new Int32Array(0) }) as Tensor);
  for (const [id, tensor] of graph.constants) known[id] = tensor;
  for (const [name, id] of graph.inputs) known[id] = inputs[name];
  for (const node of graph.nodes) {
    if (READ_BY_INDEX.has(node.op)) checkNodeData(node, namedInputs(node, known));
  }
}
