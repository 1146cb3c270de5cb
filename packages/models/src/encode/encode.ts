/** Texts or ids to vectors: windows of what is too long, batches of equal shape, a vector per text at the end. */
import { AttnError, bool, i32, show, throwIfAborted, type Tensor } from '@attn/core';
import type { CompiledGraphs } from '../compiled-graphs.ts';
import type { Model, TokenBatch } from '../model.ts';
import type { TextTokenizer, TokenizedText } from '../tokenizer.ts';
import { batchesOf, type Batch } from './batches.ts';
import { StateGatherer, type Pooling } from './gather-states.ts';
import { windowsOf, type TextWindow } from './windows.ts';

/** How far a call has come, in windows (a text that fits is one). */
export interface EncodeProgress {
  readonly done: number;
  readonly total: number;
}

/** Options of `encode`. */
export interface EncodeOptions {
  /** Default `mean`: over all tokens of a text, special ones included. `cls`: the first token. */
  readonly pooling?: Pooling;
  /** Most tokens of one row, special ones included. Default, and most: the model's own. */
  readonly maxLength?: number;
  /** Texts beyond `maxLength`: cut into overlapping windows, with a warning, or an error. Default `windows`. */
  readonly tooLong?: 'windows' | 'refuse';
  /** Tokens that neighbouring windows share. Default: an eighth of `maxLength`. */
  readonly overlap?: number;
  /** Positions of global tokens in every row. Default: the model's own rule. */
  readonly globalTokens?: readonly number[];
  /** Most tokens that run together, padding included. Default 4,096; a single row may be longer. */
  readonly batchTokens?: number;
  /** Run here or fail. Default: wherever it is fastest. */
  readonly backend?: string;
  readonly signal?: AbortSignal;
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

/** What is encoded: texts, or ids with their special tokens. */
export type EncodeInput = string | readonly number[];

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
  inputs: readonly EncodeInput[],
  options: EncodeOptions = {},
): Promise<Embeddings | TokenStates> {
  const { model, graphs } = encoder;
  const { pooling = 'mean', batchTokens = 4_096, signal, onProgress, backend } = options;
  checkOptions(model, options);
  const texts = inputs.map((input, text) => {
    throwIfAborted(signal, WHERE);
    return tokenize(encoder, input, text);
  });
  const windows = cut(model, texts, options);
  const batches = batchesOf(
    windows.map(({ ids }) => ids.length),
    {
      maxLength: model.maxLength,
      graphLength: model.graphLength?.bind(model),
      batchTokens,
      padded: model.takesPadding,
    },
  );
  const gatherer = new StateGatherer(
    pooling,
    texts.map(({ ids }) => ids.length),
  );
  const backends = new Set<string>();
  let done = 0;
  onProgress?.({ done, total: windows.length });
  for (const batch of batches) {
    throwIfAborted(signal, WHERE);
    const members = batch.members.map((index) => windows[index]);
    const { graph, inputs: fed } = model.call(tokenBatch(model, batch, members, options.globalTokens));
    const run = await graphs.run(graph, fed, { backend, signal });
    backends.add(run.backend);
    for (const [row, window] of members.entries()) gatherer.add(window, run.outputs.last_hidden_state, row);
    done += members.length;
    onProgress?.({ done, total: windows.length });
  }
  const encoded = { tokens: texts.map(({ ids }) => ids.length), backends: [...backends] };
  return pooling === 'none'
    ? { states: gatherer.tokenStates(), ...encoded }
    : { embeddings: gatherer.embeddings(), ...encoded };
}

function checkOptions(model: Model, options: EncodeOptions): void {
  const { pooling = 'mean', maxLength = model.maxLength, globalTokens, tooLong = 'windows' } = options;
  const wrong = (message: string): AttnError => new AttnError('INVALID_ARGUMENT', WHERE, message);
  if (!model.outputs.includes('last_hidden_state')) {
    const message = `${model.architecture} gives ${model.outputs.join(', ')} and no last_hidden_state: load the checkpoint as the model without a head`;
    throw new AttnError('UNSUPPORTED', WHERE, message);
  }
  if (!['cls', 'mean', 'none'].includes(pooling))
    throw wrong(`pooling must be cls, mean or none, got ${show(pooling)}`);
  if (!['windows', 'refuse'].includes(tooLong))
    throw wrong(`tooLong must be windows or refuse, got ${show(tooLong)}`);
  if (!Number.isInteger(maxLength) || maxLength < 1 || maxLength > model.maxLength)
    throw wrong(`maxLength must be an integer from 1 to ${model.maxLength}, got ${show(maxLength)}`);
  if (globalTokens !== undefined && !model.takesGlobalTokens)
    throw wrong(`${model.architecture} has no global tokens, got globalTokens ${show(globalTokens)}`);
}

function tokenize({ tokenizer }: Encoder, input: EncodeInput, text: number): TokenizedText {
  if (typeof input !== 'string') {
    if (Array.isArray(input) && input.length > 0) return { ids: input, before: 0, after: 0 };
    const message = `each input must be a text or a list of at least one id, got ${show(input)} at ${text}`;
    throw new AttnError('INVALID_ARGUMENT', WHERE, message);
  }
  if (tokenizer === undefined) {
    const message = 'this checkpoint has no tokenizer.json: give ids instead of texts';
    throw new AttnError('MISSING_INPUT', WHERE, message);
  }
  const tokens = tokenizer.encode(input);
  if (tokens.ids.length > 0) return tokens;
  throw new AttnError(
    'INVALID_ARGUMENT',
    WHERE,
    `a text must have at least one token, got ${show(input)} at ${text}`,
  );
}

/** The windows of all texts. */
function cut(model: Model, texts: readonly TokenizedText[], options: EncodeOptions): readonly TextWindow[] {
  const { maxLength = model.maxLength, tooLong = 'windows', onWarning = console.warn } = options;
  const long = texts.flatMap(({ ids }, text) => (ids.length > maxLength ? [text] : []));
  const overlap = options.overlap ?? Math.floor(maxLength / 8);
  if (long.length > 0) {
    const [first] = long;
    const sentence = `text ${first} has ${texts[first].ids.length} tokens, and ${maxLength} are the most`;
    if (tooLong === 'refuse') throw new AttnError('INVALID_ARGUMENT', WHERE, sentence);
    const room = Math.min(...long.map((text) => maxLength - texts[text].before - texts[text].after));
    if (!Number.isInteger(overlap) || overlap < 0 || overlap >= room) {
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
