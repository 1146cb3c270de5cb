/**
 * What every model of this package is: a function from config and weights to a `Graph`, so
 * that it runs on every backend and can be exported. One folder per model (`longformer/`,
 * …) holds its config, its graph and its weights; nothing here knows any of them.
 */
import type { Graph, JsonObject, Tensor, Tensors } from '@attn/core';
import type { Checkpoint } from './checkpoint/checkpoint.ts';
import type { Slot } from './checkpoint/layout.ts';
import type { ReadOptions } from './checkpoint/read-weights.ts';
import type { Integers, Mask } from './inputs/entries.ts';
import type { TextTokenizer } from './tokenizer.ts';

/**
 * Rows of equally many tokens, as tokenizers give them and Hugging Face's models take them: tensors of
 * integers, or lists of rows. What is no integer, or none that an input may hold, is refused with its place.
 * Tensors of a run must not change until its promise settles.
 */
export interface TokenBatch {
  /** [B, N]. */
  readonly inputIds: Integers;
  /**
   * [B, N]: 0 is padding, 1 a token; 2 is a token that is global as well, in models that have such. Default:
   * all tokens.
   */
  readonly attentionMask?: Mask;
  /**
   * [B, N]: 0 is local, 1 global, beside those that are 2 in `attentionMask`. Default: the model's own rule.
   * Models without global tokens refuse it.
   */
  readonly globalAttentionMask?: Mask;
  /** [B, N]. Default: zeros. Models without token types refuse it. */
  readonly tokenTypeIds?: Integers;
}

/**
 * Rows of equally many vectors, for models that have no table of words. They must not change until the
 * promise of the run settles.
 */
export interface VectorBatch {
  /** [B, N, C], f32 or f16. */
  readonly inputsEmbeds: Tensor;
  /** [B, N]: 0 is padding, 1 is not. Default: no padding. */
  readonly attentionMask?: Mask;
}

/**
 * A graph and what to feed it. Batches of equal shape share the graph, and with it what backends compiled.
 */
export interface ModelCall {
  readonly graph: Graph;
  readonly inputs: Tensors;
}

/** What a graph that stands by itself is made for: one shape, nothing padded. */
export interface FixedCall {
  readonly batch: number;
  readonly length: number;
  /**
   * Positions of global tokens, in every row. Default: the model's
   * own rule, where it does not depend on the tokens.
   */
  readonly globalTokens?: readonly number[];
}

/**
 * What continuing a text takes to know of a causal language model,
 * whose output `logits` is [B, N, vocabulary].
 */
export interface GenerationRules {
  /** The id that ends a text. */
  readonly eosTokenId: number;
}

/** A model with its weights. */
export interface Model {
  /** `longformer`, `reformer`, … */
  readonly family: string;
  /** Class of the original that it is: `LongformerForMaskedLM`, … */
  readonly architecture: string;
  /** Most tokens that one row may have. */
  readonly maxLength: number;
  /** How many ids there are; absent in models of vectors. */
  readonly vocabSize?: number | undefined;
  /** The id that fills short rows. */
  readonly padTokenId: number;
  /** Names of the graph's outputs, as the original names them; `last_hidden_state` is [B, N, hidden]. */
  readonly outputs: readonly string[];
  /** True when rows of one batch may be of different lengths, the shorter ones padded. */
  readonly takesPadding: boolean;
  /** True when tokens can be global, as in `TokenBatch.globalAttentionMask`. */
  readonly takesGlobalTokens: boolean;
  /** Absent in models that do not continue texts. */
  readonly generation?: GenerationRules | undefined;
  /**
   * The length to give a row of this many tokens, padding after them masked, so that few graphs are compiled.
   * It gives the numbers that the row alone gives, which other lengths may not. Absent where all of them do.
   */
  graphLength?(length: number): number;
  /**
   * The graph of a batch and its inputs. Errors: `INVALID_SHAPE`, `INVALID_DTYPE`, `INVALID_ARGUMENT`
   * (an id beyond the vocabulary, more tokens than `maxLength`, an input that the model does not have).
   */
  call(batch: TokenBatch): ModelCall;
  /**
   * The same for vectors; models that always have a table of words have no such method. Errors: as of `call`.
   */
  callVectors?(batch: VectorBatch): ModelCall;
  /**
   * A graph whose only input is `input_ids` [B, N], i32, or `inputs_embeds` [B, N, C],
   * f32: for `exportOnnx` and for measurements. Errors: `INVALID_ARGUMENT`, also when the
   * model's rule for global tokens depends on the tokens and `globalTokens` is absent.
   */
  fixedGraph(call: FixedCall): Graph;
}

/** Options of loading that every family knows. */
export interface FamilyOptions extends ReadOptions {
  /**
   * Class of the original to load as. Default: the first of
   * config.json's `architectures`, or the model without a head.
   */
  readonly architecture?: string;
}

/** How models of one kind are loaded. */
export interface ModelFamily<M extends Model = Model> {
  readonly name: string;
  /** True when this config.json is one of its models. */
  recognises(config: JsonObject): boolean;
  /**
   * The tensors that `load` takes from a checkpoint with this config and these names. Errors: as of `load`.
   */
  slots(checkpoint: Pick<Checkpoint, 'config' | 'has'>, architecture?: string): readonly Slot[];
  /** The tokenizer of a checkpoint that has no tokenizer.json, where the config says enough. */
  tokenizer?(config: JsonObject): TextTokenizer | undefined;
  /**
   * Reads the weights. Errors: `MALFORMED_FILE` (config or weights do
   * not fit), `UNSUPPORTED` (an architecture that is not here).
   */
  load(checkpoint: Checkpoint, options?: FamilyOptions): Promise<M>;
}
