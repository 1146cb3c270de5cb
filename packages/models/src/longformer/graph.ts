/**
 * Longformer as one graph: embeddings, encoder layers (post-norm), a head.
 * Masks, global tokens and positions are inputs of the graph or constants in it;
 * nothing is padded to a multiple of the window, which changes nothing but time.
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
import type { LayerWindow, LongformerConfig } from './config.ts';
import { headOutputs } from './heads.ts';
import type { LongformerShape } from './shape.ts';
import type { LayerWeights, LongformerWeights } from './weights.ts';

/** Everything that the layers of one graph share. */
interface Masks {
  readonly keyMask?: Value;
  readonly globalMask?: Value;
}

/** The graph; its input `input_ids` is [B, N], i32. */
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
    states.push(encoderLayer(builder, config, layer, config.windows[i], shape, masks, states[i]));
  }
  const hidden = states[states.length - 1];
  const hiddenStates = Object.fromEntries(states.map((state, i) => [`hidden_states.${i}`, state]));
  return builder.build({
    ...headOutputs(builder, config, weights, shape, hidden),
    ...(shape.hiddenStates && hiddenStates),
  });
}

/** The sum of the words', positions' and types' rows, normalised: [B, N, hidden]. */
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

/** [N]: positions of a row without padding. */
function plainPositions({ positions, padTokenId }: LongformerConfig, length: number): Tensor {
  const first = positions === 'fromZero' ? 0 : padTokenId + 1;
  return i32(
    [length],
    Int32Array.from({ length }, (_, i) => first + i),
  );
}

/** x = norm(x + attention(x)); x = norm(x + feedForward(x)): [B, N, hidden] to the same. */
function encoderLayer(
  builder: ModelBuilder,
  { hiddenSize, heads, layerNormEps, activation, causal: isCausal }: LongformerConfig,
  layer: LayerWeights,
  window: LayerWindow,
  { batch, length, globals }: LongformerShape,
  { keyMask, globalMask }: Masks,
  x: Value,
): Value {
  const split = [batch, length, heads, hiddenSize / heads];
  const project = (weights: LayerWeights['query']): Value =>
    builder.reshape(builder.dense(x, weights), split);
  const hasGlobals = globals === 'input' || globals.length > 0;
  const { out } = builder.attention(
    {
      q: project(layer.query),
      k: project(layer.key),
      v: project(layer.value),
      ...(hasGlobals && {
        qGlobal: project(layer.queryGlobal),
        kGlobal: project(layer.keyGlobal),
        vGlobal: project(layer.valueGlobal),
      }),
      keyMask,
      queryMask: keyMask, // the original's padded rows are 0 before the output projection
      globalMask,
    },
    { pattern: layerPattern(window, isCausal, globals), layout: 'bnhd' },
  );
  const attended = builder.dense(builder.reshape(out, [batch, length, hiddenSize]), layer.attentionOutput);
  const middle = builder.norm(builder.add(attended, x), layer.attentionNorm, layerNormEps);
  const fed = builder.dense(builder.dense(middle, layer.intermediate, activation), layer.output);
  return builder.norm(builder.add(fed, middle), layer.outputNorm, layerNormEps);
}

/** A window and global tokens, in one softmax. */
function layerPattern(
  { oneSided, dilation }: LayerWindow,
  isCausal: boolean,
  globals: LongformerShape['globals'],
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
