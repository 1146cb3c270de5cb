/** The options of `generate`, whose names are those of transformers and transformers.js. */
import type { Tensor } from '@attn/core';
import {
  aBoolean,
  aFunction,
  anything,
  aPositiveNumber,
  aNumber,
  aSignal,
  aString,
  either,
  integer,
  listOf,
  oneOf,
  type Kind,
  type OptionKinds,
} from '@attn/core/backend';
import type { EncodeProgress } from '../encode/options.ts';
import type { ForeignTensor, IntegerList } from '../inputs/entries.ts';

/**
 * How a text is generated. Defaults are what the model's `generation_config.json` says, or, without that
 * file, its `config.json`; else the ones here.
 */
export interface SearchOptions {
  /** Most tokens to add. Default 64, or as many as the model has room for. */
  readonly max_new_tokens?: number;
  /** Most tokens with those of the prompt: with an encoder, with the token that decoding begins with. */
  readonly max_length?: number;
  /** Tokens, those of the prompt included, before which no text ends. Default 0. */
  readonly min_length?: number;
  /** New tokens before which no text ends. Default 0. */
  readonly min_new_tokens?: number;
  /** Whether tokens are drawn, rather than the likeliest taken. Default false. */
  readonly do_sample?: boolean;
  /** Logits are divided by it before a token is drawn; above 0. Default 1. */
  readonly temperature?: number;
  /** Draw only from this many of the likeliest tokens; 0 for all. Default 50. */
  readonly top_k?: number;
  /** Draw only from the fewest tokens that together have this probability, in (0, 1]. Default 1. */
  readonly top_p?: number;
  /** Equal seeds draw equal tokens, for each text by itself. Default 0. */
  readonly seed?: number;
  /**
   * Number of beams; with more than 1, the text of the best score is searched for. With `do_sample`, how
   * beams go on is drawn. Default 1.
   */
  readonly num_beams?: number;
  /**
   * The score of a beam is the sum of its log probabilities over this power of its length: the greater, the
   * longer are texts. Default 1.
   */
  readonly length_penalty?: number;
  /**
   * When beam search ends. True: with as many finished texts as beams. False: when no running text of its
   * present length could have a better score. 'never': when none of any length could. Default false.
   */
  readonly early_stopping?: boolean | 'never';
  /** Texts for each input, the best first; as many as draws, or at most as many as beams. Default 1. */
  readonly num_return_sequences?: number;
  /** Logits of tokens that are there already are divided by it; multiplied, if negative. Default 1. */
  readonly repetition_penalty?: number;
  /** No so many tokens in a row occur twice; 0 for any. Default 0. */
  readonly no_repeat_ngram_size?: number;
  /** Lists of tokens that never occur in a row. */
  readonly bad_words_ids?: readonly IntegerList[];
  /** Tokens that never occur. */
  readonly suppress_tokens?: IntegerList;
  /** Tokens that are not the first new one. */
  readonly begin_suppress_tokens?: IntegerList;
  /** The token behind the one that decoding begins with. */
  readonly forced_bos_token_id?: number;
  /** The token, or one of these, that is the last where a text reaches its greatest length. */
  readonly forced_eos_token_id?: number | IntegerList;
  /** Ids that end the text; they are part of `ids`. An empty list for none. Default: those of the model. */
  readonly eos_token_id?: number | IntegerList;
  /** The token that decoding begins with, in models with an encoder. Default: that of the model. */
  readonly decoder_start_token_id?: number;
  /** Texts before which the text ends. */
  readonly stop?: string | readonly string[];
}

