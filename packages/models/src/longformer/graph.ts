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
import { paddingBias } from '../graph/hidden-keys.ts';
import { stateOutputs } from '../encoder/graph-ends.ts';
import type { EncodedText } from '../encoder/encoded-text.ts';
import { ModelBuilder } from '../graph/model-builder.ts';
import { postNorm } from '../graph/post-norm.ts';
import type { LayerWindow, LongformerConfig, LongformerEncoderConfig } from './config.ts';
import { areFew, slotTables, withGlobalRows, type GlobalSlots } from './global-slots.ts';
import { headOutputs } from './heads.ts';
import type { LongformerShape } from './shape.ts';
import type { LayerWeights, LongformerEncoderWeights, LongformerWeights } from './weights.ts';

/** Everything that the layers of one graph have in common. */
interface Masks {
  readonly keyMask?: Value;
  readonly globalMask?: Value;
  /** Where global tokens are computed apart. */
  readonly slots?: GlobalSlots | undefined;
}

/** Builds the graph. Its input `input_ids` is [B, N], i32. */
export function longformerGraph(
  config: LongformerConfig,
  weights: LongformerWeights,
  shape: LongformerShape,
): Graph {
  const builder = new ModelBuilder();
  const { states } = longformerStates(builder, config, weights, shape);
  const hidden = states[states.length - 1];
  return builder.build({
    ...headOutputs(builder, config, weights, shape, hidden),
    ...stateOutputs(states, { hiddenStates: shape.hiddenStates ?? false }),
  });
}

/** Adds the embeddings and all layers, with the inputs that the shape names. */
export function longformerStates(
  builder: ModelBuilder,
  config: LongformerEncoderConfig,
  weights: LongformerEncoderWeights,
  shape: LongformerShape,
): EncodedText {
  const { batch, length } = shape;
  const ids = builder.input('input_ids', { dtype: 'i32', shape: [batch, length] });
  const mask = (name: string): Value => builder.input(name, { dtype: 'bool', shape: [batch, length] });
  const embedded = embeddings(builder, config, weights, shape, ids);
  const keyMask = shape.padding ? mask('attention_mask') : undefined;
  const masks: Masks = {
    ...(keyMask && { keyMask }),
    ...(!isList(shape.globals) && { globalMask: mask('global_attention_mask') }),
    slots: globalSlots(builder, config, shape, keyMask),
  };
  const states = [embedded];
  for (const [i, layer] of weights.layers.entries()) {
    const options = { config, shape, masks, weights: layer, window: config.windows[i] };
    states.push(encoderLayer(builder, states[i], options));
  }
  return { ids, states, keyMask };
}

/** Where global tokens are, if they are few; undefined where all tokens are projected for them. */
function globalSlots(
  builder: ModelBuilder,
  config: LongformerEncoderConfig,
  { batch, length, globals }: LongformerShape,
  keyMask: Value | undefined,
): GlobalSlots | undefined {
  if (globals === 'input') return undefined;
  const keyBias = keyMask && builder.reshape(paddingBias(builder, keyMask), [batch, 1, length]);
  if (!isList(globals)) {
    const integers = (name: string, count: number): Value =>
      builder.input(name, { dtype: 'i32', shape: [batch, count] });
    return {
      rows: integers('global_rows', globals.slots),
      results: integers('result_rows', length),
      keyBias,
    };
  }
  const count = new Set(globals).size;
  if (count === 0 || !areFew(config, length, count)) return undefined;
  const data = new Uint8Array(batch * length);
  for (let b = 0; b < batch; b++) for (const position of globals) data[b * length + position] = 1;
  const { rows, results } = slotTables({ shape: [batch, length], data }, count);
  return { rows: builder.constant(rows), results: builder.constant(results), keyBias };
}

/** Whether these are positions of global tokens, in every row. */
function isList(globals: LongformerShape['globals']): globals is readonly number[] {
  return Array.isArray(globals);
}

/** The sum of word, position and token type embeddings, normalised: [B, N, hidden]. */
function embeddings(
  builder: ModelBuilder,
  config: LongformerEncoderConfig,
  { words, positions, types, embeddingNorm }: LongformerEncoderWeights,
  { batch, length, tokenTypes, positions: kind }: LongformerShape,
  ids: Value,
): Value {
  const integers = (name: string): Value => builder.input(name, { dtype: 'i32', shape: [batch, length] });
  const places =
    kind === 'input' ? integers('position_ids') : builder.constant(plainPositions(config, length));
  let sum = builder.add(builder.rows(words, ids), builder.embedding(places, builder.weight(positions)));
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
function plainPositions({ positions, padTokenId }: LongformerEncoderConfig, length: number): Tensor {
  const first = positions === 'fromZero' ? 0 : padTokenId + 1;
  return i32(
    [length],
    Int32Array.from({ length }, (_, i) => first + i),
  );
}

/** Everything that one layer of the encoder depends on. */
interface EncoderLayer {
  readonly config: LongformerEncoderConfig;
  readonly shape: LongformerShape;
  readonly masks: Masks;
  readonly weights: LayerWeights;
  readonly window: LayerWindow;
}

/** x = norm(x + attention(x)); x = norm(x + feedForward(x)): [B, N, hidden] to [B, N, hidden]. */
function encoderLayer(
  builder: ModelBuilder,
  x: Value,
  { config, shape, masks: { keyMask, globalMask, slots }, weights, window }: EncoderLayer,
): Value {
  const { hiddenSize, heads, layerNormEps, activation, causal: isCausal } = config;
  const { batch, length, globals } = shape;
  const split = [batch, length, heads, hiddenSize / heads];
  const project = (projection: LayerWeights['query']): Value =>
    builder.reshape(builder.dense(x, projection), split);
  const hasProjections = slots === undefined && !(isList(globals) && globals.length === 0);
  const { out } = builder.attention(
    {
      q: project(weights.query),
      k: project(weights.key),
      v: project(weights.value),
      ...(hasProjections && {
        qGlobal: project(weights.queryGlobal),
        kGlobal: project(weights.keyGlobal),
        vGlobal: project(weights.valueGlobal),
      }),
      keyMask,
      queryMask: keyMask, // the original's padded rows are 0 before the output projection
      globalMask,
    },
    {
      pattern: layerPattern(window, { isCausal, globals, symmetric: slots === undefined }),
      layout: 'bnhd',
    },
  );
  const merged = builder.reshape(out, [batch, length, hiddenSize]);
  const attended = slots ? withGlobalRows(builder, x, merged, weights, { config, slots }) : merged;
  return postNorm(builder, x, attended, weights, { activation, eps: layerNormEps });
}

/** The pattern of one layer: a window and global tokens, in one softmax. */
function layerPattern(
  { oneSided, dilation }: LayerWindow,
  { isCausal, globals, symmetric }: PatternOptions,
): Pattern {
  const window = slidingWindow({ before: oneSided, after: isCausal ? 0 : oneSided, dilation });
  const pattern = !isList(globals)
    ? or(window, globalTokens({ symmetric }))
    : globals.length > 0
      ? or(window, globalTokens({ indices: globals, symmetric }))
      : window;
  return isCausal ? and(pattern, causal()) : pattern;
}

/** How global tokens take part in a layer's pattern. */
interface PatternOptions {
  readonly isCausal: boolean;
  readonly globals: LongformerShape['globals'];
  /** Whether global tokens see every token, too. */
  readonly symmetric: boolean;
}
