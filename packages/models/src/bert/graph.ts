/**
 * BERT and its kin as one graph: embeddings, encoder layers that normalise after each sum, a head. Every
 * token sees every token that is not padding.
 */
import { f32, full, i32, type Graph, type Value } from '@attn/core';
import { encoderInputs, stateOutputs } from '../encoder/graph-ends.ts';
import { ropeValues, type RopeValues } from '../encoder/rope.ts';
import type { EncoderShape } from '../encoder/shape.ts';
import { AdaptedBuilder } from '../graph/adapters.ts';
import { ModelBuilder } from '../graph/model-builder.ts';
import type { BertConfig, BertPositions } from './config.ts';
import { headOutputs } from './heads.ts';
import { biasByOffset } from './relative-bias.ts';
import type { BertWeights, LayerWeights } from './weights.ts';

/** The name of the inputs of rotary positions, before `_cos` and `_sin`. */
export const ROPE = 'rope';

/** What the layers of one graph have in common. */
interface Common {
  readonly config: BertConfig;
  readonly shape: EncoderShape;
  readonly keyMask: Value | undefined;
  readonly relativeBias: Value | undefined;
  readonly rope: RopeValues | undefined;
  readonly alibiSlopes: Value | undefined;
}

/** Builds the graph. Its input `input_ids` is [B, N], i32. */
export function bertGraph(config: BertConfig, weights: BertWeights, shape: EncoderShape): Graph {
  const { positions } = config;
  const builder = builderFor(config, weights, shape);
  const { ids, keyMask } = encoderInputs(builder, shape);
  const embedded = embeddings(builder, config, weights, shape, ids);
  const common: Common = {
    config,
    shape,
    keyMask,
    relativeBias: weights.relativeBias && biasByOffset(builder, weights.relativeBias),
    rope: positions.kind === 'rotary' ? ropeValues(builder, ROPE, positions.rope, shape) : undefined,
    alibiSlopes:
      positions.kind === 'alibi' ? builder.constant(f32([config.heads], positions.slopes)) : undefined,
  };
  const states = [embedded];
  for (const [i, layer] of weights.layers.entries())
    states.push(encoderLayer(builder, states[i], layer, common));
  const hidden = states[states.length - 1];
  return builder.build({
    ...headOutputs(builder, config, weights.head, shape, hidden),
    ...stateOutputs(states, shape),
  });
}

function builderFor({ tasks }: BertConfig, { adapters }: BertWeights, { task }: EncoderShape): ModelBuilder {
  if (tasks === undefined || task === undefined) return new ModelBuilder();
  return new AdaptedBuilder(adapters, [...tasks.prompts.keys()].indexOf(task), tasks.scale);
}

/** The sum of the embeddings of words, token types and positions, normalised: [B, N, hidden]. */
function embeddings(
  builder: ModelBuilder,
  { positions, layerNormEps }: BertConfig,
  weights: BertWeights,
  shape: EncoderShape,
  ids: Value,
): Value {
  const integers = (name: string): Value =>
    builder.input(name, { dtype: 'i32', shape: [shape.batch, shape.length] });
  let sum = builder.rows(weights.words, ids);
  if (weights.types !== undefined) {
    const { types } = weights;
    const rows = shape.tokenTypes ? builder.rows(types, integers('token_type_ids')) : builder.firstRow(types);
    sum = builder.add(sum, rows);
  }
  if (weights.positions !== undefined) {
    const places =
      shape.positions === 'input'
        ? integers('position_ids')
        : plainPositions(builder, positions, shape.length);
    sum = builder.add(sum, builder.rows(weights.positions, places));
  }
  return builder.norm(sum, weights.embeddingNorm, layerNormEps);
}

/** Positions [N] of a row without padding. */
function plainPositions(builder: ModelBuilder, positions: BertPositions, length: number): Value {
  const first = positions.kind === 'table' ? positions.first : 0;
  return builder.constant(
    i32(
      [length],
      Int32Array.from({ length }, (_, i) => first + i),
    ),
  );
}

/** x = norm(x + attention(x)); x = norm(x + feedForward(x)): [B, N, hidden] to [B, N, hidden]. */
function encoderLayer(builder: ModelBuilder, x: Value, layer: LayerWeights, common: Common): Value {
  const { layerNormEps, activation } = common.config;
  const attended = builder.dense(attention(builder, x, layer, common), layer.attentionOutput);
  const middle = builder.norm(builder.add(attended, x), layer.attentionNorm, layerNormEps);
  const inner =
    layer.gate === undefined
      ? builder.dense(middle, layer.intermediate, activation)
      : builder.mul(builder.dense(middle, layer.gate, activation), builder.dense(middle, layer.intermediate));
  const fed = builder.dense(inner, layer.output);
  return builder.norm(builder.add(fed, middle), layer.outputNorm, layerNormEps);
}

/** What the heads gather, side by side: [B, N, hidden]. */
function attention(
  builder: ModelBuilder,
  x: Value,
  { projections }: LayerWeights,
  {
    config: { hiddenSize, heads },
    shape: { batch, length },
    keyMask,
    relativeBias,
    rope,
    alibiSlopes,
  }: Common,
): Value {
  const split = [batch, length, heads, hiddenSize / heads];
  const [query, key, v] = [projections.query, projections.key, projections.value].map((projection) =>
    builder.reshape(builder.dense(x, projection), split),
  );
  const turned = (value: Value): Value =>
    rope === undefined ? value : builder.rotary(value, rope.cos, rope.sin);
  const { out } = builder.attention(
    { q: turned(query), k: turned(key), v, keyMask, relativeBias, alibiSlopes },
    { pattern: full(), layout: 'bnhd' },
  );
  return builder.reshape(out, [batch, length, hiddenSize]);
}
