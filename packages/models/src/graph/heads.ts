/** Parts of heads that different models have in common. Their input is states [B, N, C]. */
import type { Activation, Value } from '@attn/core';
import type { LinearWeights, ModelBuilder, NormWeights } from './model-builder.ts';

/** The state of each row's first token, [B, C], which stands for the row. */
export function firstToken(builder: ModelBuilder, states: Value): Value {
  const [batch, , width] = states.shape;
  return builder.reshape(builder.slice(states, [0, 0, 0], [batch, 1, width]), [batch, width]);
}

/** Logits of each row's class, [B, labels]: a layer with an activation, then the classifier. */
export function rowLogits(
  builder: ModelBuilder,
  states: Value,
  dense: LinearWeights,
  classifier: LinearWeights,
  activation: Activation = 'tanh',
): Value {
  return builder.dense(builder.dense(firstToken(builder, states), dense, activation), classifier);
}

/** Logits of each token for being the start and the end of an answer, [B, N] each. */
export function answerLogits(
  builder: ModelBuilder,
  states: Value,
  classifier: LinearWeights,
): { readonly start_logits: Value; readonly end_logits: Value } {
  const logits = builder.dense(states, classifier);
  const [batch, length] = logits.shape;
  const side = (at: number): Value =>
    builder.reshape(builder.slice(logits, [0, 0, at], [batch, length, at + 1]), [batch, length]);
  return { start_logits: side(0), end_logits: side(1) };
}

/** Logits of RoBERTa's masked language model, [B, N, vocabulary]. */
export function maskedLmLogits(
  builder: ModelBuilder,
  states: Value,
  {
    dense,
    norm,
    decoder,
  }: { readonly dense: LinearWeights; readonly norm: NormWeights; readonly decoder: LinearWeights },
  { activation, eps }: { readonly activation: Activation; readonly eps: number },
): Value {
  return builder.dense(builder.norm(builder.dense(states, dense, activation), norm, eps), decoder);
}
