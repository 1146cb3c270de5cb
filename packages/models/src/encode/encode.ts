/**
 * From texts or ids to vectors: long texts are split into windows or cut, windows of similar length run as
 * batches, and the states of a text's windows become its vector, as the caller or the folder's files say.
 */
import { f32, type Tensor } from '@attn/core';
import { withCallbacks } from '@attn/core/backend';
import type { Model } from '../model.ts';
import type { RunnableModel } from '../runnable-model.ts';
import { chooseTask, withPrompt } from '../sentence/prompts.ts';
import { quantizeEmbeddings, type QuantizedEmbeddings } from '../sentence/quantize.ts';
import { applyModules } from '../sentence/vector-modules.ts';
import type { TokenizedText } from '../tokenizer.ts';
import { planChunks, type TextChunk, type ChunkPlan } from './chunks.ts';
import { fitTexts } from './fit-texts.ts';
import { firstDimensions, StateGatherer, VectorGatherer, type TokenGroup } from './gather-states.ts';
import { readInputs, type CheckedInput } from './inputs.ts';
import { normalizeRows } from './normalize.ts';
import { checkEncodeOptions, type Checked, type EncodeOptions } from './options.ts';
import { promptTokens } from './prompt-tokens.ts';
import { runAll, tokenizeTexts } from './run-texts.ts';
import { tokenizeAll } from './tokenize.ts';
import { planVectors, refuseOthers, vectorWidth, type VectorPlan } from './vector-plan.ts';

/** Facts about a call beside its result. */
export interface EncodeFacts {
  /** Number of tokens of each text or pair, special ones included. */
  readonly tokens: readonly number[];
  /** Names of all backends that took part. */
  readonly backends: readonly string[];
}

/** A vector for each text or pair. */
export interface Embeddings extends EncodeFacts {
  /**
   * [texts, dimensions], f32. For a text in windows, `cls` is the mean of the first tokens of its windows.
   */
  readonly embeddings: Tensor<'f32'>;
  /** Vectors of the same texts in bytes or bits, with the option `quantize`. */
  readonly quantized?: QuantizedEmbeddings;
}

/** A vector for each chunk: the result with `chunks`. */
export interface ChunkEmbeddings extends Embeddings {
  /** The chunk of each row of `embeddings`, text by text. */
  readonly chunks: readonly TextChunk[];
}

/** The states of the tokens of each text: the result with `pooling: 'none'`. */
export interface TokenStates extends EncodeFacts {
  /**
   * [tokens, hidden] for each text or pair. For one in windows, tokens that every window
   * repeats (special ones, the first text of a pair) have the mean of their states.
   */
  readonly states: readonly Tensor<'f32'>[];
  /**
   * The tokens whose states these are: the ids of each input and, where a tokenizer made
   * them, which text each token is of, its type, and its place in the text, prompt included.
   */
  readonly tokenized: readonly TokenizedText[];
}

const WHERE = 'models/encode';

/** A call of `encode` before its inputs: checked options, and what it makes of states. */
export interface EncodeCall {
  readonly where: string;
  readonly runnable: RunnableModel;
  readonly plan: VectorPlan;
  readonly options: Checked<EncodeOptions>;
}

/** Inputs of a call, with their tokens. */
export interface TokenizedInputs {
  readonly sources: readonly CheckedInput[];
  /** With the prompt before each text. */
  readonly tokenized: readonly TokenizedText[];
}

/** Implements `LoadedModel.encode`. */
export async function encode(
  runnable: RunnableModel,
  inputs: unknown,
  options: EncodeOptions = {},
  where: string = WHERE,
): Promise<Embeddings | ChunkEmbeddings | TokenStates> {
  const call = prepareCall(where, runnable, options);
  const sources = readInputs(where, inputs, runnable.model.vocabSize);
  const { onProgress, onWarning, signal } = call.options;
  return withCallbacks({ onProgress, onWarning }, signal, async (callbacks, stop) => {
    const guarded = { ...call, options: { ...call.options, ...callbacks, signal: stop } };
    return encodeTokenized(guarded, { sources, tokenized: await tokenizeSources(guarded, sources) });
  });
}

/** Checks the options of a call. Errors: `UNSUPPORTED`, `INVALID_ARGUMENT`, `MALFORMED_FILE`. */
export function prepareCall(where: string, runnable: RunnableModel, options: EncodeOptions): EncodeCall {
  const { model } = runnable;
  refuseOthers(where, runnable);
  const checked = checkEncodeOptions(where, model, options);
  const plan = planVectors(where, runnable, { ...checked, task: chooseTask(where, model, checked) });
  return { where, runnable, plan, options: checked };
}

