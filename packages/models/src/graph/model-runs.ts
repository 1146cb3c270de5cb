/** Where a model runs: on the backends of an `Attn` (`GraphRuns`), or in worker threads. */
import type {
  AttnRunOptions,
  BoundState,
  CreateStateOptions,
  ExactActivationForm,
  Graph,
  Tensors,
} from '@attn/core';
import type { RunOptions } from '@attn/core/backend';
import type { Model, TokenBatch, VectorBatch } from '../model.ts';

/** Options of `LoadedModel.run`. */
export type ModelRunOptions = Omit<RunOptions, 'state' | 'outputs'> & {
  readonly backend?: string | undefined;
};

/** The outputs of a run by name, and the backend that computed them. */
export interface GraphOutputs {
  readonly outputs: Tensors;
  readonly backend: string;
}

/** Runs the batches and the graphs of one model. */
export interface ModelRuns {
  /** Number of worker threads, each of which runs a batch at a time; 0 without any. */
  readonly workers: number;
  /** How layers of codes read their inputs fastest there. */
  fastestInputs(): ExactActivationForm;
  /** Runs a batch. Errors: those of `Model.call` and of the backends. */
  runBatch(batch: TokenBatch | VectorBatch, options: ModelRunOptions): Promise<GraphOutputs>;
  /** Runs batches of `model` instead: the model with a head of these words alone (`Model.wordModel`). */
  wordRuns(model: Model, words: readonly number[]): ModelRuns;
  /** Runs a graph of the model. Errors: those of the backends; `UNSUPPORTED` in workers. */
  run(graph: Graph, inputs: Tensors, options: AttnRunOptions): Promise<GraphOutputs>;
  /** Makes the state of a graph. Errors: those of the backends; `UNSUPPORTED` in workers. */
  createState(graph: Graph, options: CreateStateOptions): Promise<BoundState>;
  /** Releases all that was compiled, and ends workers. A later run begins anew. */
  release(): Promise<void>;
}

/** How many batches may be on their way at one time: with workers, one waits for the first that is free. */
export function batchesAhead({ workers }: Pick<ModelRuns, 'workers'>): number {
  return workers > 1 ? workers + 1 : 1;
}
