/**
 * The layers of BART's two sides: embeddings, and attention that sees everything its pattern lets it see.
 * Lewis et al. 2019, https://arxiv.org/abs/1910.13461
 */
import { f32, full, i32, type Pattern, type Value } from '@attn/core';
import type { CacheSize, KeysAndValues } from '../cached/caches.ts';
import { headsFirst, headsLast } from '../graph/head-axes.ts';
import type { ModelBuilder, NormWeights } from '../graph/model-builder.ts';
import { feedForward } from '../graph/post-norm.ts';
import { EPS, type StackConfig } from './config.ts';
import type { AttentionWeights, DecoderLayerWeights, EmbeddingWeights } from './weights.ts';

/** Words and positions, normalised: ids [B, N] and places [N] to [B, N, width]. */
export function embeddings(
  builder: ModelBuilder,
  { words, positions, embeddingNorm }: EmbeddingWeights,
  { wordScale }: StackConfig,
  { ids, places }: { readonly ids: Value; readonly places: Value },
): Value {
  const rows = builder.rows(words, ids);
  const scaled = wordScale === 1 ? rows : builder.mul(rows, builder.constant(f32([1], [wordScale])));
  const sum = builder.add(scaled, builder.embedding(places, builder.weight(positions)));
  return builder.norm(sum, embeddingNorm, EPS);
}

/** The places 0, 1, … of a row of this length, [N]. */
export function plainPlaces(builder: ModelBuilder, length: number): Value {
  return builder.constant(
    i32(
      [length],
      Int32Array.from({ length }, (_, i) => i),
    ),
  );
}

/** The heads of an attention. */
export function headSizes({ heads, width }: StackConfig): Pick<CacheSize, 'heads' | 'headDim'> {
  return { heads, headDim: width / heads };
}

/** Splits states [B, N, width] into heads: [B, H, N, D]. */
export function splitHeads(builder: ModelBuilder, x: Value, { heads, width }: StackConfig): Value {
  const [batch, length] = x.shape;
  return headsFirst(builder, builder.reshape(x, [batch, length, heads, width / heads]));
}

/** Joins heads [B, H, N, D]: [B, N, width]. */
function joinHeads(builder: ModelBuilder, x: Value, { width }: StackConfig): Value {
  const [batch, , length] = x.shape;
  return builder.reshape(headsLast(builder, x), [batch, length, width]);
}

/** Keys and values of states [B, N, width]. */
export function keysAndValues(
  builder: ModelBuilder,
  x: Value,
  { key, value }: AttentionWeights,
  config: StackConfig,
): KeysAndValues {
  const project = (projection: AttentionWeights['key']): Value =>
    splitHeads(builder, builder.dense(x, projection), config);
  return { key: project(key), value: project(value) };
}

/** What an attention sees. */
export interface Sight {
  /** Default: everything. */
  readonly pattern?: Pattern;
  /** [B, N], bool: 0 hides a key. */
  readonly keyMask?: Value | undefined;
  /** Added to the logits. */
  readonly bias?: Value | undefined;
}

/** What states [B, T, width] gather from keys and values: [B, T, width], before the output projection. */
export function attend(
  builder: ModelBuilder,
  x: Value,
  { query }: AttentionWeights,
  { key: k, value: v }: KeysAndValues,
  { config, pattern = full(), keyMask, bias }: Sight & { readonly config: StackConfig },
): Value {
  const { width } = config;
  const [batch] = k.shape;
  const [rows, length] = x.shape;
  // Rows that share their keys, such as the beams of a text, are queries of one row.
  const shared = builder.reshape(builder.dense(x, query), [batch, (rows / batch) * length, width]);
  const q = splitHeads(builder, shared, config);
  const { out } = builder.attention({ q, k, v, keyMask, bias }, { pattern });
  return builder.reshape(joinHeads(builder, out, config), [rows, length, width]);
}

/** norm(x + output projection of what was attended). */
export function afterAttention(
  builder: ModelBuilder,
  x: Value,
  attended: Value,
  { output }: AttentionWeights,
  norm: NormWeights,
): Value {
  return builder.norm(builder.add(x, builder.dense(attended, output)), norm, EPS);
}

/** The two attentions of one layer of a decoder: each takes states, and returns what they gather. */
export interface DecoderAttention {
  self(x: Value): Value;
  cross(x: Value): Value;
}

/** One layer of a decoder, [B, T, width] to [B, T, width], wherever its keys and values come from. */
export function decoderLayer(
  builder: ModelBuilder,
  x: Value,
  weights: DecoderLayerWeights,
  { activation }: StackConfig,
  { self, cross }: DecoderAttention,
): Value {
  const own = afterAttention(builder, x, self(x), weights.self, weights.selfNorm);
  const middle = afterAttention(builder, own, cross(own), weights.cross, weights.crossNorm);
  return feedForward(builder, middle, weights, { activation, eps: EPS });
}
