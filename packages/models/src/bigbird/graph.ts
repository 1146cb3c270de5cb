/**
 * BigBird as one graph: embeddings, encoder layers (post-norm), a head. Nothing is padded to whole blocks.
 */
import { f32, type Graph, type Value } from '@attn/core';
import { encoderInputs, stateOutputs } from '../encoder/graph-ends.ts';
import type { EncoderShape } from '../encoder/shape.ts';
import { ModelBuilder } from '../graph/model-builder.ts';
import { postNorm } from '../graph/post-norm.ts';
import { bigBirdAttention, blockMasks, type BlockMasks } from './attention.ts';
import type { BigBirdConfig } from './config.ts';
import { headOutputs } from './heads.ts';
import { questionOf, type Question } from './question.ts';
import type { BigBirdWeights, LayerWeights } from './weights.ts';

/** Builds the graph. Its input `input_ids` is [B, N], i32. */
export function bigBirdGraph(config: BigBirdConfig, weights: BigBirdWeights, shape: EncoderShape): Graph {
  const { length } = shape;
  const builder = new ModelBuilder();
  const { ids, keyMask } = encoderInputs(builder, shape);
  const question =
    config.architecture === 'BigBirdForQuestionAnswering' ? questionOf(builder, ids, config) : undefined;
  const states = [embeddings(builder, ids, { config, weights, shape, question })];
  const masks = blockMasks(builder, config.blocks, length);
  for (const [i, layer] of weights.layers.entries()) {
    states.push(encoderLayer(builder, states[i], layer, { config, masks, keyMask }));
  }
  const hidden = states[states.length - 1];
  return builder.build({
    ...headOutputs(builder, hidden, { config, head: weights.head, shape, question }),
    ...stateOutputs(states, shape),
  });
}

/** Everything that the embeddings depend on. */
interface Embeddings {
  readonly config: BigBirdConfig;
  readonly weights: BigBirdWeights;
  readonly shape: EncoderShape;
  readonly question: Question | undefined;
}

/** The sum of word, position and token type embeddings, normalised: [B, N, hidden]. */
function embeddings(builder: ModelBuilder, ids: Value, parts: Embeddings): Value {
  const { config, weights, shape } = parts;
  const { hiddenSize, layerNormEps, rescaleEmbeddings } = config;
  const { batch, length, positions } = shape;
  const words = builder.rows(weights.words, ids);
  const scaled = rescaleEmbeddings
    ? builder.mul(words, builder.constant(f32([1], [Math.sqrt(hiddenSize)])))
    : words;
  const table = builder.weight(weights.positions);
  const places =
    positions === 'input'
      ? builder.embedding(builder.input('position_ids', { dtype: 'i32', shape: [batch, length] }), table)
      : builder.slice(table, [0, 0], [length, hiddenSize]);
  const sum = builder.add(builder.add(scaled, places), typeEmbeddings(builder, parts));
  return builder.norm(sum, weights.embeddingNorm, layerNormEps);
}

/** The embeddings of token types, which broadcast to [B, N, hidden]. */
function typeEmbeddings(builder: ModelBuilder, { config, weights, shape, question }: Embeddings): Value {
  const { batch, length, tokenTypes } = shape;
  const { hiddenSize } = config;
  const table = builder.weight(weights.types);
  if (tokenTypes)
    return builder.embedding(
      builder.input('token_type_ids', { dtype: 'i32', shape: [batch, length] }),
      table,
    );
  if (question === undefined) return builder.slice(table, [0, 0], [1, hiddenSize]);
  return builder.matmul(question.types, builder.slice(table, [0, 0], [2, hiddenSize]));
}

/** Everything that one layer of the encoder depends on, beside its weights. */
interface EncoderLayer {
  readonly config: BigBirdConfig;
  readonly masks: BlockMasks;
  readonly keyMask: Value | undefined;
}

/** x = norm(x + attention(x)); x = norm(x + feedForward(x)): [B, N, hidden] to [B, N, hidden]. */
function encoderLayer(
  builder: ModelBuilder,
  x: Value,
  weights: LayerWeights,
  { config, masks, keyMask }: EncoderLayer,
): Value {
  const { heads, hiddenSize, activation, layerNormEps } = config;
  const [batch, length] = x.shape;
  const project = (projection: LayerWeights['query']): Value =>
    builder.reshape(builder.dense(x, projection), [batch, length, heads, hiddenSize / heads]);
  const operands = {
    q: project(weights.query),
    k: project(weights.key),
    v: project(weights.value),
    keyMask,
  };
  const attended = builder.reshape(bigBirdAttention(builder, operands, masks), x.shape);
  return postNorm(builder, x, attended, weights, { activation, eps: layerNormEps });
}
