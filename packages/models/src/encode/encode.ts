/**
 * From texts or ids to vectors: long texts are split into windows or cut, windows of similar length run as
 * batches, and the states of a text's windows become its vector, as the caller or the folder's files say.
 */
import { AttnError, f32, i32, type Tensor } from '@attn/core';
import { show, withCallbacks } from '@attn/core/backend';
import type { Model } from '../model.ts';
import type { RunnableModel } from '../runnable-model.ts';
import { modesOf, type PoolingMode } from '../sentence/pooling.ts';
import { choosePrompt, chooseTask, withPrompt } from '../sentence/prompts.ts';
import { quantizeEmbeddings, type QuantizedEmbeddings } from '../sentence/quantize.ts';
import type { SentenceSettings, VectorPipeline } from '../sentence/settings.ts';
import { applyModules, widthAfter, type VectorModule } from '../sentence/vector-modules.ts';
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

/** Implements `LoadedModel.encode`. */
export async function encode(
  runnable: RunnableModel,
  inputs: unknown,
  options: EncodeOptions = {},
  where: string = WHERE,
): Promise<Embeddings | ChunkEmbeddings | TokenStates> {
  const { model } = runnable;
  refuseOthers(where, runnable);
  const checked = checkEncodeOptions(where, model, options);
  const plan = planVectors(where, runnable, { ...checked, task: chooseTask(where, model, checked) });
  const checkedInputs = readInputs(where, inputs, model.vocabSize);
  const { onProgress, onWarning, signal } = checked;
  return withCallbacks({ onProgress, onWarning }, signal, (callbacks, stop) =>
    encodeInputs(where, runnable, checkedInputs, plan, { ...checked, ...callbacks, signal: stop }),
  );
}

/** What a call makes of states. */
interface VectorPlan {
  readonly sentence: SentenceSettings | undefined;
  readonly prompt: string;
  /** The task whose adapters take part. */
  readonly task: string | undefined;
  /** Undefined where states stay as they are. */
  readonly modes: readonly PoolingMode[] | undefined;
  readonly modules: readonly VectorModule[];
  readonly includePrompt: boolean;
  readonly dimensions: number | undefined;
}

/** What options and files say of vectors. Errors: `INVALID_ARGUMENT`, `MALFORMED_FILE`. */
function planVectors(
  where: string,
  { model, settings }: RunnableModel,
  options: Checked<EncodeOptions>,
): VectorPlan {
  const { sentence } = settings;
  const pipeline: VectorPipeline | undefined =
    sentence?.pipeline.kind === 'vectors' ? sentence.pipeline : undefined;
  const { pooling = pipeline?.pooling ?? 'mean', chunks } = options;
  const modes = pooling === 'none' ? undefined : modesOf(pooling);
  if (chunks !== undefined && modes?.includes('cls')) {
    const message = `a chunk has no first token that stands for it, so pooling must not be cls with chunks: pass pooling: 'mean'`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  }
  const modules = modes === undefined ? [] : (pipeline?.modules ?? []);
  const { dimensions } = options;
  if (modules.length > 0 || dimensions !== undefined) {
    const width = vectorWidth(model, modes ?? [], modules);
    if (width === undefined) {
      const message = `the modules of the folder do not take the vectors that pooling ${show(pooling)} gives`;
      throw new AttnError(
        options.pooling === undefined ? 'MALFORMED_FILE' : 'INVALID_ARGUMENT',
        where,
        message,
      );
    }
    if (dimensions !== undefined && dimensions > width) {
      const message = `dimensions must be an integer from 1 to ${width}, got ${show(dimensions)}`;
      throw new AttnError('INVALID_ARGUMENT', where, message);
    }
  }
  return {
    sentence,
    prompt: choosePrompt(where, sentence?.prompts, options, model.tasks),
    task: options.task,
    modes,
    modules,
    includePrompt: pipeline?.includePrompt ?? true,
    dimensions: modes && (dimensions ?? sentence?.dimensions),
  };
}

async function encodeInputs(
  where: string,
  runnable: RunnableModel,
  sources: readonly CheckedInput[],
  plan: VectorPlan,
  options: Checked<EncodeOptions>,
): Promise<Embeddings | ChunkEmbeddings | TokenStates> {
  const { model, tokenizer, settings } = runnable;
  const { sentence, prompt, modes } = plan;
  const { chunks, normalize = false } = options;
  const inputs = withPrompt(where, sources, prompt, options);
  const tokenized = await tokenizeTexts(where, runnable, inputs, options, tokenizeAll);
  const { texts, windows } = fitTexts(where, tokenized, {
    maxLength: options.maxLength ?? sentence?.maxLength ?? model.maxLength,
    onLongText: options.onLongText ?? (sentence === undefined || chunks !== undefined ? 'split' : 'cut'),
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

/**
 * The width of vectors after all modules, found without computing any; undefined where a module does not take
 * what comes before it.
 */
function vectorWidth(
  model: Model,
  modes: readonly PoolingMode[],
  modules: readonly VectorModule[],
): number | undefined {
  const { graph } = model.call({ inputIds: i32([1, 1], [0]) });
  const id = graph.outputs.get('last_hidden_state');
  const width = id === undefined ? 0 : (graph.values[id].shape.at(-1) ?? 0);
  return modules.reduce<number | undefined>(
    (current, module) => (current === undefined ? undefined : widthAfter(module, current)),
    width * modes.length,
  );
}

/** Refuses models that give no states. Errors: `UNSUPPORTED`. */
export function refuseOthers(where: string, { model, settings }: RunnableModel): void {
  if (model.outputs.includes('last_hidden_state')) return;
  const isSparse = settings.sentence?.pipeline.kind === 'sparse';
  const hint = isSparse ? 'encodeSparse is for it' : 'load the checkpoint as the model without a head';
  const message = `${model.architecture} gives ${model.outputs.join(', ')} and no last_hidden_state: ${hint}`;
  throw new AttnError('UNSUPPORTED', where, message);
}
