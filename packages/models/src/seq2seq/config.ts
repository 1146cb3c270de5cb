/** What BART and LED have in common in their config.json: the decoder and the ids that mean something. */
import type { Activation } from '@attn/core';
import {
  LAYER_COUNT,
  readActivation,
  readEndTokens,
  readLabels,
  readWidth,
} from '../checkpoint/common-fields.ts';
import type { ConfigReader } from '../checkpoint/config-reader.ts';
import { readClass, type Seq2SeqTask } from './classes.ts';

/** Norms of the originals have no field for it. */
export const EPS = 1e-5;

/** A table of learned positions. */
export interface PositionTable {
  /** Most tokens of a row. */
  readonly count: number;
  /** Rows of the table before that of the first token. */
  readonly offset: number;
}

/** Everything that the layers of a decoder depend on, or those of an encoder that sees the whole text. */
export interface StackConfig {
  readonly layers: number;
  readonly heads: number;
  /** Width of the states, d_model. */
  readonly width: number;
  readonly intermediateSize: number;
  readonly activation: Activation;
  readonly positions: PositionTable;
  /** The factor on word embeddings. */
  readonly wordScale: number;
}

/** Everything that a model depends on beside its encoder. */
export interface Seq2SeqConfig {
  readonly architecture: string;
  readonly task: Seq2SeqTask;
  readonly vocabSize: number;
  readonly decoder: StackConfig;
  readonly padTokenId: number;
  /** The id that decoding begins with. */
  readonly startTokenId: number;
  /** Ids that end a text. */
  readonly endTokens: readonly number[];
  /** Whether the table of words is also the last layer of the language model. */
  readonly isTied: boolean;
  /** Classes that a classifier tells apart. */
  readonly labels: number;
}

/** What the two families write differently. */
export interface Spelling {
  readonly where: string;
  /** How the names of classes begin. */
  readonly begin: string;
  /** The field of how many positions the decoder has, and the rows of its table before them. */
  readonly positions: { readonly field: string; readonly offset: number };
  readonly wordScale: number;
}

/**
 * Reads everything but the encoder. Errors: `MALFORMED_FILE`; `UNSUPPORTED` for an unknown architecture.
 *
 * @param name replaces the class that the file names
 */
export function readSeq2SeqConfig(
  reader: ConfigReader,
  name: string | undefined,
  { where, begin, positions, wordScale }: Spelling,
): Seq2SeqConfig {
  return {
    ...readClass(where, name ?? reader.texts('architectures')[0], begin),
    vocabSize: reader.integer('vocab_size', { least: 1 }),
    decoder: readStack(reader, 'decoder', positions, wordScale),
    padTokenId: reader.integer('pad_token_id', { byDefault: 1 }),
    startTokenId: reader.integer('decoder_start_token_id', { byDefault: 2 }),
    endTokens: readEndTokens(reader, [2]),
    isTied: reader.flag('tie_word_embeddings', true),
    labels: readLabels(reader),
  };
}

/** Reads the layers of a side. Errors: `MALFORMED_FILE`. */
export function readStack(
  reader: ConfigReader,
  side: 'encoder' | 'decoder',
  { field, offset }: Spelling['positions'],
  wordScale: number,
): StackConfig {
  const heads = reader.integer(`${side}_attention_heads`, { least: 1 });
  return {
    layers: reader.integer(`${side}_layers`, LAYER_COUNT),
    heads,
    width: readWidth(reader, 'd_model', `${side}_attention_heads`, heads),
    intermediateSize: reader.integer(`${side}_ffn_dim`, { least: 1 }),
    activation: readActivation(reader, 'activation_function', 'gelu'),
    positions: { count: reader.integer(field, { least: 1 }), offset },
    wordScale,
  };
}
