/**
 * Reads and checks a config.json of openai/privacy-filter. Where a field is absent it has the value of the
 * published model.
 */
import { AttnError, type JsonObject } from '@attn/core';
import { anObject } from '@attn/core/backend';
import { checkArchitecture, LAYER_COUNT, readLabelNames } from '../checkpoint/common-fields.ts';
import { ConfigReader } from '../checkpoint/config-reader.ts';
import { readRope, type Rope } from '../encoder/rope.ts';

const WHERE = 'models/privacy-filter';

/** Classes of the original that can be loaded. */
export const ARCHITECTURES = [
  'OpenAIPrivacyFilterModel',
  'OpenAIPrivacyFilterForTokenClassification',
] as const;

/** A class of the original that can be loaded. */
export type PrivacyFilterArchitecture = (typeof ARCHITECTURES)[number];

/** Everything that the graph of a privacy filter depends on. */
export interface PrivacyFilterConfig {
  readonly architecture: PrivacyFilterArchitecture;
  readonly vocabSize: number;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly heads: number;
  /** Heads of keys and values. */
  readonly kvHeads: number;
  readonly headDim: number;
  /** Width of the middle of an expert. */
  readonly intermediateSize: number;
  readonly experts: number;
  /** How many experts each token goes through. */
  readonly expertsPerToken: number;
  /** Keys that a token sees on each side. */
  readonly window: number;
  readonly rmsNormEps: number;
  /** Whether the projections of attention have biases. */
  readonly attentionBias: boolean;
  readonly rope: Rope;
  readonly maxPositions: number;
  readonly padTokenId: number;
  /** Names of the classes of tokens: `O`, `B-private_person`, … */
  readonly labels: readonly string[];
}

const THETA = 150_000;

/** The rope of the published model. */
const ROPE: JsonObject = {
  rope_type: 'yarn',
  rope_theta: THETA,
  factor: 32,
  beta_fast: 32,
  beta_slow: 1,
  truncate: false,
  original_max_position_embeddings: 4096,
};

const KINDS = [
  'account_number',
  'private_address',
  'private_date',
  'private_email',
  'private_person',
  'private_phone',
  'private_url',
  'secret',
];

/** The labels of the published model. */
const LABELS: readonly string[] = [
  'O',
  ...KINDS.flatMap((kind) => ['B', 'I', 'E', 'S'].map((tag) => `${tag}-${kind}`)),
];

/**
 * Reads a config.json.
 *
 * Errors: `MALFORMED_FILE`; `UNSUPPORTED` for an unknown architecture or rope, and layers without a window.
 *
 * @param architecture replaces the class that the file names
 */
export function readPrivacyFilterConfig(json: JsonObject, architecture?: string): PrivacyFilterConfig {
  const reader = new ConfigReader(json);
  const heads = reader.integer('num_attention_heads', { least: 1, byDefault: 14 });
  const kvHeads = reader.integer('num_key_value_heads', { least: 1, byDefault: 2 });
  if (heads % kvHeads !== 0)
    throw reader.wrong('num_attention_heads', `a multiple of num_key_value_heads = ${kvHeads}`, heads);
  const experts = reader.integer('num_local_experts', { least: 1, byDefault: 128 });
  const headDim = reader.integer('head_dim', { least: 2, byDefault: 64 });
  const maxPositions = reader.integer('max_position_embeddings', { least: 1, byDefault: 131_072 });
  checkLayers(reader);
  return {
    architecture: checkArchitecture(
      WHERE,
      architecture ?? reader.texts('architectures')[0] ?? ARCHITECTURES[0],
      ARCHITECTURES,
    ),
    vocabSize: reader.integer('vocab_size', { least: 1, byDefault: 200_064 }),
    layers: reader.integer('num_hidden_layers', { ...LAYER_COUNT, byDefault: 8 }),
    hiddenSize: reader.integer('hidden_size', { least: 1, byDefault: 640 }),
    heads,
    kvHeads,
    headDim,
    intermediateSize: reader.integer('intermediate_size', { least: 1, byDefault: 640 }),
    experts,
    expertsPerToken: reader.integer('num_experts_per_tok', { least: 1, most: experts, byDefault: 4 }),
    window: reader.integer('sliding_window', { byDefault: 128 }),
    rmsNormEps: reader.number('rms_norm_eps', { byDefault: 1e-5 }),
    attentionBias: reader.flag('attention_bias', true),
    rope: readRope(ropeOf(reader), { width: headDim, maxPositions, theta: THETA, name: 'rope_parameters' }),
    maxPositions,
    padTokenId: reader.integer('pad_token_id', { byDefault: 199_999 }),
    labels: readLabelNames(reader, LABELS),
  };
}

/** The parameters of the rope, in today's spelling or the older one. */
function ropeOf(reader: ConfigReader): JsonObject {
  const parameters = reader.field('rope_parameters') ?? reader.field('rope_scaling');
  const theta = reader.field('rope_theta') === undefined ? {} : { rope_theta: reader.number('rope_theta') };
  if (parameters === undefined) return { ...ROPE, ...theta };
  if (!anObject.test(parameters)) throw reader.wrong('rope_parameters', 'an object', parameters);
  return { ...theta, ...(parameters as JsonObject) };
}

/** Every layer of the original has a window. */
function checkLayers(reader: ConfigReader): void {
  const other = reader.texts('layer_types').find((type) => type !== 'sliding_attention');
  if (other === undefined) return;
  const message = `config.json: layer_types must all be sliding_attention, got ${other}`;
  throw new AttnError('UNSUPPORTED', WHERE, message);
}
