/**
 * Reads and checks a config.json of Hugging Face's `reformer`. Kitaev
 * et al. 2020, https://arxiv.org/abs/2001.04451
 */
import { LSH_PRESETS, type Activation, type JsonObject } from '@attn/core';
import { checkArchitecture, LAYER_COUNT, readActivation, readLabels } from '../checkpoint/common-fields.ts';
import { ConfigReader } from '../checkpoint/config-reader.ts';
import { readPositions, type ReformerPositions } from './positions.ts';

/** Classes of the original that can be loaded. */
export const ARCHITECTURES = [
  'ReformerModel',
  'ReformerModelWithLMHead',
  'ReformerForMaskedLM',
  'ReformerForSequenceClassification',
  'ReformerForQuestionAnswering',
] as const;

/** A class of the original that can be loaded. */
export type ReformerArchitecture = (typeof ARCHITECTURES)[number];

/**
 * Attention of one layer: over chunks of the text (`local`), or over
 * chunks of its tokens sorted by hash (`lsh`).
 */
export type ReformerLayer = 'local' | 'lsh';

/** The chunks of one kind of attention. */
export interface Chunks {
  /** Tokens of a chunk. */
  readonly chunkLength: number;
  /** Neighbouring chunks that a chunk also sees. */
  readonly chunksBefore: number;
  readonly chunksAfter: number;
}

/** Everything that the graph of a Reformer depends on. */
export interface ReformerConfig {
  readonly architecture: ReformerArchitecture;
  readonly vocabSize: number;
  /** H, the width of each of the two streams; the states that come out are 2·H wide. */
  readonly hiddenSize: number;
  readonly heads: number;
  /** Width of each head; heads · headDim may differ from H. */
  readonly headDim: number;
  readonly feedForwardSize: number;
  readonly activation: Activation;
  readonly layerNormEps: number;
  readonly layers: readonly ReformerLayer[];
  readonly local: Chunks;
  readonly lsh: Chunks;
  /** Rounds of hashing. */
  readonly rounds: number;
  /** Factors of the number of buckets; undefined means that it follows from the length, `bucketsFor`. */
  readonly buckets: readonly number[] | undefined;
  /** `hash_seed`: all LSH layers have equal rotations. Undefined: each layer has its own. */
  readonly hashSeed: number | undefined;
  /** No token sees a later one. */
  readonly causal: boolean;
  readonly positions: ReformerPositions;
  /**
   * `max_position_embeddings`. The number of buckets depends on it when the config does not say that number.
   */
  readonly maxPositions: number;
  readonly padTokenId: number;
  readonly eosTokenId: number;
  /** Classes that a classifier tells apart. */
  readonly labels: number;
}

/**
 * Rotations have half as many columns as there are buckets; a config
 * must not be able to ask for gigabytes of them.
 */
const MOST_BUCKETS = 2 ** 20;
const MOST_ROUNDS = 1_024;

/** Neighbouring chunks are counted one by one. */
const MOST_NEIGHBOURS = 1_024;

/**
 * Reads a config.json. Absent fields have the original's defaults.
 *
 * Errors: `MALFORMED_FILE`; `UNSUPPORTED` for an unknown architecture.
 *
 * @param name replaces the class that the file names
 */
