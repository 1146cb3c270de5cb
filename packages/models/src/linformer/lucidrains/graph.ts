/**
 * lucidrains' Linformer as one graph. Every part normalises its input first;
 * keys and values are projected along the tokens after their linear layers.
 */
import { buildLinformer, type Graph, type Value } from '@attn/core';
import { ModelBuilder } from '../../graph/model-builder.ts';
import type { LucidrainsConfig } from './config.ts';
import { headOutputs } from './heads.ts';
import { EPS, maskInput, type LinformerShape } from '../shape.ts';
import type { LucidrainsLayer, LucidrainsWeights } from './weights.ts';

/**
 * Builds the graph. Its input is `input_ids` [B, N], i32; without
 * word embeddings, `inputs_embeds` [B, N, C], f32.
 */
export function lucidrainsGraph(
  config: LucidrainsConfig,
  weights: LucidrainsWeights,
  shape: LinformerShape,
): Graph {
  const builder = new ModelBuilder();
  const start = embedded(builder, config, weights, shape);
  const keyMask = shape.padding === 'none' ? undefined : maskInput(builder, shape);
  const attend = (layer: LucidrainsLayer, x: Value): Value =>
    attention(builder, config, layer, builder.norm(x, layer.attentionNorm, EPS), keyMask);
  const feed = (layer: LucidrainsLayer, x: Value): Value => {
    const wide = builder.dense(builder.norm(x, layer.feedForwardNorm, EPS), layer.widen, 'gelu');
    return builder.dense(wide, layer.narrow);
  };
  // Reversible layers have two streams; in other layers both names stand for the one stream.
  let [a, b] = [start, start];
  for (const layer of weights.layers) {
    a = builder.add(a, attend(layer, b));
    if (!config.reversible) b = a;
    b = builder.add(b, feed(layer, a));
    if (!config.reversible) a = b;
  }
  const hidden = config.reversible ? builder.add(a, b) : a;
  return builder.build(headOutputs(builder, weights, hidden));
}

/** [B, N, C]: the sum of the words' and the positions' rows, or the input itself. */
function embedded(
  builder: ModelBuilder,
  { width }: LucidrainsConfig,
  { embeddings }: LucidrainsWeights,
  { batch, length }: LinformerShape,
): Value {
  if (embeddings === undefined)
    return builder.input('inputs_embeds', { dtype: 'f32', shape: [batch, length, width] });
  const ids = builder.input('input_ids', { dtype: 'i32', shape: [batch, length] });
  const positions = builder.slice(builder.weight(embeddings.positions), [0, 0], [length, width]);
  return builder.add(builder.rows(embeddings.words, ids), positions);
}

/** Self-attention of one layer: [B, N, C] to [B, N, C]. */
function attention(
  builder: ModelBuilder,
  { heads, headDim, keyHeads }: LucidrainsConfig,
  layer: LucidrainsLayer,
  x: Value,
  keyMask: Value | undefined,
): Value {
  const [batch, length] = x.shape;
  const split = (weights: LucidrainsLayer['query'], count: number): Value =>
    builder.reshape(builder.dense(x, weights), [batch, length, count, headDim]);
  const k = split(layer.key, keyHeads);
  const { out } = buildLinformer(
    builder,
    {
      q: split(layer.query, heads),
      k,
      v: layer.value ? split(layer.value, keyHeads) : k,
      E: builder.weight(layer.projectKeys),
      ...(layer.projectValues && { F: builder.weight(layer.projectValues) }),
      ...(keyMask && { keyMask }),
    },
    { layout: 'bnhd' },
  );
  return builder.dense(builder.reshape(out, [batch, length, heads * headDim]), layer.output);
}
