/** A model with its tokenizer and the backends that run it: the result of `loadModel`. */
import { AttnError, type Attn, type Graph, type Tensor, type Tensors } from '@attn/core';
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
import type { EncodeSparseOptions, SparseEmbeddings } from './encode/encode-sparse.ts';
import type { ChunkEmbeddings, Embeddings, TokenStates } from './encode/encode.ts';
import type { TextChunks } from './encode/chunks.ts';
import type { EncodeInput } from './encode/inputs.ts';
import type { EncodeOptions } from './encode/options.ts';
import type { PairInput, PairScores, PredictOptions, RankedDocument, RankOptions } from './encode/predict.ts';
import type { Generated, GenerateOptions, Prompt } from './generate/generate.ts';
import { GraphRuns } from './graph/graph-runs.ts';
import { checkBatch } from './inputs/batch.ts';
import type { FixedCall, Model, ModelCall, TokenBatch, VectorBatch } from './model.ts';
import type { RunnableModel } from './runnable-model.ts';
import type { PoolingMode } from './sentence/pooling.ts';
import type { Precision } from './sentence/quantize.ts';
import type { FolderSettings } from './sentence/settings.ts';
import { similarity, type ComparedVectors } from './sentence/similarity.ts';
import type { TextTokenizer } from './tokenizer.ts';

