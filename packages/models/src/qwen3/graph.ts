/** A Qwen 3 as one graph: embeddings, layers with a norm before each part, a last norm, a head. */
import { causal, slidingWindow, type Graph, type Value } from '@attn/core';
import { gated } from '../encoder/gated.ts';
import { encoderInputs, stateOutputs } from '../encoder/graph-ends.ts';
import { groupedAttention } from '../encoder/grouped-attention.ts';
import { wholeSight, type LayerSight } from '../encoder/layer-sight.ts';
import type { Rope, RopeValues } from '../encoder/rope.ts';
import type { EncoderShape } from '../encoder/shape.ts';
import { ModelBuilder } from '../graph/model-builder.ts';
import type { Qwen3Config } from './config.ts';
import { headOutputs, type Qwen3Parts } from './heads.ts';

/** What the graph's inputs for positions are called. */
export const ROPE = 'rope';

/** The one rope that all layers have, by its name. */
export function ropesOf({ rope }: Qwen3Config): ReadonlyMap<string, Rope> {
  return new Map([[ROPE, rope]]);
}

/** Builds the graph. Its input `input_ids` is [B, N], i32. */
export function qwen3Graph(parts: Qwen3Parts, shape: EncoderShape): Graph {
  const { config } = parts;
  const builder = new ModelBuilder();
  const { ids, keyMask } = encoderInputs(builder, shape);
  const states = qwen3States(
    builder,
    parts,
    ids,
    wholeSight(builder, {
      ropes: ropesOf(config),
      shape,
      keyMask,
      pattern(layer) {
        const window = config.windows[layer];
        return window === undefined ? causal() : slidingWindow({ before: window - 1, after: 0 });
      },
    }),
  );
  return builder.build({
    ...headOutputs(builder, parts, ids, states[states.length - 1]),
    ...stateOutputs(states, shape),
  });
}

/** The input of every layer, and behind them the states after the last norm, [B, N, hidden] each. */
export function qwen3States(
  builder: ModelBuilder,
  { config, weights }: Pick<Qwen3Parts, 'config' | 'weights'>,
  ids: Value,
  { ropes, attend }: LayerSight,
): readonly Value[] {
  const { eps, heads, activation } = config;
  const rope = ropes.get(ROPE) as RopeValues;
  const states = [builder.rows(weights.words, ids)];
  for (const [i, layer] of weights.layers.entries()) {
    const x = states[i];
    const options = { sizes: heads, rope, attend: attend(i), eps };
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
  return [...states.slice(0, -1), hidden];
}
