/**
 * Reads and checks a config.json of ModernBERT, in both of its spellings: `layer_types` and `rope_parameters`
 * of today, `global_attn_every_n_layers`, `global_rope_theta` and `local_rope_theta` of 2024. Warner et al.
 * 2024, https://arxiv.org/abs/2412.13663
 */
import { anObject } from '@attn/core/backend';
import type { Activation, JsonObject } from '@attn/core';
import { checkArchitecture, LAYER_COUNT, readActivation, readLabels } from '../checkpoint/common-fields.ts';
import { fieldOf } from '../checkpoint/config-field.ts';
import { ConfigReader } from '../checkpoint/config-reader.ts';
import { checkSupported } from '../checkpoint/supported-values.ts';
import { readRope, type Rope } from '../encoder/rope.ts';

/** Classes of the original that can be loaded. */
export const ARCHITECTURES = [
  'ModernBertModel',
  'ModernBertForMaskedLM',
  'ModernBertForSequenceClassification',
  'ModernBertForTokenClassification',
  'ModernBertForQuestionAnswering',
  'ModernBertForMultipleChoice',
] as const;

/** A class of the original that can be loaded. */
export type ModernBertArchitecture = (typeof ARCHITECTURES)[number];

/** Kinds of layers: a token sees all others, or those within a window. */
const LAYER_KINDS = ['full', 'sliding'] as const;

/** A kind of layer. */
export type LayerKind = (typeof LAYER_KINDS)[number];

/** The kinds by their names in config.json. */
const KIND_NAMED: ReadonlyMap<unknown, LayerKind> = new Map([
  ['full_attention', 'full'],
  ['sliding_attention', 'sliding'],
]);

/** Everything that the graph of a ModernBERT depends on. */
export interface ModernBertConfig {
  readonly architecture: ModernBertArchitecture;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly activation: Activation;
  readonly normEps: number;
  /** What each layer sees. */
  readonly layers: readonly LayerKind[];
  /** Keys that a sliding layer sees on each side of the query, beside the query's own. */
  readonly oneSided: number;
  /** The rotary positions of the kinds of layers that there are. */
  readonly ropes: ReadonlyMap<LayerKind, Rope>;
  readonly normBias: boolean;
  readonly attentionBias: boolean;
  readonly mlpBias: boolean;
  /** The length at which texts are split. Longer rows are computed, too. */
  readonly maxLength: number;
  readonly padTokenId: number;
  /** What the heads depend on. */
  readonly head: HeadConfig;
}

/** What the heads depend on. */
export interface HeadConfig {
  readonly activation: Activation;
  /** Whether the head's own layer has a bias. */
  readonly bias: boolean;
  /** How a row becomes one vector, in classifiers of rows. */
  readonly pooling: 'cls' | 'mean';
  /** Classes that a classifier tells apart. */
  readonly labels: number;
  readonly decoderBias: boolean;
  /** Whether the decoder of the masked language model is the table of words. */
  readonly isTied: boolean;
}

/**
 * Reads a config.json. Absent fields have the original's defaults, which are those of ModernBERT-base.
 *
 * Errors: `MALFORMED_FILE`; `UNSUPPORTED` for an unknown architecture or kind of positions, and for
 * decoders.
 *
 * @param architecture replaces the class that the file names
 */
