/** What `encodeMany` takes and gives: texts with keys, options, progress. */
import { AttnError } from '@attn/core';
import { aFunction, checkOptions, integer, show, type OptionKinds } from '@attn/core/backend';
import type { ChunkEmbeddings, Embeddings, TokenStates } from './encode.ts';
import type { EncodeInput } from './inputs.ts';
import type { TextInput } from '../tokenizer.ts';
import type { Model } from '../model.ts';
import { encodeKinds, type EncodeOptions } from './options.ts';

/** The name of a text. */
export type TextKey = string | number;

/** A text, or a pair, with a name of the caller's own. */
export interface KeyedText extends TextInput {
  readonly key: TextKey;
}

/** An input of `encodeMany`. One without a key has its index, from 0. */
export type ManyInput = EncodeInput | KeyedText;

/** What `encode` gives for one text alone, with the text's key. */
export type Keyed<R> = R & { readonly key: TextKey };

/** Any result of `encodeMany`. */
export type ManyResult = Keyed<Embeddings | ChunkEmbeddings | TokenStates>;

/** How far `encodeMany` has come. */
export interface EncodeManyProgress {
  /** Texts with a result. */
  readonly done: number;
  /** Texts that were done before. */
  readonly skipped: number;
  /** Texts that went to `onError`. */
  readonly failed: number;
  /** Tokens of the texts with a result. */
  readonly tokens: number;
  readonly textsPerSecond: number;
  readonly tokensPerSecond: number;
  /** The option `total`. */
  readonly total?: number;
  /** Time left at this rate, where `total` is known. */
  readonly secondsLeft?: number;
}

/** Options of `encodeMany`: those of `encode`, and how the stream goes. */
export interface EncodeManyOptions extends Omit<EncodeOptions, 'chunks' | 'onProgress' | 'onWarning'> {
  /** A vector for each sentence of a text, or for each piece of so many tokens: late chunking. */
  readonly chunks?: 'sentences' | number;
  /**
   * Whether the text of this key is done already, so that a run that was interrupted goes on. It is asked
   * before the text is read.
   */
  readonly done?: (key: TextKey) => boolean | Promise<boolean>;
  /**
   * Called for each text that is wrong; the others go on. Without it, the first such text ends the stream
   * with its error. Errors that are no fault of a text end the stream in any case.
   */
  readonly onError?: (error: AttnError, key: TextKey) => unknown;
  /** Called for the first text that is split or cut. Default: `console.warn`. */
  readonly onWarning?: (message: string) => void;
  /** How many texts there are, for the time left. */
  readonly total?: number;
  /** Most texts that are taken from the source before their results. Default 512, for each worker. */
  readonly lookAhead?: number;
  /** Called after every batch, and at the end. An error that it throws ends the stream with that error. */
  readonly onProgress?: (progress: EncodeManyProgress) => unknown;
}

/** The options of the stream alone. */
export type StreamOptions = Pick<
  EncodeManyOptions,
  'done' | 'onError' | 'total' | 'lookAhead' | 'onProgress'
>;

const STREAM_KINDS: OptionKinds<StreamOptions> = {
  done: aFunction,
  onError: aFunction,
  total: integer(0),
  lookAhead: integer(1),
  onProgress: aFunction,
};

/** Options apart: those of the stream, and those of `encode`. */
export interface SplitOptions {
  readonly stream: StreamOptions;
  readonly encoding: EncodeOptions;
}

/** Checks the options of a stream. Errors: `INVALID_ARGUMENT`. */
export function splitManyOptions(where: string, model: Model, options: EncodeManyOptions): SplitOptions {
  const kinds: OptionKinds<EncodeManyOptions> = { ...encodeKinds(model), ...STREAM_KINDS };
  const entries = Object.entries(checkOptions(where, options, kinds));
  const part = (isStream: boolean): object =>
    Object.fromEntries(entries.filter(([name]) => Object.hasOwn(STREAM_KINDS, name) === isStream));
  const [stream, encoding]: [StreamOptions, EncodeOptions] = [part(true), part(false)];
  const { chunks, quantize, ranges } = encoding;
  if (typeof chunks === 'object') {
    const message = `chunks must be "sentences" or a number of tokens, which fit every text, got ${show(chunks)}`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  }
  if ((quantize === 'int8' || quantize === 'uint8') && ranges === undefined) {
    const message = `quantize ${show(quantize)} needs ranges that are the same for all texts, got none`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  }
  return { stream, encoding };
}
