/** A model with its tokenizer and the backends that run it: the result of `loadModel`. */
import { AttnError, type Attn, type Graph, type Tensors } from '@attn/core';
import {
  aFunction,
  aSignal,
  aString,
  checkArgument,
  checkOptions,
  either,
  type OptionKinds,
} from '@attn/core/backend';
import { anAttn, aModel, aTokenizer, someRuns } from './argument-kinds.ts';
import type { WeightsSource } from './checkpoint/checkpoint.ts';
import { GraphRuns } from './graph/graph-runs.ts';
import type { ModelRunOptions, ModelRuns } from './graph/model-runs.ts';
import type { FixedCall, Model, TokenBatch, VectorBatch } from './model.ts';
import type { RunnableModel } from './runnable-model.ts';
import type { FolderSettings } from './sentence/settings.ts';
import type { TextTokenizer } from './tokenizer.ts';

const RUN_OPTIONS: OptionKinds<ModelRunOptions> = {
  backend: aString,
  signal: aSignal,
  onProgress: aFunction,
};

const WHERE = 'models/run';

let readRunnable: (model: LoadedModel) => RunnableModel;

/** For this package: what runs a loaded model. Errors: `MISSING_INPUT` (no `attn`). */
export function runnableOf(model: LoadedModel): RunnableModel {
  return readRunnable(model);
}

/**
 * A model that can run batches. What more it can do depends on its head: `loadModel` returns an `Encoder`, a
 * `SparseEncoder`, a `PairScorer` or a `TextGenerator` for models that are one.
 *
 * @example
 * const model = new LoadedModel(await longformerFamily.load(checkpoint), tokenizer, attn);
 */
export class LoadedModel {
  static {
    readRunnable = (model) => model.runnable();
  }

  /** The model by itself: its config, weights and graphs. */
  readonly network: Model;
  /** Undefined when the checkpoint has no files of a tokenizer, and its family has none of its own. */
  readonly tokenizer: TextTokenizer | undefined;
  /** The files that its weights were read from; undefined for weights that were in no file. */
  readonly weights: WeightsSource | undefined;
  /** What the files of sentence-transformers say beside: modules, prompts, the measure of similarity. */
  readonly settings: FolderSettings;
  private readonly graphs: ModelRuns | undefined;

  /**
   * Errors: `INVALID_ARGUMENT`.
   *
   * @param tokenizer a `Tokenizer` of `@attn/tokenizers`, or one of your own
   * @param attn runs the model on its backends; without it the model can only be inspected and exported.
   *   `loadModel` with `workers` passes what runs it in these
   * @param weights the files that the weights were read from
   * @param settings what the files of sentence-transformers say beside; `loadModel` reads it
   */
  constructor(
    model: Model,
    tokenizer?: TextTokenizer,
    attn?: Attn | ModelRuns,
    weights?: WeightsSource,
    settings: FolderSettings = {},
  ) {
    checkArgument('models/LoadedModel', 'model', model, aModel);
    if (tokenizer !== undefined) checkArgument('models/LoadedModel', 'tokenizer', tokenizer, aTokenizer);
    if (attn !== undefined) checkArgument('models/LoadedModel', 'attn', attn, either(anAttn, someRuns));
    this.network = model;
    this.tokenizer = tokenizer;
    this.weights = weights;
    this.settings = settings;
    this.graphs = attn === undefined || 'runBatch' in attn ? attn : new GraphRuns(attn, model);
  }

  /** Number of worker threads, each of which runs a batch at a time; 0 where there are none. */
  get workers(): number {
    return this.graphs?.workers ?? 0;
  }

  /**
   * Runs one batch and returns every output of the model, under the original's names; in a folder of
   * sentence-transformers also `sentence_embedding`, which its modules make of them. The batch must not
   * change until the promise settles. Errors: those of `Model.call` and of the backends.
   *
   * @example
   * const { last_hidden_state } = await model.run({ inputIds: [[0, 5, 2]] });
   */
  async run(batch: TokenBatch | VectorBatch, options: ModelRunOptions = {}): Promise<Tensors> {
    const { graphs } = this.runnable();
    const checked = checkOptions(WHERE, options, RUN_OPTIONS);
    const { outputs } = await graphs.runBatch(batch, checked);
    const { sentence } = this.settings;
    if (sentence === undefined) return outputs;
    const { batchEmbedding } = await import('./sentence/batch-embedding.ts');
    const embedding = batchEmbedding(sentence, outputs, batch.attentionMask);
    return embedding === undefined ? outputs : { ...outputs, sentence_embedding: embedding };
  }

  /**
   * Returns a graph whose only input is `input_ids` [batch, length], i32, or `inputs_embeds`, f32. It needs
   * no `attn`. Errors: those of `Model.fixedGraph`.
   *
   * @example
   * const { model } = exportOnnx(loaded.fixedGraph({ batch: 1, length: 4096, globalTokens: [0] }));
   */
  fixedGraph(call: FixedCall): Graph {
    return this.network.fixedGraph(call);
  }

  /** Releases the compiled graphs, and ends workers. The model can still be used: it begins anew. */
  dispose(): void {
    void this[Symbol.asyncDispose]();
  }

  /** Does what `dispose()` does, and waits until workers have ended; `await using` calls it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.graphs?.release();
  }

  private runnable(): RunnableModel {
    const { network: model, tokenizer, graphs, settings } = this;
    if (graphs !== undefined) return { model, tokenizer, graphs, settings };
    const message = 'the model was loaded without an attn to run it on: loadModel(source, { attn })';
    throw new AttnError('MISSING_INPUT', WHERE, message);
  }
}
