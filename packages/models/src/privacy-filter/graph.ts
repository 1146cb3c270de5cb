/**
 * The privacy filter as one graph: gpt-oss as an encoder. Each layer is attention within a window on both
 * sides, with rotary positions (pairs of neighbours), learned sinks and shared key/value heads, then a
 * mixture of experts; both begin with a normalisation.
 */
import { f32, slidingWindow, type Graph, type Value } from '@attn/core';
import { encoderInputs, stateOutputs } from '../encoder/graph-ends.ts';
import { ropeValues, type RopeValues } from '../encoder/rope.ts';
import type { EncoderShape } from '../encoder/shape.ts';
import { ModelBuilder } from '../graph/model-builder.ts';
import type { PrivacyFilterConfig } from './config.ts';
import type { LayerWeights, PrivacyFilterWeights } from './weights.ts';

/** The name under which the graph has the tables of its rotation as inputs. */
export const ROPE = 'rope';

/** Gates and what they scale are cut off here, and gates have a factor in their sigmoid. */
const LIMIT = 7;
const ALPHA = 1.702;

/** Builds the graph. Its input `input_ids` is [B, N], i32. */
export function privacyFilterGraph(
  config: PrivacyFilterConfig,
  weights: PrivacyFilterWeights,
  shape: EncoderShape,
): Graph {
  const builder = new ModelBuilder();
  const { ids, keyMask } = encoderInputs(builder, shape);
  const rope = ropeValues(builder, ROPE, config.rope, shape);
  const states = [builder.rows(weights.words, ids)];
  for (const [i, layer] of weights.layers.entries()) {
    const attended = attentionLayer(builder, states[i], { config, weights: layer, rope, keyMask });
    states.push(expertsLayer(builder, attended, config, layer));
  }
  const hidden = builder.rms(states[states.length - 1], weights.norm, config.rmsNormEps);
  states[states.length - 1] = hidden;
  return builder.build({
    ...(weights.classifier
      ? { logits: builder.dense(hidden, weights.classifier) }
      : { last_hidden_state: hidden }),
    ...stateOutputs(states, shape),
  });
}

/** What attention of a layer depends on. */
interface AttentionLayer {
  readonly config: PrivacyFilterConfig;
  readonly weights: LayerWeights;
  readonly rope: RopeValues;
  readonly keyMask: Value | undefined;
}

/** x + attention(norm(x)). */
function attentionLayer(
  builder: ModelBuilder,
  x: Value,
  { config, weights, rope: { cos, sin }, keyMask }: AttentionLayer,
): Value {
  const { heads, kvHeads, headDim, window, rmsNormEps } = config;
  const [batch, length] = x.shape;
  const y = builder.rms(x, weights.attentionNorm, rmsNormEps);
  const project = (projection: LayerWeights['query'], count: number): Value =>
    builder.reshape(builder.dense(y, projection), [batch, length, count, headDim]);
  const turned = (z: Value): Value => builder.rotary(z, cos, sin, { interleaved: true });
  const { out } = builder.attention(
    {
      q: turned(project(weights.query, heads)),
      k: turned(project(weights.key, kvHeads)),
      v: project(weights.value, kvHeads),
      keyMask,
      sinks: builder.weight(weights.sinks),
    },
    { pattern: slidingWindow({ before: window, after: window }), layout: 'bnhd' },
  );
  const merged = builder.reshape(out, [batch, length, heads * headDim]);
  return builder.add(x, builder.dense(merged, weights.output));
}

/** x + the weighted sum of each token's experts of norm(x). */
function expertsLayer(
  builder: ModelBuilder,
  x: Value,
  { expertsPerToken: k, intermediateSize, rmsNormEps }: PrivacyFilterConfig,
  { expertsNorm, router, gateUp, down }: LayerWeights,
): Value {
  const [batch, length] = x.shape;
  const y = builder.rms(x, expertsNorm, rmsNormEps);
  const { values, indices } = builder.topK(builder.dense(y, router), k);
  const shares = builder.reshape(builder.softmax(values), [batch, length, k, 1]);
  const both = builder.expertLinear(y, indices, builder.weight(gateUp.weight), builder.weight(gateUp.bias));
  const middle = gated(builder, both, intermediateSize);
  // The row of each choice goes through the expert that was chosen.
  const own = builder.reshape(indices, [batch, length, k, 1]);
  const outputs = builder.expertLinear(middle, own, builder.weight(down.weight), builder.weight(down.bias));
  const mixture = builder.reduce(
    builder.mul(builder.reshape(outputs, [batch, length, k, -1]), shares),
    2,
    'sum',
  );
  return builder.add(x, mixture);
}

/** (up + 1) · gate · sigmoid(1.702 gate), of the first and the second half of the last axis. */
function gated(builder: ModelBuilder, both: Value, width: number): Value {
  const number = (value: number): Value => builder.constant(f32([1], [value]));
  const [batch, length, k] = both.shape;
  const half = (at: number): Value =>
    builder.slice(both, [0, 0, 0, at * width], [batch, length, k, (at + 1) * width]);
  const gate = builder.min(half(0), number(LIMIT));
  const up = builder.max(builder.min(half(1), number(LIMIT)), number(-LIMIT));
  const active = builder.mul(gate, builder.sigmoid(builder.mul(gate, number(ALPHA))));
  return builder.mul(builder.add(up, number(1)), active);
}
