/**
 * Reads and checks a config.json of Longformer, with two fields that only allenai's own code had,
 * `attention_dilation` and `autoregressive`. Beltagy et al. 2020, https://arxiv.org/abs/2004.05150
 */
import type { Activation, JsonObject } from '@attn/core';
import {
  checkArchitecture,
  LAYER_COUNT,
  readActivation,
  readLabels,
  readWidth,
} from '../checkpoint/common-fields.ts';
import { ConfigReader } from '../checkpoint/config-reader.ts';
import { checkSupported } from '../checkpoint/supported-values.ts';

const WHERE = 'models/longformer';

/** Classes of the original that can be loaded. */
export const ARCHITECTURES = [
  'LongformerModel',
  'LongformerForMaskedLM',
  'LongformerForSequenceClassification',
  'LongformerForQuestionAnswering',
  'LongformerForTokenClassification',
  'LongformerForMultipleChoice',
] as const;

/** A class of the original that can be loaded. */
export type LongformerArchitecture = (typeof ARCHITECTURES)[number];

/** The window of one layer. */
export interface LayerWindow {
  /** Keys before the query, and as many after it unless the model is causal. */
  readonly oneSided: number;
  /**
   * Distance between neighbouring keys of the window, for all heads or one for each head. 1 means no gaps.
   */
  readonly dilation: number | readonly number[];
}

/** Everything that the layers of a Longformer depend on, and of LED's encoder, which has the same. */
export interface LongformerEncoderConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly activation: Activation;
  readonly layerNormEps: number;
  /** One window for each layer. */
  readonly windows: readonly LayerWindow[];
  /** No token sees a later one, not even a global token. Hugging Face's models are never causal. */
  readonly causal: boolean;
  /** Rows of the position embeddings. */
  readonly positionRows: number;
  /**
   * Position of the first token. RoBERTa's way counts tokens that are not padding from
   * `padTokenId` + 1, and gives padding the row `padTokenId`; LED counts all tokens from 0.
   */
  readonly positions: 'afterPadId' | 'fromZero';
  /** Rows of the token type embeddings; 0 when there are none. */
  readonly tokenTypes: number;
  readonly padTokenId: number;
}

/** Everything that the graph of a Longformer depends on. */
export interface LongformerConfig extends LongformerEncoderConfig {
  readonly architecture: LongformerArchitecture;
  readonly sepTokenId: number;
  /** Classes that a classifier tells apart. */
  readonly labels: number;
}

/** Tokens of the longest row: as many as there are positions for. */
export function maxLengthOf({ positions, positionRows, padTokenId }: LongformerEncoderConfig): number {
  return positions === 'fromZero' ? positionRows : positionRows - padTokenId - 1;
}

/**
 * Reads a config.json.
 *
 * Errors: `MALFORMED_FILE`; `UNSUPPORTED` for an unknown architecture or activation.
 *
 * @param name replaces the class that the file names
 */
export function readLongformerConfig(json: JsonObject, name?: string): LongformerConfig {
  const reader = new ConfigReader(json);
  const architecture = checkArchitecture(
    WHERE,
    name ?? reader.texts('architectures')[0] ?? 'LongformerModel',
    ARCHITECTURES,
  );
  checkSupported(WHERE, reader, {
    position_embedding_type: ['absolute'],
    is_decoder: [false],
    add_cross_attention: [false],
  });
  const layers = reader.integer('num_hidden_layers', LAYER_COUNT);
  const heads = reader.integer('num_attention_heads', { least: 1 });
  const padTokenId = reader.integer('pad_token_id', { byDefault: 1 });
  return {
    architecture,
    vocabSize: reader.integer('vocab_size', { least: 1 }),
    hiddenSize: readWidth(reader, 'hidden_size', 'num_attention_heads', heads),
    heads,
    intermediateSize: reader.integer('intermediate_size', { least: 1 }),
    activation: readActivation(reader, 'hidden_act', 'gelu'),
    layerNormEps: reader.number('layer_norm_eps', { byDefault: 1e-12 }),
    windows: readWindows(reader, layers, heads),
    causal: reader.flag('autoregressive', false),
    positionRows: reader.integer('max_position_embeddings', { least: padTokenId + 2 }),
    positions: 'afterPadId',
    tokenTypes: reader.integer('type_vocab_size', { least: 1, byDefault: 2 }),
    padTokenId,
    sepTokenId: reader.integer('sep_token_id', { byDefault: 2 }),
    labels: readLabels(reader),
  };
}

/** Reads the windows of the layers, and the distances between their keys. Errors: `MALFORMED_FILE`. */
export function readWindows(reader: ConfigReader, layers: number, heads: number): readonly LayerWindow[] {
  const widths = reader.integerOrList('attention_window', { count: layers, least: 1, byDefault: 512 });
  const dilations = readDilations(reader, layers, heads);
  return widths.map((width, layer) => {
    if (width % 2 !== 0) throw reader.wrong('attention_window', 'even: it counts both sides', width);
    return { oneSided: width / 2, dilation: dilations[layer] };
  });
}

/**
 * The dilations of each layer: the file has a number, one for each
 * layer, or for each layer one for each head.
 */
function readDilations(
  reader: ConfigReader,
  layers: number,
  heads: number,
): readonly (number | readonly number[])[] {
  const name = 'attention_dilation';
  const value = reader.field(name);
  if (!Array.isArray(value) || !value.some(Array.isArray))
    return reader.integerOrList(name, { count: layers, least: 1, byDefault: 1 });
  if (value.length !== layers) throw reader.wrong(name, `a list of ${layers}`, value);
  return value.map((item: unknown) => {
    const list: readonly unknown[] = Array.isArray(item) ? item : new Array<unknown>(heads).fill(item);
    const dilation = list.filter((step): step is number => Number.isInteger(step) && Number(step) >= 1);
    if (list.length === heads && dilation.length === heads) return dilation;
    throw reader.wrong(name, `integers ≥ 1, one or ${heads} a layer`, item);
  });
}
