/** A model whose batches run in worker threads. */
import { AttnError, type BoundState, type ExactActivationForm } from '@attn/core';
import { withCallbacks } from '@attn/core/backend';
import type { GraphOutputs, ModelRuns, ModelRunOptions } from '../graph/model-runs.ts';
import { checkBatch } from '../inputs/batch.ts';
import type { Model, TokenBatch, VectorBatch } from '../model.ts';
import type { WorkerPool } from './worker-pool.ts';

const WHERE = 'models/run';

export class WorkerRuns implements ModelRuns {
  readonly workers: number;
  private readonly pool: WorkerPool;
  private readonly inputs: ExactActivationForm;
  private readonly words: readonly number[] | undefined;

  constructor(pool: WorkerPool, inputs: ExactActivationForm, words?: readonly number[]) {
    this.workers = pool.count;
    this.pool = pool;
    this.inputs = inputs;
    this.words = words;
  }

  wordRuns(_model: Model, words: readonly number[]): WorkerRuns {
    return new WorkerRuns(this.pool, this.inputs, words);
  }

  fastestInputs(): ExactActivationForm {
    return this.inputs;
  }

  runBatch(
    batch: TokenBatch | VectorBatch,
    { backend, signal, onProgress }: ModelRunOptions,
  ): Promise<GraphOutputs> {
    const checked = checkBatch(WHERE, batch);
    return withCallbacks({ onProgress }, signal, (callbacks, stop) =>
      this.pool.run(
        { batch: checked, words: this.words, backend, wantsProgress: onProgress !== undefined },
        { ...callbacks, signal: stop },
      ),
    );
  }

  run(): Promise<GraphOutputs> {
    return Promise.reject(notHere());
  }

  createState(): Promise<BoundState> {
    return Promise.reject(notHere());
  }

  release(): Promise<void> {
    return this.pool.end();
  }
}

function notHere(): AttnError {
  const message = 'texts are not generated in worker threads: load the model with attn, and without workers';
  return new AttnError('UNSUPPORTED', WHERE, message);
}
