/**
 * Core's float64 reference as a backend: the slowest there is, and right by definition. It shows that the suite itself
 * holds, and is what the deliberately faulty backends of the suite's own test are made from.
 */
import {
  AttnError,
  checkRunInputs,
  evaluateReference,
  fromReference,
  inputSpecs,
  ops,
  throwIfAborted,
  type Backend,
  type Graph,
  type NodeOf,
  type OpName,
  type Tensor,
  type Tensors,
} from '@attn/core';

/** Computes the outputs of a graph. */
export type Evaluate = (graph: Graph, inputs: Tensors) => Tensors;

/** The reference, rounded once at the end to the dtypes of the outputs. */
export function evaluateRounded(graph: Graph, inputs: Tensors): Tensors {
  const exact = evaluateReference(graph, inputs);
  const outputs: Record<string, Tensor> = {};
  for (const [name, id] of graph.outputs) outputs[name] = fromReference(exact[name], graph.values[id].dtype);
  return outputs;
}

/** A backend that runs everything by `evaluate`, by default the reference. */
export function referenceBackend(evaluate: Evaluate = evaluateRounded): Backend {
  return {
    name: 'reference',
    probe: async () => ({ available: true, summary: 'float64 reference, 1 thread', features: {} }),
    supports: () => true,
    estimate: (graph) => graph.nodes.reduce((total, node) => total + 1 + nodeFlops(graph, node) / 1e6, 0),
    async compile(graph, options = {}) {
      throwIfAborted(options.signal, 'reference/compile');
      let disposed = false;
      return {
        async run(inputs, { signal } = {}) {
          if (disposed) throw new AttnError('DISPOSED', 'reference/run', 'the executable has been disposed');
          throwIfAborted(signal, 'reference/run');
          return evaluate(graph, checkRunInputs(graph, inputs));
        },
        dispose: () => void (disposed = true),
      };
    },
    dispose: async () => {},
  };
}

function nodeFlops<K extends OpName>(graph: Graph, node: NodeOf<K>): number {
  return ops[node.op].flops(inputSpecs(graph, node), node.attributes);
}