/** Options of `LoadedModel.run`. */
export type ModelRunOptions = RunOptions & { readonly backend?: string };

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
 * A model that can run: it encodes texts, continues them, and computes single batches.
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
  private readonly graphs: GraphRuns | undefined;

  /**
   * Errors: `INVALID_ARGUMENT`.
   *
   * @param tokenizer a `Tokenizer` of `@attn/tokenizers`, or one of your own
   * @param attn runs the model on its backends; without it the model can only be inspected and exported
   * @param weights the files that the weights were read from
   * @param settings what the files of sentence-transformers say beside; `loadModel` reads it
   */
  constructor(
    model: Model,
    tokenizer?: TextTokenizer,
    attn?: Attn,
    weights?: WeightsSource,
    settings: FolderSettings = {},
  ) {
    checkArgument('models/LoadedModel', 'model', model, aModel);
    if (tokenizer !== undefined) checkArgument('models/LoadedModel', 'tokenizer', tokenizer, aTokenizer);
    if (attn !== undefined) checkArgument('models/LoadedModel', 'attn', attn, anAttn);
    this.network = model;
    this.tokenizer = tokenizer;
    this.weights = weights;
    this.settings = settings;
    this.graphs = attn && new GraphRuns(attn);
  }

  /**
   * Computes a vector for each text, or the states of its tokens. Texts go through the
   * checkpoint's tokenizer, as do pairs `{ text, pair }`, with the separators and token types
   * of the model; ids are used as they are, with their special tokens. Rows of similar length
   * run together, padded, so that the vector of a text does not depend on the others. Texts longer than the
   * model are split into overlapping windows, with a warning; of a pair, every window has the whole first
   * text. A list of numbers or bigints, a typed array of integers or a tensor [tokens] is one input; a tensor
   * [rows, tokens] is one for each row.
   *
   * In a folder of sentence-transformers (`modules.json`), its modules make the vectors, its prompts stand
   * before the texts, and longer texts are cut where it says. `as: 'query'` and `as: 'document'` choose the
   * prompt by what texts are for.
   *
   * Errors: `UNSUPPORTED` (a model with a head: load it without; a pair, where the tokenizer does not
   * take pairs), `INVALID_ARGUMENT`, `MISSING_INPUT` (no tokenizer, no `attn`), `ABORTED`, and those of
   * the backends.
   *
   * @example
   * const { embeddings } = await model.encode(['Call me Ishmael.', 'Some years ago'], { normalize: true });
   * const { chunks } = await model.encode('Call me Ishmael. Or not.', { chunks: 'sentences' });
   * const pair = { text: 'Who narrates?', pair: 'Call me Ishmael.' };
   * const { states, tokenized } = await model.encode(pair, { pooling: 'none' });
   */
  encode(
    inputs: EncodeInput | readonly EncodeInput[],
    options: EncodeOptions & { readonly pooling: 'none' },
  ): Promise<TokenStates>;
  encode(
    inputs: EncodeInput | readonly EncodeInput[],
    options: EncodeOptions & {
      readonly chunks: TextChunks;
      readonly pooling?: PoolingMode | readonly PoolingMode[];
    },
  ): Promise<ChunkEmbeddings>;
  encode(
    inputs: EncodeInput | readonly EncodeInput[],
    options: EncodeOptions & {
      readonly quantize: Precision;
      readonly pooling?: PoolingMode | readonly PoolingMode[];
    },
  ): Promise<Embeddings & Required<Pick<Embeddings, 'quantized'>>>;
  encode(
    inputs: EncodeInput | readonly EncodeInput[],
    options?: EncodeOptions & { readonly pooling?: PoolingMode | readonly PoolingMode[] },
  ): Promise<Embeddings>;
  encode(
    inputs: EncodeInput | readonly EncodeInput[],
    options?: EncodeOptions,
  ): Promise<Embeddings | ChunkEmbeddings | TokenStates>;
  async encode(
    inputs: EncodeInput | readonly EncodeInput[],
    options: EncodeOptions = {},
  ): Promise<Embeddings | ChunkEmbeddings | TokenStates> {
    const runnable = this.runnable();
    const { encode } = await import('./encode/encode.ts');
    return encode(runnable, inputs, options);
  }

  /**
   * Computes a sparse vector for each text: SPLADE's weights of the tokens that the text is about, of a
   * folder of sentence-transformers with a `SpladePooling`. The indices are ids of tokens. Inputs are those
   * of `encode`.
   *
   * Errors: `UNSUPPORTED` (any other model), `INVALID_ARGUMENT`, `MISSING_INPUT`, `ABORTED`, and those of the
   * backends.
   *
   * @example
   * const [{ indices, values }] = (await splade.encodeSparse('Who narrates?', { as: 'query' })).vectors;
   * for (const [i, id] of indices.entries()) console.log(splade.tokenizer?.idToToken?.(id), values[i]);
   */
  async encodeSparse(
    inputs: EncodeInput | readonly EncodeInput[],
    options: EncodeSparseOptions = {},
  ): Promise<SparseEmbeddings> {
    const runnable = this.runnable();
    const { encodeSparse } = await import('./encode/encode-sparse.ts');
    return encodeSparse(runnable, inputs, options);
  }

  /**
   * How alike each vector of `a` is to each of `b`, by the measure of the folder's files
   * (`similarity_fn_name`), else by cosine: [vectors of a, vectors of b]. Vectors are tensors [vectors,
   * dimensions] or [dimensions], or sparse ones.
   *
   * Errors: `INVALID_ARGUMENT`, `INVALID_SHAPE`, `INVALID_DTYPE`.
   *
   * @example
   * const { embeddings: queries } = await model.encode(['Who narrates?'], { as: 'query' });
   * const { embeddings: documents } = await model.encode(['Call me Ishmael.'], { as: 'document' });
   * const scores = model.similarity(queries, documents); // [1, 1]
   */
  similarity(a: ComparedVectors, b: ComparedVectors): Tensor<'f32'> {
    return similarity(a, b, this.settings.sentence?.similarity);
  }

  /**
   * Scores pairs of texts with a model for sequence classification, such as a cross-encoder, as the folder's
   * files say: sigmoid of one label, the logits of several. Pairs that are too long lose tokens of the longer
   * text first, with a warning.
   *
   * Errors: `UNSUPPORTED` (any other model; a tokenizer that does not take pairs), `INVALID_ARGUMENT`,
   * `MISSING_INPUT`, `ABORTED`, and those of the backends.
   *
   * @example
   * const { scores } = await classifier.predict([['Who narrates?', 'Call me Ishmael.']]);
   */
  async predict(pairs: PairInput | readonly PairInput[], options: PredictOptions = {}): Promise<PairScores> {
    const runnable = this.runnable();
    const { predict } = await import('./encode/predict.ts');
    return predict(runnable, pairs, options);
  }

  /**
   * Sorts documents by how well they fit a query, the best first, with a cross-encoder of one label. Errors:
   * those of `predict`, and `UNSUPPORTED` for a model of several labels.
   *
   * @example
   * const [best] = await classifier.rank('Who narrates?', ['Call me Ishmael.', 'Some years ago']);
   * console.log(best.index, best.score, best.document);
   */
  async rank(
    query: string,
    documents: readonly string[],
    options: RankOptions = {},
  ): Promise<readonly RankedDocument[]> {
    const runnable = this.runnable();
    const { rank } = await import('./encode/predict.ts');
    return rank(runnable, query, documents, options);
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
    const runnable = this.runnable();
    const { generate } = await import('./generate/generate.ts');
    return generate(runnable, prompt, options);
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
    const { graph, inputs } = callOf(this.network, batch);
    const { outputs } = await graphs.run(graph, inputs, checked);
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

  /** Releases the compiled graphs. The model can still be used: it compiles again. */
  dispose(): void {
    this.graphs?.release();
  }

  /** Calls `dispose()`; `await using` calls it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.dispose();
  }

  private runnable(): RunnableModel {
    const { network: model, tokenizer, graphs, settings } = this;
    if (graphs !== undefined) return { model, tokenizer, graphs, settings };
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
