/**
 * What a config.json of a Linformer says, checked. There are two originals, whose checkpoints have nothing
 * in common: lucidrains' `linformer` (`model_type` "linformer", fields named as the constructor's arguments)
 * and fairseq's `linformer_roberta` (fields named as its options). Neither library writes a config.json;
 * these are what people write beside the weights. Wang et al. 2020, https://arxiv.org/abs/2006.04768
 */
import { AttnError, type Activation, type JsonObject } from '@attn/core';
import { show } from '@attn/core/backend';
import { checkArchitecture, LAYER_COUNT, readActivation, readWidth } from '../checkpoint/common-fields.ts';
import { ConfigReader } from '../checkpoint/config-reader.ts';

const WHERE = 'models/linformer';

/** Classes of lucidrains. */
export const LUCIDRAINS_ARCHITECTURES = ['Linformer', 'LinformerLM'] as const;

/**
 * fairseq has one class for all, whose parts are named here as Hugging Face names the same parts of RoBERTa.
 */
export const FAIRSEQ_ARCHITECTURES = [
  'LinformerModel',
  'LinformerForMaskedLM',
  'LinformerForSequenceClassification',
] as const;

/** One of lucidrains' classes. */
export type LucidrainsArchitecture = (typeof LUCIDRAINS_ARCHITECTURES)[number];

/** One of fairseq's. */
export type FairseqArchitecture = (typeof FAIRSEQ_ARCHITECTURES)[number];

/** What both have. */
interface CommonConfig {
  /** C. */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Most tokens of a row: columns of E and F. */
  readonly maxLength: number;
  /** K: rows of E and F. */
  readonly projectedLength: number;
  readonly padTokenId: number;
}

/** A Linformer of lucidrains: normalises before each part, projects keys and values. */
export interface LucidrainsConfig extends CommonConfig {
  readonly origin: 'lucidrains';
  readonly architecture: LucidrainsArchitecture;
  /** Undefined when there is no table of words, and rows of vectors are the input. */
  readonly vocabSize: number | undefined;
  /** D. */
  readonly headDim: number;
  /** 1, or as many as there are heads. */
  readonly keyHeads: number;
  /** Values are the keys, and F is E. */
  readonly sharedKeyValue: boolean;
  /** Two streams that take turns, as in a Reformer. */
  readonly reversible: boolean;
}

/** A Linformer of fairseq: a RoBERTa that projects the input of keys and values. */
export interface FairseqConfig extends CommonConfig {
  readonly origin: 'fairseq';
  readonly architecture: FairseqArchitecture;
  readonly vocabSize: number;
  readonly feedForwardWidth: number;
  readonly activation: Activation;
  /** F is E. */
  readonly sharedKeyValue: boolean;
  /** One E for keys and values of all layers. */
  readonly layerwise: boolean;
  /** Normalise before each part and once more at the end, instead of after each part. */
  readonly normBefore: boolean;
  /** Whether embeddings are normalised. */
  readonly embeddingNorm: boolean;
  /** The masked language model has a table of its own instead of that of the words. */
  readonly untied: boolean;
  /** Of the classifier: its name in the checkpoint, its classes, and what stands between its two layers. */
  readonly classifier: string;
  readonly labels: number;
  readonly poolerActivation: Activation;
}

/** Either. */
export type LinformerConfig = LucidrainsConfig | FairseqConfig;

/** Values of `model_type`. */
export const MODEL_TYPES: readonly unknown[] = ['linformer', 'linformer_roberta'];

/**
 * Reads a config.json.
 * @param architecture instead of the one that the file names
 * @throws AttnError `MALFORMED_FILE`; `UNSUPPORTED` for an architecture
 * that is not here, and for causal models, which cannot be
 */
export function readLinformerConfig(json: JsonObject, architecture?: string): LinformerConfig {
  const reader = new ConfigReader(json);
  refuseCausal(reader);
  const named = architecture ?? reader.texts('architectures')[0];
  return reader.field('model_type') === 'linformer_roberta'
    ? readFairseq(reader, named)
    : readLucidrains(reader, named);
}

function readLucidrains(reader: ConfigReader, named = 'Linformer'): LucidrainsConfig {
  const heads = reader.integer('heads', { least: 1, byDefault: 8 });
  const width = readWidth(reader, 'dim', 'heads', heads);
  const vocabSize =
    reader.field('num_tokens') === undefined ? undefined : reader.integer('num_tokens', { least: 1 });
  const architecture = checkArchitecture(WHERE, named, LUCIDRAINS_ARCHITECTURES);
  if (architecture === 'LinformerLM' && vocabSize === undefined) {
    throw reader.wrong('num_tokens', 'an integer ≥ 1 in a LinformerLM', undefined);
  }
  return {
    origin: 'lucidrains',
    architecture,
    vocabSize,
    width,
    layers: reader.integer('depth', LAYER_COUNT),
    heads,
    headDim: reader.integer('dim_head', { least: 1, byDefault: width / heads }),
    keyHeads: reader.flag('one_kv_head', false) ? 1 : heads,
    maxLength: reader.integer('seq_len', { least: 1 }),
    projectedLength: reader.integer('k', { least: 1, byDefault: 256 }),
    sharedKeyValue: reader.flag('share_kv', false),
    reversible: reader.flag('reversible', false),
    padTokenId: reader.integer('pad_token_id', { byDefault: 0 }),
  };
}

function readFairseq(reader: ConfigReader, named = 'LinformerModel'): FairseqConfig {
  const heads = reader.integer('encoder_attention_heads', { least: 1 });
  const maxLength = reader.integer('max_positions', { least: 1 });
  const compressed = reader.integer('compressed', { least: 1, byDefault: 4 });
  if (compressed > maxLength)
    throw reader.wrong('compressed', `at most max_positions = ${maxLength}`, compressed);
  return {
    origin: 'fairseq',
    architecture: checkArchitecture(WHERE, named, FAIRSEQ_ARCHITECTURES),
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

/**
 * Fields by which a config says that no token may see later ones.
 * Neither original has them, for the reason in the message.
 */
const CAUSAL = ['causal', 'autoregressive', 'is_decoder'];

function refuseCausal(reader: ConfigReader): void {
  const says = (value: unknown): boolean => value !== undefined && value !== false && value !== 0;
  const name = CAUSAL.find((field) => says(reader.field(field)));
  if (name === undefined) return;
  throw new AttnError(
    'UNSUPPORTED',
    WHERE,
    `a Linformer cannot be causal, because each projected key mixes all positions: ${name} must be absent or false, got ${show(reader.field(name))}`,
  );
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