/** The tokens of inputs, with the prompt of the call before each text. Errors: those of `tokenizeAll`. */
export async function tokenizeSources(
  { where, runnable, plan, options }: EncodeCall,
  sources: readonly CheckedInput[],
): Promise<readonly TokenizedText[]> {
  const inputs = withPrompt(where, sources, plan.prompt, options);
  return tokenizeTexts(where, runnable, inputs, options, tokenizeAll);
}

/** Most tokens of a row in a call. */
export function longestRow({ runnable, plan, options }: EncodeCall): number {
  return options.maxLength ?? plan.sentence?.maxLength ?? runnable.model.maxLength;
}

/** What happens in a call to texts that are longer than a row. */
export function longTextRule({ plan, options }: EncodeCall): 'split' | 'cut' | 'throw' {
  const isSplit = plan.sentence === undefined || options.chunks !== undefined;
  return options.onLongText ?? (isSplit ? 'split' : 'cut');
}

/** Computes what a call gives. Errors: `INVALID_ARGUMENT`, those of the backends, `ABORTED`. */
export async function encodeTokenized(
  call: EncodeCall,
  { sources, tokenized }: TokenizedInputs,
): Promise<Embeddings | ChunkEmbeddings | TokenStates> {
  const { where, runnable, plan, options } = call;
  const { model, tokenizer, settings } = runnable;
  const { sentence, prompt, modes } = plan;
  const { chunks, normalize = false } = options;
  const { texts, windows } = fitTexts(where, tokenized, {
    maxLength: longestRow(call),
    onLongText: longTextRule(call),
    overlap: options.overlap,
    cutSide: (sentence ?? settings.cutting)?.side ?? 'right',
    onWarning: options.onWarning ?? console.warn,
  });
  const tokens = texts.map(({ ids }) => ids.length);
  const originals = sources.map((input) => ('text' in input ? input.text : undefined));
  const chunkPlan = chunks === undefined ? undefined : planChunks(where, chunks, texts, originals, prompt);
  const skipped = plan.includePrompt ? 0 : promptTokens(where, tokenizer, prompt);
  const gatherer =
    modes === undefined
      ? new StateGatherer(tokens)
      : new VectorGatherer(modes, chunkPlan?.groups ?? textGroups(tokens, originals, skipped));
  const running = { ...options, task: plan.task };
  const backends = await runAll(where, runnable, windows, running, (window, outputs, row) =>
    gatherer.add(window, outputs.last_hidden_state, row),
  );
  const facts = { tokens, backends };
  if (gatherer instanceof StateGatherer) {
    const states = gatherer.tokenStates();
    return { states: normalize ? states.map(normalizeRows) : states, tokenized: texts, ...facts };
  }
  return { ...finish(model, gatherer, plan, options, chunkPlan), ...facts };
}

/** A group for each text: all its tokens, or those after the prompt. */
function textGroups(
  tokens: readonly number[],
  originals: readonly (string | undefined)[],
  skipped: number,
): readonly TokenGroup[] {
  return tokens.map((to, text) => {
    const from = originals[text] === undefined ? 0 : Math.min(skipped, to);
    return { text, from, to, isText: true };
  });
}

/** From pooled states to the result: modules, then fewer dimensions, then length 1, then bytes. */
function finish(
  model: Model,
  gatherer: VectorGatherer,
  { modes = [], modules, dimensions }: VectorPlan,
  { normalize = false, quantize, ranges }: Checked<EncodeOptions>,
  chunkPlan: ChunkPlan | undefined,
): Omit<Embeddings, keyof EncodeFacts> & Partial<Pick<ChunkEmbeddings, 'chunks'>> {
  const pooled = gatherer.vectors();
  const isEmpty = pooled.shape[0] === 0;
  const whole = isEmpty
    ? f32([0, vectorWidth(model, modes, modules) ?? 0], [])
    : applyModules(modules, pooled);
  const cut = firstDimensions(whole, dimensions);
  const embeddings = normalize ? normalizeRows(cut) : cut;
  return {
    embeddings,
    ...(quantize && { quantized: quantizeEmbeddings(embeddings, quantize, { ranges }) }),
    ...(chunkPlan && { chunks: chunkPlan.chunks }),
  };
}
