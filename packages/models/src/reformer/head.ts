/** What stands on the encoder: from [B, N, 2·H] to the outputs that the original has. */
import type { Value } from '@attn/core';
import type { ModelBuilder } from '../graph/model-builder.ts';
import type { ReformerArchitecture } from './config.ts';
import type { ReformerWeights } from './weights.ts';

/** Names of a model's outputs. */
export function outputNames(architecture: ReformerArchitecture): readonly string[] {
  switch (architecture) {
    case 'ReformerModel':
      return ['last_hidden_state'];
    case 'ReformerForQuestionAnswering':
      return ['start_logits', 'end_logits'];
    case 'ReformerModelWithLMHead':
    case 'ReformerForMaskedLM':
    case 'ReformerForSequenceClassification':
      return ['logits'];
    default:
      return architecture satisfies never;
  }
}

/** The outputs by name. `logits` are [B, N, vocabulary] or [B, labels], those of answers [B, N]. */
export function headOutputs(
  builder: ModelBuilder,
  { decoder, dense, classifier }: ReformerWeights['head'],
  hidden: Value,
): Record<string, Value> {
  const [batch, length, width] = hidden.shape;
  if (decoder) return { logits: builder.dense(hidden, decoder) };
  if (dense && classifier) {
    const first = builder.reshape(builder.slice(hidden, [0, 0, 0], [batch, 1, width]), [batch, width]);
    return { logits: builder.dense(builder.dense(first, dense, 'tanh'), classifier) };
  }
  if (classifier) {
    const logits = builder.dense(hidden, classifier);
    const side = (at: number): Value =>
      builder.reshape(builder.slice(logits, [0, 0, at], [batch, length, at + 1]), [batch, length]);
    return { start_logits: side(0), end_logits: side(1) };
  }
  return { last_hidden_state: hidden };
}
