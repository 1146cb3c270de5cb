/** Checks the content of a node's inputs before its kernel runs: see `ops/indices.ts`. */
import { checkIndices, checkOrders } from '../ops/indices.ts';
import type { OpName } from '../ops/op-name.ts';
import type { NamedSpecs } from '../ops/op.ts';
import type { Tensor } from '../tensor.ts';
import { inputSpecs, type Graph, type GraphNode } from '../graph/graph.ts';
import { hostTensors } from './host-tensors.ts';

/** The input of an op that says where its kernel reads. */
const INDICES: Readonly<Partial<Record<OpName, string>>> = {
  embedding: 'ids',
  expertLinear: 'experts',
  gather: 'indices',
  lshAttention: 'order',
  quantizedEmbedding: 'ids',
  writeRows: 'at',
};

/** Throws `INVALID_ARGUMENT` when an op that reads by index would read outside of its operand. */
export function checkNodeData(node: GraphNode, inputs: Readonly<Record<string, Tensor>>): void {
  const name = INDICES[node.op];
  if (name !== undefined) checkReads(node, name, inputs, inputs[name]);
}

/**
 * Throws `INVALID_ARGUMENT` when a node of the graph would read outside of its operand. For backends whose
 * values are not in host memory: it checks indices that are constants or among `inputs`; the backend must
 * guard those that the graph computes.
 */
export function checkGraphData(graph: Graph, inputs: Readonly<Record<string, Tensor>>): void {
  const tensorOf = hostTensors(graph, inputs);
  for (const node of graph.nodes) {
    const name = INDICES[node.op];
    const indices = name === undefined ? undefined : tensorOf(node.inputs[name]);
    if (name !== undefined && indices !== undefined) checkReads(node, name, inputSpecs(graph, node), indices);
  }
}

/** Checks a node's indices, which are its input `name`, against the shapes of its inputs. */
function checkReads(node: GraphNode, name: string, specs: NamedSpecs, indices: Tensor): void {
  if (node.op === 'embedding') checkIndices(node.op, name, indices.data, specs.table.shape[0]);
  if (node.op === 'gather') checkIndices(node.op, name, indices.data, specs.x.shape[node.attributes.axis]);
  if (node.op === 'expertLinear') checkIndices(node.op, name, indices.data, specs.weight.shape[0]);
  if (node.op === 'quantizedEmbedding') checkIndices(node.op, name, indices.data, specs.codes.shape[0]);
  if (node.op === 'writeRows') {
    const { axis } = node.attributes;
    checkIndices(node.op, name, indices.data, specs.x.shape[axis] - specs.rows.shape[axis] + 1);
  }
  if (node.op === 'lshAttention') checkOrders(node.op, name, indices);
}
