/**
 * Reformer as one graph: embeddings, layers with reversible residuals, a head. Two
 * streams of width H go through the layers. Each layer computes something from one stream
 * and adds it to the other; both streams side by side are the result. Feed-forward layers
 * are computed in one piece: the original computes them in chunks, with the same numbers.
 */
import { bool, f32, buildLocalChunks, buildLsh, type Graph, type Value } from '@attn/core';
import { ModelBuilder } from '../graph/model-builder.ts';
import { bucketsFor, rotationSeed, type ReformerConfig } from './config.ts';
import { headOutputs } from './heads.ts';
import { paddedLength } from './lengths.ts';
import { positionVectors } from './positions.ts';
import type { ReformerShape } from './shape.ts';
import type { LayerWeights, ReformerWeights } from './weights.ts';

/** Builds the graph. Its input `input_ids` is [B, N], i32. */
export function reformerGraph(config: ReformerConfig, weights: ReformerWeights, shape: ReformerShape): Graph {
  const { batch, length } = shape;
  const builder = new ModelBuilder();
  const ids = builder.input('input_ids', { dtype: 'i32', shape: [batch, length] });
  const padded = paddedLength(config, length);
  const words = builder.rows(weights.words, ids);
  const places = positionVectors(builder, config.positions, weights.positions, length);
  const embedded = padTo(builder, builder.add(words, places), padded);
  const mask = maskOf(builder, shape, padded);

  let [first, second] = [embedded, embedded];
  const states = [second];
  for (const [i, layer] of weights.layers.entries()) {
    const normed = builder.norm(second, layer.attentionNorm, config.layerNormEps);
    first = builder.add(first, attention(builder, normed, { config, shape, mask, weights: layer, index: i }));
    const middle = builder.norm(first, layer.feedForwardNorm, config.layerNormEps);
    const fed = builder.dense(builder.dense(middle, layer.intermediate, config.activation), layer.output);
    second = builder.add(second, fed);
    states.push(second);
  }
  const own = (state: Value): Value =>
    padded === length ? state : builder.slice(state, [0, 0, 0], [batch, length, state.shape[2]]);
  const both = builder.concat([own(first), own(second)], 2);
  const hidden = builder.norm(both, weights.norm, config.layerNormEps);
  const hiddenStates = (): Record<string, Value> =>
    Object.fromEntries(states.map((state, i) => [`hidden_states.${i}`, own(state)]));
  return builder.build({
    ...headOutputs(builder, weights.head, hidden),
    ...(shape.hiddenStates && hiddenStates()),
  });
}

/**
 * Appends rows of 0. Their content does not matter, because the mask
 * hides them; the original has embeddings of padding there.
 */
function padTo(builder: ModelBuilder, x: Value, padded: number): Value {
  const [batch, length, width] = x.shape;
  if (padded === length) return x;
  const rows = [batch, padded - length, width];
  return builder.concat([x, builder.constant(f32(rows, new Float32Array(rows[0] * rows[1] * rows[2])))], 1);
}

/** The mask [B, P] that is 0 at padding; undefined when nothing is padded. */
function maskOf(
  builder: ModelBuilder,
  { batch, length, padding }: ReformerShape,
  padded: number,
): Value | undefined {
  const shape = [batch, padded];
  if (padding) return builder.input('attention_mask', { dtype: 'bool', shape });
  if (padded === length) return undefined;
  const data = Uint8Array.from({ length: batch * padded }, (_, i) => Number(i % padded < length));
  return builder.constant(bool(shape, data));
}

/** Everything that the attention of one layer depends on. */
interface AttentionLayer {
  readonly config: ReformerConfig;
  readonly shape: ReformerShape;
  readonly mask: Value | undefined;
  readonly weights: LayerWeights;
  /** Number of the layer. */
  readonly index: number;
}

/** Attention of one layer: [B, P, H] to [B, P, H]. */
function attention(
  builder: ModelBuilder,
  x: Value,
  { config, shape, mask, weights, index }: AttentionLayer,
): Value {
  const { rotations: rotationInputs = [], seed = 0 } = shape;
  const { attention: projections, attentionOutput } = weights;
  const { heads, headDim, rounds, causal, lsh, local } = config;
  const [batch, length] = x.shape;
  const split = (projection: LayerWeights['attentionOutput']): Value =>
    builder.reshape(builder.dense(x, projection), [batch, length, heads, headDim]);
  const v = split(projections.value);
  const layout = 'bnhd';
  const attended = (): Value => {
    if (!('queryKey' in projections)) {
      const operands = { q: split(projections.query), k: split(projections.key), v, keyMask: mask };
      return buildLocalChunks(builder, operands, { ...local, causal, layout }).out;
    }
    const isHashed = length > lsh.chunkLength;
    const rotations =
      rotationInputs.includes(index) && isHashed
        ? builder.input(`rotations.${index}`, { dtype: 'f32', shape: rotationShape(config, length) })
        : undefined;
    const bucketCount = bucketsFor(config, length);
    const options = { ...lsh, preset: 'hf', rounds, bucketCount, causal, layout } as const;
    const operands = { q: split(projections.queryKey), v, keyMask: mask, rotations };
    return buildLsh(builder, operands, { ...options, seed: rotationSeed(config, index) + seed }).out;
  };
  return builder.dense(builder.reshape(attended(), [batch, length, heads * headDim]), attentionOutput);
}

/** Shape of a layer's rotations, for rows of this length with their padding. */
export function rotationShape(config: ReformerConfig, length: number): readonly number[] {
  const width = bucketsFor(config, length).reduce((sum, factor) => sum + factor / 2, 0);
  return [config.heads, config.headDim, config.rounds, width];
}
