/**
 * From texts or ids to vectors: long texts are split into windows, windows of similar
 * length run as batches, and the states of a text's windows become its vector.
 */
import { AttnError, bool, f32, i32, type Tensor } from '@attn/core';
import {
  aBoolean,
  aFunction,
  anything,
  aSignal,
  aString,
  checkOptions,
  integer,
  oneOf,
  show,
  throwIfAborted,
  withCallbacks,
  type OptionKinds,
} from '@attn/core/backend';
import type { IntegerList } from '../inputs/entries.ts';
import { readIntegerList } from '../inputs/integers.ts';
import type { Model, TokenBatch } from '../model.ts';
import type { RunnableModel } from '../runnable-model.ts';
import type { TokenizedText } from '../tokenizer.ts';
import { batchesOf, type Batch } from './batches.ts';
import { cutTexts } from './cut-texts.ts';
import { StateGatherer, type Pooling } from './gather-states.ts';
import { readInputs, type CheckedInput } from './inputs.ts';
import { normalizeRows } from './normalize.ts';
import { tokenizeAll } from './tokenize.ts';
import type { TextWindow } from './windows.ts';

/**
 * How far a call has come: first in characters of the texts that are tokenized,
 * then in windows that are computed. A text that fits is one window.
 */
export interface EncodeProgress {
  readonly done: number;
  readonly total: number;
  readonly unit: 'characters' | 'windows';
}

/** Options of `encode`. */
export interface EncodeOptions {
  /** How the states of a text become its vector. Default `mean`, over all tokens, special ones included. */
  readonly pooling?: Pooling;
  /** Scale every vector to length 1, so that dot products are cosine similarities. Default false. */
  readonly normalize?: boolean;
  /** Most tokens of one row, special ones included. Default, and at most, the model's own `maxLength`. */
  readonly maxLength?: number;
  /**
   * What happens to texts of more than `maxLength` tokens. `split`, the default: they are split into
   * overlapping windows, with a warning; of a pair, every window has the whole first text and a part of the
   * second. `throw`: the call ends with `INVALID_ARGUMENT`.
   */
  readonly onLongText?: 'split' | 'throw';
  /**
   * Tokens of the text that is split that neighbouring windows share. Default: an
   * eighth of `maxLength`, but at most half of what a window has room for.
   */
  readonly overlap?: number;
  /** Positions of global tokens in every row. Default: the model's own rule. */
  readonly globalTokens?: IntegerList;
  /** Most tokens that run together, padding included. Default 4,096; a single row may be longer. */
  readonly batchTokens?: number;
  /** Name of the backend to use; the call fails if that cannot run. Default: the fastest backend. */
  readonly backend?: string;
  readonly signal?: AbortSignal;
  /** Called as work is done. An error that it throws ends the call, which rejects with that error. */
  readonly onProgress?: (progress: EncodeProgress) => void;
  /** Called when long texts are split. Default: `console.warn`. */
  readonly onWarning?: (message: string) => void;
}

/** Facts about a call beside its result. */
interface EncodeFacts {
  /** Number of tokens of each text or pair, special ones included. */
  readonly tokens: readonly number[];
  /** Names of all backends that took part. */
  readonly backends: readonly string[];
}

/** A vector for each text or pair. */
export interface Embeddings extends EncodeFacts {
  /** [texts, hidden], f32. For a text in windows, `cls` is the mean of the first tokens of its windows. */
  readonly embeddings: Tensor<'f32'>;
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
   * them, which text each token is of, its type, and its place in the text.
   */
  readonly tokenized: readonly TokenizedText[];
}

const WHERE = 'models/encode';

/** Implements `LoadedModel.encode`. */
export async function encode(
  runnable: RunnableModel,
  inputs: unknown,
  options: EncodeOptions = {},
): Promise<Embeddings | TokenStates> {
  const checked = checkEncodeOptions(runnable.model, options);
  const checkedInputs = readInputs(WHERE, inputs, runnable.model.vocabSize);
  const { onProgress, onWarning, signal } = checked;
  return withCallbacks({ onProgress, onWarning }, signal, (callbacks, stop) =>
    encodeInputs(runnable, checkedInputs, { ...checked, ...callbacks, signal: stop }),
  );
}

