/**
 * @attn/wasm: TODO where it runs and what makes it fast.
 *
 * To read on: `kernels.ts` lists the ops.
 */
import {
  AttnError,
  compileGraph,
  inputSpecs,
  ops,
  supportsGraph,
  throwIfAborted,
  type Backend,
  type Graph,
  type NodeOf,
  type OpName,
} from '@attn/core';
import { kernels } from './kernels.ts';

/** Options of `wasm`. */
export interface WasmOptions {
  /** How many threads compute, the caller's included. Default: `navigator.hardwareConcurrency` or `availableParallelism()`. */
  readonly threads?: number;
  /** Which instructions to use. Default: the best that the engine has. */
  readonly simd?: 'relaxed' | 'plain';
  /** Whether memory may be shared with helper threads; without it, one thread computes. Default: where the host allows it. */
  readonly sharedMemory?: boolean;
  /** Fill every output with NaN before its kernel runs, to prove that kernels overwrite all of it. For tests. */
  readonly poison?: boolean;
}

/** Makes the wasm backend. TODO threads, precision, dtypes. */
export function wasm({ poison = false }: WasmOptions = {}): Backend {
  let disposed = false;
  const backend: Backend = {
    name: 'wasm',
    probe: async () => ({ available: true, summary: 'TODO what was found on this machine', features: {} }),
    supports: ({ op }) => ops[op].isView || kernels[op] !== undefined || `there is no wasm kernel for ${op}`,
    // TODO measure: milliseconds on this machine.
    estimate: (graph) => graph.nodes.reduce((total, node) => total + nodeFlops(graph, node) / 1e6, 0),
    async compile(graph, { signal } = {}) {
      if (disposed) throw new AttnError('DISPOSED', 'wasm/compile', 'the backend has been disposed');
      throwIfAborted(signal, 'wasm/compile');
      const supported = supportsGraph(backend, graph);
      if (supported !== true) throw new AttnError('UNSUPPORTED', 'wasm/compile', supported);
      return compileGraph(graph, { backend: 'wasm', kernels, poison });
    },
    async dispose() {
      disposed = true;
    },
  };
  return backend;
}

function nodeFlops<K extends OpName>(graph: Graph, node: NodeOf<K>): number {
  return ops[node.op].flops(inputSpecs(graph, node), node.attributes);
}
