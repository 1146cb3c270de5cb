/** The options of `encode`, and their check. */
import { AttnError, type Tensor } from '@attn/core';
import {
  aBoolean,
  aFunction,
  anything,
  aSignal,
  aString,
  checkOptions,
  either,
  integer,
  oneOf,
  show,
  type Kind,
  type OptionKinds,
} from '@attn/core/backend';
import type { IntegerList } from '../inputs/entries.ts';
import { readIntegerList } from '../inputs/integers.ts';
import type { Model } from '../model.ts';
import { POOLING_MODES, type Pooling } from '../sentence/pooling.ts';
import type { PromptChoice } from '../sentence/prompts.ts';
import { PRECISIONS, type Precision } from '../sentence/quantize.ts';
import { someChunks, type TextChunks } from './chunks.ts';

/**
 * How far a call has come: first in characters of the texts that are tokenized, then in windows that are
 * computed. A text that fits is one window. A call that continues texts goes on in new tokens instead.
 */
export interface EncodeProgress {
  readonly done: number;
  readonly total: number;
  readonly unit: 'characters' | 'windows' | 'tokens';
}

/** Options of every call that runs a model over texts. */
export interface TextRunOptions {
  /**
   * Most tokens of one row, special ones included. Default: what the files of the model say, else the model's
   * own `maxLength`, which is the most in any case.
   */
  readonly maxLength?: number;
  /** Positions of global tokens in every row. Default: the model's own rule. */
  readonly globalTokens?: IntegerList;
  /** Most tokens that run together, padding included. Default 4,096; a single row may be longer. */
  readonly batchTokens?: number;
  /** Name of the backend to use; the call fails if that cannot run. Default: the fastest backend. */
  readonly backend?: string;
  readonly signal?: AbortSignal;
  /** Called as work is done. An error that it throws ends the call, which rejects with that error. */
  readonly onProgress?: (progress: EncodeProgress) => void;
  /** Called when long texts are split or cut. Default: `console.warn`. */
  readonly onWarning?: (message: string) => void;
}

/** Options of `encode`. */
export interface EncodeOptions extends TextRunOptions, PromptChoice {
  /**
   * How the states of a text become its vector; several ways give their vectors one behind the other.
   * Default: what the folder's files say, else `mean`, over all tokens, special ones included.
   */
  readonly pooling?: Pooling;
  /**
   * The task whose adapters take part, in models that have some, such as jina-embeddings-v3: one of
   * `network.tasks`. Its prompt stands before the texts. Default: for `as`, that of searches; else none.
   */
  readonly task?: string;
  /** How many dimensions are kept of each vector, for models that were trained for it. Default: all. */
  readonly dimensions?: number;
  /**
   * Scale every vector to length 1, after all else, so that dot products are cosine similarities. Default
   * false: a folder's own modules may do it in any case.
   */
  readonly normalize?: boolean;
  /** Vectors of bytes or bits beside those of f32, as `quantizeEmbeddings` makes them. */
  readonly quantize?: Precision;
  /** [2, dimensions]: ranges for `quantize`, as of `rangesOf`. Default: those of the vectors of the call. */
  readonly ranges?: Tensor;
  /** A vector for each chunk of a text, while the model sees the text as a whole: late chunking. */
  readonly chunks?: TextChunks;
  /**
   * What happens to texts of more than `maxLength` tokens. `split`: they are split into overlapping windows,
   * with a warning; of a pair, every window has the whole first text and a part of the second. `cut`: what is
   * beyond is left out, with a warning. `throw`: the call ends with `INVALID_ARGUMENT`. Default `cut` for a
   * folder of sentence-transformers, whose own it is, except with `chunks`; else `split`.
   */
  readonly onLongText?: 'split' | 'cut' | 'throw';
  /**
   * Tokens of the text that is split that neighbouring windows share. Default: an
   * eighth of `maxLength`, but at most half of what a window has room for.
   */
  readonly overlap?: number;
}

/** Checked options, in which positions are numbers. */
export type Checked<O extends TextRunOptions> = Omit<O, 'globalTokens'> & {
  readonly globalTokens?: readonly number[];
};

/** Several ways, whose vectors stand one behind the other. */
export const poolingModes: Kind = {
  expected: 'a list of ways other than "none"',
  test: (value) => {
    if (!Array.isArray(value) || value.length === 0) return false;
    return value.every((mode) => POOLING_MODES.some((name) => name === mode));
  },
};

/** Kinds of the options of every call that runs a model over texts. */
export function textRunKinds({ maxLength }: Model): OptionKinds<TextRunOptions> {
  return {
    maxLength: integer(1, maxLength),
    globalTokens: anything,
    batchTokens: integer(1),
    backend: aString,
    signal: aSignal,
    onProgress: aFunction,
    onWarning: aFunction,
  };
}

/** Kinds of the options that choose a prompt. */
export const PROMPT_KINDS: OptionKinds<PromptChoice> = {
  prompt: aString,
  promptName: aString,
  as: oneOf('query', 'document'),
};

/** Kinds of the options of `encode`. */
export function encodeKinds(model: Model): OptionKinds<EncodeOptions> {
  return {
    pooling: either(oneOf(...POOLING_MODES, 'none'), poolingModes),
    task: aString,
    normalize: aBoolean,
    dimensions: integer(1),
    quantize: oneOf(...PRECISIONS),
    ranges: anything,
    chunks: someChunks,
    onLongText: oneOf('split', 'cut', 'throw'),
    overlap: integer(0),
    ...PROMPT_KINDS,
    ...textRunKinds(model),
  };
}

/** Checks the options of `encode`. Errors: `INVALID_ARGUMENT`. */
export function checkEncodeOptions(
  where: string,
  model: Model,
  options: EncodeOptions,
): Checked<EncodeOptions> {
  const checked = checkTextRun(where, model, options, encodeKinds(model));
  const { pooling, chunks, dimensions, quantize } = checked;
  const fail = (message: string): never => {
    throw new AttnError('INVALID_ARGUMENT', where, message);
  };
  if (pooling === 'none') {
    const extra = Object.entries({ chunks, dimensions, quantize }).find(([, value]) => value !== undefined);
    if (extra)
      fail(`pooling 'none' keeps the states of tokens, so ${extra[0]} must be absent, got ${show(extra[1])}`);
  }
  return checked;
}

/** Checks the options of a call that runs a model over texts. Errors: `INVALID_ARGUMENT`. */
export function checkTextRun<O extends TextRunOptions>(
  where: string,
  model: Model,
  options: O,
  kinds: OptionKinds<O>,
): Checked<O> {
  const { globalTokens, ...rest } = checkOptions(where, options, kinds);
  if (globalTokens === undefined) return rest;
  if (!model.takesGlobalTokens) {
    const message = `${model.architecture} has no global tokens, got globalTokens ${show(globalTokens)}`;
    throw new AttnError('INVALID_ARGUMENT', where, message);
  }
  const input = { where, name: 'globalTokens' };
  return { ...rest, globalTokens: readIntegerList(input, globalTokens, model.maxLength) };
}