async function encodeInputs(
  { model, tokenizer, graphs }: RunnableModel,
  inputs: readonly CheckedInput[],
  options: CheckedOptions,
): Promise<Embeddings | TokenStates> {
  const { pooling = 'mean', normalize = false, batchTokens = 4_096, signal, onProgress, backend } = options;
  throwIfAborted(signal, WHERE);
  const onCharacters =
    onProgress && ((done: number, total: number) => onProgress({ done, total, unit: 'characters' }));
  const texts = await tokenizeAll(WHERE, tokenizer, inputs, { signal, onCharacters, limits: model });
  const windows = cutTexts(WHERE, texts, {
    maxLength: options.maxLength ?? model.maxLength,
    onLongText: options.onLongText ?? 'split',
    overlap: options.overlap,
    onWarning: options.onWarning ?? console.warn,
  });
  const batches = batchesOf(
    windows.map(({ ids }) => ids.length),
    {
      maxLength: model.maxLength,
      graphLength: model.graphLength?.bind(model),
      batchTokens,
      padded: model.takesPadding,
    },
  );
  const tokens = texts.map(({ ids }) => ids.length);
  const gatherer = new StateGatherer(pooling, tokens);
  const backends = new Set<string>();
  let done = 0;
  onProgress?.({ done, total: windows.length, unit: 'windows' });
  for (const batch of batches) {
    throwIfAborted(signal, WHERE);
    const members = batch.members.map((index) => windows[index]);
    const { graph, inputs: feeds } = model.call(tokenBatch(model, batch, members, options.globalTokens));
    const run = await graphs.run(graph, feeds, { backend, signal });
    backends.add(run.backend);
    for (const [row, window] of members.entries()) gatherer.add(window, run.outputs.last_hidden_state, row);
    done += members.length;
    onProgress?.({ done, total: windows.length, unit: 'windows' });
  }
  const facts = { tokens, backends: [...backends] };
  const vectors = (matrix: Tensor<'f32'>): Tensor<'f32'> => (normalize ? normalizeRows(matrix) : matrix);
  if (pooling === 'none') return { states: gatherer.tokenStates().map(vectors), tokenized: texts, ...facts };
  const embeddings = texts.length > 0 ? gatherer.embeddings() : f32([0, widthOf(model)], []);
  return { embeddings: vectors(embeddings), ...facts };
}

/** The width of the model's states, found without computing any. */
function widthOf(model: Model): number {
  const { graph } = model.call({ inputIds: i32([1, 1], [0]) });
  const id = graph.outputs.get('last_hidden_state');
  return id === undefined ? 0 : (graph.values[id].shape.at(-1) ?? 0);
}

/** Checked options, in which positions are numbers. */
type CheckedOptions = Omit<EncodeOptions, 'globalTokens'> & { readonly globalTokens?: readonly number[] };

function kindsOf({ maxLength }: Model): OptionKinds<EncodeOptions> {
  return {
    pooling: oneOf('mean', 'cls', 'none'),
    normalize: aBoolean,
    maxLength: integer(1, maxLength),
    onLongText: oneOf('split', 'throw'),
    overlap: integer(0),
    globalTokens: anything,
    batchTokens: integer(1),
    backend: aString,
    signal: aSignal,
    onProgress: aFunction,
    onWarning: aFunction,
  };
}

function checkEncodeOptions(model: Model, options: EncodeOptions): CheckedOptions {
  if (!model.outputs.includes('last_hidden_state')) {
    const message = `${model.architecture} gives ${model.outputs.join(', ')} and no last_hidden_state: load the checkpoint as the model without a head`;
    throw new AttnError('UNSUPPORTED', WHERE, message);
  }
  const { globalTokens, ...rest } = checkOptions(WHERE, options, kindsOf(model));
  if (globalTokens === undefined) return rest;
  if (!model.takesGlobalTokens) {
    const message = `${model.architecture} has no global tokens, got globalTokens ${show(globalTokens)}`;
    throw new AttnError('INVALID_ARGUMENT', WHERE, message);
  }
  const input = { where: WHERE, name: 'globalTokens' };
  return { ...rest, globalTokens: readIntegerList(input, globalTokens, model.maxLength) };
}

/** Ids, masks and types of a batch. Rows after its members are only padding. */
function tokenBatch(
  { padTokenId, takesPadding, tokenTypes = 0 }: Model,
  { rows, length }: Batch,
  members: readonly TextWindow[],
  globalTokens: readonly number[] | undefined,
): TokenBatch {
  const shape = [rows, length];
  const ids = new Int32Array(rows * length).fill(padTokenId);
  const mask = new Uint8Array(rows * length);
  const globals = new Uint8Array(rows * length);
  const types = new Int32Array(rows * length);
  for (const [row, window] of members.entries()) {
    ids.set(window.ids, row * length);
    mask.fill(1, row * length, row * length + window.ids.length);
    if (tokenTypes > 1) types.set(window.typeIds ?? [], row * length);
    for (const position of globalTokens ?? [])
      if (position < window.ids.length) globals[row * length + position] = 1;
  }
  return {
    inputIds: i32(shape, ids),
    ...(takesPadding && { attentionMask: bool(shape, mask) }),
    ...(globalTokens && { globalAttentionMask: bool(shape, globals) }),
    // Without types all are 0, and most batches are so: their graph is smaller.
    ...(types.some((type) => type > 0) && { tokenTypeIds: i32(shape, types) }),
  };
}
