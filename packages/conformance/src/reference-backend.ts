/**
 * Core's float64 reference as a backend: the slowest backend, and right by definition. It shows
 * that the suite itself is right, and the faulty backends of the suite's own test are made from it.
 */
import { AttnError, type Backend, type Graph, type Tensor, type Tensors } from '@attn/core';
import {
  checkRunInputs,
  checkRunOutputs,
  defineBackend,
  inputSpecs,
  intoOutputs,
  ops,
  throwIfAborted,
  withRunOptions,
  type Executable,
  type NodeOf,
  type OpName,
} from '@attn/core/backend';
import { evaluateReference, fromReference } from '@attn/core/reference';

/** Computes the outputs of a graph. */
export type Evaluate = (graph: Graph, inputs: Tensors) => Tensors;

/** Computes the outputs by the reference, and rounds them once at the end to their dtypes. */
export function evaluateRounded(graph: Graph, inputs: Tensors): Tensors {
  const exact = evaluateReference(graph, inputs);
  const outputs: Record<string, Tensor> = {};
  for (const [name, id] of graph.outputs) outputs[name] = fromReference(exact[name], graph.values[id].dtype);
  return outputs;
}

/**
 * A backend that runs everything by `evaluate`, by default the reference.
 *
 * @example
 * const attn = await createAttn({ backends: [referenceBackend()] });
 */
export function referenceBackend(evaluate: Evaluate = evaluateRounded): Backend {
  return defineBackend('reference', {
    probe: () => ({ available: true, summary: 'float64 reference, 1 thread', features: {} }),
    supports: () => true,
    estimate: (graph) => graph.nodes.reduce((total, node) => total + 1 + nodeFlops(graph, node) / 1e6, 0),
    compile(graph): Executable {
      let disposed = false;
      return {
        run: (inputs, runOptions) =>
          withRunOptions('reference/run', runOptions, async ({ signal, onProgress, outputs }) => {
            if (disposed)
              throw new AttnError('DISPOSED', 'reference/run', 'the executable has been disposed');
            throwIfAborted(signal, 'reference/run');
            const start = performance.now();
            const checked = checkRunInputs(graph, inputs);
            const targets = checkRunOutputs(graph, inputs, outputs);
            const results = evaluate(graph, checked);
            if (performance.now() - start < 50) return intoOutputs(results, targets);
            // The reference cannot be interrupted, but an abort during its work counts.
            const total = graph.nodes.length;
            onProgress?.({ done: total, total, unit: 'nodes' });
            await new Promise((resolve) => setTimeout(resolve));
            throwIfAborted(signal, 'reference/run');
            return intoOutputs(results, targets);
          }),
        dispose: () => void (disposed = true),
      };
    },
  });
}

function nodeFlops<K extends OpName>(graph: Graph, node: NodeOf<K>): number {
  return ops[node.op].flops(inputSpecs(graph, node), node.attributes);
}
