/** Runs the graphs of one model, and releases what was compiled of them with the model. */
import type { Attn, AttnRunOptions, BoundState, CreateStateOptions, Graph, Tensors } from '@attn/core';
import { LruMap } from '@attn/core/backend';

/** Most graphs whose executables may be kept; an `Attn` keeps fewer, and only as many as fit. */
const GRAPHS = 64;

export class GraphRuns {
  private readonly attn: Attn;
  private readonly graphs: LruMap<Graph>;

  constructor(attn: Attn) {
    this.attn = attn;
    this.graphs = new LruMap(GRAPHS, { onEvict: (graph) => attn.release(graph) });
  }

  /** Runs a graph on the backend that is fastest for it, or on the named one. */
  async run(
    graph: Graph,
    inputs: Tensors,
    options: AttnRunOptions,
  ): Promise<{ readonly outputs: Tensors; readonly backend: string }> {
    if (this.graphs.get(graph.key) === undefined) this.graphs.set(graph.key, graph);
    return this.attn.run({ graph, inputs, result: (outputs) => ({ outputs }) }, options);
  }

  /** The state of a graph, on the backend that is fastest for it, or on the named one. */
  createState(graph: Graph, options: CreateStateOptions): Promise<BoundState> {
    return this.attn.createState(graph, options);
  }

  /** Releases all that was compiled. */
  release(): void {
    this.graphs.clear();
  }
}
