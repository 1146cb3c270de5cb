/**
 * Longformer as one graph: embeddings, encoder layers (post-norm), a head. Masks,
 * global tokens and positions are inputs or constants of the graph. Unlike the
 * original, nothing is padded to a multiple of the window; the results are the same.
 */
import {
  and,
  causal,
  globalTokens,
  i32,
  or,
  slidingWindow,
  type Graph,
  type Pattern,
  type Tensor,
  type Value,
} from '@attn/core';
import { ModelBuilder } from '../graph/model-builder.ts';
import { postNorm } from '../graph/post-norm.ts';
import type { LayerWindow, LongformerConfig } from './config.ts';
import { headOutputs } from './heads.ts';
import type { LongformerShape } from './shape.ts';
import type { LayerWeights, LongformerWeights } from './weights.ts';

/** Everything that the layers of one graph have in common. */
interface Masks {
  readonly keyMask?: Value;
  readonly globalMask?: Value;
}

/** Builds the graph. Its input `input_ids` is [B, N], i32. */
export function longformerGraph(
  config: LongformerConfig,
  weights: LongformerWeights,
  shape: LongformerShape,
): Graph {
  const { batch, length } = shape;
  const builder = new ModelBuilder();
  const ids = builder.input('input_ids', { dtype: 'i32', shape: [batch, length] });
  const mask = (name: string): Value => builder.input(name, { dtype: 'bool', shape: [batch, length] });
  const embedded = embeddings(builder, config, weights, shape, ids);
  const masks: Masks = {
    ...(shape.padding && { keyMask: mask('attention_mask') }),
    ...(shape.globals === 'input' && { globalMask: mask('global_attention_mask') }),
  };
  const states = [embedded];
  for (const [i, layer] of weights.layers.entries()) {
    const options = { config, shape, masks, weights: layer, window: config.windows[i] };
    states.push(encoderLayer(builder, states[i], options));
  }
  const hidden = states[states.length - 1];
  const hiddenStates = Object.fromEntries(states.map((state, i) => [`hidden_states.${i}`, state]));
  return builder.build({
    ...headOutputs(builder, config, weights, shape, hidden),
    ...(shape.hiddenStates && hiddenStates),
  });
}

/** The sum of word, position and token type embeddings, normalised: [B, N, hidden]. */
function embeddings(
  builder: ModelBuilder,
  config: LongformerConfig,
  { words, positions, types, embeddingNorm }: LongformerWeights,
  { batch, length, tokenTypes, positions: kind }: LongformerShape,
  ids: Value,
): Value {
  const integers = (name: string): Value => builder.input(name, { dtype: 'i32', shape: [batch, length] });
  const places =
    kind === 'input' ? integers('position_ids') : builder.constant(plainPositions(config, length));
  let sum = builder.add(
    builder.embedding(ids, builder.weight(words)),
    builder.embedding(places, builder.weight(positions)),
  );
  if (types !== undefined) {
    const table = builder.weight(types);
    const rows = tokenTypes
      ? builder.embedding(integers('token_type_ids'), table)
      : builder.slice(table, [0, 0], [1, config.hiddenSize]);
    sum = builder.add(sum, rows);
  }
  return builder.norm(sum, embeddingNorm, config.layerNormEps);
}

/** Positions [N] of a row without padding. */
function plainPositions({ positions, padTokenId }: LongformerConfig, length: number): Tensor {
  const first = positions === 'fromZero' ? 0 : padTokenId + 1;
  return i32(
    [length],
    Int32Array.from({ length }, (_, i) => first + i),
  );
}

/** Everything that one layer of the encoder depends on. */
interface EncoderLayer {
  readonly config: LongformerConfig;
  readonly shape: LongformerShape;
  readonly masks: Masks;
  readonly weights: LayerWeights;
  readonly window: LayerWindow;
}

/** x = norm(x + attention(x)); x = norm(x + feedForward(x)): [B, N, hidden] to [B, N, hidden]. */
function encoderLayer(
  builder: ModelBuilder,
  x: Value,
  { config, shape, masks: { keyMask, globalMask }, weights, window }: EncoderLayer,
): Value {
  const { hiddenSize, heads, layerNormEps, activation, causal: isCausal } = config;
  const { batch, length, globals } = shape;
  const split = [batch, length, heads, hiddenSize / heads];
  const project = (projection: LayerWeights['query']): Value =>
    builder.reshape(builder.dense(x, projection), split);
  const hasGlobals = globals === 'input' || globals.length > 0;
  const { out } = builder.attention(
    {
      q: project(weights.query),
      k: project(weights.key),
      v: project(weights.value),
      ...(hasGlobals && {
        qGlobal: project(weights.queryGlobal),
        kGlobal: project(weights.keyGlobal),
        vGlobal: project(weights.valueGlobal),
      }),
      keyMask,
      queryMask: keyMask, // the original's padded rows are 0 before the output projection
      globalMask,
    },
    { pattern: layerPattern(window, { isCausal, globals }), layout: 'bnhd' },
  );
  const attended = builder.reshape(out, [batch, length, hiddenSize]);
  return postNorm(builder, x, attended, weights, { activation, eps: layerNormEps });
}

/** The pattern of one layer: a window and global tokens, in one softmax. */
function layerPattern(
  { oneSided, dilation }: LayerWindow,
  { isCausal, globals }: { readonly isCausal: boolean; readonly globals: LongformerShape['globals'] },
): Pattern {
  const window = slidingWindow({ before: oneSided, after: isCausal ? 0 : oneSided, dilation });
  const pattern =
    globals === 'input'
      ? or(window, globalTokens())
      : globals.length > 0
        ? or(window, globalTokens(globals))
        : window;
  return isCausal ? and(pattern, causal()) : pattern;
}
