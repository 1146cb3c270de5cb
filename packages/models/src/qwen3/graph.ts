/** A Qwen 3 as one graph: embeddings, layers with a norm before each part, a last norm, a head. */
import { causal, slidingWindow, type Graph } from '@attn/core';
import { gated } from '../encoder/gated.ts';
import { encoderInputs, stateOutputs } from '../encoder/graph-ends.ts';
import { groupedAttention } from '../encoder/grouped-attention.ts';
import { ropeValues } from '../encoder/rope.ts';
import type { EncoderShape } from '../encoder/shape.ts';
import { ModelBuilder } from '../graph/model-builder.ts';
import { headOutputs, type Qwen3Parts } from './heads.ts';

/** What the graph's inputs for positions are called. */
export const ROPE = 'rope';

/** Builds the graph. Its input `input_ids` is [B, N], i32. */
export function qwen3Graph(parts: Qwen3Parts, shape: EncoderShape): Graph {
  const { config, weights } = parts;
  const { eps, heads, windows, activation } = config;
  const builder = new ModelBuilder();
  const { ids, keyMask } = encoderInputs(builder, shape);
  const rope = ropeValues(builder, ROPE, config.rope, shape);
  const states = [builder.rows(weights.words, ids)];
  for (const [i, layer] of weights.layers.entries()) {
    const x = states[i];
    const window = windows[i];
    const pattern = window === undefined ? causal() : slidingWindow({ before: window - 1, after: 0 });
    const options = { sizes: heads, rope, pattern, eps, keyMask };
    const attended = groupedAttention(
      builder,
      builder.rms(x, layer.attentionNorm, eps),
      layer.attention,
      options,
    );
    const middle = builder.add(x, attended);
    const fed = gated(
      builder,
      builder.rms(middle, layer.feedForwardNorm, eps),
      layer.feedForward,
      activation,
    );
    states.push(builder.add(middle, fed));
  }
  const hidden = builder.rms(states[states.length - 1], weights.norm, eps);
  return builder.build({
    ...headOutputs(builder, parts, ids, hidden),
    ...stateOutputs([...states.slice(0, -1), hidden], shape),
  });
}