export function readReformerConfig(json: JsonObject, name?: string): ReformerConfig {
  const reader = new ConfigReader(json);
  const architecture = checkArchitecture(
    'models/reformer',
    name ?? reader.texts('architectures')[0] ?? 'ReformerModel',
    ARCHITECTURES,
  );
  const hiddenSize = reader.integer('hidden_size', { least: 1, byDefault: 256 });
  const positions = readPositions(reader, hiddenSize);
  const vocabSize = reader.integer('vocab_size', { least: 1, byDefault: 320 });
  const padTokenId = reader.integer('pad_token_id', { byDefault: 0 });
  if (padTokenId >= vocabSize)
    throw reader.wrong('pad_token_id', `below vocab_size = ${vocabSize}`, padTokenId);
  return {
    architecture,
    vocabSize,
    hiddenSize,
    heads: reader.integer('num_attention_heads', { least: 1, byDefault: 12 }),
    headDim: reader.integer('attention_head_size', { least: 1, byDefault: 64 }),
    feedForwardSize: reader.integer('feed_forward_size', { least: 1, byDefault: 512 }),
    activation: readActivation(reader, 'hidden_act', 'relu'),
    layerNormEps: reader.number('layer_norm_eps', { byDefault: 1e-12 }),
    layers: readLayers(reader),
    local: readChunks(reader, 'local'),
    lsh: readChunks(reader, 'lsh'),
    rounds: reader.integer('num_hashes', { least: 1, most: MOST_ROUNDS, byDefault: 1 }),
    buckets: readBuckets(reader),
    hashSeed: reader.field('hash_seed') === undefined ? undefined : reader.integer('hash_seed'),
    causal: readCausal(reader, architecture),
    positions,
    maxPositions: reader.integer('max_position_embeddings', { least: 1, byDefault: 4_096 }),
    padTokenId,
    eosTokenId: reader.integer('eos_token_id', { byDefault: 2 }),
    labels: readLabels(reader),
  };
}

/**
 * Factors of the number of buckets for rows of this many tokens. Where the config says
 * none, the original derives the number from the first row that it ever sees, and keeps
 * it. Here every length has its own number, so that no result depends on earlier calls.
 */
export function bucketsFor(
  { buckets, lsh, maxPositions }: ReformerConfig,
  length: number,
): readonly number[] {
  return buckets ?? LSH_PRESETS.hf.bucketsOf(length, lsh.chunkLength, maxPositions);
}

/** The seed of a layer's rotations. */
export function rotationSeed({ hashSeed }: ReformerConfig, layer: number): number {
  return hashSeed ?? layer;
}

function readLayers(reader: ConfigReader): readonly ReformerLayer[] {
  const byDefault = ['local', 'lsh', 'local', 'lsh', 'local', 'lsh'];
  const names: readonly string[] =
    reader.field('attn_layers') === undefined ? byDefault : reader.texts('attn_layers');
  const expected = `a list of 1 to ${LAYER_COUNT.most} times local or lsh`;
  if (names.length === 0 || names.length > LAYER_COUNT.most)
    throw reader.wrong('attn_layers', expected, names.length);
  return names.map((name) => {
    if (name === 'local' || name === 'lsh') return name;
    throw reader.wrong('attn_layers', expected, name);
  });
}

function readChunks(reader: ConfigReader, kind: ReformerLayer): Chunks {
  return {
    chunkLength: reader.integer(`${kind}_attn_chunk_length`, { least: 1, byDefault: 64 }),
    chunksBefore: reader.integer(`${kind}_num_chunks_before`, { most: MOST_NEIGHBOURS, byDefault: 1 }),
    chunksAfter: reader.integer(`${kind}_num_chunks_after`, { most: MOST_NEIGHBOURS, byDefault: 0 }),
  };
}

/** The number of buckets: the file has a number, its factors, or nothing. */
function readBuckets(reader: ConfigReader): readonly number[] | undefined {
  const name = 'num_buckets';
  const value = reader.field(name);
  if (value === undefined) return undefined;
  const factors = Array.isArray(value)
    ? reader.integers(name, { least: 2 })
    : [reader.integer(name, { least: 2 })];
  const isEven = factors.length > 0 && factors.every((factor) => factor % 2 === 0 && factor <= MOST_BUCKETS);
  const count = factors.reduce((product, factor) => product * factor, 1);
  if (isEven && count < 2 ** 31) return factors;
  throw reader.wrong(name, `even, or a list of even factors, each at most ${MOST_BUCKETS}`, value);
}

/** Whether the model is causal. The original's heads for language insist on one value. */
function readCausal(reader: ConfigReader, architecture: ReformerArchitecture): boolean {
  const causal = reader.flag('is_decoder', false);
  const must =
    architecture === 'ReformerModelWithLMHead'
      ? true
      : architecture === 'ReformerForMaskedLM'
        ? false
        : causal;
  if (causal === must) return causal;
  throw reader.wrong('is_decoder', `${must} in a ${architecture}`, causal);
}
