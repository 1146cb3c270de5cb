/**
 * ModernBERT as one graph: embeddings, encoder layers that normalise first, a last normalisation, a head.
 * Queries and keys are turned by their positions; a token of a sliding layer sees a window.
 */
import { full, slidingWindow, type Graph, type Pattern, type Value } from '@attn/core';
import { encoderInputs, stateOutputs } from '../encoder/graph-ends.ts';
import { ropeValues, type RopeValues } from '../encoder/rope.ts';
import type { EncoderShape } from '../encoder/shape.ts';
import { ModelBuilder, type LinearWeights } from '../graph/model-builder.ts';
import type { LayerKind, ModernBertConfig } from './config.ts';
import { headOutputs } from './heads.ts';
import type { LayerWeights, ModernBertWeights } from './weights.ts';

/** Everything that the layers of one kind have in common. */
interface KindOfLayer {
  readonly config: ModernBertConfig;
  readonly pattern: Pattern;
  readonly tables: RopeValues;
  readonly keyMask: Value | undefined;
}

/** Builds the graph. Its input `input_ids` is [B, N], i32. */
export function modernBertGraph(
  config: ModernBertConfig,
  weights: ModernBertWeights,
  shape: EncoderShape,
): Graph {
  const { normEps, oneSided } = config;
  const builder = new ModelBuilder();
  const { ids, keyMask } = encoderInputs(builder, shape);
  const patterns: Readonly<Record<LayerKind, Pattern>> = {
    full: full(),
    sliding: slidingWindow({ before: oneSided, after: oneSided }),
  };
  const kinds = new Map(
    [...config.ropes].map(([kind, rope]): [LayerKind, KindOfLayer] => {
      const tables = ropeValues(builder, kind, rope, shape);
      return [kind, { config, pattern: patterns[kind], tables, keyMask }];
    }),
  );
  const embedded = builder.rows(weights.words, ids);
  const states = [builder.norm(embedded, weights.embeddingNorm, normEps)];
  for (const [i, layer] of weights.layers.entries()) {
    const kind = kinds.get(config.layers[i]);
    if (kind) states.push(encoderLayer(builder, states[i], layer, kind));
  }
  // The original's states are the inputs of the layers, and what the last normalisation returns.
  const hidden = builder.norm(states[states.length - 1], weights.finalNorm, normEps);
  return builder.build({
    ...headOutputs(builder, config, weights.head, { states: hidden, mask: keyMask, choices: shape.choices }),
    ...stateOutputs([...states.slice(0, -1), hidden], shape),
  });
}

/** x = x + attention(norm(x)); x = x + feedForward(norm(x)): [B, N, hidden] to [B, N, hidden]. */
function encoderLayer(builder: ModelBuilder, x: Value, weights: LayerWeights, kind: KindOfLayer): Value {
  const { normEps, activation } = kind.config;
  const { attentionNorm, feedForwardNorm, gate, up, output } = weights;
  const input = attentionNorm ? builder.norm(x, attentionNorm, normEps) : x;
  const middle = builder.add(x, attention(builder, input, weights, kind));
  const normal = builder.norm(middle, feedForwardNorm, normEps);
  const gated = builder.mul(builder.dense(normal, gate, activation), builder.dense(normal, up));
  return builder.add(middle, builder.dense(gated, output));
}

function attention(
  builder: ModelBuilder,
  x: Value,
  { query, key, value, attentionOutput }: LayerWeights,
  { config: { heads }, pattern, tables: { cos, sin }, keyMask }: KindOfLayer,
): Value {
  const [batch, length, width] = x.shape;
  const project = (projection: LinearWeights): Value =>
    builder.reshape(builder.dense(x, projection), [batch, length, heads, width / heads]);
  const { out } = builder.attention(
    {
      q: builder.rotary(project(query), cos, sin),
      k: builder.rotary(project(key), cos, sin),
      v: project(value),
      keyMask,
    },
    { pattern, layout: 'bnhd' },
  );
  return builder.dense(builder.reshape(out, x.shape), attentionOutput);
}
