/**
 * The interface of all models. A model is a function from config and weights to a
 * `Graph`, so it runs on every backend and can be exported. Each family has a folder
 * (`longformer/`, …) with its config, weights and graph; this file knows none of them.
 */
import type { Graph, JsonObject, Tensor, Tensors } from '@attn/core';
import type { Checkpoint } from './checkpoint/checkpoint.ts';
import type { Slot } from './checkpoint/layout.ts';
import type { ReadOptions } from './checkpoint/read-weights.ts';
import type { Integers, Mask } from './inputs/entries.ts';
import type { TextTokenizer } from './tokenizer.ts';

/**
 * Rows of equally many tokens, as tokenizers return them and Hugging Face's models take
 * them: tensors of integers, or lists of rows. Every entry is checked; the error for a
 * wrong one says where it is. Tensors of a run must not change until its promise settles.
 */
export interface TokenBatch {
  /** [B, N]. */
  readonly inputIds: Integers;
  /**
   * [B, N]: 0 is padding, 1 a token; 2 is a global token, in models
   * that have global tokens. Default: all are tokens.
   */
  readonly attentionMask?: Mask;
  /**
   * [B, N]: 0 is local, 1 global; tokens that are 2 in `attentionMask` are global
   * too. Default: the model's own rule. Models without global tokens refuse it.
   */
  readonly globalAttentionMask?: Mask;
  /** [B, N]. Default: zeros. Models without token types refuse it. */
  readonly tokenTypeIds?: Integers;
  /** [B, N]. Default: the model's own rule. Models that count positions by themselves refuse it. */
  readonly positionIds?: Integers;
  /**
   * [B, T]: the tokens that the decoder has seen, the first one usually `DecoderRules.startTokenId`. Default:
   * `inputIds`, moved one place to the right. Models without a decoder of their own refuse it.
   */
  readonly decoderInputIds?: Integers;
  /** [B, T]: 0 hides a token of the decoder, 1 does not. Default: none is hidden. */
  readonly decoderAttentionMask?: Mask;
  /**
   * The task whose adapters take part, of all rows: one of `Model.tasks`. Default: none. Models without
   * adapters refuse it.
   */
  readonly task?: string;
}

/**
 * Rows of equally many vectors, for models without word embeddings.
 * They must not change until the promise of the run settles.
 */
export interface VectorBatch {
  /** [B, N, C], f32 or f16. */
  readonly inputsEmbeds: Tensor;
  /** [B, N]: 0 is padding, 1 is not. Default: no padding. */
  readonly attentionMask?: Mask;
}

/** A graph and its inputs. Batches of equal shape share the graph, and so what backends compiled for it. */
export interface ModelCall {
  readonly graph: Graph;
  readonly inputs: Tensors;
}

/** The shape of a fixed graph, in which nothing is padded. */
export interface FixedCall {
  readonly batch: number;
  readonly length: number;
  /**
   * Positions of global tokens, in every row. Default: the model's
   * own rule, where it does not depend on the tokens.
   */
  readonly globalTokens?: readonly number[];
  /** The task whose adapters take part. Default: none. */
  readonly task?: string;
}

/** What `generate` must know about a model of language, whose output `logits` is [B, T, vocabulary]. */
export interface GenerationRules {
  /** The id that ends a text, or the ids of which any does. */
  readonly eosTokenId: number | readonly number[];
  /** Absent in models that continue the text that they read. */
  readonly decoder?: DecoderRules | undefined;
  /**
   * Decoding that computes no token twice. Absent in models that compute the whole text for each token, such
   * as a Reformer, where a new token may change what earlier tokens see.
   */
  readonly cached?: CachedDecoding | undefined;
}

/** What `generate` must know about the decoder that writes what an encoder has read. */
export interface DecoderRules {
  /** The id that decoding begins with. */
  readonly startTokenId: number;
  /** Most tokens that a row of the decoder may have. */
  readonly maxLength: number;
  /**
   * Encodes texts and projects their keys and values into the state of `GenerationRules.cached`. Its output
   * is of no use to a search: `first_hidden_state` [B, width], the encoder's state at each text's first
   * token. Errors: those of `Model.call`.
   */
  encode(batch: TokenBatch): EncodeCall;
}

/**
 * The graphs of a decoder that keeps what it has computed in a state (`Attn.createState`), which they share:
 * the keys and values of its own tokens, and, of a model with an encoder, those of the encoder's states, once
 * for each text. `createState(step(shape))` makes it; `DecoderRules.encode` fills in the texts; then each
 * step adds tokens to each row: a piece of a prompt, or the one that was chosen. Several rows of one text,
 * such as beams, read the text's keys once.
 */
export interface CachedDecoding {
  /**
   * The graph of a step. Its output is `logits` [rows, vocabulary], behind the last token of each row that
   * counts, or what `best` asks for. Errors: `INVALID_ARGUMENT`.
   */
  step(shape: StepShape): Graph;
  /** The inputs of the graph of a step. Errors: `INVALID_ARGUMENT`, `INVALID_SHAPE`, `INVALID_DTYPE`. */
  inputs(shape: StepShape, tokens: StepTokens): Tensors;
  /**
   * Names of the tensors of the state that belong to rows, [rows, heads, places, D]. When rows follow other
   * rows, reorder these alone; for a larger capacity, give them the shapes that its graph has for them. A
   * layer with a window has no more places than the window asks for: new tokens take those of tokens that
   * nobody sees any more.
   */
  readonly rowStates: readonly string[];
}

