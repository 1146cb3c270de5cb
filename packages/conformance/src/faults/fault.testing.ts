/** The interface of planted faults, and functions that make them from the reference. */
import type { Graph, Tensor, Tensors } from '@attn/core';
import type { GraphNode, NodeOf } from '@attn/core/backend';
import { evaluateRounded, type Evaluate } from '../reference-backend.ts';

/** A planted fault, and the cases among which it must show. */
export interface Fault {
  readonly name: string;
  /** A selector of cases; the suite must fail at least one of them. */
  readonly among: string;
  /** Makes the faulty evaluation. It is called for each backend, so that the fault may have state. */
  readonly make: () => Evaluate;
}

/** A copy of a graph with changed nodes. */
export function withNodes(graph: Graph, change: (node: GraphNode) => GraphNode): Graph {
  return { ...graph, nodes: graph.nodes.map(change) };
}

/** The reference on a graph with changed nodes. */
export const onNodes =
  (change: (node: GraphNode, graph: Graph) => GraphNode): (() => Evaluate) =>
  () =>
  (graph, inputs) =>
    evaluateRounded(
      withNodes(graph, (node) => change(node, graph)),
      inputs,
    );

/** The reference with changed inputs. */
export const fedWith =
  (change: (inputs: Tensors, graph: Graph) => Tensors): (() => Evaluate) =>
  () =>
  (graph, inputs) =>
    evaluateRounded(graph, { ...inputs, ...change(inputs, graph) });

/** The reference with its outputs changed. */
export const giving =
  (change: (outputs: Record<string, Tensor>, inputs: Tensors, graph: Graph) => void): (() => Evaluate) =>
  () =>
  (graph, inputs) => {
    const outputs = { ...evaluateRounded(graph, inputs) };
    change(outputs, inputs, graph);
    return outputs;
  };

/** The reference with a bias added, on a graph of one attention node without a bias. Heads come first. */
export function evaluateBiased(
  graph: Graph,
  node: NodeOf<'attention'>,
  inputs: Tensors,
  biasOf: (batch: number, head: number, query: number, key: number) => number,
): Tensors {
  const [[batch, heads, queries], keys] = [inputs.q.shape, inputs.k.shape[2]];
  const shape = [batch, heads, queries, keys];
  const data = Float32Array.from({ length: batch * heads * queries * keys }, (_, i) => {
    const row = Math.floor(i / keys);
    return biasOf(
      Math.floor(row / queries / heads),
      Math.floor(row / queries) % heads,
      row % queries,
      i % keys,
    );
  });
  const bias = graph.values.length;
  const biased: Graph = {
    ...graph,
    values: [...graph.values, { dtype: 'f32', shape }],
    nodes: [{ ...node, inputs: { ...node.inputs, bias } }],
    inputs: new Map([...graph.inputs, ['bias', bias]]),
  };
  return evaluateRounded(biased, { ...inputs, bias: { dtype: 'f32', shape, data } });
}
