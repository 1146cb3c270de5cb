/**
 * fairseq's Linformer as one graph: a RoBERTa whose keys and values
 * are projected along the tokens before their linear layers.
 */
import { full, i32, buildLinformerProjection, type Graph, type Value } from '@attn/core';
import { ModelBuilder, type NormWeights } from '../../graph/model-builder.ts';
import type { FairseqConfig } from './config.ts';
import { headOutputs } from './heads.ts';
import type { FairseqLayer, FairseqWeights } from './weights.ts';
import { EPS, maskInput, type LinformerShape } from '../shape.ts';

/** Builds the graph. Its input `input_ids` is [B, N], i32. */
export function fairseqGraph(config: FairseqConfig, weights: FairseqWeights, shape: LinformerShape): Graph {
  const builder = new ModelBuilder();
  const ids = builder.input('input_ids', { dtype: 'i32', shape: [shape.batch, shape.length] });
  const mask = shape.padding === 'none' ? undefined : maskInput(builder, shape);
  const keyMask = shape.padding === 'layers' ? mask : undefined;
  let x = embeddings(builder, config, weights, shape, ids);
  if (shape.padding === 'embeddings' && mask !== undefined)
    x = builder.mask(x, builder.reshape(mask, [shape.batch, shape.length, 1]));
  for (const layer of weights.layers) {
    x = part(builder, config, layer.attentionNorm, x, (y) => attention(builder, config, layer, y, keyMask));
    x = part(builder, config, layer.feedForwardNorm, x, (y) =>
      builder.dense(builder.dense(y, layer.widen, config.activation), layer.narrow),
    );
  }
  const hidden = weights.finalNorm ? builder.norm(x, weights.finalNorm, EPS) : x;
  return builder.build(headOutputs(builder, config, weights, hidden));
}

/** Word embeddings plus position embeddings, normalised: [B, N, C]. */
function embeddings(
  builder: ModelBuilder,
  { padTokenId }: FairseqConfig,
  { words, positions, embeddingNorm }: FairseqWeights,
  { batch, length, positions: kind }: LinformerShape,
  ids: Value,
): Value {
  const plain = Int32Array.from({ length }, (_, i) => padTokenId + 1 + i);
  const places =
    kind === 'input'
      ? builder.input('position_ids', { dtype: 'i32', shape: [batch, length] })
      : builder.constant(i32([length], plain));
  const sum = builder.add(builder.rows(words, ids), builder.embedding(places, builder.weight(positions)));
  return embeddingNorm ? builder.norm(sum, embeddingNorm, EPS) : sum;
}

/** One part of a layer with its residual: norm(x + f(x)), or x + f(norm(x)). */
function part(
  builder: ModelBuilder,
  { normBefore }: FairseqConfig,
  norm: NormWeights,
  x: Value,
  f: (x: Value) => Value,
): Value {
  return normBefore
    ? builder.add(x, f(builder.norm(x, norm, EPS)))
    : builder.norm(builder.add(x, f(x)), norm, EPS);
}

/** Self-attention of one layer: [B, N, C] to [B, N, C]. */
function attention(
  builder: ModelBuilder,
  { width, heads }: FairseqConfig,
  layer: FairseqLayer,
  x: Value,
  keyMask: Value | undefined,
): Value {
  const [batch, length] = x.shape;
  const { compressKeys, compressValues } = layer;
  const { k, v } = buildLinformerProjection(
    builder,
    {
      x,
      keyWeight: builder.weight(layer.key.weight),
      keyBias: builder.weight(layer.key.bias),
      valueWeight: builder.weight(layer.value.weight),
      valueBias: builder.weight(layer.value.bias),
      E: builder.weight(compressKeys),
      ...(compressValues && { F: builder.weight(compressValues) }),
      ...(keyMask && { keyMask }),
    },
    { keyHeads: heads, layout: 'bnhd' },
  );
  const q = builder.reshape(builder.dense(x, layer.query), [batch, length, heads, width / heads]);
  const { out } = builder.attention({ q, k, v }, { pattern: full(), layout: 'bnhd' });
  return builder.dense(builder.reshape(out, [batch, length, width]), layer.output);
}
