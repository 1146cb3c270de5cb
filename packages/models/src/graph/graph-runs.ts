/** Runs the graphs of one model, and releases what was compiled of them with the model. */
import type {
  Attn,
  AttnRunOptions,
  BoundState,
  CreateStateOptions,
  ExactActivationForm,
  Graph,
  Tensors,
} from '@attn/core';
import { LruMap } from '@attn/core/backend';
import { callOf } from '../inputs/call-of.ts';
import type { Model, TokenBatch, VectorBatch } from '../model.ts';
import type { GraphOutputs, ModelRunOptions, ModelRuns } from './model-runs.ts';

/** Most graphs whose executables may be kept; an `Attn` keeps fewer, and only as many as fit. */
const GRAPHS = 64;

export class GraphRuns implements ModelRuns {
  readonly workers = 0;
  private readonly attn: Attn;
  private readonly model: Model;
  private readonly graphs: LruMap<Graph>;

  constructor(attn: Attn, model: Model, graphs?: LruMap<Graph>) {
    this.attn = attn;
    this.model = model;
    this.graphs = graphs ?? new LruMap(GRAPHS, { onEvict: (graph) => attn.release(graph) });
  }

  wordRuns(model: Model): GraphRuns {
    return new GraphRuns(this.attn, model, this.graphs);
  }

  fastestInputs(): ExactActivationForm {
    return this.attn.fastestInputs();
  }

  async runBatch(batch: TokenBatch | VectorBatch, options: ModelRunOptions): Promise<GraphOutputs> {
    const { graph, inputs } = callOf(this.model, batch);
    return this.run(graph, inputs, options);
  }

  /** Runs a graph on the backend that is fastest for it, or on the named one. */
  async run(graph: Graph, inputs: Tensors, options: AttnRunOptions): Promise<GraphOutputs> {
    if (this.graphs.get(graph.key) === undefined) this.graphs.set(graph.key, graph);
    return this.attn.run({ graph, inputs, result: (outputs) => ({ outputs }) }, options);
  }

  /** The state of a graph, on the backend that is fastest for it, or on the named one. */
  createState(graph: Graph, options: CreateStateOptions): Promise<BoundState> {
    return this.attn.createState(graph, options);
  }

  async release(): Promise<void> {
    this.graphs.clear();
  }
}
