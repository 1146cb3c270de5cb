/**
 * A Gemma as one graph: scaled embeddings, layers with norms before and after each part, a last norm, a head.
 * In EmbeddingGemma 2 each layer is also given a share of the embeddings.
 */
import {
  causal,
  f32,
  full,
  slidingWindow,
  type Graph,
  type Pattern,
  type Tensor,
  type Value,
} from '@attn/core';
import { encoderInputs, stateOutputs } from '../encoder/graph-ends.ts';
import { gated } from '../encoder/gated.ts';
import { groupedAttention, type Attend, type GroupedHeads } from '../encoder/grouped-attention.ts';
import { wholeSight, type LayerSight } from '../encoder/layer-sight.ts';
import { lastToken } from '../encoder/last-token.ts';
import type { RopeValues } from '../encoder/rope.ts';
import type { EncoderShape } from '../encoder/shape.ts';
import { ModelBuilder } from '../graph/model-builder.ts';
import type { GemmaConfig, GemmaLayer } from './config.ts';
import type { GemmaWeights, LayerWeights } from './weights.ts';

/** A model whose graphs are built. */
export interface GemmaParts {
  readonly config: GemmaConfig;
  readonly weights: GemmaWeights;
  /** The `tokenTable` of a classifier of sequences. */
  readonly tokens: Tensor<'f32'> | undefined;
}

/** Builds the graph. Its input `input_ids` is [B, N], i32. */
export function gemmaGraph(parts: GemmaParts, shape: EncoderShape): Graph {
  const { config } = parts;
  const builder = new ModelBuilder();
  const { ids, keyMask } = encoderInputs(builder, shape);
  const pattern = (layer: number): Pattern => patternOf(config, config.layers[layer]);
  const sight = wholeSight(builder, { ropes: config.ropes, shape, keyMask, pattern });
  const states = gemmaStates(builder, parts, ids, sight);
  return builder.build({
    ...outputs(builder, parts, ids, states[states.length - 1]),
    ...stateOutputs(states, shape),
  });
}

/** The input of every layer, and behind them the states before the head, [B, N, hidden] each. */
export function gemmaStates(
  builder: ModelBuilder,
  { config, weights }: Pick<GemmaParts, 'config' | 'weights'>,
  ids: Value,
  { ropes, attend }: LayerSight,
): readonly Value[] {
  const embedded = scaled(builder, builder.rows(weights.words, ids), Math.sqrt(config.hiddenSize));
  const states = [embedded];
  for (const [i, layer] of weights.layers.entries()) {
    const own = config.layers[i];
    const rope = ropes.get(own.rope) as RopeValues;
    const share = shareOf(builder, config, weights, embedded, i);
    const options = { config, heads: own.heads, weights: layer, rope, share, attend: attend(i) };
    states.push(gemmaLayer(builder, states[i], options));
  }
  const last = builder.rms(states[states.length - 1], weights.norm, config.eps, config.normOffset);
  const hidden = weights.embedding ? builder.dense(last, weights.embedding) : last;
  return [...states.slice(0, -1), hidden];
}

function scaled(builder: ModelBuilder, x: Value, factor: number): Value {
  return builder.mul(x, builder.constant(f32([1], [Math.fround(factor)])));
}

/** Everything that one layer depends on. */
interface Layer {
  readonly config: GemmaConfig;
  readonly heads: GroupedHeads;
  readonly weights: LayerWeights;
  readonly rope: RopeValues;
  readonly share: Value | undefined;
  readonly attend: Attend;
}

/**
 * x = x + norm(part(norm(x))) for attention, the feed-forward layer and the share: [B, N, hidden] to the
 * same.
 */
function gemmaLayer(
  builder: ModelBuilder,
  x: Value,
  { config, heads, weights, rope, share, attend }: Layer,
): Value {
  const { eps, normOffset, normValues, activation, scale } = config;
  const norm = (states: Value, by: LayerWeights['attentionNorm']): Value =>
    builder.rms(states, by, eps, normOffset);
  const attended = groupedAttention(builder, norm(x, weights.attentionNorm), weights.attention, {
    sizes: heads,
    rope,
    attend,
    scale,
    eps,
    normOffset,
    normValues,
  });
  const middle = builder.add(x, norm(attended, weights.afterAttention));
  const fed = gated(builder, norm(middle, weights.feedForwardNorm), weights.feedForward, activation);
  const out = builder.add(middle, norm(fed, weights.afterFeedForward));
  const { perLayer } = weights;
  if (perLayer === undefined || share === undefined) return out;
  const mixture = builder.mul(builder.dense(out, perLayer.gate, activation), share);
  const mixed = builder.add(out, norm(builder.dense(mixture, perLayer.projection), perLayer.norm));
  return builder.mul(mixed, builder.weight(perLayer.scale));
}

function patternOf({ causal: isCausal }: GemmaConfig, { window }: GemmaLayer): Pattern {
  if (window !== undefined) return slidingWindow(window);
  return isCausal ? causal() : full();
}

/**
 * The share of the embeddings that a layer is given, [B, N, share]. Each layer projects its own, so that the
 * shares of all layers are never in memory together.
 */
function shareOf(
  builder: ModelBuilder,
  { hiddenSize, perLayerWidth = 0, eps }: GemmaConfig,
  { shares }: GemmaWeights,
  embedded: Value,
  layer: number,
): Value | undefined {
  if (shares === undefined) return undefined;
  const from = layer * perLayerWidth;
  const rows = builder.slice(
    builder.weight(shares.projection.weight),
    [from, 0],
    [from + perLayerWidth, hiddenSize],
  );
  const projected = scaled(builder, builder.linear(embedded, rows), 1 / Math.sqrt(hiddenSize));
  return builder.rms(projected, shares.norm, eps);
}

/** Names of a model's outputs. */
export function outputNames({ head }: GemmaWeights): readonly string[] {
  return head ? ['logits'] : ['last_hidden_state'];
}

/** The outputs by name. `logits` are [B, N, vocabulary] or [B, labels]. */
function outputs(
  builder: ModelBuilder,
  { config, weights: { head }, tokens }: GemmaParts,
  ids: Value,
  hidden: Value,
): Record<string, Value> {
  if (head === undefined) return { last_hidden_state: hidden };
  if (tokens !== undefined) return { logits: builder.dense(lastToken(builder, hidden, ids, tokens), head) };
  return { logits: wordLogits(builder, config, head, hidden) };
}

/** The logits [B, N, words] of states [B, N, hidden]. */
export function wordLogits(
  builder: ModelBuilder,
  { logitCap: cap }: GemmaConfig,
  head: NonNullable<GemmaWeights['head']>,
  hidden: Value,
): Value {
  const logits = builder.dense(hidden, head);
  if (cap === undefined) return logits;
  return scaled(builder, builder.tanh(scaled(builder, logits, 1 / cap)), cap);
}
