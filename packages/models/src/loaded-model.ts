/** A model with its tokenizer and the backends that run it: the result of `loadModel`. */
import { AttnError, type Attn, type Graph, type Tensors } from '@attn/core';
import {
  aFunction,
  aSignal,
  aString,
  checkArgument,
  checkOptions,
  show,
  type OptionKinds,
  type RunOptions,
} from '@attn/core/backend';
import { anAttn, aModel, aTokenizer } from './argument-kinds.ts';
import type { WeightsSource } from './checkpoint/checkpoint.ts';
import { encode, type Embeddings, type EncodeOptions, type TokenStates } from './encode/encode.ts';
import type { EncodeInput } from './encode/inputs.ts';
import { generate, type Generated, type GenerateOptions, type Prompt } from './generate/generate.ts';
import { GraphRuns } from './graph/graph-runs.ts';
import { checkBatch } from './inputs/batch.ts';
import type { FixedCall, Model, ModelCall, TokenBatch, VectorBatch } from './model.ts';
import type { RunnableModel } from './runnable-model.ts';
import type { TextTokenizer } from './tokenizer.ts';

/** Options of `LoadedModel.run`. */
export type ModelRunOptions = RunOptions & { readonly backend?: string };

const RUN_OPTIONS: OptionKinds<ModelRunOptions> = {
  backend: aString,
  signal: aSignal,
  onProgress: aFunction,
};

const WHERE = 'models/run';

/**
 * A model that can run: it encodes texts, continues them, and computes single batches.
 *
 * @example
 * const model = new LoadedModel(await longformerFamily.load(checkpoint), tokenizer, attn);
 */
export class LoadedModel {
  /** The model by itself: its config, weights and graphs. */
  readonly network: Model;
  /** Undefined when the checkpoint has no files of a tokenizer, and its family has none of its own. */
  readonly tokenizer: TextTokenizer | undefined;
  /** The files that its weights were read from; undefined for weights that were in no file. */
  readonly weights: WeightsSource | undefined;
  private readonly graphs: GraphRuns | undefined;

  /**
   * Errors: `INVALID_ARGUMENT`.
   *
   * @param tokenizer a `Tokenizer` of `@attn/tokenizers`, or one of your own
   * @param attn runs the model on its backends; without it the model can only be inspected and exported
   * @param weights the files that the weights were read from
   */
  constructor(model: Model, tokenizer?: TextTokenizer, attn?: Attn, weights?: WeightsSource) {
    checkArgument('models/LoadedModel', 'model', model, aModel);
    if (tokenizer !== undefined) checkArgument('models/LoadedModel', 'tokenizer', tokenizer, aTokenizer);
    if (attn !== undefined) checkArgument('models/LoadedModel', 'attn', attn, anAttn);
    this.network = model;
    this.tokenizer = tokenizer;
    this.weights = weights;
    this.graphs = attn && new GraphRuns(attn);
  }

  /**
   * Computes a vector for each text, or the states of its tokens. Texts go through the
   * checkpoint's tokenizer, as do pairs `{ text, pair }`, with the separators and token types
   * of the model; ids are used as they are, with their special tokens. Rows of similar length
   * run together, padded. Texts longer than the model are split into overlapping windows, with
   * a warning; of a pair, every window has the whole first text. A list of numbers or bigints, a typed
   * array of integers or a tensor [tokens] is one input; a tensor [rows, tokens] is one for each row.
   *
   * Errors: `UNSUPPORTED` (a model with a head: load it without; a pair, where the tokenizer does not
   * take pairs), `INVALID_ARGUMENT`, `MISSING_INPUT` (no tokenizer, no `attn`), `ABORTED`, and those of
   * the backends.
   *
   * @example
   * const { embeddings } = await model.encode(['Call me Ishmael.', 'Some years ago'], { normalize: true });
   * const pair = { text: 'Who narrates?', pair: 'Call me Ishmael.' };
   * const { states, tokenized } = await model.encode(pair, { pooling: 'none' });
   */
  encode(
    inputs: EncodeInput | readonly EncodeInput[],
    options: EncodeOptions & { readonly pooling: 'none' },
  ): Promise<TokenStates>;
  encode(
    inputs: EncodeInput | readonly EncodeInput[],
    options?: EncodeOptions & { readonly pooling?: 'cls' | 'mean' },
  ): Promise<Embeddings>;
  encode(
    inputs: EncodeInput | readonly EncodeInput[],
    options?: EncodeOptions,
  ): Promise<Embeddings | TokenStates>;
  async encode(
    inputs: EncodeInput | readonly EncodeInput[],
    options: EncodeOptions = {},
  ): Promise<Embeddings | TokenStates> {
    return encode(this.runnable(), inputs, options);
  }

  /**
   * Continues a text or ids, token by token, if the model is a causal
   * language model. A prompt of ids is used as it is.
   *
   * Errors: `UNSUPPORTED` (any other model), `INVALID_ARGUMENT`, `MISSING_INPUT`
   * (no tokenizer, no `attn`), `ABORTED`, and those of the backends.
   *
   * @example
   * const { text } = await model.generate('Call me', { maxNewTokens: 16 });
   */
  async generate(prompt: Prompt, options: GenerateOptions = {}): Promise<Generated> {
    return generate(this.runnable(), prompt, options);
  }

  /**
   * Runs one batch and returns every output of the model, under the original's names. The batch
   * must not change until the promise settles. Errors: those of `Model.call` and of the backends.
   *
   * @example
   * const { last_hidden_state } = await model.run({ inputIds: [[0, 5, 2]] });
   */
  async run(batch: TokenBatch | VectorBatch, options: ModelRunOptions = {}): Promise<Tensors> {
    const { graphs } = this.runnable();
    const checked = checkOptions(WHERE, options, RUN_OPTIONS);
    const { graph, inputs } = callOf(this.network, batch);
    return (await graphs.run(graph, inputs, checked)).outputs;
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

  /** Releases the compiled graphs. The model can still be used: it compiles again. */
  dispose(): void {
    this.graphs?.release();
  }

  /** Calls `dispose()`; `await using` calls it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.dispose();
  }

  private runnable(): RunnableModel {
    const { network: model, tokenizer, graphs } = this;
    if (graphs !== undefined) return { model, tokenizer, graphs };
    const message = 'the model was loaded without an attn to run it on: loadModel(source, { attn })';
    throw new AttnError('MISSING_INPUT', WHERE, message);
  }
}

function callOf(model: Model, batch: TokenBatch | VectorBatch): ModelCall {
  const checked = checkBatch(WHERE, batch);
  const isVectors = 'inputsEmbeds' in checked;
  if (isVectors && 'inputIds' in checked) {
    throw new AttnError('INVALID_ARGUMENT', WHERE, 'the batch must have inputIds or inputsEmbeds, got both');
  }
  if (!isVectors && !('inputIds' in checked)) {
    const message = `the batch must have inputIds, or inputsEmbeds in models of vectors, got ${show(batch)}`;
    throw new AttnError('MISSING_INPUT', WHERE, message);
  }
  if (!isVectors) return model.call(checked);
  if (model.callVectors !== undefined) return model.callVectors(checked);
  throw new AttnError('INVALID_ARGUMENT', WHERE, `${model.architecture} takes inputIds, got inputsEmbeds`);
}
