/**
 * Texts or ids to vectors: windows of what is too long, batches of equal shape, a vector per text at the end.
 */
import { AttnError, bool, f32, i32, type Tensor } from '@attn/core';
import {
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
import type { CompiledGraphs } from '../compiled-graphs.ts';
import type { IntegerList } from '../inputs/entries.ts';
import { readIntegerList } from '../inputs/integers.ts';
import type { Model, TokenBatch } from '../model.ts';
import type { TextTokenizer, TokenizedText } from '../tokenizer.ts';
import { batchesOf, type Batch } from './batches.ts';
import { StateGatherer, type Pooling } from './gather-states.ts';
import { readInputs } from './inputs.ts';
import { tokenizeAll } from './tokenize.ts';
import { windowsOf, type TextWindow } from './windows.ts';

/**
 * How far a call has come: first in characters of the texts that become ids, then in windows that are
 * computed (a text that fits is one).
 */
export interface EncodeProgress {
  readonly done: number;
  readonly total: number;
  readonly unit: 'characters' | 'windows';
}

/** Options of `encode`. */
export interface EncodeOptions {
  /** Default `mean`: over all tokens of a text, special ones included. `cls`: the first token. */
  readonly pooling?: Pooling;
  /** Most tokens of one row, special ones included. Default, and most: the model's own. */
  readonly maxLength?: number;
  /**
   * Texts beyond `maxLength`: cut into overlapping windows, with a warning, or an error. Default `windows`.
   */
  readonly onLongText?: 'windows' | 'refuse';
  /** Tokens that neighbouring windows share. Default: an eighth of `maxLength`. */
  readonly overlap?: number;
  /** Positions of global tokens in every row. Default: the model's own rule. */
  readonly globalTokens?: IntegerList;
  /** Most tokens that run together, padding included. Default 4,096; a single row may be longer. */
  readonly batchTokens?: number;
  /** Run here or fail. Default: wherever it is fastest. */
  readonly backend?: string;
  readonly signal?: AbortSignal;
  /** What it throws ends the call, which rejects with that very error. */
  readonly onProgress?: (progress: EncodeProgress) => void;
  /** What is worth knowing and no error. Default: `console.warn`. */
  readonly onWarning?: (message: string) => void;
}

/** What is known of a call beside its result. */
interface Encoded {
  /** Tokens of each text, special ones included. */
  readonly tokens: readonly number[];
  /** Who computed it: every backend that took part. */
  readonly backends: readonly string[];
}

/** A vector for each text. */
export interface Embeddings extends Encoded {
  /** [texts, hidden], f32. For a text in windows, `cls` is the mean of the windows' first tokens. */
  readonly embeddings: Tensor<'f32'>;
}

/** What `pooling: 'none'` gives. */
export interface TokenStates extends Encoded {
  /** [tokens, hidden] for each text. */
  readonly states: readonly Tensor<'f32'>[];
}

/** Everything of a loaded model that encoding needs. */
export interface Encoder {
  readonly model: Model;
  readonly tokenizer: TextTokenizer | undefined;
  readonly graphs: CompiledGraphs;
}

const WHERE = 'models/encode';

/** See `LoadedModel.encode`. */
export async function encode(
  encoder: Encoder,
  inputs: unknown,
  options: EncodeOptions = {},
): Promise<Embeddings | TokenStates> {
  const checked = checkEncodeOptions(encoder.model, options);
  const checkedInputs = readInputs(WHERE, inputs, encoder.model.vocabSize);
  const { onProgress, onWarning, signal } = checked;
  return withCallbacks({ onProgress, onWarning }, signal, (callbacks, stop) =>
    encodeInputs(encoder, checkedInputs, { ...checked, ...callbacks, signal: stop }),
  );
}

async function encodeInputs(
  { model, tokenizer, graphs }: Encoder,
  inputs: readonly (string | readonly number[])[],
  options: CheckedOptions,
): Promise<Embeddings | TokenStates> {
  const { pooling = 'mean', batchTokens = 4_096, signal, onProgress, backend } = options;
  throwIfAborted(signal, WHERE);
  const onCharacters =
    onProgress && ((done: number, total: number) => onProgress({ done, total, unit: 'characters' }));
  const texts = await tokenizeAll(WHERE, tokenizer, inputs, { signal, onCharacters });
  const windows = cutWindows(model, texts, options);
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
  const encoded = { tokens, backends: [...backends] };
  if (pooling === 'none') return { states: gatherer.tokenStates(), ...encoded };
  const embeddings = texts.length > 0 ? gatherer.embeddings() : f32([0, widthOf(model)], []);
  return { embeddings, ...encoded };
}

/** The width of the model's states, without computing any. */
function widthOf(model: Model): number {
  const { graph } = model.call({ inputIds: i32([1, 1], [0]) });
  const id = graph.outputs.get('last_hidden_state');
  return id === undefined ? 0 : (graph.values[id].shape.at(-1) ?? 0);
}

/** Options whose positions are numbers. */
type CheckedOptions = Omit<EncodeOptions, 'globalTokens'> & { readonly globalTokens?: readonly number[] };

function kindsOf({ maxLength }: Model): OptionKinds<EncodeOptions> {
  return {
    pooling: oneOf('mean', 'cls', 'none'),
    maxLength: integer(1, maxLength),
    tooLong: oneOf('windows', 'refuse'),
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

/** The windows of all texts. */
function cutWindows(
  model: Model,
  texts: readonly TokenizedText[],
  options: CheckedOptions,
): readonly TextWindow[] {
  const { maxLength = model.maxLength, onLongText: tooLong = 'windows', onWarning = console.warn } = options;
  const long = texts.flatMap(({ ids }, text) => (ids.length > maxLength ? [text] : []));
  const overlap = options.overlap ?? Math.floor(maxLength / 8);
  if (long.length > 0) {
    const [first] = long;
    const sentence = `text ${first} has ${texts[first].ids.length} tokens, and ${maxLength} are the most`;
    if (tooLong === 'refuse') throw new AttnError('INVALID_ARGUMENT', WHERE, sentence);
    const room = Math.min(...long.map((text) => maxLength - texts[text].before - texts[text].after));
    if (overlap >= room) {
      const message = `overlap must be an integer from 0 to ${room - 1}, got ${show(overlap)}`;
      throw new AttnError('INVALID_ARGUMENT', WHERE, message);
    }
    const others = long.length > 1 ? `, and ${long.length - 1} more texts have too many` : '';
    onWarning(`[attn/models] encode: ${sentence}${others}: cut into windows that overlap by ${overlap}`);
  }
  return texts.flatMap((tokens, text) => windowsOf(text, tokens, maxLength, overlap));
}

/** Ids and masks of a batch; rows beyond its members are all padding. */
function tokenBatch(
  { padTokenId, takesPadding }: Model,
  { rows, length }: Batch,
  members: readonly TextWindow[],
  globalTokens: readonly number[] | undefined,
): TokenBatch {
  const shape = [rows, length];
  const ids = new Int32Array(rows * length).fill(padTokenId);
  const mask = new Uint8Array(rows * length);
  const globals = new Uint8Array(rows * length);
  for (const [row, window] of members.entries()) {
    ids.set(window.ids, row * length);
    mask.fill(1, row * length, row * length + window.ids.length);
    for (const position of globalTokens ?? [])
      if (position < window.ids.length) globals[row * length + position] = 1;
  }
  return {
    inputIds: i32(shape, ids),
    ...(takesPadding && { attentionMask: bool(shape, mask) }),
    ...(globalTokens && { globalAttentionMask: bool(shape, globals) }),
  };
}