/** Options of `generate`. */
export interface GenerateOptions extends SearchOptions {
  /**
   * The tokens that decoding begins with, in models with an encoder: the new text follows them. Default:
   * `decoder_start_token_id` alone.
   */
  readonly decoder_input_ids?: IntegerList;
  /**
   * Positions of global tokens in each text that an encoder reads, in models that have some. Default: the
   * first, and every `<doc-sep>` where the tokenizer has this token.
   */
  readonly globalTokens?: IntegerList;
  /** Name of the backend to use; the call fails if that cannot run. Default: the fastest backend. */
  readonly backend?: string;
  readonly signal?: AbortSignal;
  /**
   * Called with each new token, the place of its input in the call, and the number of its text among those of
   * the input. Of several inputs, tokens may come in turn. With beams, all tokens come at the end. An error
   * that it throws ends the call, which rejects with that error.
   */
  readonly onToken?: (id: number, input: number, text: number) => void;
  /**
   * Called with each piece of new text, as soon as its letters are complete, and places as in `onToken`: the
   * pieces together are the text. With beams, all comes at the end. It needs a tokenizer. An error that it
   * throws ends the call, too.
   */
  readonly onText?: (piece: string, input: number, text: number) => void;
  /** Called as tokens are done. An error that it throws ends the call, too. */
  readonly onProgress?: (progress: EncodeProgress) => void;
  /** Called where an option does nothing. Default: `console.warn`. */
  readonly onWarning?: (message: string) => void;
}

/** A text to continue, or for a model with an encoder to answer; or ids, which are used as they are. */
export type Prompt = string | IntegerList | Tensor | ForeignTensor;

/** A text that was generated. */
export interface GeneratedSequence {
  /** The new tokens, without those of the prompt. */
  readonly ids: readonly number[];
  /** The text of the new tokens, as it follows that of the prompt; undefined without a tokenizer. */
  readonly text: string | undefined;
  /** Why it ended: `stop` after a token or before a text that ends it, `length` at its greatest length. */
  readonly end: 'stop' | 'length';
  /** With beams: the sum of log probabilities over the length to the power of `length_penalty`. */
  readonly score?: number;
}

/** The result of `generate` for an input: its best text, and what else there is. */
export interface Generated extends GeneratedSequence {
  /** All texts, the best first: `num_return_sequences` of them, or fewer where beams found fewer. */
  readonly sequences: readonly GeneratedSequence[];
  /** Number of tokens of the prompt; in models with an encoder, of the text that was read. */
  readonly promptTokens: number;
  /** Names of all backends that took part. */
  readonly backends: readonly string[];
}

const aProbability: Kind = {
  expected: 'above 0 and at most 1',
  test: (value) => typeof value === 'number' && value > 0 && value <= 1,
};

const someTexts: Kind = either(
  { expected: 'a text', test: (value) => typeof value === 'string' && value !== '' },
  listOf({ expected: 'a text', test: (value) => typeof value === 'string' && value !== '' }, 'texts'),
);

/** Kinds of the options that say how a text is generated. Lists of ids are read by `readSearchSettings`. */
export const SEARCH_KINDS: OptionKinds<SearchOptions> = {
  max_new_tokens: integer(1),
  max_length: integer(1),
  min_length: integer(0),
  min_new_tokens: integer(0),
  do_sample: aBoolean,
  temperature: aPositiveNumber,
  top_k: integer(0),
  top_p: aProbability,
  seed: integer(0),
  num_beams: integer(1),
  length_penalty: aNumber,
  early_stopping: oneOf(true, false, 'never'),
  num_return_sequences: integer(1),
  repetition_penalty: aPositiveNumber,
  no_repeat_ngram_size: integer(0),
  bad_words_ids: anything,
  suppress_tokens: anything,
  begin_suppress_tokens: anything,
  forced_bos_token_id: integer(0),
  forced_eos_token_id: anything,
  eos_token_id: anything,
  decoder_start_token_id: integer(0),
  stop: someTexts,
};

/** Kinds of the options of `generate`. */
export const GENERATE_KINDS: OptionKinds<GenerateOptions> = {
  ...SEARCH_KINDS,
  decoder_input_ids: anything,
  globalTokens: anything,
  backend: aString,
  signal: aSignal,
  onToken: aFunction,
  onText: aFunction,
  onProgress: aFunction,
  onWarning: aFunction,
};
