/** The rest of an encoder layer after its attention, as the original Transformer and BERT have it. */
import type { Activation, Value } from '@attn/core';
import type { LinearWeights, ModelBuilder, NormWeights } from './model-builder.ts';

/** Weights of a layer after its attention. */
export interface PostNormWeights {
  readonly attentionOutput: LinearWeights;
  readonly attentionNorm: NormWeights;
  readonly intermediate: LinearWeights;
  readonly output: LinearWeights;
  readonly outputNorm: NormWeights;
}

/** x = norm(x + project(attended)); x = norm(x + feedForward(x)). All values are [B, N, hidden]. */
export function postNorm(
  builder: ModelBuilder,
  x: Value,
  attended: Value,
  weights: PostNormWeights,
  { activation, eps }: { readonly activation: Activation; readonly eps: number },
): Value {
  const projected = builder.dense(attended, weights.attentionOutput);
  const middle = builder.norm(builder.add(projected, x), weights.attentionNorm, eps);
  return feedForward(builder, middle, weights, { activation, eps });
}

/** norm(x + output(activation(intermediate(x)))). */
export function feedForward(
  builder: ModelBuilder,
  x: Value,
  { intermediate, output, outputNorm }: Omit<PostNormWeights, 'attentionOutput' | 'attentionNorm'>,
  { activation, eps }: { readonly activation: Activation; readonly eps: number },
): Value {
  const fed = builder.dense(builder.dense(x, intermediate, activation), output);
  return builder.norm(builder.add(fed, x), outputNorm, eps);
}