/** The tokens that a step adds. */
export interface StepTokens {
  /** [rows, length]. */
  readonly ids: Integers;
  /** How many tokens each row has already, with padding; that many and `length` fit in the capacity. */
  readonly position: number;
  /**
   * How many of the tokens count, at most `length`. Those behind them are padding, over which the next step
   * writes. Default: all.
   */
  readonly count?: number;
  /**
   * [rows]: the place of each row's first token. What is before it is padding, which no token sees. For
   * shapes with `padding`, and only for these.
   */
  readonly starts?: Integers | undefined;
}

/** How texts are encoded. */
export interface EncodeCall extends ModelCall {
  /** What a step must know of the texts. */
  readonly texts: EncodedTexts;
}

/** Texts that have been encoded. */
export interface EncodedTexts {
  /** B: how many they are. */
  readonly count: number;
  /** N: tokens of each, padding included. */
  readonly length: number;
  /** Whether some of them are padding. */
  readonly padding: boolean;
}

/** What the graph of a step is built for. */
export interface StepShape {
  /** Absent in models without an encoder. */
  readonly texts?: EncodedTexts | undefined;
  /** A multiple of the texts: the rows of a text stand side by side. */
  readonly rows: number;
  /** Tokens that the step adds to each row, at most 128. Default 1. */
  readonly length?: number;
  /** Tokens for which the rows have room. */
  readonly capacity: number;
  /** Which logits a step gives. Default: all. */
  readonly best?: BestShape | undefined;
  /**
   * Whether rows may begin behind padding, as prompts of different lengths do. Absent in models with an
   * encoder. Default false.
   */
  readonly padding?: boolean | undefined;
}

/**
 * The greatest logits of each row instead of all. Outputs are `logits` [rows, count], the greatest first, and
 * `ids` [rows, count], i32, the tokens that they belong to; of equal logits, the lower id comes first.
 */
export interface BestShape {
  /** How many of each row: at least 1, at most the vocabulary. */
  readonly count: number;
  /**
   * Adds the output `sums` [rows]: of exp(logit − greatest logit) over all tokens, by which log probabilities
   * follow from logits.
   */
  readonly sums: boolean;
}

/** A model with its weights. */
export interface Model {
  /** `longformer`, `reformer`, … */
  readonly family: string;
  /** The original's class: `LongformerForMaskedLM`, … */
  readonly architecture: string;
  /** Most tokens that one row may have. */
  readonly maxLength: number;
  /** Number of ids; absent in models that take vectors. */
  readonly vocabSize?: number | undefined;
  /** The id that fills short rows. */
  readonly padTokenId: number;
  /** Names of the graph's outputs, as the original names them; `last_hidden_state` is [B, N, hidden]. */
  readonly outputs: readonly string[];
  /** True when rows of one batch may have different lengths, the shorter ones padded. */
  readonly takesPadding: boolean;
  /** True when tokens can be global, as in `TokenBatch.globalAttentionMask`. */
  readonly takesGlobalTokens: boolean;
  /** How many types `TokenBatch.tokenTypeIds` tells apart; 0 or absent in models without token types. */
  readonly tokenTypes?: number | undefined;
  /**
   * The tasks that the model has adapters for, each with the text that stands before its texts. Absent in
   * models without adapters.
   */
  readonly tasks?: ReadonlyMap<string, string> | undefined;
  /** Absent in models that generate no texts. */
  readonly generation?: GenerationRules | undefined;
  /**
   * The length to which a row of this many tokens should be padded (and masked), so that few
   * graphs are compiled. At this length the results are those of the row without padding; at
   * other lengths they may differ. Absent in models whose results do not depend on padding.
   */
  readonly graphLength?: ((length: number) => number) | undefined;
  /**
   * The model with a head of these words alone: its `logits` are [B, words], at the last token of each row.
   * So a reranker asks for two words of a vocabulary, and not for all of them at every token. Absent in
   * models that cannot. Errors: `INVALID_ARGUMENT`.
   */
  wordModel?(words: readonly number[]): Model;
  /**
   * Returns the graph of a batch and the graph's inputs. Errors: `INVALID_SHAPE`,
   * `INVALID_DTYPE`, `INVALID_ARGUMENT` (an id beyond the vocabulary, more tokens
   * than `maxLength`, an input that the model does not have).
   */
  call(batch: TokenBatch): ModelCall;
  /**
   * Returns the graph of a batch of vectors and the graph's inputs. Absent
   * in models that always have word embeddings. Errors: those of `call`.
   */
  callVectors?(batch: VectorBatch): ModelCall;
  /**
   * Returns a graph whose only input is `input_ids` [B, N], i32, or `inputs_embeds` [B, N,
   * C], f32: for `exportOnnx` and for measurements. Errors: `INVALID_ARGUMENT`, also when
   * the model's rule for global tokens depends on the tokens and `globalTokens` is absent.
   */
  fixedGraph(call: FixedCall): Graph;
}

/** Options of loading that every family has. */
export interface FamilyOptions extends ReadOptions {
  /**
   * The original's class to load as. Default: the first of
   * config.json's `architectures`, or the model without a head.
   */
  readonly architecture?: string;
}

/** A family of models: how to recognise and load one. */
export interface ModelFamily<M extends Model = Model> {
  readonly name: string;
  /** True when this config.json is one of its models. */
  recognises(config: JsonObject): boolean;
  /**
   * Slots of the tensors that `load` takes from a checkpoint with
   * this config and these names. Errors: those of `load`.
   */
  slots(checkpoint: Pick<Checkpoint, 'config' | 'has'>, architecture?: string): readonly Slot[];
  /** The tokenizer of a checkpoint without the files of one, where the config says enough. */
  tokenizer?(config: JsonObject): TextTokenizer | undefined;
  /**
   * Reads the weights. Errors: `MALFORMED_FILE` (config or weights do
   * not fit), `UNSUPPORTED` (an unknown architecture).
   */
  load(checkpoint: Checkpoint, options?: FamilyOptions): Promise<M>;
}