export function readModernBertConfig(json: JsonObject, architecture?: string): ModernBertConfig {
  const reader = new ConfigReader(json);
  const name = architecture ?? reader.texts('architectures')[0] ?? 'ModernBertModel';
  checkSupported('models/modernbert', reader, {
    position_embedding_type: ['absolute'],
    is_decoder: [false],
    add_cross_attention: [false],
  });
  const heads = reader.integer('num_attention_heads', { least: 1, byDefault: 12 });
  const hiddenSize = reader.integer('hidden_size', { least: 1, byDefault: 768 });
  if (hiddenSize % heads !== 0)
    throw reader.wrong('hidden_size', `a multiple of num_attention_heads = ${heads}`, hiddenSize);
  const vocabSize = reader.integer('vocab_size', { least: 1, byDefault: 50_368 });
  const maxLength = reader.integer('max_position_embeddings', { least: 1, byDefault: 8192 });
  const layers = readLayers(reader);
  return {
    architecture: checkArchitecture('models/modernbert', name, ARCHITECTURES),
    vocabSize,
    hiddenSize,
    heads,
    intermediateSize: reader.integer('intermediate_size', { least: 1, byDefault: 1152 }),
    activation: readActivation(reader, 'hidden_activation', 'gelu'),
    normEps: reader.number('norm_eps', { byDefault: 1e-5 }),
    layers,
    oneSided: Math.floor(reader.integer('local_attention', { byDefault: 128 }) / 2),
    ropes: readRopes(reader, json, layers, { width: hiddenSize / heads, maxPositions: maxLength }),
    normBias: reader.flag('norm_bias', false),
    attentionBias: reader.flag('attention_bias', false),
    mlpBias: reader.flag('mlp_bias', false),
    maxLength,
    padTokenId: reader.integer('pad_token_id', { most: vocabSize - 1, byDefault: 50_283 }),
    head: {
      activation: readActivation(reader, 'classifier_activation', 'gelu'),
      bias: reader.flag('classifier_bias', false),
      pooling: reader.oneOf('classifier_pooling', ['cls', 'mean'], 'cls'),
      labels: readLabels(reader),
      decoderBias: reader.flag('decoder_bias', true),
      isTied: reader.flag('tie_word_embeddings', true),
    },
  };
}

/** What each layer sees: a list, or one full layer of so many, the first among them. */
function readLayers(reader: ConfigReader): readonly LayerKind[] {
  const count = reader.integer('num_hidden_layers', { ...LAYER_COUNT, byDefault: 22 });
  const types = reader.field('layer_types');
  if (types === undefined) {
    const every = reader.integer('global_attn_every_n_layers', { least: 1, byDefault: 3 });
    return Array.from({ length: count }, (_, i) => (i % every === 0 ? 'full' : 'sliding'));
  }
  const expected = `a list of ${count} of ${[...KIND_NAMED.keys()].join(' or ')}`;
  if (!Array.isArray(types) || types.length !== count) throw reader.wrong('layer_types', expected, types);
  return types.map((type: unknown) => {
    const kind = KIND_NAMED.get(type);
    if (kind === undefined) throw reader.wrong('layer_types', expected, type);
    return kind;
  });
}

/** The ropes of the kinds of layers that there are. */
function readRopes(
  reader: ConfigReader,
  json: JsonObject,
  layers: readonly LayerKind[],
  sizes: { readonly width: number; readonly maxPositions: number },
): ReadonlyMap<LayerKind, Rope> {
  const thetas = readThetas(reader, json);
  const scaling = objectAt(reader, 'rope_scaling');
  const own = objectAt(reader, 'rope_parameters');
  const stray = Object.keys(own).find((name) => !KIND_NAMED.has(name));
  if (stray !== undefined)
    throw reader.wrong('rope_parameters', `an object of ${[...KIND_NAMED.keys()].join(' and ')}`, own);
  const parameters = new ConfigReader(own, 'config.json: rope_parameters');
  const ropes = [...KIND_NAMED].flatMap(([type, kind]): [LayerKind, Rope][] => {
    if (!layers.includes(kind)) return [];
    const merged = { ...objectAt(parameters, String(type)), ...scaling };
    const name = own[String(type)] === undefined ? 'rope_scaling' : `rope_parameters.${String(type)}`;
    return [[kind, readRope(merged, { ...sizes, theta: thetas[kind], name })]];
  });
  return new Map(ropes);
}

/** The thetas in the spelling of 2024. Sliding layers without one (null) have that of full ones. */
function readThetas(reader: ConfigReader, json: JsonObject): Readonly<Record<LayerKind, number>> {
  const full = reader.number('global_rope_theta', { least: 1e-6, byDefault: 160_000 });
  const byDefault = fieldOf(json, 'local_rope_theta') === null ? full : 10_000;
  return { full, sliding: reader.number('local_rope_theta', { least: 1e-6, byDefault }) };
}

/** An object of the config; empty where there is none. */
function objectAt(reader: ConfigReader, name: string): JsonObject {
  const value = reader.field(name) ?? {};
  if (anObject.test(value)) return value as JsonObject;
  throw reader.wrong(name, 'an object', value);
}
