/** The part of a model after its decoder: from [B, T, width] to the outputs that the original has. */
import type { Tensor, Value } from '@attn/core';
import { lastToken } from '../encoder/last-token.ts';
import { answerLogits } from '../graph/heads.ts';
import type { ModelBuilder } from '../graph/model-builder.ts';
import type { Seq2SeqTask } from './classes.ts';
import type { HeadWeights } from './weights.ts';

/** The output of an encoder, beside those of the head. */
export const ENCODED = 'encoder_last_hidden_state';

/** Names of a model's outputs. */
export function outputNames(task: Seq2SeqTask): readonly string[] {
  switch (task) {
    case 'encoder':
      return ['last_hidden_state'];
    case 'states':
      return ['last_hidden_state', ENCODED];
    case 'generation':
    case 'sequence':
      return ['logits', ENCODED];
    case 'answer':
      return ['start_logits', 'end_logits', ENCODED];
    default:
      return task satisfies never;
  }
}

/** Where a classifier finds the ends of texts: the encoder's ids [B, N], and a `tokenTable` of them. */
export interface TextEnds {
  readonly ids: Value;
  readonly table: Tensor<'f32'>;
}

/**
 * The outputs of the head by name. `logits` are [B, T, vocabulary], or of a classifier [B, labels], of the
 * state at the last token that ends a text.
 */
export function headOutputs(
  builder: ModelBuilder,
  head: HeadWeights,
  states: Value,
  ends: TextEnds | undefined,
): Readonly<Record<string, Value>> {
  const { words, dense, classifier } = head;
  if (words) return { logits: wordLogits(builder, head, states) };
  if (dense && classifier && ends) {
    const state = lastToken(builder, states, ends.ids, ends.table);
    return { logits: builder.dense(builder.dense(state, dense, 'tanh'), classifier) };
  }
  if (classifier) return answerLogits(builder, states, classifier);
  return { last_hidden_state: states };
}

/** Logits of the next words, [B, T, vocabulary]. */
export function wordLogits(builder: ModelBuilder, { words, wordBias }: HeadWeights, states: Value): Value {
  if (words === undefined) throw new TypeError('a model without a language model has no logits of words');
  const logits = builder.dense(states, words);
  return wordBias === undefined ? logits : builder.add(logits, builder.weight(wordBias));
}
