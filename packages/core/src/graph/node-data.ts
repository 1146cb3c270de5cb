/** The one place where the content of a node's inputs is judged before its kernel runs: see `ops/indices.ts`. */
import { checkIndices } from '../ops/indices.ts';
import type { Tensor } from '../tensor.ts';
import type { GraphNode } from './graph.ts';

/** Throws `INVALID_ARGUMENT` when an op that reads by index would read outside of its operand. */
export function checkNodeData(node: GraphNode, inputs: Readonly<Record<string, Tensor>>): void {
  if (node.op === 'embedding') checkIndices('embedding', 'ids', inputs.ids.data, inputs.table.shape[0]);
  if (node.op === 'gather')
    checkIndices('gather', 'indices', inputs.indices.data, inputs.x.shape[node.attributes.axis]);
}
