/** Reads and checks a config.json of fairseq's Linformer, whose fields are the original's options. */
import type { Activation } from '@attn/core';
import { checkArchitecture, LAYER_COUNT, readActivation, readWidth } from '../../checkpoint/common-fields.ts';
import type { ConfigReader } from '../../checkpoint/config-reader.ts';
import { WHERE, type CommonConfig } from '../common-config.ts';

/**
 * fairseq has one class for all, whose parts are named here as Hugging Face names the same parts of RoBERTa.
 */
const ARCHITECTURES = [
  'LinformerModel',
  'LinformerForMaskedLM',
  'LinformerForSequenceClassification',
] as const;

/** A Linformer of fairseq, without or with a head. */
export type FairseqArchitecture = (typeof ARCHITECTURES)[number];

/** A Linformer of fairseq: a RoBERTa that projects the input of keys and values. */
export interface FairseqConfig extends CommonConfig {
  readonly origin: 'fairseq';
  readonly architecture: FairseqArchitecture;
  readonly vocabSize: number;
  readonly feedForwardWidth: number;
  readonly activation: Activation;
  /** F is E. */
  readonly sharedKeyValue: boolean;
  /** One E serves the keys and values of all layers. */
  readonly layerwise: boolean;
  /** Normalise before each part and once more at the end, instead of after each part. */
  readonly normBefore: boolean;
  /** Whether embeddings are normalised. */
  readonly embeddingNorm: boolean;
  /** The masked language model has a table of its own instead of the word embeddings. */
  readonly untied: boolean;
  /** Name of the classifier in the checkpoint. */
  readonly classifier: string;
  /** Classes that the classifier tells apart. */
  readonly labels: number;
  /** Activation between the two layers of the classifier. */
  readonly poolerActivation: Activation;
}

/**
 * Reads the fields of a config.json; `architecture` is the class to load as. Errors: `MALFORMED_FILE`,
 * `UNSUPPORTED`.
 */
export function readFairseqConfig(reader: ConfigReader, name = 'LinformerModel'): FairseqConfig {
  const heads = reader.integer('encoder_attention_heads', { least: 1 });
  const maxLength = reader.integer('max_positions', { least: 1 });
  const compressed = reader.integer('compressed', { least: 1, byDefault: 4 });
  if (compressed > maxLength)
    throw reader.wrong('compressed', `at most max_positions = ${maxLength}`, compressed);
  return {
    origin: 'fairseq',
    architecture: checkArchitecture(WHERE, name, ARCHITECTURES),
    vocabSize: reader.integer('vocab_size', { least: 1 }),
    width: readWidth(reader, 'encoder_embed_dim', 'encoder_attention_heads', heads),
    layers: reader.integer('encoder_layers', LAYER_COUNT),
    heads,
    feedForwardWidth: reader.integer('encoder_ffn_embed_dim', { least: 1 }),
    activation: readActivation(reader, 'activation_fn', 'gelu', ACTIVATIONS),
    maxLength,
    projectedLength: Math.floor(maxLength / compressed),
    sharedKeyValue: readSwitch(reader, 'shared_kv_compressed', false),
    layerwise: readSwitch(reader, 'shared_layer_kv_compressed', false),
    normBefore: readSwitch(reader, 'encoder_normalize_before', false),
    embeddingNorm: readSwitch(reader, 'layernorm_embedding', true),
    untied: readSwitch(reader, 'untie_weights_roberta', false),
    padTokenId: reader.integer('pad_token_id', { byDefault: 1 }),
    classifier: readName(reader, 'classification_head_name', 'sentence_classification_head'),
    labels: reader.integer('num_classes', { least: 1, byDefault: 2 }),
    poolerActivation: readActivation(reader, 'pooler_activation_fn', 'tanh', ACTIVATIONS),
  };
}

/** fairseq's names; its gelu is the erf form, the other two are the tanh form. */
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  gelu: 'gelu',
  gelu_accurate: 'gelu_tanh',
  gelu_fast: 'gelu_tanh',
  relu: 'relu',
  tanh: 'tanh',
};

/** Some of fairseq's options are 0 or 1, others false or true. */
function readSwitch(reader: ConfigReader, name: string, byDefault: boolean): boolean {
  const value = reader.field(name) ?? byDefault;
  if (typeof value === 'boolean') return value;
  if (value === 0 || value === 1) return value === 1;
  throw reader.wrong(name, '0, 1, false or true', value);
}

function readName(reader: ConfigReader, name: string, byDefault: string): string {
  const value = reader.field(name) ?? byDefault;
  if (typeof value === 'string' && value !== '') return value;
  throw reader.wrong(name, 'a name', value);
}
